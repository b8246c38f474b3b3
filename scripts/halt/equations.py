"""Equations as models and textbooks write them, read exactly. Nothing here knows a problem or a verdict.

A line is cut into runs of numbers, signs and units; a run with an equals sign is an equation. It is true or false only
where every sign of it is understood: `x + 5 = 12`, half of 48 = 24 or a clock's 5:30 are neither.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from halt import arithmetic, quantities
from halt.notation import bare, plain

_TOKEN = re.compile(
    r"(?P<odd>\d++(?::\d++)+|\d++(?:st|nd|rd|th|k)\b|(?<![\w])(?!x)[a-z]\d++)"
    rf"|(?P<number>{quantities.NUMBER})"
    r"|(?P<long>\d++)"
    r"|(?P<sign>[-+*/^()=%≈])"
    r"|(?P<word>[^\W\d_]++(?:['-][^\W\d_]++)*+)"
    r"|(?P<other>\S)",
    re.IGNORECASE,
)
NAME_WORDS = 3  # words between a sign and a number that are taken for whose it is
UNIT_WORDS = 6  # words between a number and a sign that are taken for its unit
# Words that make another number of the one beside them; what they make of it is not read.
_SCALING = (
    "half halves third thirds quarter quarters fourth fourths fifth fifths sixth sixths eighth eighths tenth tenths twice "
    "double triple thrice dozen dozens hundred hundreds thousand thousands million millions billion am pm remainder r "
    "mod squared cubed root sqrt pi"
)
SCALING = frozenset(_SCALING.split())
CHANGING = SCALING | {"and", "less", "off", "increase", "decrease", "or", "x"}  # between a number and a sign
_ROUNDED = re.compile(r"\b(?:about|around|approximately|approx|roughly|rounded?|rounds|nearest|almost)\b|≈|~", re.I)


class Operand(NamedTuple):
    """A number of a calculation; 1/2 or 20% may be known as a whole or by its parts."""

    value: Fraction
    parts: tuple[Fraction, ...] = ()


class Side(NamedTuple):
    """What stands between two equals signs."""

    value: Fraction
    operands: tuple[Operand, ...]  # as written, in order
    within: tuple[Fraction, ...]  # values of the calculations, sub-calculations included
    calculated: bool
    restated: bool  # a number as it stands, or with nothing done to it: + 0, * 1, + 5 - 5
    places: int  # decimals of a lone number


class Equation(NamedTuple):
    true: bool | None  # None: not understood
    sides: tuple[Side, ...]  # empty if one of them is not understood
    converted: bool  # 3 hours = 180 minutes

    @property
    def calculated(self) -> bool:
        return self.converted or any(side.calculated for side in self.sides)

    @property
    def operands(self) -> tuple[Operand, ...]:
        """Numbers of its first calculation; the others restate its value in other words."""
        if self.converted:
            return self.sides[0].operands
        return next((side.operands for side in self.sides if side.calculated), ())

    @property
    def restated(self) -> bool:
        """Whether nothing is calculated but what was there: 12 = 12, 12 + 0 = 12, 12 * 1 = 12."""
        return not self.converted and all(side.restated for side in self.sides)

    @property
    def result(self) -> Fraction:
        """What it says that something is; of an equation that is understood."""
        lone = [side.value for side in self.sides if not side.calculated]
        return lone[-1] if lone else self.sides[-1].value


class Line(NamedTuple):
    equations: tuple[Equation, ...]
    others: tuple[Fraction, ...]  # numbers in no equation


class _Item(NamedTuple):
    """A number, a sign, or something that stands where a number does and is none."""

    sign: str  # "" for a number, "?" for what is not understood
    value: Fraction = Fraction(0)
    per_cent: bool = False
    places: int = 0
    unit: str | None = None
    tight: bool = False  # no space before it
    said: bool = False  # words stand behind it


class _Run(NamedTuple):
    items: list[_Item]
    doubtful: bool  # words around it may change what it says


def read(text: str) -> Line:
    """The equations of a line and its other numbers, in time that grows in proportion to its length."""
    found: list[Equation] = []
    others: list[Fraction] = []
    rough = bool(_ROUNDED.search(text))
    for run in _runs(quantities.digits_in_sums(plain(text))):
        if any(item.sign == "=" for item in run.items):
            equation = _equation(run, rough)
            if equation is not None:
                found.append(equation)
                continue
        others += [item.value for item in run.items if not item.sign]
    return Line(tuple(found), tuple(others))


def numbers(text: str) -> list[Fraction]:
    """Every number of a line in order, without the line's own; 3/4 and 2 1/2 are one each, and so is 25%'s 25."""
    return quantities.figures(plain(text))


class _Reader:
    """Gathers the runs of one line."""

    def __init__(self, text: str):
        self.text = re.sub(r"(?<=\d)-(?=[A-Za-z]{2})", " ", text)
        self.tokens = [(match.lastgroup, match[0], match.start(), match.end()) for match in _TOKEN.finditer(self.text)]
        self.items: list[_Item] = []
        self.doubtful = False
        self.named = False  # words that name the next number stand before it

    def kind(self, place: int) -> str:
        return self.tokens[place][0] if place < len(self.tokens) else ""

    def word(self, place: int) -> str:
        return self.tokens[place][1] if place < len(self.tokens) else ""

    def tight(self, place: int) -> bool:
        return place > 0 and self.tokens[place - 1][3] == self.tokens[place][2]

    def operand_before(self) -> bool:
        return bool(self.items) and (self.items[-1].sign in ("", ")", "?"))

    def close(self) -> Iterator[_Run]:
        if self.items:
            yield _Run(self.items, self.doubtful)
        self.items, self.doubtful, self.named = [], False, False


def _runs(text: str) -> Iterator[_Run]:
    reader = _Reader(text)
    place = 0
    while place < len(reader.tokens):
        kind, token, *_ = reader.tokens[place]
        if kind == "number":
            if reader.operand_before():
                beside = reader.items[-1]
                if _mixed(reader, place):
                    over, under = (Fraction(reader.word(place)), Fraction(reader.word(place + 2)))
                    reader.items[-1] = beside._replace(value=beside.value + over / under)
                    place += 3
                    continue
                compound = beside.unit is not None and beside.said
                reader.doubtful |= compound
                yield from reader.close()
                reader.doubtful = compound
            places = len(token.partition(".")[2])
            value = Fraction(token.replace(",", ""))
            reader.items.append(_Item("", value, places=places, tight=reader.tight(place), said=reader.named))
            reader.named = False
        elif kind in ("odd", "long"):
            if reader.operand_before():
                yield from reader.close()
            reader.items.append(_Item("?"))
        elif kind == "sign":
            place += yield from _sign(reader, place)
        elif kind == "word":
            place += yield from _words(reader, place)
        else:
            yield from reader.close()
        place += 1
    yield from reader.close()


def _mixed(reader: _Reader, place: int) -> bool:
    """Whether 1/2 stands behind the 2 of 2 1/2."""
    beside = reader.items[-1]
    if beside.sign or beside.said or beside.per_cent or beside.value.denominator != 1 or reader.tight(place):
        return False
    if [reader.kind(place + step) for step in (1, 2)] != ["sign", "number"] or reader.word(place + 1) != "/":
        return False
    over, under = reader.word(place), reader.word(place + 2)
    short = over.isdigit() and under.isdigit() and max(len(over), len(under)) < 5
    return short and reader.tight(place + 1) and reader.tight(place + 2) and 0 < int(over) < int(under)


def _sign(reader: _Reader, place: int) -> Iterator[_Run]:
    """One sign; gives how many more tokens it took."""
    token = reader.word(place)
    beside = reader.items[-1] if reader.items else None
    if token == "%":
        if beside is not None and not beside.sign:
            reader.items[-1] = beside._replace(per_cent=True)
        elif beside is not None:
            reader.items.append(_Item("?"))
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
                reader.items.append(_Item("?"))  # 40(pencil price)
            return end - place  # (apples)
        if reader.operand_before() and not reader.tight(place):
            yield from reader.close()
        if beside is not None and beside.said:
            reader.doubtful = True
    reader.items.append(_Item("=" if token == "≈" else token, tight=reader.tight(place)))
    return 0


def _words(reader: _Reader, place: int) -> Iterator[_Run]:
    """Words from a place on: multiplication, a unit, a name, or the end of the run; gives how many more it took."""
    if _multiplies(reader, place):
        reader.items.append(_Item("*", said=reader.word(place).lower() == "of"))
        return 0
    end = place
    while reader.kind(end) == "word" and not (end > place and _multiplies(reader, end)):
        end += 1
    words = [reader.word(at).lower() for at in range(place, end)]
    sign = reader.word(end) if reader.kind(end) == "sign" and reader.word(end) not in "(%" else ""
    goes_on = bool(sign) or (end > place and reader.kind(end) == "word")
    if reader.operand_before():
        _behind(reader, words, reader.word(place), reader.tight(place), goes_on)
        if not goes_on or end - place > UNIT_WORDS:
            yield from reader.close()
            reader.doubtful = _scales(words)
            if sign and sign != "=" and end - place > UNIT_WORDS:
                reader.items.append(_Item("?"))
        return end - place - 1
    if sign and sign != ")":
        if reader.items and reader.items[-1].sign == "=" and sign == "=":
            reader.items.append(_Item("?"))
        elif reader.items or sign != "=":
            reader.items.append(_Item("?"))  # a name: x + 5
        return end - place - 1
    open_sign = bool(reader.items)
    if open_sign and end - place <= NAME_WORDS and reader.kind(end) == "number" and CHANGING.isdisjoint(words):
        reader.named = True
        return end - place - 1  # = about 12, + Ann's 3
    if open_sign:
        reader.items.append(_Item("?"))
    yield from reader.close()
    reader.doubtful = open_sign or _scales(words)
    return end - place - 1


def _scales(words: list[str]) -> bool:
    """Whether words before a number may make another of it: half of, or the day of day 1."""
    return not SCALING.isdisjoint(words[-4:]) or words[-1] == "times" or quantities.unit(words[-1]) is not None


def _behind(reader: _Reader, words: list[str], name: str, tight: bool, goes_on: bool) -> None:
    """Words behind a number: its unit; `2x` is a name's multiple."""
    last = reader.items[-1]
    unit = next((found for word in words if (found := quantities.unit(word))), None)
    reader.items[-1] = last._replace(unit=last.unit or unit, said=True)
    if goes_on:
        reader.doubtful |= not CHANGING.isdisjoint(words) or words[0] == "of"
    else:
        reader.doubtful |= words[0] in SCALING or words[:2] == ["and", "a"]
    if tight and len(words[0]) == 1 and (quantities.unit(words[0]) is None or name.isupper()):
        reader.items[-1] = _Item("?")


