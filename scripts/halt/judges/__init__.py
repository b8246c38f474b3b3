"""From fragments and ground truth to verdicts. `_base` has the form that all judges share."""

from halt.judges._base import (
    Case,
    Judge,
    Judged,
    JudgeError,
    check_answers,
    counts,
    rows,
    run,
    solved,
    summary,
    training_rows,
)

__all__ = [
    "Case",
    "Judge",
    "JudgeError",
    "Judged",
    "check_answers",
    "counts",
    "rows",
    "run",
    "solved",
    "summary",
    "training_rows",
]
