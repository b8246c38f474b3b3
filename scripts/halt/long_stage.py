"""The frame of a stage that takes long: it is made in parts, which outlive a kill, by one process or several.

Apart from halt.stage because it reaches torch, which programs of tables have none of.
"""

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from halt import provenance
from halt.running import launched, resume
from halt.running.progress import Progress
from halt.stage import Stage


class LongStage(Stage):
    """A Stage that any number of processes work at."""

    def in_parts(
        self, units: Sequence[Sequence], compute: Callable, schema: Mapping, label: str, what: str
    ) -> pl.DataFrame | None:
        """Compute all units; take finished ones of an interrupted run from its work folder (see `resume.run_parts`).

        label: the result that progress lines name. what: the elements of units that are counted ("prompts"). Returns
        None in every process except the first: the others are done.
        """
        here = launched.here()
        self._progress = Progress(f"{self.name} {label}", sum(map(len, units)), what, here.first)
        return resume.run_parts(self.args.work, self.fingerprint, units, compute, schema, self._progress, here)

    def advance(self, count: int = 1) -> None:
        """Count finished elements of the current unit, if a unit takes long."""
        self._progress.advance(count)

    def record(self) -> None:
        """Record who made a training, which writes its result itself. Every process calls it, the first one writes."""
        if launched.here().first:
            provenance.record(self.footer, self.args.output)
