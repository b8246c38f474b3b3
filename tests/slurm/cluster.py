"""Runs of the workflow on the test cluster, by its unprivileged user, and what Slurm's accounting says of them."""

import csv
import io
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import yaml
from runs import Run, environment, kill_session

HERE = Path(__file__).parent
USER = "halt-tester"
ACCOUNT, CPU_PARTITION, GPU_PARTITION, GPU_TYPE = "lab", "cpu", "gpu", "a100"
_FIELDS = ("JobIDRaw", "Comment", "State", "TimelimitRaw", "AllocTRES", "Partition", "WorkDir", "Account", "User")


class Job(NamedTuple):
    """One start of one job, as sacct has it: a requeued job is several."""

    id: str
    what: str  # rule and wildcards
    state: str  # the first word
    minutes: int
    mem_mb: int
    cpus: int
    gpus: int
    partition: str
    account: str
    user: str

    @property
    def rule(self) -> str:
        return self.what.removeprefix("rule_").partition("_wildcards_")[0]


class ClusterRun(Run):
    """A copy of the project whose jobs go to the cluster. Its profile is edited as a lab would edit it."""

    @classmethod
    def of_project(cls, folder: Path, model: Path, overlay: Mapping | None = None, **variables) -> "ClusterRun":
        run = super().of_project(folder, model, overlay, **variables)
        values = {"slurm_account": ACCOUNT, "slurm_partition": CPU_PARTITION, "gpu_model": GPU_TYPE}
        for name, value in values.items():
            run.edit_profile(f"{name}: CHANGE_ME", f"{name}: {value}")
        hand_over(folder)
        return run

    def copy(self, folder: Path) -> "ClusterRun":
        super().copy(folder)
        hand_over(folder)
        return ClusterRun(folder, self.configs, **self.variables)

    def edit_profile(self, before: str, after: str) -> None:
        self.edit("profiles/slurm/config.yaml", lambda text: text.replace(before, after))

    def snakemake(self, *arguments: str, **how) -> subprocess.CompletedProcess:
        """On this machine, without Slurm; what it makes becomes the user's."""
        try:
            return super().snakemake(*arguments, **how)
        finally:
            hand_over(self.folder)

    def overlay(self, change: Mapping) -> "ClusterRun":
        """The same run with one more overlay on top."""
        name = f"overlay-{len(self.configs)}.yaml"
        (self.folder / name).write_text(yaml.safe_dump(dict(change)))
        return ClusterRun(self.folder, (*self.configs, name), **self.variables)

    def without(self, *results: str) -> "ClusterRun":
        """Take results away: files or folders in results/."""
        for name in results:
            path = self.folder / "results" / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        return self

    def start(self, *arguments: str, plain: bool = False) -> subprocess.Popen:
        """Start Snakemake as the user; what it says goes to said.log. plain: with the executor's own slow poll."""
        program = ["snakemake"] if plain else [sys.executable, str(HERE / "fastpoll.py")]
        command = [*program, *arguments, "--profile", "slurm", "--configfile", *self.configs]
        with (self.folder / "said.log").open("w") as said:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=as_user(**self.variables),
                user=USER,
                group=USER,
                extra_groups=[],
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return (self.folder / "said.log").read_text()

    def end(self, process: subprocess.Popen, seconds: float = 1800) -> int:
        """Wait for Snakemake and return its exit status; AssertionError, and no job left, if it takes longer."""
        try:
            return process.wait(timeout=seconds)
        except subprocess.TimeoutExpired as late:
            raise AssertionError(f"not done after {seconds} s:\n{self.said()[-4000:]}") from late
        finally:
            kill_session(process)

    def finish(self, *arguments: str, plain: bool = False, seconds: float = 1800) -> str:
        """Run Snakemake to its end, which must be a good one; what it said."""
        status = self.end(self.start(*arguments, plain=plain), seconds)
        assert status == 0, self.said()[-8000:]
        return self.said()

    def jobs(self, rule: str | None = None) -> list[Job]:
        """All starts of ended jobs of this folder, in order; none of an earlier session's in the same place."""
        made = datetime.fromtimestamp(_made(self.folder).stat().st_mtime).isoformat(timespec="seconds")
        asked = ("sacct", "-X", "--duplicates", "--allusers", "--noconvert", "--parsable2", f"--starttime={made}")
        said = slurm(*asked, f"--format={','.join(_FIELDS)}")
        rows = [row for row in csv.DictReader(io.StringIO(said), delimiter="|") if row["WorkDir"] == str(self.folder)]
        jobs = [_job(row) for row in rows]
        return [job for job in jobs if rule in (None, job.rule)]

    def await_job(self, rule: str, ready: Callable[[], bool], seconds: float = 900) -> str:
        """Id of the running job of a rule, once `ready`."""
        end = time.monotonic() + seconds
        while not ready():
            assert time.monotonic() < end, f"{rule} never came so far:\n{self.said()[-4000:]}"
            time.sleep(0.05)
        [job] = [job for job, what in in_hand(self) if what.startswith(f"rule_{rule}_")]
        return job


