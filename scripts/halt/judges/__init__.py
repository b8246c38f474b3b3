"""From fragments and ground truth to verdicts: one module per judge, as `_base` describes it."""

from halt.judges._base import (
    Case,
    Judge,
    Judged,
    JudgeError,
    Means,
    Needs,
    check_answers,
    counts,
    faults,
    load,
    needs,
    options,
    refuses,
    rows,
    run,
    solved,
    summary,
    training_rows,
)
from halt.judges.shared import entailment
