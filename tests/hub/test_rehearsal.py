"""The paper's line in small: its config, its data sets from a hub, claims and verdicts from an endpoint, a kill."""

import hashlib

import extractor
import paper_sets
import polars as pl
import pytest
import yaml
from http_server import chat, serve
from local_hub import Repository
from local_hub import serve as serve_hub
from runs import ROOT, TINY, Run

from halt import frames
from halt.config import merged

MODEL = "random-tiny"
CONFIGS = ("config/paper.yaml", "config/rehearsal.yaml")
DOMAINS = ["wikibios", "competition-math"]  # claims that stand alone; steps that rest on each other
METHODS = ["base", "unchanged-own", "halt", "add-on"]
FILES = {"wikibios": paper_sets.wikibio, "competition-math": paper_sets.math}


def _overlay(endpoint: str) -> dict:
    """config/rehearsal.yaml on the tests' model, asked of a stand-in for the evaluator."""
    model = yaml.safe_load((ROOT / TINY).read_text())["models"][MODEL]
    asked = {
        "engine": "openai",
        "endpoint": endpoint,
        "api_key_variable": None,
        "needs": {"concurrency": 4, "timeout": 20, "retries": 2},
    }
    rows = {"train": 6, "validation": 2, "test": 3}
    return {
        "experiment": {"models": [MODEL], "domains": DOMAINS, "methods": METHODS, "thresholds": [0.4]},
        "models": {MODEL: {**model, "chat": False}},
        "domains": {name: {"rows": rows, "max_new_tokens": 24, "judge": "stand-in"} for name in DOMAINS}
        | {"wikibios": {"rows": rows, "max_new_tokens": 24, "judge": "stand-in", "extractor": "stand-in"}},
        "judges": {"stand-in": {**asked, "type": "llm", "model": "evaluator", "decide": "text", "ask": "response"}},
        "extractors": {"stand-in": {**asked, "model": "reader", "window": {"before": 3, "after": 1}}},
        "score": {"bootstrap": 20},
    }


def _answer(asked):
    if asked.body["model"] == "reader":
        return chat(extractor.replied(asked.last))
    odd = hashlib.sha256(asked.last.encode()).digest()[0] % 2
    if "Find the first wrong step" in asked.last:
        return chat("2" if odd and '\n2. "' in asked.last else "none")
    return chat("supported" if odd else "contradicted")


@pytest.fixture(scope="module")
def rehearsed(random_tiny, tmp_path_factory):
    """The run after a kill and a second start; the hub; the rows that were finished at the kill."""
    folder = tmp_path_factory.mktemp("rehearsal")
    sources = {name: merged(ROOT, [ROOT / CONFIGS[0]])["domains"][name]["source"] for name in DOMAINS}
    repositories = {
        source["repository"]: Repository(source["revision"], FILES[name]()) for name, source in sources.items()
    }
    with serve_hub(repositories) as hub, serve(_answer) as server:
        variables = hub.environment(folder / "hub")
        run = Run.of_project(folder / "run", random_tiny, _overlay(server.endpoint), CONFIGS, **variables)
        run.warm = False  # a program that starts warm has read the hub's address from another environment
        results = run.folder / "results"
        run.kill_when(lambda: len(list((results / "responses").rglob("*.parquet"))) >= 3)
        # Snakemake makes again what was written by a job whose end it did not see: what others had read is finished.
        finished = {path: path.stat().st_mtime_ns for path in (results / "data").rglob("*.parquet")}
        run.snakemake("--unlock", check=True)
        run.snakemake(check=True)
        yield run, hub, finished


def test_every_result_of_the_grid_and_of_the_joint_model_is_in_the_table(rehearsed):
    run, _, _ = rehearsed
    table = pl.read_csv(run.folder / "results/tables/main.csv")
    found = set(table.filter(~pl.col("method").is_in(["base"])).select("domain", "test_domain", "method").iter_rows())
    trained = set(METHODS) - {"base"}
    expected = {(name, name, method) for name in DOMAINS for method in trained}
    assert expected | {("all", name, method) for name in DOMAINS for method in trained} <= found
    assert (run.folder / "results/report/answers.html").stat().st_size > 1000


def test_what_was_finished_at_the_kill_is_kept_and_nothing_is_fetched_twice(rehearsed):
    _, hub, finished = rehearsed
    assert finished
    assert all(path.stat().st_mtime_ns == time for path, time in finished.items())
    got = [asked.path for asked in hub.asked if asked.method == "GET" and asked.status == 200]
    assert len(got) == len(set(got)) > 2


def test_biographies_are_judged_by_claims_and_mathematics_by_steps(rehearsed):
    run, _, _ = rehearsed
    judged = {
        name: frames.read(run.folder / f"results/judgements/{MODEL}/{name}/train.parquet", frames.JUDGEMENTS)
        for name in DOMAINS
    }
    claims = frames.read(run.folder / f"results/claims/{MODEL}/wikibios/train.parquet", frames.CLAIMS)
    assert judged["wikibios"]["text"].to_list() == [claim for listed in claims["claims"] for claim in listed]
    for table in judged.values():
        assert {"right", "wrong"} <= set(table["label"])
    assert not (run.folder / f"results/claims/{MODEL}/competition-math").exists()
