"""Sentences of English text: by the segmenter `sentencex`, and small tables of what it does not know.

sentencex (Wikimedia, MIT licence) goes by rules and takes no list of one's own, so the tables stand here: abbreviations
that it cuts behind, and letters and Roman numbers that end a sentence though they look like initials.
"""

import re

from halt import plaintext

# A full stop behind these ends no sentence ...
_ABBREVIATIONS = re.compile(r"\b(?:approx|excl|incl|resp|temp|vit)\.$", re.IGNORECASE)
# ... and behind these none if a number or a single letter follows.
_COUNTED = re.compile(
    r"\b(?:apps?|arts?|chs?|eqs?|exs?|figs?|paras?|pts?|refs?|secs?|tabs?|ver|vols?)\.$", re.IGNORECASE
)
_COUNT = re.compile(r"[(\[]?(?:\d|[A-Za-z](?!\w)|[IVX]+(?!\w))")
# The sentence that gives the letter of an answer stays whole, with what the letter stands for.
_OPTION = re.compile(r"\b(?:answer|option|choice)(?: is)?:? \(?[A-H]\.$", re.IGNORECASE)
# Behind these words a letter or a Roman number is a name of its own: "vitamin C. Gums bleed."
_NAMED = (
    r"\b(?:category|chapter|chromosome|class|factor|grade|group|hepatitis|influenza|level|part|phase|plan|rated|section"
    r"|stage|type|vitamins?|war) "
)
_NAME_ENDS = re.compile(rf"{_NAMED}(?:[A-Z]\d{{0,2}}(?:,? and|,? or|,) )*(?:[A-Z]|[IVX]{{1,4}})\.(?= )", re.IGNORECASE)
# A sentence in brackets of its own: "(It was late.) He left."
_BRACKETS_END = re.compile(r"\((?:[^() ]+ ){2,}[^() ]+[.!?]\)(?= [\"“(]?[A-Z0-9])")
_LETTER = re.compile(r"\b[A-ZIVX]{1,4}\.$")
_SURROGATES = re.compile("[\ud800-\udfff]")


def sentences(text: str) -> list[str]:
    """The sentences of a text, its line breaks read as spaces: joined by a space they are the text again.

    A sentence is not taken apart any further: `sentences` of one gives that one.
    """
    found, waiting = [], [" ".join(text.split())]
    while waiting:
        parts = _cut(waiting.pop())
        if len(parts) > 1:  # alone, a part may end where beside its neighbours it did not
            waiting += reversed(parts)
        else:
            found += parts
    return found


def of_lines(text: str) -> list[str]:
    """The sentences of every line that states something (halt.plaintext): a line's end ends a sentence."""
    return [part for line in text.splitlines() if not plaintext.says_nothing(line) for part in sentences(line)]


def _cut(text: str) -> list[str]:
    """The text cut at single spaces that end a sentence."""
    from sentencex import get_sentence_boundaries

    if not text:
        return []
    readable = _SURROGATES.sub("?", text)  # sentencex reads UTF-8, which has none
    ends = {boundary["end_index"] for boundary in get_sentence_boundaries("en", readable)}
    ends |= {match.end() for pattern in (_NAME_ENDS, _BRACKETS_END) for match in pattern.finditer(text)}
    spaces = {end - 1 if text[end - 1] == " " else end for end in ends}
    parts, begin = [], 0
    for space in sorted(spaces):
        if text[space : space + 1] == " " and not _goes_on(text[begin:space], text[space + 1 : space + 9]):
            parts.append(text[begin:space])
            begin = space + 1
    return [*parts, text[begin:]]


def _goes_on(before: str, after: str) -> bool:
    """Whether a sentence that sentencex ends between two texts has no end there."""
    tail = before[-40:]
    if after[:1].islower() and _LETTER.search(tail):  # "Type I. is rare."
        return True
    return bool(_ABBREVIATIONS.search(tail) or (_COUNTED.search(tail) and _COUNT.match(after)) or _OPTION.search(tail))
