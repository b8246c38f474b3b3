"""How sure a model is of a fragment or an answer, and what is left above a bound."""

from halt.confidence._base import (
    PROMPTS_PER_PART,
    TRAINING,
    TRAINING_SAMPLE,
    ConfidenceError,
    bound,
    check,
    filtered,
    kept,
    keys,
    parts,
    table,
    training_fragments,
)

__all__ = [
    "PROMPTS_PER_PART",
    "TRAINING",
    "TRAINING_SAMPLE",
    "ConfidenceError",
    "bound",
    "check",
    "filtered",
    "kept",
    "keys",
    "parts",
    "table",
    "training_fragments",
]
