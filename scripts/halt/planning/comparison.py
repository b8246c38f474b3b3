"""Planned against used, and which jobs asked for too much or too little."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from halt.planning.cost import Job, Measured, unmeasured, work

SHORT, LARGE = 3, 1.5  # asked / used: more is too much, of minutes and of memory
LEAST_MINUTES, LEAST_MB = 10, 1000  # less is never too much


class Used(NamedTuple):
    """Planned (by the config alone, nothing measured) against used, of one rule and model; times in seconds."""

    rule: str
    model: str
    jobs: int
    planned: float
    used: float
    minutes: int | None
    longest: float
    memory_mb: int | None
    peak_mb: float | None
    too_much: tuple[str, ...]  # what asks for far more than was used, in words
    too_little: tuple[str, ...]


def used(jobs: Sequence[Job], config: Mapping, measured: Mapping[str, Measured]) -> list[Used]:
    """Planned against used for the jobs with a benchmark file, by rule and model ("" for a rule without one)."""
    groups: dict[tuple[str, str], list[tuple[Job, Measured]]] = defaultdict(list)
    for job in jobs:
        if job.benchmark in measured:
            groups[job.rule, job.wildcards.get("model", "")].append((job, measured[job.benchmark]))
    return [_used(rule, model, own, config) for (rule, model), own in groups.items()]


def _used(rule: str, model: str, own: Sequence[tuple[Job, Measured]], config: Mapping) -> Used:
    planned = sum(unmeasured(job, work(job, config), config).seconds for job, _ in own)
    longest = max(one.seconds for _, one in own)
    peaks = [one.peak_mb for _, one in own if one.peak_mb is not None]
    minutes = max((job.minutes for job, _ in own if job.minutes is not None), default=None)
    memory = max((job.memory_mb for job, _ in own if job.memory_mb is not None), default=None)
    peak = max(peaks, default=None)
    much, little = [], []
    if minutes is not None and minutes > max(LEAST_MINUTES, SHORT * longest / 60):
        much.append(f"minutes: {minutes} asked, {longest / 60:.1f} used")
    if memory is not None and peak is not None and memory > max(LEAST_MB, LARGE * peak):
        much.append(f"memory: {memory} MB asked, {peak:.0f} used")
    if memory is not None and peak is not None and memory < peak:
        little.append(f"memory: {memory} MB asked, {peak:.0f} used")
    total = sum(one.seconds for _, one in own)
    return Used(rule, model, len(own), planned, total, minutes, longest, memory, peak, tuple(much), tuple(little))
