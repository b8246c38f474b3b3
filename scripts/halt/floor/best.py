"""The floor: what the best answer scores that is the same for every prompt, so that nobody takes it for knowledge.

With a reference judge the best is searched on training rows, among degenerate answers and the lines that references
have most. An evaluator that is a model is not asked: there it is what references have most, unsearched (decision).
"""

from collections.abc import Sequence
from statistics import median_low
from types import ModuleType
from typing import NamedTuple

from halt.domains import Row
from halt.floor import candidates, search
from halt.floor.candidates import Answer

ROWS = 64  # training rows that are searched on, at most
LINES = 32  # commonest lines that are tried
LONGEST = 8  # lines that are added to an answer
CALLS = 3000  # verdicts that are asked for: a program may take 30 ms


class Floor(NamedTuple):
    """A constant answer, and how it scored on the training rows that it was searched on (None: not searched)."""

    answer: Answer
    score: search.Score | None


def constant(module: ModuleType, rows: Sequence[Row]) -> Floor:
    """The best constant answer to the prompts of a domain, by its training rows; the same rows give the same one."""
    found = candidates.references(module, rows)
    if not module.REFERENCE_JUDGE:
        return Floor(_usual(module, found), None)
    lines = [line for line in _lines(found) if line]
    starts = [*candidates.degenerate(module, rows), *((line,) for line in lines)]
    trial = search.Trial(module, rows[:ROWS], CALLS)
    return Floor(*search.best(trial, starts, lines, LONGEST))


def text(module: ModuleType, answer: Answer, row: Row) -> str:
    """A constant answer as it is given to one prompt."""
    return module.join(candidates.filled(answer, candidates.places(module, row)))


def _lines(references: Sequence[Answer]) -> list[str]:
    """Lines that several references have, those that most have first."""
    return candidates.commonest([line for answer in references for line in dict.fromkeys(answer)], LINES, least=2)


def _usual(module: ModuleType, references: Sequence[Answer]) -> Answer:
    """The commonest lines, as many as a reference usually has; dependent: the commonest last line, for the first wrong
    one ends such an answer and the last one holds the result."""
    if module.DEPENDENT:
        return tuple(candidates.commonest([answer[-1] for answer in references], 1))
    lines = [line for answer in references for line in dict.fromkeys(answer)]
    return tuple(candidates.commonest(lines, median_low(len(answer) for answer in references)))


__all__ = ["Answer", "Floor", "constant", "text"]
