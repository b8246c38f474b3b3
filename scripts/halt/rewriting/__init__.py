"""Targets from judged samples: one module per method, as `_base` describes it."""

from halt.rewriting._base import (
    Judged,
    RewriteError,
    Sample,
    Settings,
    Target,
    load,
    options,
    rewritten,
    samples,
    targets,
    usable,
)
from halt.rewriting.shared.cutting import (
    ends,
    first_error,
    keeps,
    left,
    staying,
    wholly_right,
    without_tail,
    written,
)
from halt.rewriting.shared.percentile import correctness, select
