"""One line of mathematics as models write it (Markdown, LaTeX, typographic signs, words) in plain signs.

Every pattern takes time proportional to the line. Nothing here knows a problem or a verdict.
"""

import re

_SIGNS = str.maketrans(
    {"×": "*", "·": "*", "⋅": "*", "∙": "*", "✕": "*", "÷": "/", "∕": "/", "⁄": "/", "−": "-", "–": "-", "‑": "-",
     "[": "(", "]": ")", "≃": "≈", "≅": "≈", "→": ";", "⇒": ";", "—": ";", "\u00a0": " ", "\u202f": " ", "\u2009": " ",
     "²": "^2", "³": "^3", "“": '"', "”": '"', "’": "'"}
)  # fmt: skip
_FRACTIONS = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5",
              "⅘": "4/5", "⅙": "1/6", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8"}  # fmt: skip
# The number of the line, after headings, bullets and quotes: all before the content.
STEP = re.compile(r"[\s#>*_]{0,12}step\s{0,4}\d{1,4}\s{0,2}[.:)-]?[\s*_]{0,8}", re.IGNORECASE)
_LEADING = re.compile(
    r"[\s>]{0,12}(?:#{1,6}\s+)?(?:[-*+•–]\s+)?[*_]{0,3}"
    r"(?:step\s{0,4}\d{1,4}\s{0,2}[.:)*_-]{0,4}(?=\s|[*_$(\d\\])|\(?\d{1,3}[.)][*_]{0,3}\s)?[*_]{0,3}\s*",
    re.IGNORECASE,
)
UNREAD = "\ufffd"  # for LaTeX without a plain sign: no number, no word
_LATEX = [
    (re.compile(r"\\(?:times|cdot|ast)(?![a-zA-Z])"), "*"),
    (re.compile(r"\\div(?![a-zA-Z])"), "/"),
    (re.compile(r"\\(?:approx|simeq)(?![a-zA-Z])"), "≈"),
    (re.compile(r"\\(?:Rightarrow|rightarrow|implies|to|therefore)(?![a-zA-Z])|\\\\"), ";"),
    (re.compile(r"\\(?:l|c)?dots(?![a-zA-Z])"), "..."),
    (re.compile(r"\\(?:(?:left|right|displaystyle|quad|qquad)(?![a-zA-Z])|[,;!: ]|[()\[\]])"), " "),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\\([%$&#_])"), r"\1"),
]
_COMMAND = re.compile(r"\\([a-zA-Z]{1,20})\s?|[{}^_]")
_SHOWN = frozenset(["text", "textbf", "mathrm", "mathbf", "mathit", "operatorname", "boxed", "fbox", "mbox"])
_FRACS = frozenset(("frac", "dfrac", "tfrac", "cfrac"))
_DEEPEST = 8  # braces within braces
_OTHER = [
    (re.compile(r"<<[^<>]*>>"), ""),  # the calculator's notes of GSM8K
    (re.compile(r"(?<=\d)\s?\*\*\s?(?=\d)(?![^*\n]*\*\*)"), "^"),
    (re.compile(r"\*{2,}|__+|`+"), ""),  # bold, code
    (re.compile(r"(?<![^\s=(:])\*(?=[\w$])([^*\n]*)(?<=[\w%.])\*(?![^\s.,;:!?)])"), r"\1"),  # italics
    (re.compile(r"==+"), "="),
    (re.compile(r"=>|->|\s-\s(?=(?:so|thus|hence|therefore|which|then|because|and|but|he|she|they|it|we)\b)"), ";"),
    (re.compile(r"(?<=\d) ?and (?=\d{1,4}/\d{1,4}\b)"), " "),  # 2 and 1/2
    (re.compile(r"(?<=\d) ?and (?:a|one)[ -]half\b", re.IGNORECASE), " 1/2"),
    (re.compile(r"(?<=\d) ?percent\b", re.IGNORECASE), "%"),
    (re.compile(r"(?<![\w.])\$\s?(\.?\d[\d,]{0,40}(?:\.\d{1,40})?)(?![\d,.]*\d|[a-wyzA-WYZ])"), r"\1 dollars "),
    (re.compile(r"(?<=\d) ?¢"), " cents"),
    (re.compile(r"(?<![a-z])(cm|mm|km|m|ft|in|yd|feet|inches|meters)\^[23](?!\w)", re.IGNORECASE), r"\1"),
    (re.compile(r"[$€£]"), ""),
]  # fmt: skip
_SPOKEN = {"multiplied by": "*", "plus": "+", "minus": "-", "divided by": "/", "equals": "="}
_WORDS = re.compile(rf"\b(?:{'|'.join(_SPOKEN)})\b", re.IGNORECASE)


def bare(text: str) -> str:
    """A line without its number, bullet and heading."""
    return text[_LEADING.match(text).end() :]


def plain(text: str) -> str:
    """A line in the signs + - * / ^ ( ) = % ≈, digits, words and punctuation, without its number and money signs."""
    text = bare(text).rstrip("*_ \t").translate(_SIGNS)
    for sign, written in _FRACTIONS.items():
        if sign in text:
            text = re.sub(rf"(?<=\d)\s?{sign}", f" {written}", text).replace(sign, written)
    if "\\" in text or "{" in text:
        for pattern, replacement in _LATEX:
            text = pattern.sub(replacement, text)
        text = _Braces(text).plain()
    for pattern, replacement in _OTHER:
        text = pattern.sub(replacement, text)
    return _WORDS.sub(lambda found: _SPOKEN[found[0].lower()], text)


def braced(text: str) -> dict[int, int]:
    """The place of the closing brace for the place of every opening brace that is closed."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for found in re.finditer(r"[{}]", text):
        if found[0] == "{":
            opened.append(found.start())
        elif opened:
            pairs[opened.pop()] = found.start()
    return pairs


class _Braces:
    """LaTeX with braces in plain signs; an unknown command becomes UNREAD."""

    def __init__(self, text: str):
        self.text = text
        self.pairs = braced(text)

    def plain(self) -> str:
        return self._between(0, len(self.text), 0)

    def _between(self, place: int, end: int, depth: int) -> str:
        if depth > _DEEPEST:
            return UNREAD
        written: list[str] = []
        while (found := _COMMAND.search(self.text, place, end)) is not None:
            written.append(self.text[place : found.start()])
            piece, place = self._piece(found, end, depth, "".join(written[-2:]))
            written.append(piece)
        return "".join([*written, self.text[place:end]])

    def _piece(self, found: re.Match, end: int, depth: int, before: str) -> tuple[str, int]:
        """(a command in plain signs, the place after it)."""
        sign, name, place = found[0], found[1], found.end()
        if name in _SHOWN or sign in ("{", "^", "_"):
            group = found.start() if sign == "{" else place
            inner, place = self._group(group, end, depth) if self.text[group : group + 1] == "{" else (None, place)
            if sign in ("^", "_"):
                return (sign if inner is None else f"^({inner})" if sign == "^" else UNREAD), place
            return (f" {UNREAD} " if inner is None else f" {inner} "), max(place, found.end())
        if name in _FRACS:
            over, place = self._argument(place, end, depth)
            under, place = self._argument(place, end, depth)
            if over is None or under is None:
                return UNREAD, place
            return _fraction(over.strip(), under.strip(), before.rstrip(), self.text[place : place + 2].strip()), place
        if name == "sqrt":
            inner, place = self._argument(place, end, depth)
            return f"√({inner})" if inner is not None else UNREAD, place
        return f" {UNREAD} ", place

    def _argument(self, place: int, end: int, depth: int) -> tuple[str | None, int]:
        while place < end and self.text[place] == " ":
            place += 1
        if self.text[place : place + 1] == "{":
            return self._group(place, end, depth)
        if place < end and self.text[place].isalnum():
            return self.text[place], place + 1
        return None, place

    def _group(self, place: int, end: int, depth: int) -> tuple[str | None, int]:
        close = self.pairs.get(place, end)
        if close >= end:
            return None, place + 1
        return self._between(place + 1, close, depth + 1), close + 1


def _fraction(over: str, under: str, before: str, behind: str) -> str:
    """3/4 if it is one number among its neighbors, else in brackets; 2 3/4 after a whole number."""
    if not (re.fullmatch(r"[0-9]{1,9}", over) and re.fullmatch(r"[0-9]{1,9}", under)):
        return f"(({over})/({under}))"
    if before[-1:].isdigit():
        mixed = int(over) < int(under) and re.search(r"(?<![\d.,/])\d{1,9}$", before)
        return f" {over}/{under}" if mixed and behind[:1] != "^" else UNREAD
    if before[-1:] in ("/", "^", ")") or behind[:1] in ("^", "("):
        return f"({over}/{under})"
    return f"{over}/{under}"
