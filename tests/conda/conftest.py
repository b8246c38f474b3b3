"""Collected only by `make test-conda`, which says in HALT_CONDA where the channel lies."""

import os

import pytest
from local_conda import Conda, ready

if "HALT_CONDA" not in os.environ:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def conda() -> Conda:
    """The stand-in for conda, with its channel."""
    return ready()
