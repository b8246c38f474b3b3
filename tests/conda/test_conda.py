"""Every rule runs in the environment that it names, made by a real solver from a channel of real packages."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from environments import canonical, conda_packages, pinned, requirements, rules
from local_conda import ENVIRONMENTS, Conda
from runs import ROOT, Run

USED = ("model", "table")  # by the tiny run; nothing in it needs vLLM
# Two processes: that accelerate's own program, too, is the environment's.
SPREAD = {"models": {"random-tiny": {"needs": {"finetune": {"processes": 2, "memory_mb": 2500, "batch_size": 4}}}}}
FEW = {"experiment": {"domains": ["biography"], "methods": ["base", "halt"]}}


class Start(NamedTuple):
    """One start of a Python of the channel, as it wrote it down at its end."""

    prefix: Path
    program: str | None  # of scripts/
    path: list[str]
    modules: set[str]


class CondaRun(NamedTuple):
    run: Run
    planned: Counter
    said: str
    starts: list[Start]

    @property
    def prefixes(self) -> dict[str, Path]:
        """Folder of each environment, by Snakemake's copy of what it was made from beside it."""
        found = {}
        for copy in (self.run.folder / ".snakemake/conda").glob("*.pin.txt"):
            for name in USED:
                if copy.read_bytes() == (self.run.folder / f"envs/{name}.linux-64.pin.txt").read_bytes():
                    found[name] = Path(str(copy).removesuffix(".pin.txt"))
        return found

    def python(self, environment: str, code: str) -> subprocess.CompletedProcess:
        """Run code with an environment's interpreter, in an empty folder."""
        program = self.prefixes[environment] / "bin/python"
        return subprocess.run([program, "-I", "-c", code], capture_output=True, text=True)


def read(traces: Path) -> list[Start]:
    starts = []
    for file in traces.glob("*.json"):
        seen = json.loads(file.read_text())
        programs = [re.fullmatch(r"(?:.*/)?scripts/(\w+\.py)", word) for word in seen["command"]]
        program = next((match[1] for match in programs if match), None)
        starts.append(Start(Path(seen["prefix"]), program, seen["path"], set(seen["modules"])))
    return starts


@pytest.fixture(scope="module")
def local(conda: Conda, random_tiny, tmp_path_factory) -> CondaRun:
    """A finished run of config/tiny.yaml with --sdm conda on this machine."""
    folder, traces = tmp_path_factory.mktemp("conda"), tmp_path_factory.mktemp("traces")
    run = Run.of_project(folder, random_tiny, SPREAD, **conda.variables, HALT_TRACE=str(traces))
    planned = run.plan()
    said = run.snakemake("--sdm", "conda", check=True).stdout
    return CondaRun(run, planned, said, read(traces))


@pytest.fixture(scope="module")
def slurm(conda: Conda, random_tiny) -> Iterator[CondaRun]:
    """The same for one domain and two methods, submitted to the cluster of tests/slurm by its user."""
    if "HALT_SLURM" not in os.environ:
        pytest.skip("no Slurm here: after `make test-slurm`, which installs it, this is tried too")
    sys.path.append(str(ROOT / "tests/slurm"))
    from cluster import HERE, USER, ClusterRun, empty, running

    place = Path(os.environ["HALT_SLURM"])
    here_already = running(place)
    if not here_already:
        subprocess.run([HERE / "start.sh", place, USER], check=True)
    try:
        folder = empty(place, "conda")
        traces = folder / "traces"
        traces.mkdir()
        variables = conda.variables | {"HALT_TRACE": str(traces), "RATTLER_CACHE_DIR": str(folder / "cache")}
        run = ClusterRun.of_project(folder, random_tiny, SPREAD | FEW, **variables)
        planned = run.plan()
        said = run.finish("--sdm", "conda")
        assert {job.state for job in run.jobs()} == {"COMPLETED"}
        yield CondaRun(run, planned, said, read(traces))
    finally:
        if not here_already:
            subprocess.run([HERE / "stop.sh", place], check=True)


@pytest.fixture(params=["local", "slurm"])
def ran(request) -> CondaRun:
    return request.getfixturevalue(request.param)


