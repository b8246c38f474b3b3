"""A judge and filters that a lab writes: one file and one entry each, and the workflow knows what to run."""

import polars as pl
import pytest
import yaml
from runs import Run

JUDGE = """
import contextlib

from halt import domains
from halt.domains import Verdict
from halt.judges import Judged, options

OPTIONS = {"least": {"type": "number", "minimum": 0, "default": 0.9, "description": "Share of known words."}}
FACTS = True


def refuses(domain):
    return "cuts at braces, expected another" if "{" in domain.STOP else None


def faults(entry):
    if entry.get("options", {}).get("least") == 0:
        yield "options", "found least 0, which all fragments reach, expected more"


@contextlib.contextmanager
def opened(entry, means):
    least = options(entry)["least"]

    def known(fragment, row):
        words, truth = fragment.lower().split(), row.reference.lower().split()
        return sum(word in truth for word in words) >= least * len(words)

    def judge(cases):
        return [
            [[Judged(Verdict("right" if known(text, row) else "wrong"), None) for text in each] for each in responses]
            for row, responses in cases
        ]

    yield judge, None
"""
AGREEING = """
from halt.confidence.self_consistency import of_training

PROGRAM = "agree"
SAMPLES = 3


def of_answers(fragments, samples, count):
    return [float(count)] * len(fragments)
"""
ASKING = """
from halt.confidence.p_true import questions, shots

PROGRAM = "self_evaluate"
ASKS = ("is_it_so", "is_step_so")
TEXTS = {"is_it_so": ("fragment",), "is_step_so": ("prompt", "fragment")}


def asker(engine, shots, template, chat, batch_size):
    return lambda asked: [float(len(template)) for _ in asked]
"""
PROBING = """
import numpy as np

PROGRAM = "probe"
POSITIONS = ("last",)


def fit(states, right, penalty):
    return lambda given: np.full(len(given), right.mean())
"""
PROMPTS = {"is_it_so": "Is this so? {fragment}", "is_step_so": "After {prompt}, is this so? {fragment}"}
FILTERS = {"agreeing": AGREEING, "asking": ASKING, "probing": PROBING}
DOMAINS = ("biography", "mathematics")  # fragments that stand alone, and that build on each other
OVERLAY = {
    "experiment": {"domains": [*DOMAINS], "methods": ["base", *FILTERS]},
    "domains": {domain: {"judge": "words"} for domain in DOMAINS},
    "judges": {"words": {"type": "words", "options": {"least": 0.5}}},
    "methods": {
        name: {"rewrite": None, "threshold": True, "filter": name, "of": "base", "thresholds": [0.5]}
        for name in FILTERS
    },
}


@pytest.fixture(scope="module")
def plugged(finished_run, tmp_path_factory) -> Run:
    """A finished run to which the files were added."""
    run = finished_run.copy(tmp_path_factory.mktemp("plugged"))
    (run.folder / "scripts/halt/judges/words.py").write_text(JUDGE)
    for name, text in FILTERS.items():
        (run.folder / f"scripts/halt/confidence/{name}.py").write_text(text)
    for name, text in PROMPTS.items():
        (run.folder / f"scripts/prompts/{name}.txt").write_text(text)
    return run


def test_their_files_alone_rerun_nothing(plugged):
    assert not plugged.plan()


def test_their_entries_are_planned_and_computed_in_both_kinds_of_domain(plugged):
    planned = plugged.plan(OVERLAY)
    assert planned["generate"] == planned["respond"] == 0
    assert planned["judge"] == 2 * len(DOMAINS)  # training samples, and those of the tested prompts
    assert planned["agree"] == planned["self_evaluate"] == planned["probe"] == len(DOMAINS)
    plugged.snakemake(config=OVERLAY, check=True)
    results = plugged.folder / "results"
    for domain in DOMAINS:
        judged = pl.read_parquet(results / f"judgements/random-tiny/{domain}/train.parquet")
        assert set(judged["label"].cast(pl.String)) <= {"right", "wrong"}
        found = {
            name: pl.read_parquet(
                plugged.folder / f"results/confidences/random-tiny/{domain}/{name}/seed0/{domain}.parquet"
            )
            for name in FILTERS
        }
        answers = {name: table.filter(pl.col("split") == "test")["confidence"] for name, table in found.items()}
        text = PROMPTS["is_step_so" if domain == "mathematics" else "is_it_so"]
        assert set(answers["agreeing"]) == {3.0}
        assert set(answers["asking"]) == {float(len(text))}
        assert answers["probing"].n_unique() == 1
    assert not plugged.plan(OVERLAY)


def test_a_model_whose_file_is_there_can_be_selected(plugged):
    needs = {"gpus": 0, "memory_mb": 1000, "minutes": 5, "processes": 1, "batch_size": 8}
    entry = {"source": {"type": "path", "path": "tests/models/random-tiny-lines"}, "chat": True, "dtype": "float32"}
    entry["needs"] = dict.fromkeys(("generate", "finetune", "respond"), needs)
    file = plugged.folder / "config/models/mine.yaml"
    file.write_text(yaml.safe_dump({"models": {"mine": entry}}))
    assert plugged.plan({"experiment": {"models": ["mine"], "domains": ["biography"], "methods": ["base"]}})["generate"]
    file = file.rename(file.with_name("ours.yaml"))
    said = plugged.snakemake("--dry-run")
    file.unlink()
    assert said.returncode != 0
    assert "config/models/ours.yaml: expected `models` with one entry, 'ours' like the file" in said.stdout


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (
            {"type": "word"},
            "judges.words.type: found 'word', expected a module in scripts/halt/judges/, did you mean 'words'?",
        ),
        ({"type": "words", "options": {"last": 1}}, "judges.words.options.last: unknown key, did you mean 'least'?"),
        ({"type": "words", "options": {"least": 0}}, "judges.words.options: found least 0, which all fragments reach"),
        ({"type": "words", "least": 1}, "judges.words.least: unknown key (known: options, type)"),
    ],
)
def test_a_fault_of_their_entry_is_one_line(plugged, entry, fault):
    said = plugged.snakemake("--dry-run", config={"judges": {"words": entry}})
    assert said.returncode != 0
    assert [line for line in said.stdout.splitlines() if fault in line]
