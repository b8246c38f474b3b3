"""Sentences of English text, by the segmenter `sentencex` and small tables of cases that it does not know.

sentencex (Wikimedia, MIT license) uses rules and takes no additional list. So the tables are here: abbreviations after
which it cuts, and letters and Roman numbers that end a sentence though they look like initials.
"""

import re

# A full stop after these ends no sentence ...
_ABBREVIATIONS = re.compile(r"\b(?:approx|excl|incl|resp|temp|vit)\.$", re.IGNORECASE)
# ... and after these it ends none if a number or a single letter follows.
_COUNTED = re.compile(
    r"\b(?:apps?|arts?|chs?|eqs?|exs?|figs?|paras?|pts?|refs?|secs?|tabs?|ver|vols?)\.$", re.IGNORECASE
)
_COUNT = re.compile(r"[(\[]?(?:\d|[A-Za-z](?!\w)|[IVX]+(?!\w))")
# The sentence that gives the letter of an answer stays whole, with the text of that option.
_OPTION = re.compile(r"\b(?:answer|option|choice)(?: is)?:? \(?[A-H]\.$", re.IGNORECASE)
# After these words a letter or a Roman number is a name of its own: "vitamin C. Gums bleed."
_NAMED = (
    r"\b(?:category|chapter|chromosome|class|factor|grade|group|hepatitis|influenza|level|part|phase|plan|rated|section"
    r"|stage|type|vitamins?|war) "
)
_NAME_ENDS = re.compile(rf"{_NAMED}(?:[A-Z]\d{{0,2}}(?:,? and|,? or|,) )*(?:[A-Z]|[IVX]{{1,4}})\.(?= )", re.IGNORECASE)
# An answer to a question, and no number: "No. Toads cause no warts."
_NO_ENDS = re.compile(r"(?:^|(?<=[.!?] ))No\.(?= [A-Z][a-z])")
# A sentence in brackets of its own: "(It was late.) He left."
_BRACKETS_END = re.compile(r"\((?:[^() ]+ ){2,}[^() ]+[.!?]\)(?= [\"“(]?[A-Z0-9])")
# A number that stands alone numbers the text after it.
_LISTED = re.compile(r"\W*(?:(?:step|fact|point) )?\d{1,3}\.", re.IGNORECASE)
# Two sentences without a space between them: "He was born in 1809.He died." Names ("Node.Js") have no such second part.
_RUN_ON = re.compile(
    r"(?<=[a-z\d)%][a-z\d)%][.!?])(?=(?:He|She|It|They|We|His|Her|Its|Their|The|This|These|That|There|An?|In|On|At|As"
    r"|By|For|From|After|Before|During|When|While|However|Also|But|And) )"
)
_EMPHASIS = "*_`"  # Markdown, hidden from the search for ends
_SURROGATES = re.compile("[\ud800-\udfff]")


def sentences(text: str) -> list[str]:
    """The sentences of a text, with line breaks read as spaces: joined by spaces they are the text again.

    Two sentences without a space between them get one. Each sentence is final: `sentences` of it gives only itself.
    """
    found, waiting = [], [_RUN_ON.sub(" ", " ".join(text.split()))] if text.strip() else []
    while waiting:
        parts = _cut(waiting.pop())
        if len(parts) > 1:  # a part alone may have ends that it lacks beside its neighbors
            waiting += reversed(parts)
        else:
            found += parts
    return found


def _cut(text: str) -> list[str]:
    """The text cut at single spaces that end a sentence."""
    from sentencex import get_sentence_boundaries

    kept = [place for place, sign in enumerate(text) if sign not in _EMPHASIS]
    bare = "".join(text[place] for place in kept)
    readable = _SURROGATES.sub("\ufffd", bare)  # sentencex reads UTF-8, which has no surrogates
    ends = {boundary["end_index"] for boundary in get_sentence_boundaries("en", readable)}
    ends |= {match.end() for pattern in (_NAME_ENDS, _NO_ENDS, _BRACKETS_END) for match in pattern.finditer(bare)}
    parts, begin, space_before = [], 0, -1
    for space in sorted({end - 1 if bare[end - 1] == " " else end for end in ends}):
        before, after = bare[max(space_before + 1, space - 40) : space], bare[space + 1 : space + 9]
        if after and bare[space] == " " and not _goes_on(before, after):
            parts.append(text[begin : kept[space]])
            begin, space_before = kept[space] + 1, space
    return [*parts, text[begin:]]


def _goes_on(before: str, after: str) -> bool:
    """Whether sentencex is wrong to end a sentence between two texts."""
    counted = _COUNTED.search(before) and _COUNT.match(after)
    return bool(counted or _LISTED.fullmatch(before) or _ABBREVIATIONS.search(before) or _OPTION.search(before))
