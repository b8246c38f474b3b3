"""The worth of the lines of a worked answer: true, founded, steps of a reference or of a way to its answer.

A number is founded if the problem gives it (maths.quantities.named) or an earlier true and founded line has it as its
result. A false line is wrong. A line is unverifiable if its signs are not understood, if it is true of numbers from
nowhere, or if it is only words. A true, founded line is right

- as a step of the reference: its result is a step's (or a part's of one), and its numbers are the problem's or results
  of lines that are right themselves. So a chain of true but idle lines cannot count up to a step.
- as a line on the way to the answer: the answer's last line is the reference's, and rests on it.

Any other is idle: true and leading nowhere. Restatements (12 = 12, 12 + 0, 12 * 1) and repetitions are always idle.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from operator import or_
from typing import NamedTuple

from halt.domains.shared.maths import equations
from halt.domains.shared.maths.equations import Equation, Operand
from halt.domains.shared.maths.stated import Stated, stated


class Line(NamedTuple):
    """One fragment as it was read."""

    kind: str  # answer, equation or words
    equations: tuple[Equation, ...] = ()
    others: tuple[Fraction, ...] = ()  # numbers in no equation
    numbers: tuple[Fraction, ...] = ()  # all as written; in an answer line, the answer first
    stated: Stated | None = None  # of an answer

    @property
    def calculations(self) -> list[Equation]:
        return [equation for equation in self.equations if equation.calculated]

    @property
    def result(self) -> Fraction | None:
        """The result that later lines may use; None for a restatement, whose result comes from elsewhere."""
        made = [equation for equation in self.calculations if not equation.restated and equation.sides]
        return made[-1].result if made else None


class Judged(NamedTuple):
    label: str
    kind: str
    fact: str | None


def lines(fragments: Sequence[str]) -> list[Line]:
    return [_line(fragment) for fragment in fragments]


def judged(fragments: Sequence[str], truth: dict) -> list[Judged]:
    """Every line by itself.

    truth: {"given": numbers of the problem, "values": for each step its value and those of its parts, "answer"}, all
    numbers as texts.
    """
    read = lines(fragments)
    given = {Fraction(number) for number in truth["given"]}
    answer = Fraction(truth["answer"])
    first = _first_labels(read, given, answer)
    way = _way(read, first)
    return _with_steps(read, first, way, given, truth["values"])


def rests_on(fragments: Sequence[str]) -> list[tuple[int, ...]]:
    """For each line the places of the earlier ones whose results it uses; see halt.domains.mathematics."""
    read = lines(fragments)
    edges = _edges(read, set(range(len(read))))
    answered = 0
    for place, line in enumerate(read):
        if not edges[place] and line.kind == "answer":
            edges[place] = tuple(range(answered, place))
            answered = place
        elif not edges[place] and place and line.kind == "words" and not line.others:
            edges[place] = (place - 1,)
    return edges


def final(fragments: Sequence[str], truth: dict) -> bool:
    """Whether the last line with an answer has the reference's answer."""
    read = lines(fragments)
    given = {Fraction(number) for number in truth["given"]}
    labels = _first_labels(read, given, Fraction(truth["answer"]))
    return next((labels[place] == "right" for place in _answers(read)[-1:]), False)


def _answers(read: list[Line]) -> list[int]:
    return [place for place, line in enumerate(read) if line.kind == "answer"]


def _line(fragment: str) -> Line:
    said = stated(fragment)
    read = equations.read(fragment if said is None else said.text)
    if said is not None:
        return Line("answer", read.equations, read.others, said.numbers, said)
    kind = "equation" if read.equations else "words"
    return Line(kind, read.equations, read.others, tuple(equations.numbers(fragment)))


