"""What the profiles promise without a cluster at hand; tests/slurm has one."""

import re

import pytest
import yaml
from runs import ROOT, finish

LOCAL, SLURM = (yaml.safe_load((ROOT / f"profiles/{name}/config.yaml").read_text()) for name in ("local", "slurm"))


@pytest.mark.parametrize("profile", ["slurm", "profiles/slurm"])
def test_a_clone_has_the_slurm_profile_and_it_reruns_nothing_that_was_run_without(finished_run, profile):
    command = ["snakemake", "--profile", profile, "--configfile", *finished_run.configs, "--dry-run"]
    said = finish(command, finished_run.folder)
    assert said.returncode == 0, said.stdout[-4000:]
    assert "Nothing to be done" in said.stdout


def test_a_lab_edits_three_values():
    text = (ROOT / "profiles/slurm/config.yaml").read_text()
    assert re.findall(r"^  (\w+): CHANGE_ME", text, re.MULTILINE) == ["slurm_account", "slurm_partition", "gpu_model"]
    assert text.count("CHANGE_ME") == 3


def test_a_job_that_asks_for_no_gpu_gets_none():
    """For a rule without `gpu` the executor takes one GPU as soon as there is a gpu_model."""
    assert SLURM["default-resources"]["gpu"] == 0


def test_what_reruns_a_job_is_the_same_in_both_profiles():
    for key in ("rerun-triggers", "max-checksum-file-size", "rerun-incomplete"):
        assert LOCAL[key] == SLURM[key]


def test_retries_stand_in_the_profile_alone_and_no_rule_sets_tasks():
    """In a rule, retries repeat inside the old allocation; tasks start a GPU job's program more than once."""
    assert SLURM["retries"] > 0
    for path in (ROOT / "rules").glob("*.smk"):
        assert not re.search(r"^\s*(retries:|tasks=)", path.read_text(), re.MULTILINE)


def test_job_arrays_are_left_off():
    """Version 2.8.0 of the executor loses outputs of array jobs."""
    assert "slurm-array-jobs" not in SLURM


def test_a_job_that_wants_more_gpus_than_there_are_is_told_before_anything_runs(finished_run, tmp_path):
    """Snakemake itself would start it as if it wanted what there is."""
    run = finished_run.copy(tmp_path / "run")
    needs = {"finetune": {"gpus": 2, "processes": 2}, "respond": {"gpus": 2, "processes": 1}}
    done = run.snakemake("--forcerun", "finetune", config={"models": {"random-tiny": {"needs": needs}}})
    assert done.returncode != 0
    assert done.stdout.strip().splitlines()[-2:] == [
        f"{rule}: needs 2 GPUs, but this run has 1, expected --resources gpu=2 mem_mb=… if the machine has them"
        for rule in ("finetune", "respond")
    ]
