"""The meaning of a server's error, by the words of known servers."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_FILTERED = re.compile(
    r"content[ _-]?(filter|management|moderation|polic)|responsible ?_?ai|\bmoderation|was flagged|flagged as"
    r"|blocked by|safety (system|filter|setting|polic)|usage polic|data_?inspection_?failed|prohibited[ _]content"
    r"|invalid_prompt|inappropriate content|sensitive (content|words|information)"
)
_TOO_LONG = re.compile(
    r"context[ _](length|window|size)|maximum (context|input|prompt|sequence|model) length|max_model_len"
    r"|(prompt|input|inputs|request|message|messages)\b[^.]{0,60}(too long|too large|exceed)|too many (input )?tokens"
    r"|string_above_max_length|reduce the length|input tokens|max_new_tokens`? must be"
)
_UNSUPPORTED = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|extra[_ ]|not permitted|not allowed|unexpected|unknown|only the default"
    r"|deprecated|instead"
)
_SAID = (
    "message",
    "code",
    "type",
    "param",
    "reason",
    "msg",
    "detail",
    "error",
    "name",
)  # never the keys of what was sent

OPTIONAL = ("temperature", "top_p", "seed", "stop")  # fields of a request that a server may not know
LIMIT, NEW_LIMIT = "max_tokens", "max_completion_tokens"


def words(body: Any, text: str) -> str:
    """All words of an error, in lower case: the known fields of its JSON, else its text."""
    said = " ".join(_strings(body)) if isinstance(body, dict | list) else text
    return said[:20_000].lower()


def filtered(status: int, words: str) -> bool:
    """Whether a content filter stopped this one prompt or reply."""
    return status not in (401, 404, 429) and bool(_FILTERED.search(words))


def too_long(status: int, words: str) -> bool:
    """Whether this one prompt is longer than the model's context."""
    return status == 413 or (status in (400, 422, 500) and bool(_TOO_LONG.search(words)))


def fatal(status: int, words: str) -> bool:
    """Whether no prompt will ever be answered: a wrong key or address, or no such model.

    403 is not among them: firewalls send it for single prompts that look like an attack. Another question shows which.
    """
    return status in (401, 404) or (status in (400, 422) and "model_not_found" in words)


def unknown_field(status: int, words: str, sent: Mapping) -> str | None:
    """The field of a request that the server does not take; None if the error is about something else."""
    if status not in (400, 422) or not _UNSUPPORTED.search(words):
        return None
    named = (name for name in (LIMIT, *OPTIONAL) if name in sent and re.search(rf"(?<!\w){name}(?!\w)", words))
    return next(named, None)


def _strings(body: Any) -> Iterator[str]:
    """The texts under the keys that errors have, at any depth; of a list of places the last (FastAPI's `loc`)."""
    pending = [body]
    while pending:
        one = pending.pop()
        if isinstance(one, list):
            pending += one[:50]
        elif isinstance(one, dict):
            for key, value in one.items():
                if isinstance(value, str | int) and key.lower() in _SAID:
                    yield str(value)
                elif key == "loc" and isinstance(value, list) and value:
                    yield str(value[-1])
                elif isinstance(value, dict | list):
                    pending.append(value)
