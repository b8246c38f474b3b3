"""The floor: the score of the best answer that is the same for every prompt. Nobody should take it for knowledge.

With a reference judge the best answer is searched on training rows, among degenerate answers and the most frequent
lines of the references. A model as evaluator is not asked: its floor is the most frequent lines, without a search
(decision).
"""

from collections.abc import Sequence
from statistics import median_low
from types import ModuleType
from typing import NamedTuple

from halt.domains import Row
from halt.floor import candidates, search
from halt.floor.candidates import Answer

ROWS = 64  # training rows of the search, at most
LINES = 32  # most frequent lines to try
LONGEST = 8  # lines that are added to an answer
CALLS = 3000  # verdicts of a search, at most: a program may take 30 ms


class Floor(NamedTuple):
    """A constant answer, and its score on the training rows of the search (None: no search)."""

    answer: Answer
    score: search.Score | None


def constant(module: ModuleType, rows: Sequence[Row]) -> Floor:
    """The best constant answer to the prompts of a domain, from its training rows; equal rows give an equal answer."""
    found = candidates.references(module, rows)
    if not module.REFERENCE_JUDGE:
        return Floor(_usual(module, found), None)
    lines = [line for line in _lines(found) if line]
    starts = [*candidates.degenerate(module, rows), *((line,) for line in lines)]
    trial = search.Trial(module, rows[:ROWS], CALLS)
    return Floor(*search.best(trial, starts, lines, LONGEST))


def text(module: ModuleType, answer: Answer, row: Row) -> str:
    """A constant answer to one prompt."""
    return module.join(candidates.filled(answer, candidates.places(module, row)))


def _lines(references: Sequence[Answer]) -> list[str]:
    """Lines that several references have, the most frequent first."""
    return candidates.commonest([line for answer in references for line in dict.fromkeys(answer)], LINES, least=2)


def _usual(module: ModuleType, references: Sequence[Answer]) -> Answer:
    """The most frequent lines, as many as a usual reference has. Dependent domains: the most frequent last line,
    because the first wrong line ends such an answer and the last one holds the result."""
    if module.DEPENDENT:
        return tuple(candidates.commonest([answer[-1] for answer in references], 1))
    lines = [line for answer in references for line in dict.fromkeys(answer)]
    return tuple(candidates.commonest(lines, median_low(len(answer) for answer in references)))


__all__ = ["Answer", "Floor", "constant", "text"]
