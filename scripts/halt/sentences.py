"""Running text to sentences: the splitter `sentencex` (Wikimedia), and what English prose of our domains has beside it.

The library knows titles, initials and abbreviations. Two things it does not know are put right here: abbreviations
that stand inside a sentence, and a letter or number that ends one ("a lack of vitamin C. Gums bleed.").
"""

import re

# What goes on after them: the library ends a sentence there.
_INSIDE = (
    "approx ca c b d deg fig figs no nos op vol pp ed eds al resp max min temp dept est cf viz i.v i.m b.i.d t.i.d"
)
_GOES_ON = re.compile(rf"(?:^|[\s(\[])(?:{'|'.join(map(re.escape, _INSIDE.split()))})\.$", re.IGNORECASE)
# Behind these words a single capital letter or a Roman number is a name's last word, and no initial.
_NAMED = (
    "vitamin vitamins hepatitis type group class grade stage phase factor protein plan option answer letter part "
    "section chapter appendix schedule category level war figure table team division series volume act title"
)
_ENDS = re.compile(rf"\b(?:{'|'.join(_NAMED.split())}) (?:[A-Z]|[IVX]{{1,4}})\.\s+(?=[A-Z\"'(])", re.IGNORECASE)


def split(text: str) -> list[str]:
    """The sentences of one paragraph, in order, each with its end; white space counts as one blank.

    split(" ".join(split(text))) == split(text).
    """
    from sentencex import segment

    found: list[str] = []
    for piece in segment("en", " ".join(text.split())):
        for part in _ends(piece):
            if found and ((_GOES_ON.search(found[-1]) and not _begins(part)) or _cut(found[-1], part)):
                found[-1] += f" {part}"
            elif part:
                found.append(part)
    return found


def _cut(before: str, part: str) -> bool:
    """Whether a letter or number that looked like an end stands inside a sentence: "Type I. is rare"."""
    return part[:1].islower() and _is_letter(before) and before.endswith(".")


def _ends(piece: str) -> list[str]:
    """A piece cut behind letters and numbers that end a sentence."""
    parts, begin = [], 0
    for end in _ENDS.finditer(piece):
        if _is_letter(end[0]):
            parts.append(piece[begin : end.end()].strip())
            begin = end.end()
    return [*parts, piece[begin:].strip()]


def _is_letter(text: str) -> bool:
    """Whether the last word is written as a letter or Roman number: the pattern reads words in any case."""
    return text.split()[-1].rstrip(".").isupper()


def _begins(part: str) -> bool:
    """Whether a piece begins like a sentence; digits and small letters go on."""
    return part[:1].isupper() and len(part) > 2 and part[1] != "."
