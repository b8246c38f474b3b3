"""Equations as models and textbooks write them, read exactly. Nothing here knows a problem or a verdict.

A run of numbers and signs (maths.runs) with an equals sign is an equation. It is true or false only if every sign of it
is understood: `x + 5 = 12`, half of 48 = 24 or a clock's 5:30 are neither.
"""

import re
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from halt.domains.shared.maths import arithmetic, quantities
from halt.domains.shared.maths.notation import plain
from halt.domains.shared.maths.runs import Item, Run, runs

_ROUNDED = re.compile(r"\b(?:about|around|approximately|approx|roughly|rounded?|rounds|nearest|almost)\b|≈|~", re.I)

# 3 + 2 = 5 is wrong, but not: he got 5 wrong.
DENIED = re.compile(
    r"\b(?:not|n't|never) (?:\w{1,12} ){0,2}(?:true|correct|right|equal|case|answer)\b"
    r"|\b(?:doubt|deny|untrue)\b|[≠✗✘❌]"
    r"|\b(?:is|are|was|be) (?:\w{1,12} )?(?:wrong|incorrect|false)\b|[(:;] ?(?:wrong|incorrect|false)\b"
    r"|\b(?:wrong|incorrect|false) ?[:)]",
    re.IGNORECASE,
)
_PLURAL = frozenset(["children", "people", "men", "women", "mice", "geese"])


class Operand(NamedTuple):
    """A number of a calculation; 1/2 or 20% may be known as a whole or by its parts."""

    value: Fraction
    parts: tuple[Fraction, ...] = ()


class Side(NamedTuple):
    """One side of an equals sign."""

    value: Fraction
    operands: tuple[Operand, ...]  # as written, in order
    within: tuple[Fraction, ...]  # values of the calculations, sub-calculations included
    calculated: bool
    restated: bool  # a number as it stands, or unchanged: + 0, * 1, + 5 - 5
    stated: bool  # one number: 12 or 3/4
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
        """Numbers of its first calculation; the others restate its value."""
        if self.converted:
            return self.sides[0].operands
        return next((side.operands for side in self.sides if side.calculated), ())

    @property
    def restated(self) -> bool:
        """Whether it says nothing new: 12 = 12, 12 + 0 = 12, 12 * 1 = 12, 3 + 4 = 4 + 3, 1 hour = 60 minutes."""
        if self.converted:
            return self.sides[0].value == 1
        alike = len({tuple(sorted(side.operands)) for side in self.sides}) < 2
        return alike or not any(side.stated for side in self.sides) or all(side.restated for side in self.sides)

    @property
    def result(self) -> Fraction:
        """The result that it states; only for an equation that is understood."""
        lone = [side.value for side in self.sides if side.stated]
        return lone[-1] if lone else self.sides[-1].value


class Line(NamedTuple):
    equations: tuple[Equation, ...]
    others: tuple[Fraction, ...]  # numbers in no equation


def read(text: str) -> Line:
    """The equations of a line and its other numbers, in time proportional to its length."""
    found: list[Equation] = []
    others: list[Fraction] = []
    rough = bool(_ROUNDED.search(text))
    denied = bool(DENIED.search(text))
    for run in runs(text):
        if any(item.sign == "=" for item in run.items):
            equation = _equation(run, rough)
            if equation is not None:
                found.append(equation._replace(true=None) if denied else equation)
                continue
        others += [item.value for item in run.items if not item.sign]
    return Line(tuple(found), tuple(others))


def value(text: str) -> Fraction | None:
    """The value of a calculation without an equals sign; None for any other text."""
    found = list(runs(text))
    if len(found) != 1 or found[0].doubtful or any(item.sign == "=" for item in found[0].items):
        return None
    side = _side(found[0].items)
    return side.value if side is not None and side.calculated and not side.stated else None


def numbers(text: str) -> list[Fraction]:
    """Every number of a line in order, without the line's own; 3/4 and 2 1/2 are one each, and so is the 25 of 25%."""
    return quantities.figures(plain(text))


