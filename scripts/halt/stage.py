"""The frame of a stage: what its settings name, what it is made from, its footer, its end. See halt.long_stage too.

A program reads its tables and says what to compute; a Stage does what all of them do alike.
"""

import functools
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from halt import provenance
from halt.running import resume


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

    def write(self, table: pl.DataFrame, schema: Mapping, **more: Any) -> None:
        """The result with its footer, to which `more` is added; then the work folder has no use and goes."""
        provenance.write(table, self.args.output, schema, self.footer | more)
        if "work" in self.args:
            resume.remove(self.args.work)


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
