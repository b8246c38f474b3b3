"""What the tests share: a model built here, a packaged one, and whole runs of the workflow in copies of the project.

pytest-xdist starts several processes; what lies in tests/models is made once, under a lock, and kept between sessions.
Each file of tests runs in one process, which makes once what the file shares.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest
import warm
import yaml
from evaluator import Evaluator, serving
from runs import ROOT, Run, environment
from tiny_model import build
from xdist.scheduler import LoadScopeScheduling

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("halt", deadline=None)
hypothesis.settings.load_profile("halt")

MODELS = ROOT / "tests" / "models"

# A shell's background jobs ignore Ctrl-C, and so would the runs that tests interrupt: they inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# As launch.sh starts programs: two test processes side by side are faster than threads of each. Before torch is there.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser):
    parser.addoption("--cold", action="store_true", help="start every program of a run anew, as users do: see warm.py")


def pytest_configure(config):
    elsewhere = {"HALT_SLURM", "HALT_CONDA"} & set(os.environ)  # there, how programs start is what is tested
    Run.warm = not (config.getoption("--cold") or elsewhere)
    if Run.warm and config.getoption("numprocesses", None) and "PYTEST_XDIST_WORKER" not in os.environ:
        os.environ[warm.FOLDER] = str(warm.programs())  # one for all test processes


@pytest.hookimpl(tryfirst=True)  # before what -m leaves out is left out
def pytest_collection_modifyitems(items):
    """Whole runs first, trainings (late in the alphabet) before the rest: short files fill up the end."""
    items.sort(key=lambda item: item.path.as_posix(), reverse=True)
    for item in items:
        if "smollm2" in item.fixturenames:
            item.add_marker("long")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return ByFile(config, log)


class ByFile(LoadScopeScheduling):
    """To each process whole files, in the order of collection; what looks at the served run, to one process."""

    SERVED = ("test_judge_reruns.py", "test_kill.py", "test_processes.py", "test_secrets.py")

    def __init__(self, config, log):
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "served" if file.endswith(self.SERVED) else file


@pytest.fixture(scope="session")
def random_tiny() -> Path:
    """Folder of the random tiny model with a chat template."""
    with _alone("random-tiny"):
        return build()


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """Folder of the packaged SmolLM2-135M-Instruct in bfloat16, brought by scripts/fetch_model.py."""
    manifest = MODELS / "smollm2-135m" / "manifest.json"
    entry = yaml.safe_load((ROOT / "config.yaml").read_text())["models"]["smollm2-135m"]
    settings = {"models/smollm2-135m": {"source": entry["source"], "dtype": entry["dtype"]}}
    program = ["scripts/fetch_model.py", "--settings", json.dumps(settings), "--manifest", str(manifest)]
    with _alone("smollm2"):
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
    with _alone("finished"):
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


@contextlib.contextmanager
def _alone(what: str):
    """One test process at a time makes it."""
    MODELS.mkdir(parents=True, exist_ok=True)
    with (MODELS / f".{what}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
