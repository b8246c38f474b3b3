"""One line of mathematics as models write it (Markdown, LaTeX, typographic signs, words) in plain signs.

Every pattern takes time that grows in proportion to the line. Nothing here knows a problem or a verdict.
"""

import re

_SIGNS = str.maketrans(
    {"×": "*", "·": "*", "⋅": "*", "∙": "*", "✕": "*", "÷": "/", "∕": "/", "⁄": "/", "−": "-", "–": "-", "‑": "-",
     "[": "(", "]": ")", "≃": "≈", "≅": "≈", "→": ";", "⇒": ";", "—": ";", "\u00a0": " ", "\u202f": " ", "\u2009": " ",
     "²": "^2", "³": "^3", "“": '"', "”": '"', "’": "'"}
)  # fmt: skip
_FRACTIONS = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5",
              "⅘": "4/5", "⅙": "1/6", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8"}  # fmt: skip
# The number of the line, behind headings, bullets and quotes: what stands before the content.
STEP = re.compile(r"[\s#>*_]{0,12}step\s{0,4}\d{1,4}\s{0,2}[.:)-]?[\s*_]{0,8}", re.IGNORECASE)
_LEADING = re.compile(
    r"[\s>]{0,12}(?:#{1,6}\s+)?(?:[-*+•–]\s+)?[*_]{0,3}"
    r"(?:step\s{0,4}\d{1,4}\s{0,2}[.:)*_-]{0,4}(?=\s|[*_$(\d\\])|\(?\d{1,3}[.)][*_]{0,3}\s)?[*_]{0,3}\s*",
    re.IGNORECASE,
)
_LATEX = [
    (re.compile(r"\\(?:d|t)?frac\s?\{([^{}]{1,60})\}\s?\{([^{}]{1,60})\}"), r"((\1)/(\2))"),
    (re.compile(r"\\(?:text|textbf|mathrm|mathbf|mathit|operatorname|boxed|fbox|mbox)\s?\{([^{}]*)\}"), r" \1 "),
    (re.compile(r"\\(?:times|cdot|ast)(?![a-z])"), "*"),
    (re.compile(r"\\div(?![a-z])"), "/"),
    (re.compile(r"\\(?:approx|simeq)(?![a-z])"), "≈"),
    (re.compile(r"\\(?:left|right|displaystyle|quad|qquad|,|;|!|:| )"), " "),
    (re.compile(r"\\[()\[\]]"), " "),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\\([%$&#_])"), r"\1"),
    (re.compile(r"\^\{(\d{1,6})\}"), r"^\1"),
]
_OTHER = [
    (re.compile(r"<<[^<>]*>>"), ""),  # the calculator's notes of GSM8K
    (re.compile(r"(?<=\d)\s?\*\*\s?(?=\d)(?![^*\n]*\*\*)"), "^"),
    (re.compile(r"\*{2,}|__+|`+"), ""),  # bold, code
    (re.compile(r"(?<![^\s=(:])\*(?=[\w$])([^*\n]*)(?<=[\w%.])\*(?![^\s.,;:!?)])"), r"\1"),  # italics
    (re.compile(r"==+"), "="),
    (re.compile(r"=>|->"), ";"),
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
    for pattern, replacement in _OTHER:
        text = pattern.sub(replacement, text)
    return _WORDS.sub(lambda found: _SPOKEN[found[0].lower()], text)
