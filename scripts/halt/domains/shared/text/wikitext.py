"""The biographies of WikiBio as in its files: read from the original archive, and cleaned of its tokenization.

The archive has a folder per set (train, valid, test) of files with a line per article: SET.title, SET.nb (sentences of
the article), SET.box (the infobox); SET.sent has one sentence per line. An infobox is tab-separated
`field_position:token`, and `field:<none>` for an empty field (README of DavidGrangier/wikipedia-biography-dataset).
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from halt.inputs.tabular import SourceError

_SIGNS = {
    "-lrb-": "(", "-rrb-": ")", "-lsb-": "[", "-rsb-": "]", "-lcb-": "{", "-rcb-": "}",
    "\\/": "/", "\\*": "*",
}  # fmt: skip
_ROMAN = re.compile(r"(?=[ivx])x{0,3}(?:ix|iv|v?i{0,3})")
_SMALL = frozenset(
    [
        "of",
        "de",
        "da",
        "di",
        "du",
        "van",
        "von",
        "der",
        "den",
        "del",
        "della",
        "la",
        "le",
        "the",
        "and",
        "bin",
        "ibn",
        "y",
    ]
)
_MOST = 1000  # sentences of one article, at most: their number says how far to read


class Person(NamedTuple):
    """One article."""

    number: int  # of its line in the set, from 1
    title: str
    sentences: list[str]
    infobox: list[tuple[str, str]]  # field, what it holds


def people(source, part: str) -> Iterator[Person]:
    """The articles of a set (train, valid or test) of the archive in order, read no further than needed.

    SourceError if a file of the set is missing or ends early, or if a line of it has another form.
    """
    lines = {kind: source.lines(_member(source, f"{part}/{part}.{kind}")) for kind in ("title", "nb", "box", "sent")}
    for number, title in enumerate(lines["title"], 1):
        count = next(lines["nb"], "").strip()
        if not (count.isdecimal() and count.isascii() and int(count) <= _MOST):
            raise SourceError(f"{part}.nb: line {number} is {count!r}, expected the number of sentences of the article")
        sentences = list(islice(lines["sent"], int(count)))
        box = next(lines["box"], None)
        if len(sentences) < int(count) or box is None:
            raise SourceError(
                f"{part}.{'sent' if box is not None else 'box'} ends before article {number} of {part}.title"
            )
        yield Person(number, title, sentences, infobox(box))


def _member(source, suffix: str) -> str:
    found = source.find(suffix)
    if found is None:
        raise SourceError(f"{source.name}: no member {suffix}, expected the files of WikiBio's archive")
    return found


def infobox(line: str) -> list[tuple[str, str]]:
    """The fields of a SET.box line that hold something, each with its tokens in the order of their numbers."""
    fields: dict[str, list[tuple[int, str]]] = {}
    for cell in line.split("\t"):
        place, colon, token = cell.partition(":")
        if not colon or token in ("", "<none>"):
            continue
        numbered = re.fullmatch(r"(.+)_([0-9]{1,9})", place)
        field, position = (numbered[1], int(numbered[2])) if numbered else (place, 0)
        fields.setdefault(field, []).append((position, token))
    return [(field, " ".join(token for _, token in sorted(tokens, key=_position))) for field, tokens in fields.items()]


def _position(token: tuple[int, str]) -> int:
    return token[0]


def clean(text: str) -> str:
    """Running text from tokens: brackets, quotation marks and slashes in usual form, no space before signs."""
    words = [_SIGNS.get(word, word).replace("\\/", "/").replace("\\*", "*") for word in text.split()]
    text = _quoted(" ".join(words))
    text = re.sub(r" +(n't|'(?:s|re|ve|ll|d|m))\b", r"\1", text)
    text = re.sub(r"(?<=s) '(?= )", "'", text)  # the boys ' choir
    text = re.sub(r" +([.,;:!?%)\]}])", r"\1", text)
    text = re.sub(r"([(\[{$#£€]) +", r"\1", text)
    text = re.sub(r"\([;,] *", "(", text)  # a name in another script was removed
    return re.sub(r"(?<!\.)\.\.(?!\.)", ".", text)  # an abbreviation's full stop and the sentence's


def _quoted(text: str) -> str:
    """`` opens and '' closes; a mark that stands alone joins the word before it."""
    text = re.sub(r"`` ?", '"', text)
    return re.sub(r" ?''", '"', text)


def person_name(title: str) -> str:
    """A title in lower case as a name: "pope michael iii of corinth -lrb- bishop -rrb-" -> "Pope Michael III of Corinth
    (bishop)". Text in brackets tells people of one name apart, and stays in lower case."""
    words = clean(title).split()
    inside, named = False, []
    for number, word in enumerate(words):
        inside = inside or word.startswith("(")
        if number and not inside and word != "i" and _ROMAN.fullmatch(word):  # i alone is an initial as well
            named.append(word.upper())
        else:
            named.append(word if inside or (number and word in _SMALL) else _capital(word))
        inside = inside and not word.endswith(")")
    return " ".join(named)


def _capital(word: str) -> str:
    word = re.sub(r"(?:^|(?<=[-.\"]))[^\W\d_]", lambda letter: letter[0].upper(), word)
    return re.sub(r"^(Mc|[OD]')([^\W\d_])", lambda part: part[1] + part[2].upper(), word)
