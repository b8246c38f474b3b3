"""The frame of a stage: what its settings name, what it is made from, its parts, its footer, its end.

A program reads its tables and says what to compute; a Stage does what all of them do alike.
"""

import functools
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from halt import provenance
from halt.running import processes, resume
from halt.running.progress import Progress


def named(settings: Mapping, registry: str) -> tuple[str, Any]:
    """Name and entry of the one member of a registry (models, domains, ...) that the settings hold.

    settings: parts of the config by their place, {"models/smollm2-135m": {...}, "generate": {...}}.
    """
    [(place, entry)] = [(key, value) for key, value in settings.items() if key.startswith(f"{registry}/")]
    return place.removeprefix(f"{registry}/"), entry


def entry(settings: Mapping, registry: str) -> Any:
    """The entry alone, see `named`."""
    return named(settings, registry)[1]


def given(args: Namespace, names: str) -> dict[str, Path]:
    """Input files by the name of their argument ("data training_data adapter"), without what the call left out."""
    return {name: file for name in names.split() if (file := vars(args)[name]) is not None}


class Stage:
    """One run of a program.

    name: the program's. args: its arguments; `settings`, `version`, `work` and `output` are read where they are needed.
    inputs: the arguments that are the files its result is made from, see `given`. packages: as for `provenance.about`.
    further: more inputs, by name, which no argument gives. run: what the result depends on beside inputs and settings.
    """

    def __init__(
        self,
        name: str,
        args: Namespace,
        inputs: str,
        packages: Sequence[str] = provenance.TABLE_PACKAGES,
        *,
        further: Mapping[str, Path] | None = None,
        run: Mapping | None = None,
    ):
        self.name, self.args, self.packages = name, args, packages
        self.inputs = given(args, inputs) | dict(further or {})
        self._run = dict(run or {})

    @functools.cached_property
    def fingerprint(self) -> str:
        """sha256 of all that a part in the work folder depends on: parts of anything else are thrown away."""
        return resume.fingerprint(self.inputs, {**self.args.settings, **self._run}, self.args.version)

    @functools.cached_property
    def footer(self) -> dict:
        """What the result says about itself, see `provenance.about`."""
        return provenance.about(self.name, self.args.version, self.args.settings, self.inputs.values(), self.packages)

    def in_parts(
        self, units: Sequence[Sequence], compute: Callable, schema: Mapping, label: str, what: str
    ) -> pl.DataFrame | None:
        """All units computed, those of an interrupted run taken from its work folder; see `resume.run_parts`.

        label: which result the lines of progress name; what: the elements of units, counted there ("prompts").
        None in every process but the first: the others have nothing more to do.
        """
        here = processes.here()
        self._progress = Progress(f"{self.name} {label}", sum(map(len, units)), what, here.first)
        return resume.run_parts(self.args.work, self.fingerprint, units, compute, schema, self._progress, here)

    def advance(self, count: int = 1) -> None:
        """Count elements of the unit that is being computed, for one that takes long."""
        self._progress.advance(count)

    def write(self, table: pl.DataFrame, schema: Mapping, **more: Any) -> None:
        """The result with its footer, to which `more` is added; then the work folder has no use and goes."""
        provenance.write(table, self.args.output, schema, self.footer | more)
        if "work" in self.args:
            resume.remove(self.args.work)

    def record(self) -> None:
        """For a training, which writes its result itself: who made it. Called in every process, done by the first."""
        if processes.here().first:
            provenance.record(self.footer, self.args.output)


def write_beside(
    name: str,
    version: int,
    args: Namespace,
    inputs: str,
    outputs: Sequence[Path],
    packages: Sequence[str] = provenance.TABLE_PACKAGES,
) -> None:
    """Say beside finished texts and figures what they are made from; inputs: arguments that are one or more files."""
    files = [file for found in given(args, inputs).values() for file in (found if isinstance(found, list) else [found])]
    provenance.write_beside(provenance.about(name, version, args.settings, files, packages), outputs)
