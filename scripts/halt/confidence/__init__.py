"""How sure a model is of a fragment, and what stays above a bound: one module per filter, as `_base` describes it."""

from halt.confidence._base import (
    PROMPTS_PER_PART,
    TRAINING,
    TRAINING_SAMPLE,
    ConfidenceError,
    bound,
    check,
    chosen,
    filtered,
    kept,
    keys,
    parts,
    table,
    training_fragments,
)
from halt.confidence.shared import choices, knowledge, sure
