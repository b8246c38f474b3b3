"""Speeds compared with bare engines, as lines of one table. Only what was measured gets a line.

A speed is the median over several turns. The sides take turns (A B A B ...): other work on the machine slows all of
them. A ratio is the ratio of the medians, to the fastest of the bare sides.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

OURS = "halt"  # key of this project's side; all other sides are bare
HEAD = ("what", "ours", "bare", "ratio", "required", "met")


class Line(NamedTuple):
    """One thing measured. ratio: ours / bare. met is None if nothing is required."""

    what: str
    unit: str
    ours: float
    bare: float | None = None
    bare_is: str = ""  # which bare side it is
    ratio: float | None = None
    required: str = ""
    met: bool | None = None


def beside(what: str, unit: str, turns: Mapping[str, Sequence[float]], least: float) -> Line:
    """Our speed against the fastest bare side's. turns: speeds by side, OURS among them; least: the ratio required."""
    medians = {side: statistics.median(speeds) for side, speeds in turns.items()}
    ours = medians.pop(OURS)
    fastest = max(medians, key=lambda side: medians[side])
    ratio = ours / medians[fastest]
    return Line(what, unit, ours, medians[fastest], fastest, ratio, f">= {least:.2f}", ratio >= least)


def alone(what: str, unit: str, speeds: Sequence[float]) -> Line:
    """A speed with nothing to compare it to."""
    return Line(what, unit, statistics.median(speeds))


def overhead(what: str, stubbed: float, real: float, most: float) -> Line:
    """Wall seconds of the workflow with stubbed programs, as a share of those of the real run (halt.bench.workflow)."""
    share = stubbed / real
    return Line(what, "s", stubbed, real, "real run", share, f"<= {most:.2f}", share <= most)


def row(line: Line) -> tuple[str, ...]:
    """A line in the columns of HEAD."""
    bare = "" if line.bare is None else f"{_short(line.bare)} ({line.bare_is})"
    ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
    met = {True: "yes", False: "**no**", None: ""}[line.met]
    return line.what, f"{_short(line.ours)} {line.unit}", bare, ratio, line.required, met


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns except the first align right."""
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [head, ["---", *["--:"] * (len(head) - 1)], *rows])


def _short(value: float) -> str:
    """Three significant digits at least, and no exponent: 0.5, 16.1, 15,900."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
