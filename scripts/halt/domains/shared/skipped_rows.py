"""Rows that a loader leaves out, counted by reason for the log: surprises show before anything costly."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_COUNTS: ContextVar[Counter[str] | None] = ContextVar("left out", default=None)


def leave_out(reason: str) -> None:
    """Note, in a domain's rows(), that a record gives no row; reason: a few words, the same for each kind."""
    counts = _COUNTS.get()
    if counts is not None:
        counts[reason] += 1


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """How many records were left out for each reason while the block ran."""
    token = _COUNTS.set(Counter())
    try:
        yield _COUNTS.get()
    finally:
        _COUNTS.reset(token)


def told(counts: Counter[str]) -> str:
    """The counts in a line, most first: "left out 3: 2 without tests, 1 without a solution"; "" if there are none."""
    if not counts:
        return ""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return f"left out {counts.total()}: {', '.join(f'{count} {reason}' for reason, count in ordered)}"
