"""Markdown around what a model says: a statement is judged without it."""

import re

STEP = r"(?:step|fact|point|statement)\s+(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten)\b"
# What may come before the content of a line: quotes, headings, bullets, boxes, numbers, letters, "Step 3:".
_LEAD = re.compile(
    r"(?:>|#{1,6}(?=\s)|[-•◦▪‣·–—](?=\s|[A-Za-z*_])|[+*](?=\s)|\[[ xX✓]?\](?=\s)"
    r"|\(?\d{1,3}(?:\.\d{1,3})*[.)]{1,2}(?=\D|$)|(?:\*\*|__)\d{1,3}[.)](?:\*\*|__)|\(?[a-zA-Z]\)(?=\s)"
    rf"|{STEP}\s*(?:[:.)]|[-–—](?=\s))|(?:\*\*|__){STEP}\s*[:.)]?(?:\*\*|__)\s*[:.)]?)\s*",
    re.IGNORECASE,
)
_OPENING = re.compile(r"(?:\*{1,3}|_{1,3}|`{1,3}|~~)(?=\S)")
# Emphasis around whole words, the inner one first: a mark inside a word is a part of it.
_EMPHASIS = [
    re.compile(rf"(?<![\w{sign}]){sign}{{{size}}}(?=[^\s{sign}])([^{sign}]+)(?<=\S){sign}{{{size}}}(?![\w{sign}])")
    for sign in (r"\*", "_", "`")
    for size in (1, 2, 3)
]
_TAG = re.compile(r"</?(?:b|i|u|em|strong|code|mark)>", re.IGNORECASE)
_LINK = re.compile(r"\[([^\[\]]+)\]\([^()\s]*\)")
# A label in bold before a statement: "**Birth:** Ann Lee was born in 1900." One that denies it is a part of it.
_LABEL = re.compile(
    r"(?:\*\*|__)(?![^*_:]*\b(?:no|not|never|false|wrong|untrue|incorrect|myth|unlikely)\b)"
    r"[^*_:]{1,40}(?::(?:\*\*|__)|(?:\*\*|__)\s*:)\s*(?=\S)",
    re.IGNORECASE,
)
_HEADING = re.compile(r"\s*(?:#{1,6}\s|(?:\*\*|__)[^*_]+(?:\*\*|__)\s*$)")
_RULE = re.compile(r"[-*_=~#>|+•:\s]*|(?:```|~~~)\w*")


def lead(line: str) -> str:
    """The signs before the content of a line: bullets, numbers, "Step 3:", marks of headings, quotes, emphasis."""
    place = _lead(line)
    opening = _OPENING.match(line, place)
    return line[: opening.end() if opening else place]


def plain(line: str) -> str:
    """The text of a line without Markdown: no bullet, number, label in bold, emphasis, code mark or link."""
    text = line[_lead(line) :]
    if label := _LABEL.match(text):
        text = text[label.end() :]
    text = _TAG.sub("", _LINK.sub(r"\1", text))
    for pattern in _EMPHASIS:
        text = pattern.sub(r"\1", text)
    return text.strip()


def with_label(line: str) -> str:
    """The text of a line without bullets, numbers and emphasis, but with its label: "Born: 1900"."""
    return re.sub(r"[*_`]+", "", line[_lead(line) :]).strip()


def is_heading(line: str) -> bool:
    """Whether a line looks like a heading, or is bold from its beginning to its end."""
    return _HEADING.match(line) is not None


def is_rule(line: str) -> bool:
    """Whether a line has no word: a rule, the edge of a table, a fence of code with or without its language."""
    return _RULE.fullmatch(line.strip()) is not None


def _lead(line: str) -> int:
    """Where the content of a line begins."""
    place = len(line) - len(line.lstrip())
    while found := _LEAD.match(line, place):
        place = found.end()
    return place
