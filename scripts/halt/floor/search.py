"""Greedy search for the constant answer that a domain's own judge scores best, on training rows.

Scores are those of the tables in the strict reading (halt.metrics): F1 of the means over rows of right / given, and of
the share of the reference's facts that are right. Idle and unverifiable fragments are given and not right.
"""

from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import NamedTuple

from halt import domains, plugins
from halt.domains import Row, Verdict
from halt.floor.candidates import Answer, filled, places

FEW = 16  # rows on which every answer is tried; the best are tried on all
KEPT = 6


class Score(NamedTuple):
    """Score of one answer over rows. Compared in this order: F1 first."""

    f1: float
    correctness: float
    completeness: float


class Spent(Exception):
    """No more verdicts may be asked for."""


class Trial:
    """Judges constant answers on rows, each distinct one once, and counts its questions."""

    def __init__(self, module: ModuleType, rows: Sequence[Row], calls: int):
        self.module, self.rows, self.left = module, rows, calls
        self._held = [places(module, row) for row in rows]
        self._desired = [len(domains.split(module, row.reference)) for row in rows]
        self._known: dict[tuple, list[Verdict]] = {}

    def score(self, answer: Answer, rows: int) -> Score:
        """Score of an answer on the first `rows` rows. Spent if that takes more verdicts than are left."""
        shares, complete = [], []
        for place in range(min(rows, len(self.rows))):
            verdicts = self._verdicts(answer, place)
            right = [verdict for verdict in verdicts if verdict.label == "right"]
            facts = {verdict.fact for verdict in right} - {None}
            if verdicts:
                shares.append(len(right) / len(verdicts))
            complete.append(min(len(facts), self._desired[place]) / self._desired[place])
        correctness = sum(shares) / len(shares) if shares else 0.0
        completeness = sum(complete) / len(complete)
        total = correctness + completeness
        return Score(2 * correctness * completeness / total if total else 0.0, correctness, completeness)

    def _verdicts(self, answer: Answer, place: int) -> list[Verdict]:
        """Verdicts. Independent fragments are judged one by one, so each is judged once for all answers."""
        lines = filled(answer, self._held[place])
        if not self.module.DEPENDENT:
            return [verdict for line in lines for verdict in self._judged([line], place)]
        return self._judged(lines, place)

    def _judged(self, lines: list[str], place: int) -> list[Verdict]:
        key = (place, *lines)
        if key not in self._known:
            self._known[key] = self._ask(lines, self.rows[place])
        return self._known[key]

    def _ask(self, lines: list[str], row: Row) -> list[Verdict]:
        name = self.module.__name__.rsplit(".", 1)[-1]
        fragments = domains.split(self.module, self.module.join(lines))
        if not fragments:
            return []
        if not self.left:
            raise Spent
        self.left -= 1
        with plugins.blamed("domains", name):
            return list(self.module.judge(fragments, row))


def best(trial: Trial, starts: Sequence[Answer], lines: Sequence[str], longest: int) -> tuple[Answer, Score | None]:
    """The best of `starts`, extended line by line with the one of `lines` that raises F1 most, while any does.

    The first of equal answers wins; at most `longest` lines are added. Once the trial's verdicts are spent, the best so
    far; without any score that is the first.
    """
    answer, score, longer = starts[0], None, list(starts)
    for _ in range(longest + 1):
        try:
            found, reached = _best_of(trial, longer)
        except Spent:
            break
        if score is not None and reached.f1 <= score.f1:
            break
        answer, score = found, reached
        longer = [(*answer, line) for line in lines if line not in answer]
        if not longer:
            break
    return answer, score


def _best_of(trial: Trial, answers: Iterable[Answer]) -> tuple[Answer, Score]:
    """The best answer on all rows, among those that are best on a few rows."""
    distinct = dict.fromkeys(answers)
    rough = sorted(distinct, key=lambda answer: trial.score(answer, FEW), reverse=True)  # equal ones keep their order
    scored = {answer: trial.score(answer, len(trial.rows)) for answer in rough[:KEPT]}
    found = max(scored, key=scored.get)
    return found, scored[found]
