"""A run whose fragments are claims: an extractor at an endpoint reads samples, answers and references."""

import extractor
import polars as pl
import pytest
from http_server import chat, serve
from runs import Run

from halt import frames

MODEL = "random-tiny"


def _overlay(endpoint):
    needs = {"concurrency": 4, "timeout": 20, "retries": 2}
    return {
        "experiment": {"domains": ["biography"], "methods": ["base", "unchanged-reference", "halt"]},
        "domains": {
            "biography": {
                "judge": "served",
                "fragments": "claims",
                "extractor": "small",
                "rows": {"train": 4, "validation": 2, "test": 2},
            }
        },
        "generate": {"samples": 2, "shots": 1},
        "respond": {"shots": 1},
        "extractors": {
            "small": {
                "engine": "openai",
                "endpoint": endpoint,
                "model": "reader",
                "window": {"before": 3, "after": 1},
                "needs": needs,
                "api_key_variable": None,
            }
        },
        "judges": {
            "served": {
                "type": "llm",
                "engine": "openai",
                "endpoint": endpoint,
                "model": "evaluator",
                "decide": "text",
                "needs": needs,
                "api_key_variable": None,
            }
        },
    }


def _answer(asked):
    if asked.body["model"] == "reader":
        return chat(extractor.replied(asked.last))
    return chat("supported" if len(asked.last) % 2 else "contradicted")


@pytest.fixture(scope="module")
def claimed(random_tiny, tmp_path_factory):
    """A finished run, and the server that it asked."""
    with serve(_answer) as server:
        run = Run.of_project(tmp_path_factory.mktemp("claimed") / "run", random_tiny, _overlay(server.endpoint))
        run.snakemake(check=True)
        yield run, server


def test_claims_of_samples_answers_and_references_are_read_by_one_extractor(claimed):
    run, server = claimed
    claims = frames.read(run.folder / f"results/claims/{MODEL}/biography/train.parquet", frames.CLAIMS)
    fragments = frames.read(run.folder / f"results/fragments/{MODEL}/biography/train.parquet", frames.FRAGMENTS)
    assert fragments["text"].to_list() == [claim for listed in claims["claims"] for claim in listed]
    counted = frames.read(run.folder / "results/counted/biography/test.parquet", frames.DATA)
    references = frames.read(run.folder / "results/reference_claims/biography/test.parquet", frames.CLAIMS)
    assert counted["reference_fragments"].sum() == references["claims"].list.len().sum()
    answers = run.folder / f"results/metrics/{MODEL}/biography/base/none/seed0/biography.parquet"
    metrics = frames.read(answers, frames.METRICS)
    assert metrics.sort("id")["n_all"].to_list() == counted.sort("id")["reference_fragments"].to_list()
    assert not (run.folder / "results/logs/split").exists()
    assert {asked.body["model"] for asked in server.asked} == {"reader", "evaluator"}


def test_a_finished_run_plans_nothing_and_how_the_extractor_is_asked_reruns_nothing(claimed):
    run, _ = claimed
    assert not run.plan()
    assert not run.plan({"extractors": {"small": {"needs": {"concurrency": 1, "timeout": 9, "retries": 1}}}})
    assert not run.plan({"domains": {"biography": {"join": "claims"}}})


def test_another_window_extracts_anew_and_generates_nothing(claimed):
    run, _ = claimed
    planned = run.plan({"extractors": {"small": {"window": {"before": 0, "after": 0}}}})
    assert {"extract", "extract_responses", "extract_references", "judge", "score"} <= set(planned)
    assert not {"generate", "data", "split"} & set(planned)


def test_a_rerun_asks_the_extractor_nothing_that_it_was_asked(claimed):
    run, server = claimed
    before = len(server.asked)
    target = f"results/claims/{MODEL}/biography/train.parquet"
    first = (run.folder / target).read_bytes()
    run.snakemake("--forcerun", "extract", "--until", "extract", check=True)
    assert len(server.asked) == before
    assert (run.folder / target).read_bytes() == first


def test_targets_are_the_kept_claims_as_sentences(claimed):
    run, _ = claimed
    [file] = (run.folder / f"results/targets/{MODEL}/biography/halt").glob("*.parquet")
    targets = frames.read(file, frames.TARGETS)
    judged = frames.read(run.folder / f"results/judgements/{MODEL}/biography/train.parquet", frames.JUDGEMENTS)
    for row in targets.iter_rows(named=True):
        own = judged.filter((pl.col("id") == row["id"]) & (pl.col("sample") == row["sample"]))
        right = own.filter(pl.col("label") == "right")["text"].to_list()
        assert row["target"] == ("\n".join(right) or "Unsure from here") or row["kept"] != len(right)