def _equation(run: Run, rough: bool) -> Equation | None:
    """The equation of a run with an equals sign; None for a name with a number (Total = 12)."""
    parts = _bracketed(_split(run.items))
    parts = parts[1:] if not parts[0] else parts
    if len(parts) < 2:
        return None
    sides = [_side(part) for part in parts]
    if None in sides:
        return Equation(False if any(map(_by_zero, parts)) else None, (), False)
    if _conversion(parts):
        return _judged_conversion(parts, sides, run.doubtful or run.altered)
    if run.altered or _numbered_names(parts) or _adds_units(parts):
        return Equation(None, tuple(sides), False)
    if _equal(sides, rough) or _equal_otherwise(parts, sides):
        return Equation(True, tuple(sides), False)
    named = (run.amid and _labels(sides)) or bool(_same_names(parts))
    unclear = run.doubtful or named or _unclear(parts, sides) or _adds_nouns(parts)
    return Equation(None if unclear else False, tuple(sides), False)


def _by_zero(items: list[Item]) -> bool:
    """3 / 0, which no number is."""
    signs = [item.sign for item in items]
    return "?" not in signs and any(
        first.sign == "/" and not second.sign and second.value == 0 for first, second in pairwise(items)
    )


def _split(items: list[Item]) -> list[list[Item]]:
    parts: list[list[Item]] = [[]]
    for item in items:
        if item.sign == "=":
            parts.append([])
        else:
            parts[-1].append(item)
    return parts


def _bracketed(parts: list[list[Item]]) -> list[list[Item]]:
    """Without brackets around the whole equation or after it: (3 * 4 = 12)."""
    first, last = parts[0], parts[-1]
    surplus = sum(item.sign == "(" for item in first) - sum(item.sign == ")" for item in first)
    leading = next((place for place, item in enumerate(first) if item.sign != "("), len(first))
    first = first[max(min(surplus, leading), 0) :]
    depth = 0
    for place, item in enumerate(last):
        depth += {"(": 1, ")": -1}.get(item.sign, 0)
        if depth < 0:
            last = last[:place]
            break
    return [first, *parts[1:-1], last]


def _side(items: list[Item], per_cent: bool = True) -> Side | None:
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
    stated = not calculated or (len(items) == 3 and _is_part(items))
    places = 0 if calculated else written[0].places
    return Side(result.value, _operands(items), result.within, calculated, restated, stated, places)


def _operands(items: list[Item]) -> tuple[Operand, ...]:
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


def _is_part(items: list[Item]) -> bool:
    """1/2 and 2/3: one number as well as two."""
    if [item.sign for item in items] != ["", "/", ""] or any(item.per_cent for item in items):
        return False
    return 0 < items[0].value <= items[2].value


def _equal(sides: list[Side], rough: bool) -> bool:
    """Whether all sides have one value; a lone number may be rounded."""
    exact = next((side.value for side in sides if side.calculated), sides[0].value)
    return all(side.value == exact or (not side.calculated and _rounds(side, exact, rough)) for side in sides)


def _rounds(side: Side, exact: Fraction, rough: bool) -> bool:
    """Whether a number is rounded to two decimals or more, if fewer would not do; if the line says so, to any."""
    needed = rough or (side.places >= 2 and (exact * 10 ** (side.places + 1)).denominator != 1)
    return needed and abs(side.value - exact) * 2 * 10**side.places <= 1


def _equal_otherwise(parts: list[list[Item]], sides: list[Side]) -> bool:
    """15 / 20 * 100 = 75% and 10 / 1/2 = 20: the sign is a unit, the fraction one number."""
    before = [item for part in parts[:-1] for item in part]
    hundred = any(item.value == 100 for item in before) and not any(item.per_cent for item in before)
    if hundred and any(item.per_cent for item in parts[-1]):
        last = _side(parts[-1], per_cent=False)
        return last is not None and all(side.value == last.value for side in sides[:-1])
    return False


def _unclear(parts: list[list[Item]], sides: list[Side]) -> bool:
    """Whether a side that is not equal may be meant differently."""
    if _mixes_units(parts, sides):
        return True
    named = (parts[0][-1].said and not sides[0].calculated) or (len(sides) > 2 and any(i.said for i in parts[0]))
    if named and _equal(sides[1:], rough=False):
        return True  # 6 friends = 12 / 2 = 6, week 1 + week 2 = 35 + 35 = 70
    if any(item.per_cent for item in parts[-1]) or any(i.per_cent and i.value == 100 for part in parts for i in part):
        return True
    if any("//" in "".join(item.sign for item in part) for part in parts):
        return True  # 25 / 1/3 = 75
    if any(any(item.per_cent for item in part) and {"+", "-"} & {item.sign for item in part} for part in parts):
        return True  # 100 - 20% = 80
    if any(item.sign == "*" and item.said for part in parts[1:] for item in part):
        return True  # 1 - 2/3 = 1/3 of the 150
    if not any(side.calculated for side in sides):
        return any(item.said for part in parts for item in part)  # 3 boxes = 12 eggs
    exact = next(side.value for side in sides if side.calculated)
    near = all(side.value == exact or _near(side, exact) for side in sides)
    return near or _in_order(parts, sides)


