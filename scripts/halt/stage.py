"""The frame of a stage: its settings, its inputs, its footer, its clean-up. See halt.long_stage too.

A program reads its tables and says what to compute. A Stage does what all programs do alike.
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
    """Name and entry of the one member of a registry (models, domains, ...) in the settings.

    settings: parts of the config by their place, {"models/smollm2-135m": {...}, "generate": {...}}.
    """
    [(place, entry)] = [(key, value) for key, value in settings.items() if key.startswith(f"{registry}/")]
    return place.removeprefix(f"{registry}/"), entry


def entry(settings: Mapping, registry: str) -> Any:
    """The entry alone, see `named`."""
    return named(settings, registry)[1]


def given(args: Namespace, names: str) -> dict[str, Path]:
    """Input files by argument ("data training_data adapter"), without those that the call left out."""
    return {name: file for name in names.split() if (file := vars(args)[name]) is not None}


class Stage:
    """One run of a program.

    name: the program's. args: its arguments; `settings`, `version`, `work` and `output` are read when they are needed.
    inputs: the arguments that hold its input files, see `given`. packages: as for `provenance.about`. further: more
    inputs, by name, that no argument gives. run: what else the result depends on.
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
        """sha256 of all that a part in the work folder depends on. Parts with another fingerprint are thrown away."""
        return resume.fingerprint(self.inputs, {**self.args.settings, **self._run}, self.args.version)

    @functools.cached_property
    def footer(self) -> dict:
        """The provenance of the result, see `provenance.about`."""
        return provenance.about(self.name, self.args.version, self.args.settings, self.inputs.values(), self.packages)

    def write(self, table: pl.DataFrame, schema: Mapping, **more: Any) -> None:
        """Write the result with its footer and `more`, then remove the work folder."""
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
    """Write the provenance of finished texts and figures beside them. inputs: arguments of one or more files."""
    files = [file for found in given(args, inputs).values() for file in (found if isinstance(found, list) else [found])]
    provenance.write_beside(provenance.about(name, version, args.settings, files, packages), outputs)
