"""A judge that the workflow serves on the allocation of the jobs that ask it."""

import shutil

import pytest
from cluster import ClusterRun, empty
from evaluator import SERVED, SERVED_MODEL

from halt import frames

JUDGED = "judgements/random-tiny/biography/{split}.parquet"


@pytest.fixture(scope="module")
def judged(cluster, random_tiny, smollm2) -> ClusterRun:
    """A run whose samples the cluster has judged, with what Snakemake said; all before it was made without Slurm."""
    run = ClusterRun.of_project(empty(cluster, "served"), random_tiny, SERVED)
    shutil.copytree(smollm2, run.folder / "results/models" / SERVED_MODEL)
    splits = ("train", "test")
    run.snakemake("--", *(f"results/fragments/random-tiny/biography/{split}.parquet" for split in splits), check=True)
    run.finish(*(f"results/{JUDGED.format(split=split)}" for split in splits))
    return run


def test_every_fragment_is_judged(judged):
    for split in ("train", "test"):
        table = frames.read(judged.folder / "results" / JUDGED.format(split=split), frames.JUDGEMENTS)
        assert len(table) > 0


def test_server_and_consumers_are_one_job(judged):
    [job] = judged.jobs()
    assert job.state == "COMPLETED"


def test_the_server_leaves_nothing(judged):
    assert not list((judged.folder / "results/work/serve").rglob("*.json"))