def _labels(sides: list[Side]) -> bool:
    """Whether the first number may be a label's or another sentence's: Box 1 = 10 + 10 = 20, 3 and 4 = 7."""
    return not sides[0].calculated and _equal(sides[1:], rough=False)


def _same_names(parts: list[list[Item]]) -> list[list[Fraction]]:
    """Numbers of each part with one word before several: Round 1 + Round 2."""
    found = [[(item.name, item.value) for item in part if item.name] for part in parts]
    return [[value for _, value in named] for named in found if len({name for name, _ in named}) < len(named)]


def _numbered_names(parts: list[list[Item]]) -> bool:
    """Round 1 + Round 2 = 3: the numbers are names, one after another."""
    return any({b - a for a, b in pairwise(sorted(values))} == {1} for values in _same_names(parts))


def _is_sum(part: list[Item]) -> bool:
    signs = {item.sign for item in part} - {""}
    return bool(signs) and signs <= {"+", "-"}


def _adds_units(parts: list[list[Item]]) -> bool:
    """3 hours + 2 minutes = 5 minutes: the numbers are equal only without their units."""
    if not any(map(_is_sum, parts)):
        return False
    units = {item.unit for part in parts for item in part if item.unit in quantities.UNITS}
    return len({quantities.UNITS[unit][0] for unit in units if unit}) < len(units)


def _adds_nouns(parts: list[list[Item]]) -> bool:
    """2 adults + 3 children = $36: the price of each may be unwritten. But 2 men + 3 boys = 36 people."""
    if parts[-1][-1].words and parts[-1][-1].unit is None:
        return False
    nouns = [{item.words[-1] for item in part if item.words and not item.unit} for part in parts if _is_sum(part)]
    return any(sum(noun.endswith("s") or noun in _PLURAL for noun in found) > 1 for found in nouns)


def _mixes_units(parts: list[list[Item]], sides: list[Side]) -> bool:
    """$2 + 50 cents = $2.50, 1/2 a cup = 4 ounces, 3 * 25 = $0.75: equal only in a unit that is not written."""
    units = {item.unit for part in parts for item in part if item.unit in quantities.UNITS}
    kinds = {quantities.UNITS[unit][0] for unit in units if unit}
    lone = [part[-1].unit for part in parts if {item.sign for item in part} <= {"", "/"}]
    ends = {unit for unit in lone if unit in quantities.UNITS}
    cents = parts[-1][-1].unit == "dollar" and sides[-1].value * 100 == sides[0].value
    return len(kinds) < len(units) or len(ends) > 1 or cents


def _near(side: Side, exact: Fraction) -> bool:
    """Cut off, or rounded without a word: 10 / 3 = 3."""
    return not side.calculated and exact.denominator != 1 and abs(side.value - exact) * 10**side.places < 1


def _in_order(parts: list[list[Item]], sides: list[Side]) -> bool:
    """3 + 4 * 2 = 14: right if signs are applied from left to right."""
    values = {arithmetic.in_order([item.sign or item.value for item in part]) for part in parts}
    return len(values) == 1 and None not in values


def _conversion(parts: list[list[Item]]) -> bool:
    """3 hours = 180 minutes."""
    if len(parts) != 2 or any(len(part) != 1 or part[0].unit is None for part in parts):
        return False
    return quantities.same_kind(parts[0][0].unit or "", parts[1][0].unit or "")


def _judged_conversion(parts: list[list[Item]], sides: list[Side], doubtful: bool) -> Equation:
    first, second = parts[0][0], parts[1][0]
    value = quantities.converted(first.value, first.unit or "", second.unit or "")
    true = value is not None and (value == second.value or _rounds(sides[1], value, False))
    if true and doubtful:
        return Equation(None, tuple(sides), True)
    return Equation(True if true else None if doubtful else False, tuple(sides), True)
