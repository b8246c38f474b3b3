"""The threshold of a judge that decides by P(yes) - P(no), fitted on labeled training rows.

A small evaluator ranks statements far better than it answers: its yes or no leans to one side, the order of its scores
does not. So the threshold comes from statements with known labels: a reference answer's own fragments against its
ground truth (right), and the fragments of another row's reference against it (wrong). If the fragments of an answer all
begin with its subject ("Charles Darwin was ..."), the wrong ones get this row's subject. Otherwise an evaluator that
merely compares names would look good, and the threshold would be too low.
"""

import hashlib
import itertools
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from halt.domains import Row
from halt.judges import JudgeError


class Labelled(NamedTuple):
    """One statement with its known label: the right fragments before it, itself, whether it is right."""

    before: tuple[str, ...]  # always () in independent domains
    fragment: str
    right: bool


class Calibration(NamedTuple):
    """Scores from `threshold` on are right. auc and balanced_accuracy are for the statements of the fit."""

    threshold: float
    auc: float
    balanced_accuracy: float
    right: int  # statements of each label
    wrong: int


def statements(
    rows: Sequence[Row], split: Callable[[str], list[str]], dependent: bool, per_label: int, seed: int
) -> list[tuple[Row, list[Labelled]]]:
    """Labeled statements by row, at most `per_label` right and as many wrong ones; rows in an order drawn by `seed`.

    The wrong ones are the next row's fragments (in dependent domains: after a prefix of this row's own right steps),
    without those that the row's own reference has too. JudgeError if one label has no statement.
    """
    order = sorted(rows, key=lambda row: hashlib.blake2b(f"{seed}\0{row.id}".encode(), digest_size=8).digest())
    found: list[tuple[Row, list[Labelled]]] = []
    count = {True: 0, False: 0}
    for row, other in zip(order, order[1:] + order[:1], strict=True):
        own, alien = split(row.reference), split(other.reference)
        if not dependent:
            subject, other_subject = _subject(own), _subject(alien)
            alien = [subject + fragment.removeprefix(other_subject) for fragment in alien]
        known = {normal(fragment) for fragment in own}
        here = [Labelled(tuple(own[:place]) if dependent else (), text, True) for place, text in enumerate(own)]
        here += [
            Labelled(tuple(own[:place]) if dependent else (), text, False)
            for place, text in enumerate(alien)
            if normal(text) not in known and place <= len(own)
        ]
        taken = []
        for statement in here:
            if count[statement.right] < per_label:
                count[statement.right] += 1
                taken.append(statement)
        if taken:
            found.append((row, taken))
        if min(count.values()) == per_label:
            break
    if not all(count.values()):
        raise JudgeError(
            f"{len(order)} training rows give {count[True]} right and {count[False]} wrong statements to calibrate "
            "the judge on; both are needed"
        )
    return found


def fit(right: Sequence[float], wrong: Sequence[float]) -> Calibration:
    """The threshold with the highest balanced accuracy; of equally good ones, the middle of the widest gap.

    right, wrong: scores of the labeled statements. JudgeError if one label has none, or all scores are equal.
    """
    if not right or not wrong:
        raise JudgeError(
            f"the evaluator could read {len(right)} right and {len(wrong)} wrong statements of training rows, expected "
            "some of both: their prompts are longer than its context"
        )
    scores = sorted({*right, *wrong})
    if len(scores) == 1:
        raise JudgeError(f"the evaluator gives every labelled statement the score {scores[0]:.3g}")
    best = max(
        (_balanced_accuracy(right, wrong, (low + high) / 2), high - low, (low + high) / 2)
        for low, high in itertools.pairwise(scores)
    )
    return Calibration(best[2], _auc(right, wrong), best[0], len(right), len(wrong))


def normal(text: str) -> str:
    """A statement without case, spacing and the full stop at its end."""
    return re.sub(r"\s+", " ", text).strip().rstrip(".").casefold()


def _subject(fragments: Sequence[str]) -> str:
    """The words that all fragments begin with, up to a space; "" without fragments to compare."""
    if len(fragments) < 2:
        return ""
    low, high = min(fragments), max(fragments)  # all share what these two share
    shared = next((place for place, letter in enumerate(low) if high[place : place + 1] != letter), len(low))
    return low[: low.rfind(" ", 0, shared) + 1]


def _balanced_accuracy(right: Sequence[float], wrong: Sequence[float], threshold: float) -> float:
    kept = sum(score >= threshold for score in right) / len(right)
    dropped = sum(score < threshold for score in wrong) / len(wrong)
    return (kept + dropped) / 2


def _auc(right: Sequence[float], wrong: Sequence[float]) -> float:
    """P(a right statement scores above a wrong one), ties half (Mann-Whitney)."""
    return sum((a > b) + 0.5 * (a == b) for a in right for b in wrong) / (len(right) * len(wrong))
