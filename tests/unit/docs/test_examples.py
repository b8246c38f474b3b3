"""The examples of README and documentation work as they stand there."""

import json
import re
import subprocess
import sys
from pathlib import Path

import documents
import pytest
import yaml
from runs import Run, environment

PYTHON = documents.blocks("python")
CONFIGS = [block for block in documents.blocks("yaml") if block.text.startswith("# mine.yaml")]
CITIES = (("fr", "France", "Paris"), ("jp", "Japan", "Tokyo"), ("kr", "Korea", "Seoul"), ("br", "Brazil", "Brasilia"))


def of(page: str, blocks: list) -> str:
    """The first of some blocks on a page."""
    return next(block.text for block in blocks if block.page == page)


@pytest.fixture
def clone(tmp_path, random_tiny) -> Run:
    """A copy of the project with every module that a page has one write, and the data that they read."""
    run = Run.of_project(tmp_path, random_tiny)
    for block in PYTHON:
        if placed := re.match(r"# (scripts/\S+\.py)\n", block.text):
            (tmp_path / placed[1]).write_text(block.text)
    (tmp_path / "own").mkdir()
    rows = [
        {
            "id": f"{code}{number}",
            "question": f"{number}. What is the capital of {name}?",
            "answer": f"It is {city}.",
            "capital": city,
        }
        for number in range(10)
        for code, name, city in CITIES
    ]
    (tmp_path / "own/capitals.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return run


def python(program: str, folder: Path) -> str:
    """What a program prints that imports the library of a copy."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=environment(PYTHONPATH="scripts"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.page)
def test_every_python_example_is_python(block):
    compile(block.text, block.page, "exec")


def test_the_rows_of_the_page_about_data_are_made(clone):
    mine = yaml.safe_load(of("docs/your-data.md", CONFIGS).replace("/data/", f"{clone.folder}/own/"))
    target = "results/data/capitals/train.parquet"
    clone.snakemake("--", target, config=mine, check=True)
    program = f"import polars; print(polars.read_parquet({target!r}).get_column('reference').unique().sort().to_list())"
    assert python(program, clone.folder).strip() == str(sorted(f"It is {city}." for _, _, city in CITIES))


def test_the_domain_of_the_page_about_data_keeps_its_contract(clone):
    program = """if True:
        from halt import domains
        module = domains.load("capitals")
        row = domains.Row("fr", "fr", "", "What is the capital of France?", "It is Paris.", {"capital": "Paris"})
        assert module.split(module.join(["a", "b"])) == ["a", "b"]
        print([verdict.label for verdict in module.judge(["It is Paris.", "It is Rome."], row)])
    """
    assert python(program, clone.folder).strip() == "['right', 'wrong']"


def test_the_method_of_the_page_about_methods_makes_targets(clone):
    program = """if True:
        from halt import rewriting
        settings = rewriting.Settings(False, "\\n".join, 0, "drop", "drop", "wrong", "Unsure", "Uncertain")
        samples = (rewriting.Sample(0, "a b", ("a", "b"), ("right", "wrong"), (None, None)),)
        print(rewriting.rewritten("mine", rewriting.Judged("1", "?", "a", samples), settings, "0.40").target)
    """
    assert python(program, clone.folder).strip() == "a b"


def test_the_judge_of_the_page_about_judges_judges(clone):
    program = """if True:
        from halt import judges
        from halt.domains import Row
        row = Row("1", "1", "", "?", "a disease of the heart", {})
        with judges.load("words").opened({"type": "words", "options": {"least": 0.5}}, None) as (judge, _):
            verdicts = judge([judges.Case(row, [["a heart disease", "some kind of plant"]])])
        print([found.verdict.label for found in verdicts[0][0]])
    """
    assert python(program, clone.folder).strip() == "['right', 'wrong']"


def test_the_filter_of_the_page_about_filters_rates_fragments(clone):
    program = """if True:
        import polars as pl
        from halt import frames
        from halt.confidence import brief
        row = {"model": "m", "domain": "d", "method": "samples", "threshold": "none", "seed": 0, "test_domain": "d"}
        row |= {"id": "1", "sample": 0, "marked": False}
        rows = [row | {"fragment": place, "text": text} for place, text in enumerate(["abc", "a"])]
        samples = frames.build(rows, frames.FRAGMENTS)
        chosen, values = brief.of_training(samples, 1)
        print(chosen["text"].to_list(), values, brief.of_answers(samples, samples, 1))
    """
    assert python(program, clone.folder).strip() == "['abc', 'a'] [-3.0, -1.0] [-3.0, -1.0]"


@pytest.mark.parametrize("block", CONFIGS, ids=lambda block: block.page)
def test_every_example_config_is_sound(clone, block):
    (clone.folder / "mine.yaml").write_text(block.text)
    done = subprocess.run(
        [sys.executable, "tools/check_config.py", "--configfile", "mine.yaml"],
        cwd=clone.folder,
        env=environment(PYTHONPATH="scripts", OPENAI_API_KEY="none"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
