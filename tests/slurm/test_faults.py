"""What clusters do to jobs, and that it costs one unit of work at most and changes no result.

Each fault is written as a row of faults.md in the cluster's folder.
"""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from cluster import USER, ClusterRun, Made, as_user, in_hand, slurm
from runs import ROOT, Run, kill_session

SAMPLES = "random-tiny/biography/train"
TRAINED = "random-tiny/biography/halt/0.60/seed0"
AFTER_FINETUNE = ("responses", "assessments", "metrics", "tables")
FROM_FINETUNE = ("adapters", "fragments/random-tiny/biography/halt", *AFTER_FINETUNE)
CHECKPOINTS = 10  # of one training
PARTS = 8  # of the samples of `long`
ADAPTER = ("adapter_model.safetensors", "loss.csv", "training.json")
ENDED_FOR_MEMORY = {"OUT_OF_MEMORY", "FAILED"}  # by the kernel: an error of the job's step, or of what ran in it


@pytest.fixture
def run(small, place) -> ClusterRun:
    """The small run before its training."""
    return small.copy(place).without(*FROM_FINETUNE)


def checkpoints(run: ClusterRun) -> Made:
    return Made(run.folder / "results/work/finetune" / TRAINED, "checkpoint-*/whole")


def end(run: ClusterRun, made: Made, process: subprocess.Popen) -> None:
    """Look on until Snakemake has ended well."""
    try:
        status = made.until(process)
    finally:
        kill_session(process)
    assert status == 0, run.said()[-8000:]


def in_training(run: ClusterRun, made: Made, process: subprocess.Popen) -> str:
    """Id of the job that finetunes, once it has two checkpoints."""

    def ready() -> bool:
        assert process.poll() is None, f"Snakemake has ended:\n{run.said()[-4000:]}"
        return len(made.look()) >= 2

    try:
        return run.await_job("finetune", ready)
    except AssertionError:
        kill_session(process)
        raise


def assert_made_once(made: Made, of: int) -> str:
    """All pieces but perhaps the last, which is gone at once, were seen, and each made once; that in words."""
    again = [name for name, times in made.seen.items() if len(times) > 1]
    assert not again
    assert len(made.seen) >= of - 1
    return f"less than 1 of {of}: none of {len(made.seen)} seen was made twice"


def assert_same(run: Run, undisturbed: Run) -> str:
    """Tables, adapter and answers are byte for byte those of the undisturbed run."""
    assert run.tables() == undisturbed.tables()
    compared = [Path("results/adapters", TRAINED, name) for name in ADAPTER]
    for folder in ("generations", "targets", "responses", "assessments", "metrics"):
        tables = sorted((undisturbed.folder / "results" / folder).rglob("*.parquet"))
        assert tables
        compared += [path.relative_to(undisturbed.folder) for path in tables]
    assert [p for p in compared if (run.folder / p).read_bytes() != (undisturbed.folder / p).read_bytes()] == []
    return "none, byte for byte"


def assert_alone(run: ClusterRun, *but: str) -> None:
    """Every job of another rule ran once and completed."""
    others = [job for job in run.jobs() if job.rule not in but]
    assert {job.state for job in others} == {"COMPLETED"}
    assert len({job.what for job in others}) == len(others)


def test_a_memory_kill_is_retried_with_more_memory(run, small, faults):
    run = run.overlay({"models": {"random-tiny": {"needs": {"finetune": {"memory_mb": 400}}}}})
    made = checkpoints(run)
    end(run, made, run.start())
    *killed, last = run.jobs("finetune")
    assert killed
    assert {job.state for job in killed} <= ENDED_FOR_MEMORY
    steps = slurm("sacct", "-n", "-P", "--format=State", "-j", ",".join(job.id for job in killed)).split()
    assert "OUT_OF_MEMORY" in steps
    assert last.state == "COMPLETED"
    assert [job.mem_mb for job in (*killed, last)] == [400 * attempt for attempt in range(1, len(killed) + 2)]
    assert_alone(run, "finetune")
    repeated = assert_made_once(made, CHECKPOINTS)
    asked = " → ".join(str(job.mem_mb) for job in (*killed, last))
    faults.row("memory kill of finetune", f"retried with {asked} MB", repeated, assert_same(run, small))


def stop(program: str, output: str) -> None:
    """Stop the program where it is: a minute is the shortest time limit, and a fast machine would be done before it."""
    command = f"^python scripts/{program}.py .*--output results/{output}"
    subprocess.run(["pkill", "-STOP", "--euid", USER, "--full", command], check=True)


