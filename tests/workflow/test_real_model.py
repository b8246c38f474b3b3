"""From rows to tables with a real pretrained model."""

import math
import shutil

import polars as pl
import pytest
from runs import Run

from halt import frames

MODEL = "smollm2-135m"
OVERLAY = {
    "experiment": {"domains": ["biography"], "methods": ["base", "halt"], "thresholds": [0.60]},
    "domains": {"biography": {"rows": {"train": 6, "validation": 2, "test": 4}, "max_new_tokens": 24}},
    "generate": {"samples": 2, "shots": 2},
    "respond": {"shots": 2},
    "finetune": {"epochs": 1, "global_batch": 2},
    "score": {"bootstrap": 100},
}


@pytest.fixture(scope="module")
def real_run(random_tiny, smollm2, tmp_path_factory):
    run = Run.of_project(tmp_path_factory.mktemp("real"), random_tiny, OVERLAY, configs=())
    # what the rule fetch_model left for the fixture: the packaged model is dequantised once
    shutil.copytree(smollm2, run.folder / "results/models" / MODEL)
    run.snakemake(check=True)
    return run


def table(run, kind, where, schema):
    return frames.read(run.folder / "results" / kind / MODEL / "biography" / f"{where}.parquet", schema)


def test_the_line_ends_in_finite_numbers(real_run):
    main = pl.read_csv(real_run.folder / "results/tables/main.csv")
    assert main["method"].to_list() == ["base", "halt"]
    assert main["threshold"].cast(pl.String).to_list()[-1].startswith("0.6")
    assert main["prompts"].to_list() == [4, 4]
    for row in main.iter_rows(named=True):
        if row["response_rate"] > 0:
            assert math.isfinite(row["correctness"])
            assert row["correctness_lo"] <= row["correctness"] <= row["correctness_hi"]
        assert 0 <= row["completeness_all"] <= 1


def test_the_model_answers_in_the_domain_s_form(real_run):
    """A pretrained model that follows its examples: most samples are right in part and wrong in part."""
    judged = table(real_run, "judgements", "train", frames.JUDGEMENTS)
    right = (judged["label"] == "right").mean()
    assert 0.1 < right < 0.9
    assert len(judged) / judged.select("id", "sample").n_unique() > 1.5


def test_halt_keeps_exactly_the_right_fragments_of_one_sample(real_run):
    judged = table(real_run, "judgements", "train", frames.JUDGEMENTS)
    targets = table(real_run, "targets", "halt/0.60", frames.TARGETS)
    assert 0 < targets["kept"].sum() < targets["fragments"].sum()
    for target in targets.iter_rows(named=True):
        of_sample = judged.filter(pl.col("id") == target["id"], pl.col("sample") == target["sample"])
        whole = of_sample.sort("fragment").head(target["fragments"])  # what max_new_tokens cut is not taught
        kept = whole.filter(pl.col("label") == "right")["text"].to_list()
        lines = [line for line in target["target"].splitlines() if line != "Unsure from here"]
        assert lines == kept
        assert lines or target["target"] == "Unsure from here"


def test_finetuning_with_halt_changes_what_the_model_says(real_run):
    answers = {
        method: table(real_run, "responses", f"{method}/seed0/biography", frames.RESPONSES)["text"].to_list()
        for method in ("base/none", "halt/0.60")
    }
    assert answers["halt/0.60"] != answers["base/none"]
