"""A line as runs of numbers, signs and units, wherever its words allow the numbers to be joined.

"She has 3 boxes * 4 eggs/box = 12 eggs, of 20" has two: `3 * 4 = 12` and `20`.
"""

import re
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from halt.domains.shared.maths import quantities
from halt.domains.shared.maths.notation import UNREAD, plain

_TOKEN = re.compile(
    rf"(?P<odd>\d++(?::\d++)+|\d++(?:st|nd|rd|th|k)\b|(?<![\w])(?!x)[a-z]\d++|[√{UNREAD}]"
    r"|(?:\d++(?:\.\d++)?|(?<!\d)\.\d++)e[-+]?\d++\b|(?<!\w)[a-z]++_\d++)"
    rf"|(?P<number>{quantities.NUMBER})"
    r"|(?P<long>\d++)"
    r"|(?P<sign>[-+*/^()=%≈])"
    r"|(?P<word>[^\W\d_]++(?:['-][^\W\d_]++)*+)"
    r"|(?P<other>\S)",
    re.IGNORECASE,
)
NAME_WORDS = 3  # words between a sign and a number that name its owner, at most
UNIT_WORDS = 6  # words between a number and a sign that are its unit, at most
# Words that turn the number beside them into another, which is not computed.
_SCALING = (
    "half halves third thirds quarter quarters fourth fourths fifth fifths sixth sixths eighth eighths tenth tenths "
    "twice double triple thrice dozen dozens hundred hundreds thousand thousands million millions billion am pm "
    "remainder r mod squared cubed root sqrt pi"
)
SCALING = frozenset(_SCALING.split())
ALTERING = SCALING - {"am", "pm", "r", "mod", "remainder", "quarter", "quarters", "pi"} | {"log", "ln"}
SCALED = frozenset(
    ["dozen", "dozens", "hundred", "thousand", "million", "billion", "squared", "cubed"]
)  # after a number
JOINING = frozenset(["and", "or", "by", "from", "to", "choose"])  # alone between two numbers
CHANGING = SCALING | {"and", "less", "off", "increase", "decrease", "or", "x"}  # between a number and a sign


class Item(NamedTuple):
    """A number, a sign, or something in the place of a number that is none."""

    sign: str  # "" for a number, "?" for what is not understood
    value: Fraction = Fraction(0)
    per_cent: bool = False
    places: int = 0
    unit: str | None = None
    tight: bool = False  # no space before it
    said: bool = False  # words follow it
    words: tuple[str, ...] = ()  # these
    name: str = ""  # the word directly before it


class Run(NamedTuple):
    items: list[Item]
    doubtful: bool  # words around it may change what it says
    altered: bool  # words beside it do: half of, dozen
    amid: bool  # something stands before it in the line


def runs(text: str) -> Iterator[Run]:
    """The runs of a line, in order and in time proportional to its length."""
    return _runs(quantities.digits_in_sums(plain(text)))


class _Reader:
    """Gathers the runs of one line."""

    def __init__(self, text: str):
        self.text = re.sub(r"(?<=\d)-(?=[A-Za-z]{2})", " ", text)
        self.tokens = [(match.lastgroup, match[0], match.start(), match.end()) for match in _TOKEN.finditer(self.text)]
        self.spoken = Counter(token[1].lower().rstrip("s") for token in self.tokens if token[0] == "word")
        self.items: list[Item] = []
        self.doubtful = self.altered = False
        self.named = False  # words before the next number name it
        self.start = 0  # place of the run's first item
        self.opening = next((at for at, token in enumerate(self.tokens) if token[1] != "("), 0)

    def kind(self, place: int) -> str:
        return self.tokens[place][0] if place < len(self.tokens) else ""

    def word(self, place: int) -> str:
        return self.tokens[place][1] if place < len(self.tokens) else ""

    def tight(self, place: int) -> bool:
        return place > 0 and self.tokens[place - 1][3] == self.tokens[place][2]

    def operand_before(self) -> bool:
        return bool(self.items) and (self.items[-1].sign in ("", ")", "?"))

    def close(self) -> Iterator[Run]:
        if self.items:
            amid = self.start > self.opening and self.items[0].sign != "="
            yield Run(self.items, self.doubtful, self.altered, amid)
        self.items, self.doubtful, self.altered, self.named = [], False, False, False


