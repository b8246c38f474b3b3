"""The test cluster, and runs on it. Collected only by `make test-slurm`, which says in HALT_SLURM where it lies."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cluster import HERE, USER, ClusterRun, as_user, empty, running

if "HALT_SLURM" not in os.environ:
    collect_ignore_glob = ["test_*.py"]

# One domain, one method, small: what faults are tried on. The training takes a minute: Snakemake and Slurm need
# seconds to act on a fault, and it must still meet a running job.
SMALL = {
    "experiment": {"domains": ["biography"], "methods": ["halt"]},
    "domains": {"biography": {"rows": {"train": 96}}},
    "finetune": {"epochs": 240},  # 2880 steps, a checkpoint every 288
}
# The same, its samples in parts too.
LONG = {
    **SMALL,
    "domains": {"biography": {"rows": {"train": 256}, "max_new_tokens": 64}},  # 8 parts of samples
    "generate": {"samples": 20},
    "finetune": {"epochs": 64},  # 2048 steps, a checkpoint every 205
}


@pytest.fixture(scope="session")
def cluster() -> Path:
    """Folder of the running cluster. Stopped at the end, unless it was running before."""
    folder = Path(os.environ["HALT_SLURM"])
    here_already = running(folder)
    if not here_already:
        subprocess.run([HERE / "start.sh", folder, USER], check=True)
    try:
        try:
            seen = subprocess.run([sys.executable, "-c", "import snakemake"], env=as_user(), user=USER, cwd="/")
            starts = seen.returncode == 0
        except PermissionError:
            starts = False
        python = os.path.realpath(sys.executable)
        assert starts, f"{USER} cannot start {python} of {sys.prefix}: make .venv of a Python that every user can start"
        yield folder
    finally:
        if not here_already:
            subprocess.run([HERE / "stop.sh", folder], check=True)


@pytest.fixture
def place(cluster, request) -> Path:
    """An empty folder for one run, where the user can come; pytest's own are root's alone."""
    return empty(cluster, request.node.name)


class Faults:
    """The table of faults that were tried, written at the end of the session."""

    HEAD = (
        "| fault | survived how | work repeated | difference from the undisturbed run | s |\n|---|---|---|---|---:|\n"
    )

    def __init__(self):
        self.rows: list[str] = []
        self.begin = time.monotonic()

    def row(self, *cells: str) -> None:
        self.rows.append(f"| {' | '.join(cells)} | {time.monotonic() - self.begin:.0f} |\n")


@pytest.fixture(scope="session")
def fault_table(cluster) -> Faults:
    table = Faults()
    yield table
    (cluster / "faults.md").write_text(table.HEAD + "".join(table.rows))


@pytest.fixture
def faults(fault_table) -> Faults:
    """Where a test writes its row; the time counts from here."""
    fault_table.begin = time.monotonic()
    return fault_table


@pytest.fixture(scope="session")
def small(cluster, random_tiny) -> ClusterRun:
    """A finished run of SMALL on this machine, without Slurm and undisturbed. Copy it; do not change it."""
    return _undisturbed(cluster, random_tiny, "small", SMALL)


@pytest.fixture(scope="session")
def long(cluster, random_tiny) -> ClusterRun:
    """The same of LONG."""
    return _undisturbed(cluster, random_tiny, "long", LONG)


def _undisturbed(cluster: Path, model: Path, name: str, overlay: dict) -> ClusterRun:
    run = ClusterRun.of_project(empty(cluster, f"undisturbed-{name}"), model, overlay)
    run.snakemake(check=True)
    return run
