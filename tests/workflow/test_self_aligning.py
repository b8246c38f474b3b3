"""Self-alignment: what it costs beside what is there, that no verdict reaches its pairs, and what a setting reruns."""

import csv
import json

import polars as pl
import pytest
from runs import FROM_RESPOND

METHODS = {"experiment": {"domains": ["biography"], "methods": ["unchanged-own", "self-align"]}}
RESULT = "random-tiny/biography/self-align/none/seed0"
TUNED = {"sk_sample", "sk_split", "sk_judge", "sk_tune"}
FROM_RATE = {"self_rate", "pair_rated", "prefer", "calibration", "facts"} | FROM_RESPOND


@pytest.fixture(scope="module")
def aligned(finished_run, tmp_path_factory):
    """The finished run, and self-align in one domain."""
    run = finished_run.copy(tmp_path_factory.mktemp("aligned"))
    run.planned = run.plan(METHODS)
    run.snakemake(config=METHODS, check=True)
    return run


def test_it_goes_on_from_the_samples_and_the_adapter_that_are_there(aligned):
    assert set(aligned.planned) == TUNED | FROM_RATE
    # training samples by the tuned model, test samples by both
    assert (aligned.planned["self_rate"], aligned.planned["prefer"], aligned.planned["respond"]) == (3, 1, 1)


def test_tuning_and_alignment_say_what_they_were_made_of(aligned):
    results = aligned.folder / "results"
    tuning = json.loads((results / "sk_tuning/random-tiny/biography/adapter/training.json").read_text())
    assert (tuning["stage"], tuning["arguments"]["learning_rate"]) == ("sk_tune", 1e-3)
    training = json.loads((results / f"adapters/{RESULT}/training.json").read_text())
    assert training["stage"] == "prefer"
    assert "self-align" in (results / "tables/main.md").read_text()


def test_more_samples_begin_with_those_of_generate(aligned):
    place = ["id", "sample", "text"]
    results = aligned.folder / "results"
    more = pl.read_parquet(results / "sk_tuning/random-tiny/biography/generations.parquet").select(place)
    first = pl.read_parquet(results / "generations/random-tiny/biography/train.parquet").select(place)
    assert more.filter(pl.col("sample") < 3).equals(first)
    assert more["sample"].max() == 3


def test_calibration_is_of_both_models(aligned):
    with (aligned.folder / "results/calibration/calibration.csv").open() as file:
        before, after = csv.DictReader(file)
    assert (before["evaluator"], after["evaluator"]) == ("pretrained", "tuned")
    assert before["fragments"] == after["fragments"]
    assert before["ece"] != after["ece"]


def test_a_judge_of_another_version_costs_no_pair_of_self_eval(aligned):
    """Whatever the verdicts: they are no input of the pairs."""
    said = aligned.snakemake("--dry-run", "--printshellcmds", "--forceall", config=METHODS, check=True).stdout
    [command] = [line for line in said.splitlines() if "scripts/pair_rated.py" in line]
    assert "judgements" not in command


def test_a_rate_of_learning_costs_what_follows_the_tuning(aligned):
    planned = aligned.plan({**METHODS, "sk_tuning": {"training": {"learning_rate": 2.0e-3}}})
    assert set(planned) == {"sk_tune"} | FROM_RATE
    assert planned["self_rate"] == 2  # not by the pretrained model


def test_as_many_samples_as_there_are_cost_none(aligned):
    planned = aligned.plan({**METHODS, "sk_tuning": {"samples": 3}})
    assert set(planned) == {"sk_tune"} | FROM_RATE