def _runs(text: str) -> Iterator[Run]:
    reader = _Reader(text)
    place = 0
    while place < len(reader.tokens):
        kind, token, *_ = reader.tokens[place]
        if not reader.items:
            reader.start = place
        if kind == "number":
            if reader.operand_before():
                beside = reader.items[-1]
                if _mixed(reader, place):
                    over, under = (Fraction(reader.word(place)), Fraction(reader.word(place + 2)))
                    reader.items[-1] = beside._replace(value=beside.value + over / under)
                    place += 3
                    continue
                split = not beside.said  # 18 000, (1/2) 278
                reader.doubtful |= split
                yield from reader.close()
                reader.doubtful, reader.start = split, place
            places = len(token.partition(".")[2])
            value = Fraction(token.replace(",", ""))
            before = place and (reader.named or not reader.items) and reader.kind(place - 1) == "word"
            name = reader.word(place - 1).lower() if before else ""
            tight = reader.tight(place)
            reader.items.append(Item("", value, places=places, tight=tight, said=reader.named, name=name))
            reader.named = False
        elif kind in ("odd", "long"):
            if reader.operand_before() and token not in ("√", UNREAD):
                yield from reader.close()
            if reader.items or "_" not in token or reader.word(place + 1) != "=":  # T_1 = 12
                reader.items.append(Item("?"))
        elif kind == "sign":
            place += yield from _sign(reader, place)
        elif kind == "word":
            place += yield from _words(reader, place)
        else:
            listed = token == "," and reader.operand_before() and all(item.sign != "=" for item in reader.items)
            yield from reader.close()
            reader.doubtful = listed
        place += 1
    yield from reader.close()


def _mixed(reader: _Reader, place: int) -> bool:
    """Whether 1/2 follows the 2 of 2 1/2."""
    beside = reader.items[-1]
    if beside.sign or beside.said or beside.per_cent or beside.value.denominator != 1 or reader.tight(place):
        return False
    if [reader.kind(place + step) for step in (1, 2)] != ["sign", "number"] or reader.word(place + 1) != "/":
        return False
    over, under = reader.word(place), reader.word(place + 2)
    short = over.isdigit() and under.isdigit() and max(len(over), len(under)) < 5
    return short and reader.tight(place + 1) and reader.tight(place + 2) and 0 < int(over) < int(under)


def _sign(reader: _Reader, place: int) -> Iterator[Run]:
    """One sign; gives how many more tokens it took."""
    token = reader.word(place)
    beside = reader.items[-1] if reader.items else None
    if token == "%":
        if beside is not None and not beside.sign:
            reader.items[-1] = beside._replace(per_cent=True)
        elif beside is not None:
            reader.items.append(Item("?"))
        return 0
    if token == "/" and reader.kind(place + 1) == "word" and reader.operand_before():
        word = reader.word(place + 1)
        if len(word) > 1 or quantities.unit(word):
            return 1  # a rate: $12/hour
    if token == "(":
        end = place + 1
        while reader.kind(end) == "word":
            end += 1
        if end > place + 1 and reader.word(end) == ")":
            if reader.operand_before() and reader.tight(place):
                reader.items.append(Item("?"))  # 40(pencil price)
            return end - place  # (apples)
        if reader.operand_before() and not reader.tight(place):
            reader.doubtful = True
            yield from reader.close()
            reader.doubtful = True
        if beside is not None and beside.said:
            reader.doubtful = True
    if not reader.items and token in "+*/^":
        reader.items.append(Item("?"))  # the other operand is elsewhere
    reader.items.append(Item("=" if token == "≈" else token, tight=reader.tight(place)))
    return 0


