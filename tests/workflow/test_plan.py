"""The plan is of Snakemake's own graph: all its jobs before a run, none after it, and what the run used."""

import re
import sys

import pytest
from runs import ROOT, Run, finish

LINE = re.compile(r"^\| (\w+) +\| +([\d,]+) \| +([\d,]+) \|", re.MULTILINE)


def say(run):
    done = finish([sys.executable, "tools/plan.py", "--configfile", *run.configs], run.folder, PYTHONPATH="scripts")
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_paper_s_plan_has_every_job_and_fetches_nothing(random_tiny, tmp_path):
    fresh = Run.of_project(tmp_path, random_tiny, configs=("config/paper.yaml",))
    said = say(fresh)
    counted = {rule: int(count) for rule, _, count in LINE.findall(said)}
    expected = fresh.plan()
    del expected["all"]  # makes nothing
    assert counted == expected
    assert "llama3.1-405b" in said
    assert not (tmp_path / "results").exists()


def test_after_a_run_the_plan_is_what_was_used(finished_run):
    said = say(finished_run)
    assert "jobs are done" in said
    assert re.search(r"^\| finetune +\| random-tiny \|", said, re.MULTILINE)
    assert "- finetune random-tiny: minutes:" not in said  # 5 minutes are never too many to ask for


def test_a_config_with_faults_is_refused_in_its_own_words(random_tiny, tmp_path):
    run = Run.of_project(tmp_path, random_tiny, {"experiment": {"seeds": ["x"]}})
    done = finish([sys.executable, "tools/plan.py", "--configfile", *run.configs], run.folder, PYTHONPATH="scripts")
    assert done.returncode != 0
    assert "experiment.seeds[0]: found 'x'" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("machine", [("--cpus", "-1"), ("--gpus", "8", "0"), ("--cpus", "two")])
def test_a_machine_of_less_than_one_is_none(machine):
    done = finish([sys.executable, "tools/plan.py", *machine], ROOT, PYTHONPATH="scripts")
    assert done.returncode == 2
    assert done.stdout.splitlines()[-1].endswith(f"found '{machine[-1]}', expected a whole number >= 1")
