"""A judge that the workflow serves itself: a real server of a real model, beside its consumers and gone after them."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from evaluator import SERVED, SERVED_MODEL
from runs import FROM_JUDGE, Run, kill_session

from halt import frames

MODEL = "random-tiny"


def servers(folder: Path) -> dict[int, str]:
    """Living processes whose command or working folder is of a run's server, by id."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                here = Path(os.readlink(entry / "cwd")) == folder
            except (FileNotFoundError, ProcessLookupError, PermissionError):  # others' processes
                continue
            if here and ("scripts/serve.py" in command or "transformers serve" in command):
                found[int(entry.name)] = command
    return found


def wait_until(what, seconds):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def unjudged(random_tiny, smollm2, tmp_path_factory) -> Run:
    """A run that has its fragments and no judgement."""
    run = Run.of_project(tmp_path_factory.mktemp("unjudged"), random_tiny, SERVED)
    shutil.copytree(smollm2, run.folder / "results/models" / SERVED_MODEL)
    run.snakemake("--", f"results/fragments/{MODEL}/biography/train.parquet", check=True)
    return run


@pytest.fixture(scope="module")
def judged(unjudged, tmp_path_factory) -> Run:
    """The same run, finished."""
    run = unjudged.copy(tmp_path_factory.mktemp("judged") / "run")
    run.said = run.snakemake(check=True).stdout
    return run


def test_every_fragment_is_judged_by_the_server(judged):
    for path in (f"judgements/{MODEL}/biography/train", f"assessments/{MODEL}/biography/base/none/seed0/biography"):
        table = frames.read(judged.folder / f"results/{path}.parquet", frames.JUDGEMENTS)
        about = frames.provenance(judged.folder / f"results/{path}.parquet")
        assert len(table) > 0
        assert about["settings"]["judges/own"]["model"] == SERVED_MODEL
        assert "needs" not in about["settings"]["judges/own"]
    replies = list((judged.folder / "results/work/replies").rglob("*.jsonl"))
    assert len(replies) == 3  # train; base, unchanged-own


def test_one_server_serves_all_jobs_of_a_stage(judged):
    logs = sorted((judged.folder / "results/logs/serve").rglob("*.log"))
    assert [log.relative_to(judged.folder / "results/logs/serve").parts[0] for log in logs] == [
        "judge",
        "judge_responses",
    ]
    for log in logs:
        assert log.read_text().count("POST /v1/chat/completions") > 2


def test_no_server_outlives_its_jobs(judged):
    assert not servers(judged.folder)
    assert not list((judged.folder / "results/work/serve").rglob("*.json"))


def test_a_finished_judge_starts_no_server(judged):
    assert not judged.plan()


@pytest.mark.parametrize(
    "change",
    [
        {"judges": {"own": {"needs": {"concurrency": 5, "timeout": 9, "retries": 1}}}},
        {"models": {SERVED_MODEL: {"needs": {"judge": {"gpus": 1, "memory_mb": 9000, "minutes": 7}}}}},
    ],
)
def test_what_a_server_needs_and_how_it_is_asked_rerun_nothing(judged, change):
    assert not judged.plan(change)


def test_another_server_judges_anew(judged):
    needs = {"models": {SERVED_MODEL: {"needs": {"judge": {"gpus": 1}}}}}
    planned = judged.plan({"judges": {"own": {"server": "vllm"}}, **needs})
    assert set(planned) == FROM_JUDGE | {"serve"}
    assert planned["serve"] == 2  # of samples and of responses


def test_a_job_that_fails_takes_the_server_with_it(unjudged, tmp_path):
    run = unjudged.copy(tmp_path / "run")
    run.edit(
        "scripts/halt/judges/shared/questions.py",
        lambda text: text.replace("def judge_by_text(", "def judge_by_text(moved,"),
    )
    done = run.snakemake("--", f"results/judgements/{MODEL}/biography/train.parquet")
    assert done.returncode != 0
    assert "TypeError" in (run.folder / f"results/logs/judge/{MODEL}/biography/train.log").read_text()
    wait_until(lambda: not servers(run.folder), 20)


def test_a_server_that_cannot_start_is_a_line_in_the_judge_s_log(unjudged, tmp_path):
    run = unjudged.copy(tmp_path / "run")
    (run.folder / "results/models" / SERVED_MODEL / "config.json").write_text("{}")
    done = run.snakemake("--", f"results/judgements/{MODEL}/biography/train.parquet")
    assert done.returncode != 0
    log = (run.folder / f"results/logs/judge/{MODEL}/biography/train.log").read_text()
    assert (
        f"judge: the evaluator's server ended with status 1: see results/logs/serve/judge/{MODEL}/biography.log" in log
    )
    assert not servers(run.folder)


@pytest.mark.parametrize("signum", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_kill_in_the_middle_leaves_no_server(unjudged, tmp_path, signum):
    run = unjudged.copy(tmp_path / "run")
    folder = run.folder / "results/work/replies"
    process = run.start()
    try:
        wait_until(lambda: any(file.stat().st_size for file in folder.rglob("*.jsonl")), 300)
        assert len(servers(run.folder)) >= 2  # the service and what it serves with
        os.kill(process.pid, signum)  # Snakemake alone
        process.wait(300)  # behind an interrupt the job that runs comes to its end, a minute on a slow processor
        wait_until(lambda: not servers(run.folder), 30)
    finally:
        kill_session(process)
    run.snakemake("--unlock", check=True)
    [replies] = folder.rglob("*.jsonl")
    kept = replies.read_text().splitlines()
    run.snakemake("--", f"results/judgements/{MODEL}/biography/train.parquet", check=True)
    assert replies.read_text().splitlines()[: len(kept)] == kept  # asked once