def _words(reader: _Reader, place: int) -> Iterator[Run]:
    """Words from a place on: multiplication, a unit, a name, or the end of the run; gives how many more it took."""
    if _multiplies(reader, place):
        reader.items.append(Item("*", said=reader.word(place).lower() == "of"))
        return 0
    end = place
    while reader.kind(end) == "word" and not (end > place and _multiplies(reader, end)):
        end += 1
    if not reader.operand_before() and _is_call(reader, end):
        if reader.items or reader.word(end + 3) != "=":
            reader.items.append(Item("?"))
        return end + 2 - place
    words = [reader.word(at).lower() for at in range(place, end)]
    sign = reader.word(end) if reader.kind(end) == "sign" and reader.word(end) not in "(%" else ""
    goes_on = bool(sign) or (end > place and reader.kind(end) == "word")
    if reader.operand_before():
        _behind(reader, words, reader.word(place), reader.tight(place), goes_on, sign)
        if not goes_on or end - place > UNIT_WORDS:
            compound = reader.kind(end) == "number" and end - place < 3 and reader.items[-1].unit is not None
            reader.doubtful |= compound  # 1 hour 30 minutes
            joined = len(words) == 1 and words[0] in JOINING and all(item.sign != "=" for item in reader.items)
            yield from reader.close()
            reader.doubtful = compound or joined or _scales(words)
            reader.altered = _alters(words)
            if sign and sign != "=" and end - place > UNIT_WORDS:
                reader.items.append(Item("?"))
        return end - place - 1
    if sign and sign != ")":
        if reader.items and reader.items[-1].sign == "=" and sign == "=":
            reader.items.append(Item("?"))
        elif reader.items or sign != "=":
            reader.items.append(Item("?"))  # a name: x + 5
        return end - place - 1
    open_sign = bool(reader.items)
    if open_sign and end - place <= NAME_WORDS and reader.kind(end) == "number" and CHANGING.isdisjoint(words):
        reader.named = True
        reader.doubtful |= reader.items[-1].sign == "="
        return end - place - 1  # = about 12, + Ann's 3
    if open_sign:
        reader.items.append(Item("?"))
    yield from reader.close()
    reader.doubtful = open_sign or _scales(words)
    reader.altered = _alters(words)
    return end - place - 1


def _is_call(reader: _Reader, place: int) -> bool:
    """Whether f's bracket with a number stands at a place: f(3)."""
    if reader.word(place) != "(" or not reader.tight(place) or reader.kind(place + 1) != "number":
        return False
    return reader.word(place + 2) == ")"


def _alters(words: list[str]) -> bool:
    """Whether the words directly before a number change it: half of, twice, square root of the."""
    while words and words[-1] in ("of", "the"):
        words = words[:-1]
    return bool(words) and words[-1] in ALTERING


def _scales(words: list[str]) -> bool:
    """Whether words before a number may change it: half of, or the day of day 1."""
    return not SCALING.isdisjoint(words[-4:]) or words[-1] == "times" or quantities.unit(words[-1]) is not None


def _behind(reader: _Reader, words: list[str], name: str, tight: bool, goes_on: bool, sign: str) -> None:
    """Words after a number: its unit; `2x` is a multiple of a name."""
    last = reader.items[-1]
    unit = next((found for word in words if (found := quantities.unit(word))), None)
    reader.items[-1] = last._replace(unit=last.unit or unit, said=True, words=tuple(words))
    if goes_on:
        reader.doubtful |= not CHANGING.isdisjoint(words) or words[0] == "of"
    else:
        reader.doubtful |= words[0] in SCALING or words[:2] == ["and", "a"]
        reader.altered |= words[0] in SCALED and not _explained(reader, words[0])
    reader.doubtful |= tight and len(words[0]) == 1  # 2g may be grams or a name's multiple
    letter = goes_on and len(words) == 1 and len(name) == 1 and name != "a" and quantities.unit(name) is None
    multiple = tight and len(words[0]) == 1 and (quantities.unit(words[0]) is None or name.isupper())
    if letter or multiple or sign == "^":
        reader.items[-1] = Item("?")


def _explained(reader: _Reader, word: str) -> bool:
    """Whether the line has dozens or millions before, or divides by twelve: 24 / 12 = 2 dozen."""
    if word.startswith("dozen") and any(item.value == 12 for item in reader.items):
        return True
    return reader.spoken[word.rstrip("s")] > 1


def _multiplies(reader: _Reader, place: int) -> bool:
    """x, times and, after a per cent or fraction, of: between two numbers."""
    behind = reader.kind(place + 1) == "number" or reader.word(place + 1) == "("
    if not behind or not reader.operand_before():
        return False
    if reader.word(place).lower() in ("x", "times"):
        return True
    signs = [item.sign for item in reader.items[-3:]]
    part = reader.items[-1].per_cent or signs[-1] == ")" or signs[-2:] == ["/", ""]
    return reader.word(place).lower() == "of" and part and not reader.items[-1].said