class _Known:
    """Numbers that a line may use."""

    def __init__(self, numbers: set[Fraction], under: "_Known | None" = None):
        self.numbers = set(numbers)
        self.under = under  # more numbers, which this one does not change

    def add(self, *numbers: Fraction) -> None:
        self.numbers.update(numbers, map(abs, numbers))

    def _has(self, number: Fraction) -> bool:
        return number in self.numbers or (self.under is not None and self.under._has(number))

    def has(self, number: Fraction) -> bool:
        return self._has(number) or (self._has(Fraction(100)) and self._has(number * 100))

    def founds(self, operand: Operand) -> bool:
        return self.has(operand.value) or (bool(operand.parts) and all(map(self.has, operand.parts)))

    def founds_all(self, equation: Equation) -> bool:
        if equation.converted and equation.restated:
            return True  # 1 hour = 60 minutes
        if equation.restated and self.has(equation.result):
            return True
        return all(map(self.founds, equation.operands or (Operand(equation.result),)))


def _first_labels(read: list[Line], given: set[Fraction], answer: Fraction) -> list[str]:
    """wrong, unverifiable or true for every line, right for one with the right answer."""
    known = _Known(given)
    labels = []
    for line in read:
        label = _answer_label(line, answer, known.numbers) if line.kind == "answer" else _first_label(line, known)
        labels.append(label)
        if label == "true":
            known.add(*(equation.result for equation in line.equations))
    return labels


def _first_label(line: Line, known: _Known) -> str:
    if any(equation.true is False for equation in line.equations):
        return "wrong"
    if not line.equations or any(equation.true is None for equation in line.equations):
        return "unverifiable"
    here = _Known(set(), known)
    for equation in line.equations:
        if not here.founds_all(equation):
            return "unverifiable"
        here.add(*_numbers(equation))
    return "true" if all(map(here.has, line.others)) else "unverifiable"


def _numbers(equation: Equation) -> list[Fraction]:
    found = []
    for side in equation.sides:
        found += [side.value, *side.within, *(operand.value for operand in side.operands)]
        found += [part for operand in side.operands for part in operand.parts]
    return found


def _answer_label(line: Line, answer: Fraction, known: set[Fraction]) -> str:
    if any(equation.true is False for equation in line.equations):
        return "wrong"
    said = line.stated
    if line.equations:
        if any(equation.true is None for equation in line.equations):
            return "unverifiable"
        if line.equations[-1].result != answer:
            return "wrong"
        return "unverifiable" if said.denied or not known.issuperset(line.others) else "right"
    calculated = equations.value(said.calculation)
    if calculated not in (None, answer):
        return "wrong"
    if not said.clear:
        return "unverifiable"
    if answer not in line.numbers:
        return "wrong" if calculated is None else "unverifiable"
    told = line.numbers[0] == answer and said.single and known.issuperset(set(line.numbers) - {answer})
    return "right" if told else "unverifiable"


def _edges(read: list[Line], used: set[int]) -> list[tuple[int, ...]]:
    """For each line the earlier ones among `used` whose results it uses; of several with one result, the last.

    A line that returns to an earlier result (18 * 4 = 72, 72 / 4 = 18) does not replace it.
    """
    results: dict[Fraction, int] = {}
    seen: set[tuple] = set()
    edges = []
    under: list[int] = []  # for each line the lines that it rests on, directly or not, as bits
    for place, line in enumerate(read):
        below = tuple(sorted({results[number] for number in _uses(line) if number in results}))
        edges.append(below)
        under.append(reduce(or_, (under[at] | 1 << at for at in below), 0))
        if place in used and line.kind == "equation" and line.result is not None and not _repeats(line, seen):
            earlier = results.get(line.result)
            if earlier is None or not under[place] >> earlier & 1:
                results |= {line.result: place, abs(line.result): place}
    return edges


def _uses(line: Line) -> list[Fraction]:
    if line.kind == "answer" and not line.equations:
        return list(line.numbers[:1])
    found = [] if line.equations else list(line.others)
    own: set[Fraction] = set()
    for equation in filter(lambda equation: equation.sides, line.equations):
        operands = equation.operands or (Operand(equation.result),)
        numbers = [number for operand in operands for number in (operand.value, *operand.parts)]
        found += [number for number in numbers if number not in own]
        own.add(equation.result)
    return found


