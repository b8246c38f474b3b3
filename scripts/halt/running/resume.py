"""Work folders: what a long stage has finished survives a kill at any moment.

A work folder is no declared output (Snakemake deletes those after a failed try). It carries the fingerprint of its
inputs and settings. A folder with another fingerprint is emptied, so nothing stale is ever continued.
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
from halt.running.processes import ALONE, Processes
from halt.running.progress import Progress

Unit = TypeVar("Unit", bound=Sequence)


def fingerprint(inputs: Mapping[str, Path | str], settings: Mapping, version: int) -> str:
    """sha256 over the inputs' contents (files or folders), the settings and the stage version."""
    parts = {
        "inputs": {name: frames.file_digest(path) for name, path in inputs.items()},
        "settings": settings,
        "version": version,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def workdir(path: Path | str, fingerprint: str) -> Path:
    """The work folder, emptied if it has another fingerprint. With several processes, one of them calls this."""
    path = Path(path)
    stamp = path / "fingerprint"
    if not stamp.is_file() or stamp.read_text() != fingerprint:
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        _replace_text(stamp, fingerprint)
    return path


def run_parts(
    work: Path | str,
    fingerprint: str,
    units: Sequence[Unit],
    compute: Callable[[Unit], pl.DataFrame],
    schema: Mapping,
    progress: Progress,
    processes: Processes = ALONE,
) -> pl.DataFrame | None:
    """Compute every unit not yet on disk and return all of them, concatenated in the order of `units`.

    Units go round-robin to the processes. Each finished one is `part-00012.parquet`, by rename: a kill loses at most
    one unit per process. The first process waits for all parts and returns the table, the others return None.
    `progress` counts the elements of all units (len(unit)), in the first process also those of the others; `compute`
    may count those of its own unit as they are done.
    """
    work = Path(work)
    if processes.first:
        workdir(work, fingerprint)
    processes.barrier()
    paths = [work / f"part-{index:05d}.parquet" for index in range(len(units))]
    missing = [index for index, path in enumerate(paths) if not path.is_file()]
    processes.barrier()  # all must look into the folder before one that is done removes it
    progress.skip(sum(map(len, units)) - sum(len(units[index]) for index in missing))
    mine = range(processes.index, len(units), processes.count)
    awaited = [index for index in missing if index not in mine]

    def count_awaited() -> None:
        for index in [index for index in awaited if paths[index].is_file()]:
            awaited.remove(index)
            progress.advance(len(units[index]))

    for index in [index for index in missing if index in mine]:
        due = progress.done + len(units[index])
        frames.write(compute(units[index]), paths[index], schema)
        if progress.done < due:
            progress.advance(due - progress.done)
        if processes.first:
            count_awaited()
    if not processes.first:
        return None
    while awaited:
        time.sleep(0.2)
        count_awaited()
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
