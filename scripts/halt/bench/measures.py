"""The project's speed beside bare engines, as lines of one table. Only what was measured gets a line.

A speed is the median over several turns. The sides take turns (A B A B ...), so that what else the machine does slows
all of them, and a ratio is the ratio of the medians, to the fastest of the bare sides.
"""

import csv
import io
import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

OURS = "halt"  # key of this project's side; all other sides are bare


class Line(NamedTuple):
    """One thing measured. ratio: ours / bare. met is None where nothing is required."""

    what: str
    unit: str
    ours: float
    bare: float | None
    bare_is: str  # which bare side, or what it stands for
    ratio: float | None
    required: str
    met: bool | None


def beside(what: str, unit: str, turns: Mapping[str, Sequence[float]], least: float) -> Line:
    """Our speed beside the fastest bare side's. turns: speeds by side, OURS among them; least: the ratio required."""
    medians = {side: statistics.median(speeds) for side, speeds in turns.items()}
    ours = medians.pop(OURS)
    fastest = max(medians, key=lambda side: medians[side])
    ratio = ours / medians[fastest]
    return Line(what, unit, ours, medians[fastest], fastest, ratio, f">= {least:.2f}", ratio >= least)


def alone(what: str, unit: str, speeds: Sequence[float]) -> Line:
    """A speed that has nothing to stand beside."""
    return Line(what, unit, statistics.median(speeds), None, "", None, "", None)


def overhead(what: str, stubbed: float, real: float, most: float) -> Line:
    """Wall seconds of the workflow with stubbed programs, as a share of those of the real run (halt.bench.workflow)."""
    share = stubbed / real
    return Line(what, "s", stubbed, real, "real run", share, f"<= {most:.2f}", share <= most)


def table(lines: Sequence[Line]) -> str:
    """CSV with a header; numbers with six significant digits, an empty field where there is none."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Line._fields)
    writer.writerows([f"{value:.6g}" if isinstance(value, float) else value for value in line] for line in lines)
    return text.getvalue()


def markdown(lines: Sequence[Line]) -> str:
    """The same for people: | what | ours | bare | ratio | required | met |."""
    rows = [("what", "ours", "bare", "ratio", "required", "met"), ("---", "--:", "--:", "--:", "--:", "---")]
    for line in lines:
        rows.append(
            (
                line.what,
                f"{_short(line.ours)} {line.unit}",
                "" if line.bare is None else f"{_short(line.bare)} ({line.bare_is})",
                "" if line.ratio is None else f"{line.ratio:.2f}",
                line.required,
                {True: "yes", False: "**no**", None: ""}[line.met],
            )
        )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _short(value: float) -> str:
    """Three significant digits at least, and no exponent: 0.5, 16.1, 15,900."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
