"""A finished run says what made it; what is no longer so is listed or refused, and reruns nothing."""

import getpass
import inspect
import json
import os
import shutil
import signal
import socket
import subprocess
import sys

import pytest
from runs import ROOT, TABLES, environment
from snakemake import spawn_jobs

from halt import frames, provenance, versions
from halt.running import locking

METRICS = "results/metrics/random-tiny/biography/halt/0.60/seed0/biography.parquet"
GENERATIONS = "results/generations/random-tiny/biography/train.parquet"
ADAPTER = "results/adapters/random-tiny/biography/halt/0.60/seed0"


def program(run, name, *arguments, folder=None):
    """(status, lines) of tools/<name>.py in the run's folder."""
    done = subprocess.run(
        [sys.executable, str(run.folder / "tools" / f"{name}.py"), *map(str, arguments)],
        cwd=folder or run.folder,
        env=environment(PYTHONPATH=str(run.folder / "scripts")),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout.splitlines()


def audit(run, *overlays):
    status, lines = program(run, "audit", "--configfile", *run.configs, *overlays)
    assert status == 0, lines
    *findings, last = lines
    return findings, last


@pytest.fixture
def changeable(finished_run, tmp_path):
    return finished_run.copy(tmp_path / "copy")


def test_every_result_says_what_made_it_and_nothing_of_this_machine(finished_run):
    files = list(provenance.carriers(finished_run.folder / "results"))
    stages = set()
    for file in files:
        made, said = provenance.recorded(file), provenance.read(file)
        assert made["sha256"] == frames.file_digest(file), file
        assert {f"scripts/{made['stage']}.py", "scripts/halt/errors.py"} < set(made["code"]), file
        assert {"commit", "dirty"} < set(made), file
        stages.add(made["stage"])
        if file.name == "manifest.json":
            continue
        assert said["stage"] == made["stage"], file
        assert said["version"] == made["version"], file
        assert {"python", "polars"} < set(said["packages"]), file
        assert all((finished_run.folder / name).is_file() for name in said["inputs"]), file
        assert said["inputs"], file
        assert any(key.startswith("sources/") for key in said["revisions"]), file
        if made["stage"] in ("generate", "finetune", "respond", "self_evaluate"):
            assert "torch" in said["packages"], file
            assert "models/random-tiny" in said["revisions"], file
        text = json.dumps(said)
        for word in (str(finished_run.folder), "/tmp", socket.gethostname(), getpass.getuser()):
            assert f'"{word}' not in text, (file, word)
            assert f"/{word}" not in text, (file, word)
    assert stages == {path.stem for path in (ROOT / "scripts").glob("*.py")} & stages
    assert {"fetch_model", "fetch_source", "data", "generate", "split", "judge", "rewrite"} < stages
    assert {"finetune", "respond", "score", "tables", "figures", "page"} < stages
    assert {"self_evaluate", "agree", "filter"} < stages


def test_every_file_that_people_look_at_is_spoken_for(finished_run):
    results = finished_run.folder / "results"
    for folder in ("tables", "figures", "report"):
        claimed = set(provenance.read(results / folder / "provenance.json")["sha256"])
        there = {file.name for file in (results / folder).iterdir() if not file.name.startswith(".")}
        assert claimed == there - {"provenance.json"}
        assert claimed


def test_a_commit_that_changes_nothing_changes_no_byte_and_is_recorded(changeable):
    folder = changeable.folder

    def git(*arguments):
        who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")
        command = ["git", *who, *arguments]
        return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()

    before = (folder / METRICS).read_bytes()
    assert provenance.recorded(folder / METRICS)["commit"] is None
    changeable.edit("scripts/halt/errors.py", lambda text: f"{text}\n# a comment\n")
    git("init", "--quiet")
    git("add", "Snakefile", "rules", "scripts", "schemas", "envs", "data", "config.yaml", ".gitignore")
    git("commit", "--quiet", "-m", "a comment")
    changeable.snakemake("--force", "--", METRICS, check=True)
    assert (folder / METRICS).read_bytes() == before
    made = provenance.recorded(folder / METRICS)
    assert (made["commit"], made["dirty"]) == (git("rev-parse", "HEAD"), False)
    assert not changeable.plan()
    findings, _ = audit(changeable)
    assert not any(line.startswith(METRICS) for line in findings)
    assert any(line.startswith(f"{GENERATIONS}: code scripts/halt/errors.py: found ") for line in findings)


def test_nothing_of_a_finished_run_is_stale(finished_run):
    assert audit(finished_run) == ([], "nothing is stale")


def test_a_folder_without_results_is_not_called_fresh(finished_run, tmp_path):
    status, lines = program(finished_run, "audit", "--configfile", *finished_run.configs, "--results", tmp_path)
    assert (status, lines) == (0, [f"{tmp_path} holds no results"])


def test_a_bumped_version_lists_that_stage_alone(changeable):
    changeable.edit(
        "scripts/halt/versions.py", lambda text: text.replace(f"\nSCORE = {versions.SCORE}", "\nSCORE = 99")
    )
    findings, _ = audit(changeable)
    bumped = [line for line in findings if ": version of " in line]
    assert len(bumped) == len(list((changeable.folder / "results/metrics").rglob("*.parquet")))
    assert all(line.endswith(f": version of score: found {versions.SCORE}, expected 99") for line in bumped)


def test_a_changed_setting_lists_who_took_it(changeable):
    (changeable.folder / "change.yaml").write_text("generate: {temperature: 0.7}\n")
    findings, last = audit(changeable, "change.yaml")
    assert f"{GENERATIONS}: generate.temperature: found 0.4, expected 0.7" in findings
    assert {line.split("/")[1] for line in findings} == {"generations"}
    assert last == f"{len(findings)} results are stale"


def test_changed_code_is_listed_and_reruns_nothing(changeable):
    changeable.edit("scripts/halt/training/sft.py", lambda text: f"{text}\n# a comment\n")
    findings, _ = audit(changeable)
    assert {line.split("/")[1] for line in findings} == {"adapters"}
    assert all("training.json: code scripts/halt/training/sft.py: found " in line for line in findings)
    assert not changeable.plan()


def test_a_finished_run_and_its_copy_are_what_they_claim(finished_run, tmp_path):
    status, lines = program(finished_run, "verify")
    assert (status, len(lines)) == (0, 1), lines
    assert lines[0].endswith("all as claimed")
    shutil.copytree(finished_run.folder / "results", tmp_path / "copied", ignore=shutil.ignore_patterns("work"))
    copied = program(finished_run, "verify", "--results", tmp_path / "copied", folder=tmp_path)
    assert copied == (status, lines)


def test_every_damage_is_found(changeable):
    weights, main = f"{ADAPTER}/adapter_model.safetensors", "results/tables/main.csv"
    for name in (weights, main, METRICS):
        content = bytearray((changeable.folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (changeable.folder / name).write_bytes(content)
    (changeable.folder / GENERATIONS).unlink()
    status, lines = program(changeable, "verify")
    assert status == 1
    text = "\n".join(lines)
    assert f"{ADAPTER}/training.json: {weights} has sha256 " in text
    assert f"results/tables/provenance.json: {main} has sha256 " in text
    assert f"results/tables/provenance.json: {METRICS} has sha256 " in text
    assert f"{METRICS}: has sha256 " in text or f"{METRICS}: cannot be read" in text
    assert f"results/fragments/random-tiny/biography/train.parquet: {GENERATIONS} is missing" in text
    assert lines[-1].endswith(f": {len(lines) - 1} mismatches")


def two_clones(finished_run, tmp_path):
    """Two clones whose results are one folder elsewhere."""
    first = finished_run.copy(tmp_path / "first")
    (first.folder / "results").rename(tmp_path / "scratch")
    (first.folder / "results").symlink_to(tmp_path / "scratch")
    return first, first.copy(tmp_path / "second")


def test_a_second_clone_is_refused_while_the_first_runs_and_not_when_it_was_killed(finished_run, tmp_path):
    first, second = two_clones(finished_run, tmp_path)
    scratch = tmp_path / "scratch"
    for folder in ("metrics/random-tiny/biography", "tables"):
        shutil.rmtree(scratch / folder)
    said = {}

    def refused():
        holder = (scratch / locking.NAME).read_text()
        if not holder:
            return False
        said["pid"] = json.loads(holder)["pid"]
        os.kill(said["pid"], signal.SIGSTOP)  # it cannot end before the second has asked
        said["done"], said["planned"] = second.snakemake(), second.plan()
        return True

    first.kill_when(refused)
    lines = said["done"].stdout.splitlines()
    assert said["done"].returncode == 1
    [line] = [line for line in lines if "another run" in line]
    assert line.startswith(f"results: another run (process {said['pid']} on {socket.gethostname()}, since ")
    assert not any("Traceback" in line for line in lines)
    assert said["planned"]["score"]  # a dry run asks for no lock
    done = second.snakemake(check=True)
    assert f"results: the run of process {said['pid']} " in done.stdout
    assert {name: (scratch / "tables" / name).read_bytes() for name in TABLES} == finished_run.tables()
    assert (scratch / locking.NAME).read_text() == ""


def test_snakemake_of_a_single_job_needs_no_lock(finished_run, tmp_path):
    """Executors start one for each job, with these two options (snakemake.spawn_jobs)."""
    run = finished_run.copy(tmp_path / "copy")
    held = locking.hold(run.folder / "results")
    try:
        target = ("--force", "--", "results/figures/tradeoff.png")
        assert run.snakemake(*target).returncode == 1
        run.snakemake("--nolock", "--no-hooks", *target, check=True)
        assert run.snakemake("--unlock").returncode == 0
    finally:
        locking.release(held)
    run.snakemake(*target, check=True)


def test_executors_still_start_jobs_without_hooks():
    """What the lock leans on: the Snakemake of a job has no onstart."""
    assert '"--no-hooks"' in inspect.getsource(spawn_jobs.SpawnedJobArgsFactory.general_args)