def _job(row: Mapping[str, str]) -> Job:
    allocated = dict(part.split("=") for part in row["AllocTRES"].split(",") if part)
    return Job(
        id=row["JobIDRaw"],
        what=row["Comment"],
        state=row["State"].split()[0],
        minutes=int(row["TimelimitRaw"]),
        mem_mb=_megabytes(allocated.get("mem", "0M")),
        cpus=int(allocated.get("cpu", 0)),
        gpus=int(allocated.get(f"gres/gpu:{GPU_TYPE}", 0)),
        partition=row["Partition"],
        account=row["Account"],
        user=row["User"],
    )


def _megabytes(text: str) -> int:
    return int(text.removesuffix("M"))


def slurm(*command: str) -> str:
    """What one of Slurm's commands says, asked by root."""
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def in_hand(run: ClusterRun) -> list[tuple[str, str]]:
    """(id, rule and wildcards) of this run's jobs that have not ended; sacct shows their comment only then."""
    rows = (line.split("|") for line in slurm("squeue", "--noheader", "--format=%A|%k|%Z").splitlines())
    return [(job, what) for job, what, folder in rows if folder == str(run.folder)]


def empty(cluster: Path, name: str) -> Path:
    """An empty folder for one run, where the user can come; pytest's own are root's alone."""
    folder = cluster / "runs" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _made(folder).touch()
    return folder


def _made(folder: Path) -> Path:
    """A file beside the folder that was changed when the folder was made."""
    return folder.with_name(f"{folder.name}.made")


def hand_over(folder: Path) -> None:
    """The folder and all in it become the user's, who must be able to come to it."""
    subprocess.run(["chown", "--recursive", "--no-dereference", f"{USER}:{USER}", str(folder)], check=True)


def as_user(**more: str) -> dict[str, str]:
    """The environment of the unprivileged user."""
    home = pwd.getpwnam(USER).pw_dir
    return {**environment(**more), "HOME": home, "USER": USER, "LOGNAME": USER, "XDG_CACHE_HOME": f"{home}/.cache"}


def running(folder: Path) -> bool:
    """Is the cluster of start.sh in this folder up?"""
    pid = folder / "pids" / "slurmctld"
    return pid.is_file() and Path("/proc", pid.read_text().strip()).exists()


class Made:
    """Sees, while jobs run, how often each file of some pattern is made: by inode and time of change."""

    def __init__(self, folder: Path, *patterns: str):
        self.folder, self.patterns = folder, patterns
        self.seen: dict[str, set[tuple[int, int]]] = {}

    def look(self) -> dict[str, set[tuple[int, int]]]:
        for pattern in self.patterns:
            for path in self.folder.glob(pattern):
                try:
                    stat = path.stat()
                except FileNotFoundError:
                    continue
                if stat.st_size:  # else it is just being written, and will get another time
                    self.seen.setdefault(str(path.relative_to(self.folder)), set()).add((stat.st_ino, stat.st_mtime_ns))
        return self.seen

    def until(self, process: subprocess.Popen, seconds: float = 1800) -> int:
        """Look until the process has ended; its exit status."""
        end = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < end:
            self.look()
            time.sleep(0.05)
        return process.wait(timeout=1)
