"""What the tests share: a model built here, a packaged one, and whole runs of the workflow in copies of the project.

pytest-xdist starts several processes; what lies in tests/models is made once, under a lock, and kept between sessions.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from evaluator import Evaluator, serving
from runs import ROOT, Run, environment
from tiny_model import build

MODELS = ROOT / "tests" / "models"

# A shell's background jobs ignore Ctrl-C, and so would the runs that tests interrupt: they inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def random_tiny() -> Path:
    """Folder of the random tiny model with a chat template."""
    with _alone():
        return build()


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """Folder of the packaged SmolLM2-135M-Instruct in bfloat16, brought by scripts/fetch_model.py."""
    manifest = MODELS / "smollm2-135m" / "manifest.json"
    entry = yaml.safe_load((ROOT / "config.yaml").read_text())["models"]["smollm2-135m"]
    settings = {"models/smollm2-135m": {"source": entry["source"], "dtype": entry["dtype"]}}
    program = ["scripts/fetch_model.py", "--settings", json.dumps(settings), "--manifest", str(manifest)]
    with _alone():
        if not manifest.is_file():
            subprocess.run([sys.executable, *program], cwd=ROOT, env=environment(), check=True)
    return manifest.parent


@pytest.fixture(scope="session")
def finished_run(random_tiny, tmp_path_factory) -> Run:
    """A finished run of config/tiny.yaml in a copy of the project. Look, plan, copy; do not change it.

    Made once, and copied for every test process: what they run in it at once does not meet.
    """
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "made"
    whole = folder.with_suffix(".whole")
    with _alone():
        if whole.exists():
            run = Run(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)
            run = Run.of_project(folder, random_tiny)
            run.snakemake(check=True)
            whole.touch()
    return run.copy(tmp_path_factory.mktemp("finished"))


@pytest.fixture(scope="session")
def evaluator():
    """A served evaluator on this machine."""
    with serving() as evaluator:
        yield evaluator


@pytest.fixture(scope="session")
def served_run(random_tiny, evaluator, tmp_path_factory) -> Run:
    """A finished run, one domain and two trained methods, whose fragments the served evaluator judged.

    More rows than in `finished_run`: several parts of samples and judgements, several checkpoints.
    """
    overlay = {
        "experiment": {"domains": ["biography"], "methods": ["unchanged-own", "halt"]},
        "domains": {"biography": {"rows": {"train": 100}, "judge": "served"}},
        "judges": {"served": evaluator.entry},
        "finetune": {"epochs": 3},
    }
    folder = tmp_path_factory.mktemp("served")
    run = Run.of_project(folder, random_tiny, overlay, **{Evaluator.VARIABLE: Evaluator.KEY})
    run.said = run.snakemake(check=True).stdout
    return run


class _alone:
    """One test process at a time."""

    def __enter__(self):
        MODELS.mkdir(parents=True, exist_ok=True)
        self.file = (MODELS / ".lock").open("w")
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self.file.close()