def test_a_time_limit_in_generate_and_in_finetune_is_continued_from_part_and_checkpoint(long, place, faults):
    minute = {"minutes": 1}
    needs = {"models": {"random-tiny": {"needs": {"generate": minute, "finetune": minute}}}}
    before_generate = ("generations", "judgements", "fragments", "targets", "adapters", *AFTER_FINETUNE)
    run = long.copy(place).without(*before_generate).overlay(needs)
    work = run.folder / "results/work"
    parts = Made(work / "generate" / SAMPLES, "part-*.parquet")
    made = checkpoints(run)
    running = {"generate": (parts, f"generations/{SAMPLES}"), "finetune": (made, f"adapters/{TRAINED}")}
    process = run.start()
    try:
        while process.poll() is None:
            for rule, (pieces, output) in list(running.items()):
                if len(pieces.look()) >= 2:
                    stop(rule, output)
                    del running[rule]
            parts.look(), made.look()
            time.sleep(0.05)
    finally:
        kill_session(process)
    assert process.returncode == 0, run.said()[-8000:]
    for rule, pieces, of in (("generate", parts, PARTS), ("finetune", made, CHECKPOINTS)):
        *ended, last = [job for job in run.jobs(rule) if "test" not in job.what]
        assert {job.state for job in ended} == {"TIMEOUT"}
        assert last.state == "COMPLETED"
        assert [job.minutes for job in (*ended, last)] == list(range(1, len(ended) + 2))
        repeated = assert_made_once(pieces, of)
        asked = " → ".join(str(job.minutes) for job in (*ended, last))
        faults.row(f"TIMEOUT in {rule}", f"continued with {asked} min", repeated, assert_same(run, long))
    assert_alone(run, "generate", "finetune")


def test_a_cancelled_job_is_submitted_again_and_continues(run, small, faults):
    made = checkpoints(run)
    process = run.start()
    slurm("scancel", in_training(run, made, process))
    end(run, made, process)
    assert [job.state for job in run.jobs("finetune")] == ["CANCELLED", "COMPLETED"]
    assert_alone(run, "finetune")
    faults.row("scancel of finetune", "submitted again", assert_made_once(made, CHECKPOINTS), assert_same(run, small))


def test_a_preempted_job_is_requeued_by_slurm_and_continues(run, small, faults):
    made = checkpoints(run)
    process = run.start()
    job = in_training(run, made, process)
    slurm("scontrol", "requeue", job)
    end(run, made, process)
    assert [start.id for start in run.jobs("finetune")] == [job, job]
    assert [start.state for start in run.jobs("finetune")] == ["REQUEUED", "COMPLETED"]
    assert_alone(run, "finetune")
    faults.row(
        "scontrol requeue (preemption) of finetune",
        "started again by Slurm as the same job",
        assert_made_once(made, CHECKPOINTS),
        assert_same(run, small),
    )


def test_a_job_outlives_the_slurmd_of_its_node(run, small, cluster, faults):
    made = checkpoints(run)
    process = run.start()
    in_training(run, made, process)
    pid = cluster / "pids" / "slurmd"
    os.kill(int(pid.read_text()), signal.SIGKILL)
    time.sleep(5)
    start = f"setsid nohup /usr/sbin/slurmd -D >>{cluster}/log/slurmd.out 2>&1 </dev/null & echo $! >{pid}"
    subprocess.run(["bash", "-c", start], check=True)
    end(run, made, process)
    assert [job.state for job in run.jobs("finetune")] == ["COMPLETED"]
    assert_alone(run)
    faults.row(
        "slurmd killed -9 during finetune, back after 5 s",
        "the job went on",
        assert_made_once(made, CHECKPOINTS),
        assert_same(run, small),
    )


def test_ctrl_c_leaves_no_job_behind_and_a_second_start_continues(run, small, faults):
    made = checkpoints(run)
    process = run.start()
    in_training(run, made, process)
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to the whole group
    assert run.end(process, 300) != 0
    await_empty(run)
    end(run, made, run.start())
    assert [job.state for job in run.jobs("finetune")] == ["CANCELLED", "COMPLETED"]
    assert_alone(run, "finetune")
    faults.row(
        "Ctrl-C of Snakemake during finetune",
        "its jobs were cancelled; started again",
        assert_made_once(made, CHECKPOINTS),
        assert_same(run, small),
    )


def test_after_a_kill_of_snakemake_itself_the_readme_s_commands_continue(run, small, faults):
    made = checkpoints(run)
    process = run.start()
    job = in_training(run, made, process)
    kill_session(process)
    assert [left for left, _ in in_hand(run)] == [job], "Slurm knows nothing of Snakemake's end"
    readme = (ROOT / "docs/cluster.md").read_text()
    [cancel] = re.findall(r"^scancel .*$", readme, re.MULTILINE)
    subprocess.run(["bash", "-c", cancel], cwd=run.folder, env=as_user(), user=USER, group=USER, check=True)
    await_empty(run)
    run.finish("--unlock")
    end(run, made, run.start())
    assert [job.state for job in run.jobs("finetune")] == ["CANCELLED", "COMPLETED"]
    assert_alone(run, "finetune")
    faults.row(
        "kill -9 of Snakemake during finetune",
        "jobs cancelled by name, --unlock, started again",
        assert_made_once(made, CHECKPOINTS),
        assert_same(run, small),
    )


def await_empty(run: ClusterRun) -> None:
    """The queue has no job of this run, once Slurm has ended those it was told to end."""
    late = time.monotonic() + 30
    while left := in_hand(run):
        assert time.monotonic() < late, f"left behind: {left}"
        time.sleep(0.2)