def _multiplies(reader: _Reader, place: int) -> bool:
    """x, times and, behind a per cent or fraction, of: between two numbers."""
    behind = reader.kind(place + 1) == "number" or reader.word(place + 1) == "("
    if not behind or not reader.operand_before():
        return False
    if reader.word(place).lower() in ("x", "times"):
        return True
    signs = [item.sign for item in reader.items[-3:]]
    part = reader.items[-1].per_cent or signs[-1] == ")" or signs[-2:] == ["/", ""]
    return reader.word(place).lower() == "of" and part and not reader.items[-1].said


def _equation(run: _Run, rough: bool) -> Equation | None:
    """The equation of a run with an equals sign; None for a name with a number (Total = 12)."""
    parts = _bracketed(_split(run.items))
    parts = parts[1:] if not parts[0] else parts
    if len(parts) < 2:
        return None
    sides = [_side(part) for part in parts]
    if None in sides:
        return Equation(False if any(map(_by_zero, parts)) else None, (), False)
    if _conversion(parts):
        return _judged_conversion(parts, sides, run.doubtful)
    if _equal(sides, rough) or _equal_otherwise(parts, sides):
        return Equation(True, tuple(sides), False)
    return Equation(None if run.doubtful or _unclear(parts, sides) else False, tuple(sides), False)


