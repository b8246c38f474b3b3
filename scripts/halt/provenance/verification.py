"""Does a results folder match its footers, adapters and manifests? Everything is hashed again."""

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from halt import frames, provenance
from halt.errors import HaltError


class Count(NamedTuple):
    """How much was checked."""

    results: int
    inputs: int


class Verification:
    """One check of a results folder, which may be a copy. Inputs outside of it are looked for in the project.

    `faults` gives a line for everything that does not match. After it, `count` says how much was compared, and
    `elsewhere` which inputs outside the folder are not on this machine.
    """

    def __init__(self, results: Path, project: Path):
        self.results, self.project = results, project
        self.count = Count(0, 0)
        self.elsewhere: set[str] = set()
        self._digest = functools.cache(frames.file_digest)

    def faults(self) -> Iterator[str]:
        """One line for each mismatch, file first."""
        for file in provenance.carriers(self.results):
            name = f"results/{file.relative_to(self.results).as_posix()}"
            self.count = self.count._replace(results=self.count.results + 1)
            try:
                said = provenance.read(file)
                made = provenance.recorded(file)
            except HaltError as error:
                yield f"{name}: cannot be read ({error})"
                continue
            yield from (f"{name}: {fault}" for fault in self._of_file(file, said, made))

    def _of_file(self, file: Path, said: Mapping, made: Mapping) -> Iterator[str]:
        if not made:
            yield "no record beside it, expected one with its sha256"
        elif (found := self._digest(file)) != made.get("sha256"):
            yield f"has sha256 {found[:12]}, but was made with {_short(made.get('sha256'))}"
        if file.name == "manifest.json":
            yield from self._compare(said.get("files"), "its files")
            return
        yield from self._compare(said.get("inputs"), "its inputs")
        if file.suffix == ".json":  # speaks for the files beside it
            folder = f"results/{file.parent.relative_to(self.results).as_posix()}/"
            yield from self._compare(said.get("sha256"), "the files beside it", folder)

    def _compare(self, claimed: Any, what: str, folder: str = "") -> Iterator[str]:
        """claimed: sha256 by name, if the result is complete."""
        if not isinstance(claimed, Mapping):
            yield f"says nothing of {what}, expected their sha256"
            return
        for name, expected in claimed.items():
            name = folder + name
            inside = name.startswith("results/")
            file = self.results / name.removeprefix("results/") if inside else self.project / name
            self.count = self.count._replace(inputs=self.count.inputs + 1)
            if not file.exists():
                if inside:
                    yield f"{name} is missing, expected sha256 {_short(expected)}"
                else:
                    self.elsewhere.add(name)
            elif (found := self._digest(file)) != expected:
                yield f"{name} has sha256 {found[:12]}, expected {_short(expected)}"


def _short(claimed: Any) -> str:
    return "none" if claimed is None else str(claimed)[:12]