def test_the_pin_files_are_what_a_solver_finds(conda, tmp_path):
    done = conda.pins("--versions", "--into", str(tmp_path))
    assert done.returncode == 0, done.stderr
    for file in ENVIRONMENTS:
        name = f"{file.stem}.linux-64.pin.txt"
        shipped = ROOT / "envs" / name
        if "@EXPLICIT" not in shipped.read_text():
            again = f"PYTHONPATH=scripts {conda.python} tools/pins.py --versions --channels {conda.channels}"
            assert (tmp_path / name).read_text() == shipped.read_text(), f"{shipped} is old: {again}"


def test_every_job_runs_in_the_environment_of_its_rule(ran):
    assert set(ran.prefixes) == set(USED)
    wanted = {program: environments & set(USED) for program, environments in rules().values()}
    for start in ran.starts:
        if start.program:
            [environment] = wanted[start.program]
            assert start.prefix == ran.prefixes[environment], start.program


def test_no_job_runs_elsewhere(ran):
    started = Counter(start.program for start in ran.starts)
    expected = Counter()
    for rule, count in ran.planned.items():
        if rule != "all":
            expected[rules()[rule][0]] += count
    expected["finetune.py"] *= 3  # the launcher and two processes
    started.pop(None, None)
    assert started == expected


def test_packages_come_from_the_environment_alone(ran):
    allowed = (str(ran.run.folder), str(Path(ran.run.variables["HALT_TRACE"])))
    for start in ran.starts:
        for place in filter(None, start.path):
            assert place.startswith((str(start.prefix), *allowed)), (start.program, place)


def test_rules_of_tables_have_no_torch(ran):
    assert ran.python("model", "import torch").returncode == 0
    assert "No module named 'torch'" in ran.python("table", "import torch").stderr
    for start in ran.starts:
        if start.prefix == ran.prefixes["table"]:
            assert start.modules.isdisjoint({"torch", "transformers"})


@pytest.mark.parametrize("environment", USED)
def test_an_environment_has_the_versions_it_names(ran, environment):
    listed = (
        "import importlib.metadata as m, json;"
        "print(json.dumps({d.metadata['Name']: d.version for d in m.distributions()}))"
    )
    said = ran.python(environment, listed)
    assert said.returncode == 0, said.stderr
    has = {canonical(name): version.partition("+")[0] for name, version in json.loads(said.stdout).items()}
    wanted = conda_packages(environment) | {name: v for name, v in requirements().items() if name in has}
    wanted.pop("python")
    assert {name: has.get(name) for name in wanted} == wanted
    assert set(has) == set(pinned(environment)) - {"python"}


@pytest.fixture
def fresh(conda: Conda, random_tiny, tmp_path) -> Run:
    """A copy of the project of which `figures` could be run."""
    run = Run.of_project(tmp_path, random_tiny, **conda.variables)
    (tmp_path / "results/tables").mkdir(parents=True)
    (tmp_path / "results/tables/main.csv").touch()
    return run


def environment_of_figures(run: Run) -> str:
    """Make the environment of one rule; what Snakemake said."""
    made = ("--sdm", "conda", "--conda-create-envs-only", "--allowed-rules", "figures")
    said = run.snakemake(*made, "--", "results/figures/tradeoff.png", check=True).stdout
    assert len(list((run.folder / ".snakemake/conda").glob("*/conda-meta/polars-2.1.0-*.json"))) == 1, said
    return said


def test_explicit_pins_are_made_and_installed(conda, fresh):
    file = fresh.folder / "envs/table.yaml"
    done = conda.pins(str(file))
    assert done.returncode == 0, done.stderr
    pins = file.with_name("table.linux-64.pin.txt").read_text().splitlines()
    assert pins[1] == "@EXPLICIT"
    assert all(re.fullmatch(r"file://\S+\.conda#[0-9a-f]{32}", line) for line in pins[2:])
    said = environment_of_figures(fresh)
    assert "Using pinnings from" in said
    assert "Failed to install" not in said


def test_pins_that_cannot_be_had_give_way_to_the_environment_file(fresh):
    fresh.edit("envs/table.linux-64.pin.txt", lambda text: re.sub(r"(?m)^(.*::polars)=.*$", r"\1=0.0.1", text))
    said = environment_of_figures(fresh)
    assert "Failed to install conda environment from pin file" in said
