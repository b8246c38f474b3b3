"""Preference methods go on from another method's adapter, and cost what a setting of theirs changes and no more."""

import json

import pytest
from runs import FROM_RESPOND, REPORT

BIOGRAPHY = {"experiment": {"domains": ["biography"]}}
METHODS = {"experiment": {"domains": ["biography"], "methods": ["halt", "unchanged-own", "halt-dpo"]}}
FROM_PREFER = FROM_RESPOND | {"prefer"}
RESULT = "random-tiny/biography/halt-dpo/0.60/seed0"


@pytest.fixture(scope="module")
def preferred(finished_run, tmp_path_factory):
    """The finished run, and halt-dpo in one domain: a random model's answers are all wrong, which makes pairs."""
    run = finished_run.copy(tmp_path_factory.mktemp("preferred"))
    run.planned = run.plan(METHODS)
    run.snakemake(config=METHODS, check=True)
    return run


def test_a_preference_method_starts_from_the_adapters_that_are_there(preferred):
    assert set(preferred.planned) == FROM_PREFER | {"pair"}
    assert preferred.planned["pair"] == preferred.planned["prefer"] == 1


def test_it_has_an_adapter_and_results_like_any_method(preferred):
    training = json.loads((preferred.folder / f"results/adapters/{RESULT}/training.json").read_text())
    assert training["stage"] == "prefer"
    assert training["arguments"]["beta"] == 0.1
    assert "halt-dpo" in (preferred.folder / "results/tables/main.md").read_text()


def test_beta_costs_no_pair_and_no_other_training(preferred):
    planned = preferred.plan({**METHODS, "dpo": {"beta": 0.2}})
    assert set(planned) == FROM_PREFER
    assert planned["prefer"] == planned["respond"] == 1


def test_the_finetuning_it_starts_from_costs_it_too(preferred):
    planned = preferred.plan({**METHODS, "finetune": {"learning_rate": 7.0e-5}})
    assert set(planned) == FROM_PREFER | {"finetune"}
    assert (planned["finetune"], planned["prefer"]) == (2, 1)


def test_fewer_pairs_a_prompt_cost_what_pairs_cost_and_all_of_them_nothing(preferred):
    planned = preferred.plan({**METHODS, "methods": {"halt-dpo": {"pairs_per_prompt": 2}}})
    assert set(planned) == FROM_PREFER | {"pair"}
    assert planned["pair"] == planned["prefer"] == planned["respond"] == 1
    assert set(preferred.plan({**METHODS, "methods": {"halt-dpo": {"pairs_per_prompt": None}}})) <= REPORT


def test_all_preference_methods_are_planned_behind_their_finetuning(preferred):
    methods = ["facttune-fs", "facttune-mc", "flame", "halt-dpo"]
    planned = preferred.plan({"experiment": {"domains": ["biography"], "methods": methods, "thresholds": [0.2, 0.6]}})
    assert (planned["pair"], planned["prefer"]) == (4, 4)  # halt-dpo at 0.60 is there
    assert planned["finetune"] == 1  # halt at 0.20; the other starts are there


def test_a_method_that_finds_no_pair_leaves_the_adapter_it_starts_from(preferred, tmp_path):
    """A random model's samples are all wrong, so none is preferred: the grid goes on."""
    run = preferred.copy(tmp_path / "run")
    of = "results/adapters/random-tiny/biography/{}/none/seed0/{}".format
    run.snakemake("--", of("facttune-fs", "training.json"), check=True)
    start, end = (
        run.folder / of(method, "adapter_model.safetensors") for method in ("unchanged-reference", "facttune-fs")
    )
    assert end.read_bytes() == start.read_bytes()
    assert json.loads((run.folder / of("facttune-fs", "training.json")).read_text())["pairs"] == 0
