"""A local conda channel and a stand-in for conda, in the folder that HALT_CONDA names.

The stand-in is used also where there is a conda: a person's own would bring its configuration and the public channels.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import yaml
from runs import ROOT

HERE = Path(__file__).parent
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
_ACTIVATE = """# sourced by Snakemake: source activate PREFIX
export CONDA_PREFIX="$1" PATH="$1/bin:$PATH"
"""


class Conda(NamedTuple):
    """Where the stand-in and its channel are."""

    folder: Path
    python: str  # of an environment of requirements-conda.txt

    @property
    def channels(self) -> str:
        return (self.folder / "channels").as_uri() + "/"

    @property
    def variables(self) -> dict[str, str]:
        """Environment of Snakemake, so that it finds the stand-in, and the stand-in its channel."""
        return {
            "PATH": os.pathsep.join((str(self.folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"])),
            "CONDA_CHANNEL_ALIAS": self.channels,
            "RATTLER_CACHE_DIR": str(self.folder / "cache"),
            "PYTHONDONTWRITEBYTECODE": "",  # the channel's packages bring none: the first start keeps what it compiles
        }

    def pins(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run tools/pins.py on the channel."""
        command = [self.python, "tools/pins.py", "--channels", self.channels, *arguments]
        return subprocess.run(
            command,
            cwd=ROOT,
            capture_output=True,
            text=True,
            env=os.environ | self.variables | {"PYTHONPATH": "scripts"},
        )


def ready() -> Conda:
    """The stand-in with its channel: made anew if what it is made of has changed."""
    assert sys.version_info[:2] == (3, 11), "envs/*.yaml have python=3.11: make PYTHON=python3.11 test-conda"
    folder, python = Path(os.environ["HALT_CONDA"]), os.environ["HALT_CONDA_PYTHON"]
    made_of = hashlib.sha256(sys.version.encode())
    for file in (*ENVIRONMENTS, HERE / "channel.py", ROOT / "requirements.txt", ROOT / "requirements-conda.txt"):
        made_of.update(file.read_bytes())
    mark = folder / "made_of"
    if not mark.exists() or mark.read_text() != made_of.hexdigest():
        mark.unlink(missing_ok=True)
        for old in ("channels", "cache"):
            shutil.rmtree(folder / old, ignore_errors=True)
        asked = {dependency for file in ENVIRONMENTS for dependency in yaml.safe_load(file.read_text())["dependencies"]}
        names = sorted({dependency.partition("=")[0] for dependency in asked} - {"python"})
        build = [python, HERE / "channel.py", folder / "channels", sys.executable, *names]
        subprocess.run(build, check=True, env=os.environ | {"PYTHONPATH": str(ROOT / "tests")})
        mark.write_text(made_of.hexdigest())
    _install_stand_in(folder, python)
    return Conda(folder, python)


def _install_stand_in(folder: Path, python: str) -> None:
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    shutil.copy(HERE / "conda_stand_in.py", folder)
    (programs / "conda").write_text(f'#!/bin/sh\nexec "{python}" -I "{folder}/conda_stand_in.py" "$@"\n')
    (programs / "conda").chmod(0o755)
    (programs / "activate").write_text(_ACTIVATE)
