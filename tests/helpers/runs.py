"""Runs of the workflow in copies of the project: start, kill, plan, change."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import warm
import yaml

ROOT = Path(__file__).parents[2]
TINY = "config/tiny.yaml"
TABLES = ("main.csv", "paired.csv")

# Every rule, by how far down the line it stands. FILTERS stand beside the line, behind what they filter: add them where
# the run has any.
FETCH = {"fetch_model", "fetch_source"}
REPORT = {"tables", "figures", "page", "all"}
FROM_SCORE = {"score"} | REPORT
FILTERS = {"self_evaluate", "agree", "filter"}
FROM_JUDGE_RESPONSES = {"judge_responses"} | FROM_SCORE
FROM_RESPOND = {"respond", "split_responses"} | FROM_JUDGE_RESPONSES
FROM_FINETUNE = {"finetune"} | FROM_RESPOND
FROM_REWRITE = {"rewrite"} | FROM_FINETUNE
FROM_JUDGE = {"judge"} | FROM_REWRITE
FROM_GENERATE = {"generate", "split"} | FROM_JUDGE
FROM_DATA = {"data", "floor"} | FROM_GENERATE

_SNAKEMAKE = ("snakemake", "--profile", "profiles/local", "--configfile")
_COUNT = re.compile(r"^(\w+) +(\d+)$", re.MULTILINE)


def environment(**more: str) -> dict[str, str]:
    """This interpreter's programs first on PATH; two jobs of one thread each, as a laptop runs them."""
    programs = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PATH": programs + os.pathsep + os.environ["PATH"],
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        **more,
    }


class Run:
    """A copy of the project with its own results. `configs`: overlays, the later ones win."""

    warm = False  # whether programs start warm, but for those that are to be killed

    def __init__(self, folder: Path, configs: tuple[str, ...] = (TINY,), **variables: str):
        self.folder, self.configs, self.variables = folder, configs, variables

    @classmethod
    def of_project(
        cls, folder: Path, model: Path, overlay: Mapping | None = None, configs: tuple[str, ...] = (TINY,), **variables
    ) -> "Run":
        """A copy of what git tracks or would track, without results; the tiny model lies where tiny.yaml has it."""
        listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in filter(None, names.split("\0")):
            if (ROOT / name).exists():  # else: deleted and not yet committed
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
        shutil.copytree(model, folder / "tests" / "models" / model.name)
        if overlay is not None:
            (folder / "overlay.yaml").write_text(yaml.safe_dump(dict(overlay)))
            configs = (*configs, "overlay.yaml")
        return cls(folder, configs, **variables)

    def copy(self, folder: Path) -> "Run":
        """The same run in another folder, times kept: it can be changed."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return Run(folder, self.configs, **self.variables)

    def snakemake(self, *arguments: str, config: Mapping | None = None, check=False) -> subprocess.CompletedProcess:
        """Run Snakemake to its end. config: one more overlay on top. check: an AssertionError shows what it said."""
        with tempfile.TemporaryDirectory() as scratch:
            overlays = []
            if config is not None:
                overlays = [str(Path(scratch, "change.yaml"))]
                Path(overlays[0]).write_text(yaml.safe_dump(dict(config)))
            command = [*_SNAKEMAKE, *self.configs, *overlays, *arguments]
            done = finish(command, self.folder, **{**self.variables, **self.programs()})
        assert not check or done.returncode == 0, done.stdout[-8000:]
        return done

    def plan(self, config: Mapping | None = None, *arguments: str) -> Counter[str]:
        """Jobs per rule that Snakemake would run now; empty if nothing is to be done. Changes nothing."""
        said = self.snakemake("--dry-run", *arguments, config=config, check=True).stdout
        if "Nothing to be done" in said:
            return Counter()
        table = said.partition("\nJob stats:\n")[2].split("\n\n")[0]
        counts = {rule: int(count) for rule, count in _COUNT.findall(table)}
        total = counts.pop("total", None)
        assert total == sum(counts.values()), said
        return Counter(counts)

    def programs(self) -> dict[str, str]:
        """Variables that say where Snakemake and its jobs find programs."""
        return warm.environment(environment()["PATH"]) if self.warm else {}

    def tables(self) -> dict[str, bytes]:
        """The final tables, byte by byte."""
        return {name: (self.folder / "results/tables" / name).read_bytes() for name in TABLES}

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        """Change the text of one file of the copy; AssertionError if that changes nothing."""
        path = self.folder / name
        before = path.read_text(encoding="utf-8")
        after = change(before)
        assert after != before, f"{name}: nothing changed"
        path.write_text(after, encoding="utf-8")

    def touch(self, *patterns: str, seed: int = 0) -> int:
        """Give every matching file and folder another time, in a random order, without changing it; their number."""
        found = sorted({path for pattern in patterns for path in self.folder.glob(pattern)})
        random.Random(seed).shuffle(found)
        now = time.time()
        for age, path in enumerate(found):
            os.utime(path, (now - age, now - age), follow_symlinks=False)
        return len(found)

    def start(self) -> subprocess.Popen:
        """Start Snakemake as the leader of a process group of its own."""
        return subprocess.Popen(
            [*_SNAKEMAKE, *self.configs],
            cwd=self.folder,
            env=environment(**self.variables),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill_when(self, ready: Callable[[], bool], seconds: float = 180) -> None:
        """Start, wait until `ready`, and kill -9 everything that was started; AssertionError if it never is."""
        process = self.start()
        try:
            end = time.monotonic() + seconds
            while not ready():
                assert process.poll() is None, "the run ended before it could be killed"
                assert time.monotonic() < end, "the run never came to where it is to be killed"
                time.sleep(0.002)
        finally:
            kill_session(process)


def finish(command: Sequence[str], folder: Path, seconds: float = 1200, **variables) -> subprocess.CompletedProcess:
    """Run a command to its end, both its outputs in one; after `seconds` all it started is killed: AssertionError."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as late:
        raise AssertionError(f"not done after {seconds} s: {' '.join(command)}") from late
    finally:
        kill_session(process)
    return subprocess.CompletedProcess(command, process.returncode, said)


def kill_session(process: subprocess.Popen) -> None:
    """SIGKILL to every process of the session that `process` leads, whatever its group."""
    while members := _session(process.pid):
        for member in members:
            _kill(member)
        process.poll()
        time.sleep(0.02)
    process.wait()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _session(leader: int) -> list[int]:
    """Living processes of a session (a zombie is dead)."""
    members = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(session) == leader and state != "Z":
                members.append(int(entry.name))
    return members