def _by_zero(items: list[_Item]) -> bool:
    """3 / 0, which no number is."""
    signs = [item.sign for item in items]
    return "?" not in signs and any(
        first.sign == "/" and not second.sign and second.value == 0 for first, second in pairwise(items)
    )


def _split(items: list[_Item]) -> list[list[_Item]]:
    parts: list[list[_Item]] = [[]]
    for item in items:
        if item.sign == "=":
            parts.append([])
        else:
            parts[-1].append(item)
    return parts


def _bracketed(parts: list[list[_Item]]) -> list[list[_Item]]:
    """Without brackets around the whole equation or behind it: (3 * 4 = 12)."""
    first, last = parts[0], parts[-1]
    surplus = sum(item.sign == "(" for item in first) - sum(item.sign == ")" for item in first)
    while surplus > 0 and first and first[0].sign == "(":
        first, surplus = first[1:], surplus - 1
    depth = 0
    for place, item in enumerate(last):
        depth += {"(": 1, ")": -1}.get(item.sign, 0)
        if depth < 0:
            last = last[:place]
            break
    return [first, *parts[1:-1], last]


def _side(items: list[_Item], per_cent: bool = True) -> Side | None:
    if any(item.sign == "?" for item in items):
        return None
    tokens: list[Fraction | str] = []
    for item in items:
        if item.per_cent and per_cent:
            tokens += ["(", item.value, "/", Fraction(100), ")"]
        else:
            tokens.append(item.sign or item.value)
    result = arithmetic.evaluate(tokens)
    if result is None:
        return None
    written = [item for item in items if not item.sign]
    calculated = len(written) > 1
    restated = result.restated or not calculated
    places = 0 if calculated else written[0].places
    return Side(result.value, _operands(items), result.within, calculated, restated, places)


