"""What a run will cost, and what it did cost."""

from halt.planning.comparison import Used, used
from halt.planning.cost import (
    ALONE,
    BASES,
    CLAIMS_A_SENTENCE,
    FETCH_BYTES,
    LOAD_BYTES,
    PROMPT_TOKENS,
    SMALL_SECONDS,
    START_SECONDS,
    TOKENS_A_FRAGMENT,
    Job,
    Line,
    Measured,
    PlanError,
    Work,
    bill,
    disk,
    served,
    times,
    too_short,
    totals,
    work,
)
