"""Replies of a chat endpoint: how one is read, and the file that keeps them."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from json import JSONDecodeError
from pathlib import Path
from typing import Any, NamedTuple

from halt.engines import EngineError
from halt.engines.thinking import without_thoughts

# Why a reply says nothing.
FILTERED = "content filter"
REFUSED = "refused by the evaluator"
CUT = "cut off by the limit of reply tokens"
EMPTY = "empty reply"
UNENDED = "thoughts without an end"
TOO_LONG = "prompt too long for the context"
NO_ANSWER = "no answer to this prompt"
WITHHELD = "reply left out: it may hold the API key"

_CUT = frozenset({"length", "max_tokens", "model_length", "max_output_tokens"})
_FILTERED = frozenset({"content_filter", "safety", "refusal", "recitation", "blocklist", "prohibited_content"})
_MOST_TOKENS = 2**31 - 1
_LONGEST = 100_000  # characters kept of a reply: the last ones, which hold the answer


class Reply(NamedTuple):
    """The server's reply to one request; reason: why it counts for nothing, "" if it counts."""

    text: str
    tokens: int
    finished: bool
    reason: str = ""


def read(body: Any, cleaned: Callable[[str], str | None]) -> Reply | None:
    """The reply in a chat completion; None if the body is none.

    Thoughts are left out: blocks of them in the text, parts of a list that are no text, and fields of their own
    (reasoning_content). cleaned: removes the key from a text; None if it cannot be sure.
    """
    try:
        choice = body["choices"][0]
        message, finish = choice["message"], str(choice.get("finish_reason")).lower()
        text, refused = _said(message.get("content"))
        refused = refused or bool(message.get("refusal"))
    except (KeyError, IndexError, TypeError, AttributeError):
        return None
    if text is None or finish == "error":
        return None
    tokens = _tokens(body)
    if finish in _FILTERED:
        return Reply("", tokens, False, FILTERED)
    if refused:
        return Reply("", tokens, False, REFUSED)
    reply = heard(text, tokens, finish not in _CUT)
    said = cleaned(reply.text)
    return Reply("", tokens, False, WITHHELD) if said is None else reply._replace(text=said)


def heard(text: str, tokens: int, finished: bool) -> Reply:
    """A reply without its thoughts; with the reason if nothing is left of it or its end is missing."""
    said = without_thoughts(text)
    if said is None:
        return Reply("", tokens, False, UNENDED if finished else CUT)
    said = said[-_LONGEST:].encode("utf-8", "replace").decode()  # JSON may hold half a surrogate pair, files may not
    if not finished:
        return Reply(said, tokens, False, CUT)
    return Reply(said, tokens, True, "" if said.strip() else EMPTY)


def _said(content: Any) -> tuple[str | None, bool]:
    """(the text of a message, whether it is a refusal); no text if the content has a form that is not known."""
    if isinstance(content, str | None):
        return content or "", False
    if not isinstance(content, list):
        return None, False
    parts = [{"type": "text", "text": part} if isinstance(part, str) else part for part in content]
    if not all(isinstance(part, dict) for part in parts):
        return None, False
    texts = [part.get("text") for part in parts if part.get("type") in ("text", "output_text", None)]
    text = "".join(texts) if all(isinstance(one, str) for one in texts) else None
    return text, any(part.get("type") == "refusal" for part in parts)


def _tokens(body: dict) -> int:
    """The completion's tokens as the server counts them; 0 if it gives no valid count."""
    usage = body.get("usage")
    count = usage.get("completion_tokens") if isinstance(usage, dict) else None
    return count if isinstance(count, int) and 0 <= count <= _MOST_TOKENS else 0


class Kept:
    """Replies by the digest of their request, in memory and in a file that only grows.

    path: written by this process alone. others: files that were left, or are being written, by other jobs. They are
    read once, and never changed. Of their replies only those count that say something: why another job got none may
    have passed.
    """

    def __init__(self, path: Path, others: Sequence[Path] = ()):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._known = {digest: reply for other in others for digest, reply in _usable(other)} | _load(path)
        self._file = path.open("a", encoding="utf-8")

    def __contains__(self, digest: str) -> bool:
        return digest in self._known

    def __getitem__(self, digest: str) -> Reply:
        return self._known[digest]

    def add(self, digest: str, reply: Reply) -> None:
        line = json.dumps({"request": digest, **reply._asdict()})
        self._file.write(line + "\n")
        self._file.flush()
        self._known[digest] = reply

    def close(self) -> None:
        self._file.close()


def _usable(path: Path) -> Iterator[tuple[str, Reply]]:
    """The replies of another job's file that count. A line that is no reply, or not yet whole, is passed over."""
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return
    for line in lines:
        with contextlib.suppress(*_NO_REPLY):
            digest, reply = _parsed(line)
            if not reply.reason:
                yield digest, reply


def _load(path: Path) -> dict[str, Reply]:
    """The replies of a file; an unfinished last line, left by a kill, is cut off."""
    if not path.exists():
        return {}
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        os.truncate(path, len(whole))
    known = {}
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            digest, known[digest] = _parsed(line)
        except _NO_REPLY as error:
            raise EngineError(f"{path}: line {number} is not a reply ({error}); delete the file to ask again") from None
    return known


_NO_REPLY = (JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError)


def _parsed(line: bytes) -> tuple[str, Reply]:
    """A line of a file of replies: the digest of the request, and the reply; one of _NO_REPLY if it is none."""
    entry = json.loads(line)
    if not isinstance(entry["text"], str):
        raise TypeError("its text is no text")
    reason = entry.get("reason", "")  # none in files of earlier versions
    return entry["request"], Reply(entry["text"], entry["tokens"], entry["finished"], reason)
