"""The words of a server, without the key that it was sent.

Known spellings of the key (as it is, in JSON, in a URL, in HTML, in base64) are replaced. A server may spell it in a
way that nobody thought of. So the rest is searched for parts of the key, after all spellings are undone and all signs
except letters and digits are removed. If it holds a part, nothing of the text is passed on.
"""

import base64
import binascii
import html
import json
import re
import unicodedata
import urllib.parse
from collections.abc import Iterator

MARK = "[API key]"
_RUN = 8  # no text may hold so many letters and digits of the key in a row; no key is shorter

_UNICODE = re.compile(r"\\u\{?([0-9a-fA-F]{4})\}?")
_BYTE = re.compile(r"\\x|0x|%", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{10,}")
_HEX = re.compile(r"[0-9a-fA-F]{16,}")


class Redaction:
    """Removes one key from texts. key: None for a server without one; then every text stays as it is."""

    def __init__(self, key: str | None):
        letters = _letters(key or "")
        self._runs = {letters[start : start + _RUN] for start in range(len(letters) - _RUN + 1)}
        self._known = re.compile("|".join(re.escape(form) for form in _spellings(key)), re.IGNORECASE) if key else None

    def cleaned(self, text: str) -> str | None:
        """The text with `MARK` for the key; None if it may still hold a part of it."""
        if self._known is None:
            return text
        text = self._known.sub(MARK, text)
        return None if any(self._holds(_letters(form)) for form in _undone(text)) else text

    def _holds(self, letters: str) -> bool:
        return any(run in letters for run in self._runs)


def _letters(text: str) -> str:
    return re.sub(r"[^0-9a-z]", "", text.casefold())


def _spellings(key: str) -> list[str]:
    """The longest first: one may begin with another."""
    inside_json = json.dumps(key)[1:-1]
    encoded = base64.b64encode(key.encode()).decode()
    forms = {
        key,
        inside_json,
        inside_json.replace("/", "\\/"),
        urllib.parse.quote(key, safe=""),
        urllib.parse.quote(key),
        html.escape(key),
        encoded,
        encoded.rstrip("="),
    }
    return sorted(forms, key=lambda form: (-len(form), form))


def _undone(text: str) -> Iterator[str]:
    """The text, and the text after each known spelling is undone."""
    text = unicodedata.normalize("NFKC", text)
    yield text
    yield text[::-1]
    plain = text
    for _ in range(3):  # a URL inside JSON inside HTML
        plain = html.unescape(urllib.parse.unquote(_UNICODE.sub(lambda code: chr(int(code[1], 16)), plain)))
        yield plain
    dense = re.sub(r"\s+", "", text).replace("-", "+").replace("_", "/")
    for run in _BASE64.findall(dense):
        for start in range(4):
            part = run[start:]
            yield base64.b64decode(part[: len(part) // 4 * 4]).decode("latin-1")
    for run in _HEX.findall(_BYTE.sub("", re.sub(r"\s+", "", text))):
        for start in range(2):
            part = run[start:]
            yield binascii.unhexlify(part[: len(part) // 2 * 2]).decode("latin-1")