def _operands(items: list[_Item]) -> tuple[Operand, ...]:
    found: list[Operand] = []
    place = 0
    while place < len(items):
        item = items[place]
        place += 1
        if item.sign or (item.value == 1 and place > 1 and items[place - 2].sign == "/"):
            continue  # a rate: 5280 feet/1 mile
        if _is_part(items[place - 1 : place + 2]) and len(items) > 3:
            under = items[place + 1].value
            found.append(Operand(item.value / under, (item.value, under)))
            place += 2
        elif item.per_cent:
            found.append(Operand(item.value / 100, (item.value,)))
        else:
            found.append(Operand(item.value))
    return tuple(found)


def _is_part(items: list[_Item]) -> bool:
    """1/2 and 2/3: one number as well as two."""
    if [item.sign for item in items] != ["", "/", ""] or any(item.per_cent for item in items):
        return False
    return 0 < items[0].value <= items[2].value


def _equal(sides: list[Side], rough: bool) -> bool:
    """Whether all sides have one value; a lone number may be rounded to its decimals, or to a whole where it says so."""
    exact = next((side.value for side in sides if side.calculated), sides[0].value)
    return all(side.value == exact or (not side.calculated and _rounds(side, exact, rough)) for side in sides)


def _rounds(side: Side, exact: Fraction, rough: bool) -> bool:
    """Rounded to two decimals or more, where no few decimals would have done; where the line says so, to any."""
    needed = rough or (side.places >= 2 and (exact * 10 ** (side.places + 1)).denominator != 1)
    return needed and abs(side.value - exact) * 2 * 10**side.places <= 1


def _equal_otherwise(parts: list[list[_Item]], sides: list[Side]) -> bool:
    """15 / 20 * 100 = 75% and 10 / 1/2 = 20: the sign is a unit, the fraction one number."""
    if any(item.per_cent for item in parts[-1]) and not any(item.per_cent for part in parts[:-1] for item in part):
        last = _side(parts[-1], per_cent=False)
        return last is not None and all(side.value == last.value for side in sides[:-1])
    return False


def _unclear(parts: list[list[_Item]], sides: list[Side]) -> bool:
    """Whether a side that is not equal may have been meant otherwise."""
    units = {item.unit for part in parts for item in part if item.unit}
    kinds = [quantities.UNITS[unit][0] for unit in units if unit in quantities.UNITS]
    if len(kinds) != len(set(kinds)) or len({part[-1].unit for part in parts if part[-1].unit in quantities.UNITS}) > 1:
        return True  # $2 + 50 cents = $2.50, 1/2 a cup = 4 ounces
    if parts[0][-1].said and not sides[0].calculated or len(sides) > 2 and any(item.said for item in parts[0]):
        if _equal(sides[1:], rough=False):
            return True  # 6 friends = 12 / 2 = 6, week 1 + week 2 = 35 + 35 = 70
    if any(item.per_cent for item in parts[-1]):
        return True
    if any(any(item.per_cent for item in part) and {"+", "-"} & {item.sign for item in part} for part in parts):
        return True  # 100 - 20% = 80
    if any(item.sign == "*" and item.said for part in parts[1:] for item in part):
        return True  # 1 - 2/3 = 1/3 of the 150
    if not any(side.calculated for side in sides):
        return any(item.said for part in parts for item in part)  # 3 boxes = 12 eggs
    exact = next(side.value for side in sides if side.calculated)
    near = all(side.value == exact or _near(side, exact) for side in sides)
    return near or _in_order(parts, sides)


def _near(side: Side, exact: Fraction) -> bool:
    """Cut off, or rounded without a word: 10 / 3 = 3."""
    return not side.calculated and exact.denominator != 1 and abs(side.value - exact) * 10**side.places < 1


def _in_order(parts: list[list[_Item]], sides: list[Side]) -> bool:
    """3 + 4 * 2 = 14: right where each sign is applied as it comes."""
    values = {arithmetic.in_order([item.sign or item.value for item in part]) for part in parts}
    return len(values) == 1 and None not in values


def _conversion(parts: list[list[_Item]]) -> bool:
    """3 hours = 180 minutes."""
    if len(parts) != 2 or any(len(part) != 1 or part[0].unit is None for part in parts):
        return False
    return quantities.same_kind(parts[0][0].unit or "", parts[1][0].unit or "")


def _judged_conversion(parts: list[list[_Item]], sides: list[Side], doubtful: bool) -> Equation:
    first, second = parts[0][0], parts[1][0]
    value = quantities.converted(first.value, first.unit or "", second.unit or "")
    true = value is not None and (value == second.value or _rounds(sides[1], value, False))
    if true and doubtful:
        return Equation(None, tuple(sides), True)
    return Equation(True if true else None if doubtful else False, tuple(sides), True)


__all__ = ["Equation", "Line", "Side", "bare", "numbers", "read"]
