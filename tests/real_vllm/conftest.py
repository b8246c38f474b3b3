"""Collected only by `make test-vllm`, which says in HALT_VLLM where the programs of .venv lie, for finetuning.

A folder `tests/vllm` would be found by `import vllm` wherever vLLM is not installed.
"""

import os
import shutil
from pathlib import Path

import pytest
from tiny_model import wide

if "HALT_VLLM" not in os.environ:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def model(tmp_path_factory) -> Path:
    """The random model with heads of 32: vLLM's attention on a CPU takes no smaller ones."""
    return wide(tmp_path_factory.mktemp("models") / "random-tiny-lines")


@pytest.fixture(scope="session")
def trained() -> str:
    """Programs of the environment that finetunes, first on the PATH."""
    folder = os.environ["HALT_VLLM"]
    assert shutil.which("python", path=folder)
    return folder + os.pathsep + os.environ["PATH"]
