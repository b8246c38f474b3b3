"""The domains: one module each, as `_base` describes it; labs add theirs beside these."""

from halt.domains._base import (
    Choice,
    DomainError,
    Row,
    Verdict,
    checked,
    choices,
    evidence,
    has_choices,
    load,
    reference_fragments,
    settings,
    solves,
    split,
    subject,
)
from halt.domains.shared.skipped_rows import leave_out
