"""Where a result came from, in two parts.

`about` belongs to the result and is stored in it: stage and version, settings, the sha256 of every input, the models
and sources that they came from, package versions. It is in the footer of a parquet table, in an adapter's
training.json, and for text and figures in a provenance.json beside them. Equal inputs give equal bytes: no time, host,
user or commit.

`record` belongs to the run and is stored in a hidden file beside the result that no rule knows: the git commit, and the
code that the program could reach. A commit that changes no result changes no byte that Snakemake compares.
"""

import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path

import polars as pl

from halt import frames
from halt.errors import HaltError
from halt.provenance import codebase

TABLE_PACKAGES = ("numpy", "polars")
_MODELS = "accelerate datasets peft safetensors sentencepiece tokenizers torch transformers trl vllm"
MODEL_PACKAGES = (*_MODELS.split(), *TABLE_PACKAGES)
BESIDE = "provenance.json"  # in place of a footer, for files without one
_NO_RESULTS = ("work", "logs", "benchmarks", "bench")


class ProvenanceError(HaltError):
    """Results that do not belong together, or do not say where they came from."""


def about(
    stage: str, version: int, settings: Mapping, inputs: Iterable[Path | str], packages: Sequence[str] = TABLE_PACKAGES
) -> dict:
    """The content of a footer. packages: distributions whose versions matter; those not installed are left out.

    ProvenanceError if the inputs were made from two revisions of one model or source.
    """
    files = sorted({os.path.relpath(file): Path(file) for file in inputs}.items())
    return {
        "stage": stage,
        "version": version,
        "settings": settings,
        "inputs": {name: frames.file_digest(file) for name, file in files},
        "revisions": _revisions(file for _, file in files),
        "packages": {"python": platform.python_version(), **_versions(packages)},
    }


def write(table: pl.DataFrame, path: Path, schema: Mapping, footer: Mapping) -> None:
    """Write a table with its footer (`about` and what the stage adds), and the record of who made it."""
    frames.write(table, path, schema, footer)
    record(footer, path)


def write_beside(footer: Mapping, outputs: Sequence[Path]) -> None:
    """Write provenance.json, with the sha256 of finished outputs that have no footer, into their folder; and its
    record."""
    file = outputs[0].parent / BESIDE
    sums = {output.name: frames.file_digest(output) for output in outputs}
    _write_json({**footer, "sha256": sums}, file)
    record(footer, file)


def record(footer: Mapping, output: Path) -> None:
    """Record beside a finished output, by rename, which commit and code made it, with the output's sha256."""
    said = {name: footer[name] for name in ("stage", "version", "settings")}
    code = codebase.digests(said["stage"], said["settings"])
    _write_json({**said, "sha256": frames.file_digest(output), "code": code, **codebase.commit()}, _record_of(output))


def recorded(output: Path) -> dict:
    """The record of an output; {} if there is none. ProvenanceError if it cannot be read."""
    file = _record_of(output)
    return _read_json(file) if file.is_file() else {}


def read(path: Path) -> dict:
    """What a result says about itself; {} if nothing. HaltError if it cannot be read."""
    if path.suffix == ".parquet":
        with frames.readable(path):
            return frames.provenance(path)
    if path.name in ("manifest.json", "training.json", BESIDE):
        return _read_json(path)
    beside = path.with_name(BESIDE)
    return read(beside) if beside.is_file() else {}


def carriers(results: Path) -> Iterator[Path]:
    """Every file of a results folder that says where it, or the files beside it, came from; sorted."""
    for folder, inner, names in os.walk(results):
        if Path(folder) == results:
            inner[:] = [name for name in inner if name not in _NO_RESULTS]
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        kind = Path(folder).relative_to(results).parts[:1]
        for name in sorted(names):
            known = name.endswith(".parquet") and kind not in (("sources",), ("models",))
            if (known and not name.startswith(".")) or name in ("manifest.json", "training.json", BESIDE):
                yield Path(folder, name)


def _record_of(output: Path) -> Path:
    return output.with_name(f".{output.name}.made")


def _revisions(files: Iterable[Path]) -> dict:
    """Models and sources by their folder: {"models/smollm2-135m": {"source": [...], "sha256": of its manifest}}."""
    found: dict[str, dict] = {}
    for file in files:
        said = read(file)
        if file.name == "manifest.json":
            key = "/".join(file.absolute().parts[-3:-1])
            one = {key: {"source": [_source(spec) for spec in said["source"]], "sha256": said["sha256"]}}
        else:
            one = said.get("revisions", {})
        for key, revision in one.items():
            if found.setdefault(key, revision) != revision:
                raise ProvenanceError(
                    f"{file}: made from {key} of sha256 {revision['sha256'][:12]},"
                    f" another input from sha256 {found[key]['sha256'][:12]}: make both again from the same one"
                )
    return dict(sorted(found.items()))


def _source(spec: Mapping) -> str | list[str]:
    match spec["type"]:
        case "package":
            return spec["packages"]
        case "hub":
            return f"{spec['repository']}@{spec['revision']}"
        case _:
            return Path(spec["path"]).name  # without its path, which is private; its sha256 stands beside


def _versions(packages: Sequence[str]) -> dict[str, str]:
    found = {}
    for name in sorted(packages):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # belongs to another stage's environment
            continue
    return found


def _read_json(path: Path) -> dict:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # ValueError: not UTF-8 or not JSON
        raise ProvenanceError(f"{path}: not readable JSON ({error})") from error
    if not isinstance(found, dict):
        raise ProvenanceError(f"{path}: found {json.dumps(found)[:60]}, expected a mapping")
    return found


def _write_json(content: Mapping, path: Path) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(temporary, path)
