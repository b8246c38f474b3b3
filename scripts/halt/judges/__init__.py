"""From fragments and ground truth to verdicts: one module per judge, as `_base` describes it."""

from halt.judges._base import (
    Case,
    Evaluator,
    Judge,
    Judged,
    JudgeError,
    Means,
    Needs,
    Requests,
    check_answers,
    counts,
    evaluator,
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
