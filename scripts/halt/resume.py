"""Work folders: what a long stage has finished survives a kill at any moment.

A work folder is no declared output (Snakemake deletes those after a failed try). It carries the fingerprint of what
it was made from; a folder with another fingerprint is emptied, so that nothing stale is ever continued.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import polars as pl

from halt import frames
from halt.progress import Progress

Unit = TypeVar("Unit", bound=Sequence)


def fingerprint(inputs: Mapping[str, Path | str], settings: Mapping, version: int) -> str:
    """sha256 over the inputs' contents (files or folders), the settings and the stage version."""
    parts = {
        "inputs": {name: frames.file_digest(path) for name, path in inputs.items()},
        "settings": settings,
        "version": version,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def workdir(path: Path | str, fingerprint: str, process: int = 0) -> Path:
    """The work folder, emptied when it was made from something else. Process 0 prepares it, the others wait."""
    path = Path(path)
    stamp = path / "fingerprint"
    if process == 0 and (not stamp.is_file() or stamp.read_text() != fingerprint):
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        _replace_text(stamp, fingerprint)
    while not (stamp.is_file() and stamp.read_text() == fingerprint):
        time.sleep(0.05)
    return path


def run_parts(
    work: Path | str,
    fingerprint: str,
    units: Sequence[Unit],
    compute: Callable[[Unit], pl.DataFrame],
    schema: Mapping,
    progress: Progress,
    process: int = 0,
    processes: int = 1,
) -> pl.DataFrame | None:
    """Compute every unit not yet on disk and return all of them, concatenated in the order of `units`.

    Units go round-robin to the processes; each finished one is `part-00012.parquet`, by rename: a kill loses at most
    one unit per process. Process 0 waits for all parts and returns the table, the others return None. `progress`
    counts the elements of the units (len(unit)); `compute` may count those of its unit itself, as they get done.
    """
    work = workdir(work, fingerprint, process)
    paths = [work / f"part-{index:05d}.parquet" for index in range(len(units))]
    mine = range(process, len(units), processes)
    for index in mine:
        if paths[index].is_file():
            progress.skip(len(units[index]))
    for index in mine:
        if not paths[index].is_file():
            due = progress.done + len(units[index])
            frames.write(compute(units[index]), paths[index], schema)
            if progress.done < due:
                progress.advance(due - progress.done)
    if process != 0:
        return None
    while not all(path.is_file() for path in paths):
        time.sleep(0.2)
    if not paths:
        return pl.DataFrame(schema=dict(schema))
    return pl.concat([frames.read(path, schema) for path in paths])


def _replace_text(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text)
    os.replace(temporary, path)


def remove(work: Path | str) -> None:
    """Delete a work folder whose stage is done."""
    shutil.rmtree(work, ignore_errors=True)
