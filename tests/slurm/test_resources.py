"""What Slurm was asked for is what the config says, and no job ran twice."""

from collections import Counter

import pytest
import yaml
from cluster import ACCOUNT, CPU_PARTITION, GPU_PARTITION, USER, ClusterRun, empty
from runs import ROOT

# A number of its own for each, so that a mix-up shows.
NEEDS = {
    "generate": {"gpus": 2, "memory_mb": 1700, "minutes": 11, "processes": 2, "batch_size": 16},
    "finetune": {"gpus": 1, "memory_mb": 1300, "minutes": 12, "processes": 1, "batch_size": 8},
    "respond": {"gpus": 0, "memory_mb": 1400, "minutes": 13, "processes": 1, "cpus": 3, "batch_size": 16},
}
EXPECTED = {  # memory, minutes, CPUs, GPUs
    "data": (2000, 60, 1, 0),
    "generate": (1700, 11, 2, 2),
    "judge": (1000, 60, 1, 0),
    "finetune": (1300, 12, 1, 1),
    "respond": (1400, 13, 3, 0),
    "floor": (1000, 60, 1, 0),
    "judge_responses": (1000, 60, 1, 0),
    "self_evaluate": (1400, 13, 3, 0),  # as respond
}
WHERE_SNAKEMAKE_RUNS = {"fetch_model", "fetch_source", "split", "rewrite", "agree", "split_responses", "filter"}
WHERE_SNAKEMAKE_RUNS |= {"score", "tables", "figures", "page", "all"}
# A site with one partition for GPUs and one for the rest, as docs/cluster.md says it.
PARTITIONS = {"partitions": {CPU_PARTITION: {"max_runtime": 120}, GPU_PARTITION: {"max_runtime": 120, "max_gpu": 2}}}


@pytest.fixture(scope="module")
def tiny(cluster, random_tiny) -> ClusterRun:
    """A finished run of config/tiny.yaml by the plain command, as the profile has it but for the lab's lines."""
    folder = empty(cluster, "tiny")
    run = ClusterRun.of_project(folder, random_tiny, {"models": {"random-tiny": {"needs": NEEDS}}})
    (folder / "partitions.yaml").write_text(yaml.safe_dump(PARTITIONS))
    run.edit_profile(f"  slurm_partition: {CPU_PARTITION}", "  #")
    run.edit_profile("executor: slurm", "executor: slurm\nslurm-partition-config: partitions.yaml")
    run.planned = run.plan()
    run.finish(plain=True, seconds=5400)
    return run


def test_every_rule_is_submitted_or_stays_where_snakemake_runs(tiny):
    assert {job.rule for job in tiny.jobs()} == set(EXPECTED)
    assert set(tiny.planned) == set(EXPECTED) | WHERE_SNAKEMAKE_RUNS


@pytest.mark.parametrize("rule", EXPECTED)
def test_a_job_gets_the_memory_time_cpus_and_gpus_of_its_config(tiny, rule):
    jobs = tiny.jobs(rule)
    assert len(jobs) == tiny.planned[rule]
    assert {(job.mem_mb, job.minutes, job.cpus, job.gpus) for job in jobs} == {EXPECTED[rule]}


def test_no_job_runs_twice_and_all_complete(tiny):
    jobs = tiny.jobs()
    assert {job.state for job in jobs} == {"COMPLETED"}
    assert set(Counter(job.what for job in jobs).values()) == {1}


def test_jobs_are_the_user_s_and_billed_to_the_account(tiny):
    assert {(job.user, job.account) for job in tiny.jobs()} == {(USER, ACCOUNT)}


def test_gpu_jobs_go_to_the_gpu_partition_and_no_others(tiny):
    by_partition = {job.partition: set() for job in tiny.jobs()}
    for job in tiny.jobs():
        by_partition[job.partition].add(job.rule)
    assert by_partition == {
        GPU_PARTITION: {"generate", "finetune"},
        CPU_PARTITION: set(EXPECTED) - {"generate", "finetune"},
    }


def test_a_finished_run_submits_nothing(tiny):
    before = len(tiny.jobs())
    assert "Nothing to be done" in tiny.finish()
    assert len(tiny.jobs()) == before


def test_a_site_with_gres_alone(random_tiny, place):
    """The lines of docs/cluster.md in place of the GPU type."""
    run = ClusterRun.of_project(place, random_tiny, {"experiment": {"domains": ["biography"], "methods": ["base"]}})
    readme = (ROOT / "docs/cluster.md").read_text()
    lines = readme.partition("set-resources:")[2].partition("```")[0]
    run.edit_profile("  gpu_model: a100", "  #")
    run.edit_profile("executor: slurm", f"set-resources:{lines}\nexecutor: slurm")
    target = "results/generations/random-tiny/biography/test.parquet"
    run.finish(target)
    assert [job.gpus for job in run.jobs("generate")] == [1]
    assert [job.gpus for job in run.jobs("data")] == [0, 0]