def _repeats(line: Line, seen: set[tuple]) -> bool:
    """Whether an earlier line calculated the same from the same; adds this line to `seen`."""
    key = tuple((equation.result, tuple(sorted(equation.operands))) for equation in line.calculations)
    repeated = key in seen
    seen.add(key)
    return repeated


def _way(read: list[Line], labels: list[str]) -> set[int]:
    """Places of the true lines that the right answer rests on, directly or not."""
    sound = {place for place, label in enumerate(labels) if label == "true"}
    answers = _answers(read)
    if not answers or labels[answers[-1]] != "right":
        return set()
    edges = _edges(read, sound)
    way: set[int] = set()
    open_places = list(edges[answers[-1]])
    while open_places:
        place = open_places.pop()
        if place not in way:
            way.add(place)
            open_places += edges[place]
    return way


def _with_steps(
    read: list[Line], labels: list[str], way: set[int], given: set[Fraction], values: list[list[str]]
) -> list[Judged]:
    """Verdicts, with the step of the reference that each right line fills.

    A line on the way to the answer that is no step of the reference fills one that nothing else has filled: the task is
    solved without that step, and another way with as many lines is as complete.
    """
    steps = _Steps(values)
    strong = _Known(given)
    seen: set[tuple] = set()
    verdicts: list[Judged] = []
    free: list[int] = []
    answered = False
    for place, (line, label) in enumerate(zip(read, labels, strict=True)):
        if line.kind == "answer":
            if label == "right" and answered:
                label = "idle"
            answered |= label == "right"
            verdicts.append(Judged(label, "answer", "answer" if label == "right" else None))
            continue
        if label != "true":
            verdicts.append(Judged(label, line.kind, None))
            continue
        repeated = _repeats(line, seen)
        fact = None
        right = line.result is not None and not repeated
        if right:
            founded = _strongly(line, strong)
            fact, part = steps.match(line) if founded or place in way else (None, False)
            right = place in way or fact is not None or part
            if place in way and fact is None:
                free.append(place)
        if right:
            strong.add(*(equation.result for equation in line.calculations))
        verdicts.append(Judged("right" if right else "idle", "equation", fact))
    for place, fact in zip(free, steps.unfilled(), strict=False):
        verdicts[place] = verdicts[place]._replace(fact=fact)
    return verdicts


def _strongly(line: Line, strong: _Known) -> bool:
    here = _Known(set(), strong)
    for equation in line.calculations:
        if not here.founds_all(equation):
            return False
        here.add(equation.result)
    return True


class _Steps:
    """The filled steps of the reference."""

    def __init__(self, values: list[list[str]]):
        self.values = [[Fraction(value) for value in step] for step in values]
        self.filled: set[int] = set()
        self.parts: set[tuple[int, Fraction]] = set()

    def match(self, line: Line) -> tuple[str | None, bool]:
        """(the step that a line fills, whether the line is only part of it); each step is filled once."""
        fact, part = None, False
        for equation in line.calculations:
            if equation.restated:
                continue
            place = self._step(equation.result)
            if place is not None:
                self.filled.add(place)
                fact = f"step {place + 1}"
            elif (found := self._part(equation.result)) is not None:
                self.parts.add(found)
                part = True
        return fact, part

    def _step(self, value: Fraction) -> int | None:
        return next((i for i, step in enumerate(self.values) if step[0] == value and i not in self.filled), None)

    def _part(self, value: Fraction) -> tuple[int, Fraction] | None:
        for i, step in enumerate(self.values):
            if value in step[1:] and i not in self.filled and (i, value) not in self.parts:
                return i, value
        return None

    def unfilled(self) -> list[str]:
        return [f"step {i + 1}" for i in range(len(self.values)) if i not in self.filled]
