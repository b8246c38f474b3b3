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
        """All units computed, those of an interrupted run taken from its work folder; see `resume.run_parts`.

        label: which result the lines of progress name; what: the elements of units, counted there ("prompts").
        None in every process but the first: the others have nothing more to do.
        """
        here = launched.here()
        self._progress = Progress(f"{self.name} {label}", sum(map(len, units)), what, here.first)
        return resume.run_parts(self.args.work, self.fingerprint, units, compute, schema, self._progress, here)

    def advance(self, count: int = 1) -> None:
        """Count elements of the unit that is being computed, for one that takes long."""
        self._progress.advance(count)

    def record(self) -> None:
        """For a training, which writes its result itself: who made it. Called in every process, done by the first."""
        if launched.here().first:
            provenance.record(self.footer, self.args.output)
