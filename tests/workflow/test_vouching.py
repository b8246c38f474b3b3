"""A method that teaches the model to say whether it is sure is asked for it, and ranked by it."""

import re

import polars as pl
import pytest
from runs import FROM_FINETUNE, FROM_REWRITE, REPORT, ROOT

from halt import frames

DOMAINS = ["biography", "mathematics"]  # independent and dependent
METHODS = {"experiment": {"domains": DOMAINS, "methods": ["halt", "p-true", "r-tuning"]}}
RESULTS = "results/assurances/random-tiny/{domain}/r-tuning/none/seed0/{domain}.parquet"


@pytest.fixture(scope="module")
def vouched(finished_run, tmp_path_factory):
    """The finished run, and R-Tuning in two domains."""
    run = finished_run.copy(tmp_path_factory.mktemp("vouched"))
    run.planned = run.plan(METHODS)
    run.snakemake(config=METHODS, check=True)
    return run


def test_it_is_asked_once_for_each_of_its_results(vouched):
    assert set(vouched.planned) == FROM_REWRITE | {"vouch"}
    assert vouched.planned["vouch"] == vouched.planned["finetune"] == len(DOMAINS)


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_answer_has_a_probability_that_the_model_is_sure(vouched, domain):
    path = RESULTS.format(domain=domain)
    table = frames.read(vouched.folder / path, frames.ASSURANCES)
    answers = frames.read(vouched.folder / path.replace("assurances", "responses"), frames.RESPONSES)
    assert table.select("id", "sample").equals(answers.select("id", "sample"))
    assert table["sure"].is_between(0, 1, closed="none").all()
    assert table["likelihood"].is_between(0, 1).all()
    assert table["likelihood"].n_unique() > 1


def test_the_table_of_confidences_has_filters_and_answers(vouched):
    table = pl.read_csv(vouched.folder / "results/tables/confidence.csv")
    found = table.filter(pl.col("ranked") == "answers")
    assert set(found.select("domain", "by").iter_rows()) == {
        (domain, by) for domain in DOMAINS for by in ("sure", "sure and likelihood")
    }
    assert set(found["number"]) == {6}
    assert set(table.filter(pl.col("ranked") == "fragments")["method"]) == {"p-true"}
    assert "| r-tuning | r-tuning | sure |" in (vouched.folder / "results/tables/main.md").read_text()


def test_another_version_of_asking_costs_no_answer(vouched, tmp_path):
    assert not vouched.plan(METHODS)
    changed = vouched.copy(tmp_path / "copy")
    changed.edit("scripts/halt/versions.py", lambda text: re.sub(r"^VOUCH = 1", "VOUCH = 9", text, flags=re.MULTILINE))
    planned = changed.plan(METHODS)
    assert set(planned) == {"vouch"} | (REPORT - {"page"})
    assert planned["vouch"] == len(DOMAINS)


def test_other_phrases_cost_what_is_trained_on_them_and_asked_by_them(vouched):
    phrases = {"sure": "That is certain", "not_sure": "That is a guess"}
    planned = vouched.plan({**METHODS, "methods": {"r-tuning": {"phrases": phrases}}})
    assert set(planned) == FROM_REWRITE | {"vouch"}
    assert planned["vouch"] == planned["rewrite"] == len(DOMAINS)


def test_a_learning_rate_costs_the_asking_too(vouched):
    planned = vouched.plan({**METHODS, "finetune": {"learning_rate": 7.0e-5}})
    assert set(planned) == FROM_FINETUNE | {"vouch"}


def test_the_engine_of_the_model_is_known(vouched):
    needs = {"gpus": 1, "memory_mb": 1000, "minutes": 5, "processes": 1, "batch_size": 8}
    model = {"engine": "vllm", "needs": {"generate": needs, "finetune": needs, "respond": needs}}
    said = vouched.snakemake(
        "--dry-run", "--printshellcmds", config={**METHODS, "models": {"random-tiny": model}}, check=True
    ).stdout
    commands = [line for line in said.splitlines() if "scripts/vouch.py" in line]
    assert len(commands) == len(DOMAINS)
    assert all('"engine":"vllm"' in command for command in commands)
    assert (ROOT / "scripts/vouch.py").is_file()
