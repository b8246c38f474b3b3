"""TruthfulQA: every result chooses among the answers of its questions, and one table says how well."""

import csv
import re
import sys

import polars as pl
import pytest
from runs import Run, finish

from halt import frames

METHODS = ["base", "unchanged-own", "self-align", "p-true"]
OVERLAY = {
    "experiment": {"domains": ["questions"], "methods": METHODS},
    "domains": {
        "questions": {
            "module": "truthfulqa",
            "source": {"type": "path", "path": "questions.csv"},
            "options": {},
            "rows": {"train": 12, "validation": 4, "test": 6},
            "fold": 0,
            "max_new_tokens": 12,
            "judge": "reference",
        }
    },
    "methods": {"p-true": {"thresholds": [0.40]}},
    "sk_tuning": {"samples": 3},  # those that generate has drawn
    "dpo": {"warmup": 0},  # the few pairs of a model of random weights are one step
}
CHOICES = "results/choices/random-tiny/questions/{method}/none/seed0/questions.parquet"
TABLE = "results/truthfulqa/truthfulqa.csv"


@pytest.fixture(scope="module")
def finished(random_tiny, tmp_path_factory):
    """A finished run on made-up questions, in the official file's form."""
    run = Run.of_project(tmp_path_factory.mktemp("truthfulqa"), random_tiny, OVERLAY)
    with (run.folder / "questions.csv").open("w", newline="") as file:
        table = csv.writer(file)
        answers = ("Best Answer", "Best Incorrect Answer", "Correct Answers", "Incorrect Answers")
        table.writerow(("Type", "Category", "Question", *answers, "Source"))
        for place in range(40):
            best, wrong = f"Nothing happens to number {place}", f"It gets warts; It dies in {place} days"
            answers = (best, "It gets warts", f"{best}; Little", wrong)
            table.writerow(("Made up", f"kind {place % 3}", f"What of {place}?", *answers, ""))
    run.planned = run.plan()
    run.snakemake(check=True)
    return run


def rows(run):
    return pl.read_csv(run.folder / TABLE, schema_overrides={"threshold": pl.String}).rows(named=True)


def test_what_answers_chooses_once_and_both_evaluators_do(finished):
    planned = finished.planned
    assert (planned["choose"], planned["respond"], planned["rate_choices"], planned["truthfulqa"]) == (3, 3, 2, 1)
    assert not finished.plan()


def test_every_choice_of_every_question_has_a_log_probability(finished):
    results = [CHOICES.format(method=method) for method in METHODS[:3]]
    tables = [frames.read(finished.folder / result, frames.CHOICES) for result in results]
    for table in tables:
        assert table.group_by("id").agg("kind")["kind"].to_list() == [["best", "correct", "incorrect", "incorrect"]] * 6
        assert (table["log_probability"] < 0).all()
    assert len({tuple(table["log_probability"]) for table in tables}) == 3  # each by its own adapter


def test_the_table_has_every_result_and_p_true_before_and_after_tuning(finished):
    found = {(row["by"], row["method"]): row for row in rows(finished)}
    assert list(found) == [
        *(("likelihood", method) for method in ("base", "self-align", "unchanged-own", "p-true")),
        *(("p(True)", evaluator) for evaluator in ("pretrained", "tuned")),
    ]
    assert {row["prompts"] for row in found.values()} == {6}
    for (by, method), row in found.items():
        assert (row["true"] is not None, row["info"] is not None) == (by == "likelihood",) * 2
        assert (row["mc1"] is not None) == (method != "p-true")  # the filter leaves out, it does not choose
        assert (row["mc2"] is not None) == (by == "likelihood" and method != "p-true")
        shares = [value for name, value in row.items() if name.startswith(("mc", "true", "info")) and value is not None]
        assert all(0 <= value <= 1 for value in shares)


def test_audit_and_verify_know_it(finished):
    for program, more in (("audit", ["--configfile", *finished.configs]), ("verify", [])):
        command = [sys.executable, f"tools/{program}.py", *more]
        done = finish(command, finished.folder, PYTHONPATH="scripts")
        assert done.returncode == 0, done.stdout
        assert "truthfulqa" not in done.stdout
    copy = finished.folder / TABLE
    text = copy.read_text()
    try:
        copy.write_text(text.replace("likelihood", "likelyhood"))
        done = finish(command, finished.folder, PYTHONPATH="scripts")
    finally:
        copy.write_text(text)
    assert done.returncode == 1
    assert f"{TABLE} has sha256" in done.stdout


def test_another_version_of_choosing_costs_no_answer(finished, tmp_path):
    changed = finished.copy(tmp_path / "copy")
    changed.edit("scripts/halt/versions.py", lambda text: re.sub("^CHOOSE = 1", "CHOOSE = 9", text, flags=re.MULTILINE))
    assert changed.plan() == {"choose": 3, "truthfulqa": 1, "all": 1}


def test_the_choice_rests_on_the_prompt_alone(finished):
    chosen = CHOICES.format(method="base")
    assert not finished.plan({"domains": {"questions": {"max_new_tokens": 14}}}, "--", chosen)
    assert finished.plan({"respond": {"seed": 1}}, "--", chosen) == {"choose": 1}


def test_domains_without_choices_have_no_such_table(finished):
    other = finished.plan({"experiment": {"domains": ["biography"], "methods": ["base"]}})
    assert not {"choose", "rate_choices", "truthfulqa"} & set(other)
    done = finished.snakemake("--", "results/choices/random-tiny/biography/base/none/seed0/biography.parquet")
    assert done.returncode != 0
    assert "biography.py lacks choices()" in done.stdout
