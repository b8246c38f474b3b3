"""`data`: rows that cannot be used are named, whichever module gave them."""

import json
import shutil
import subprocess
import sys

import pytest
from runs import ROOT

PROGRAM = ROOT / "scripts/data.py"
GOOD = {"id": "1", "question": "Who?", "answer": "Me."}
MODULE = """
import datetime

from halt.domains import Row, leave_out

DEPENDENT, REFERENCE_JUDGE, OPTIONS, EXAMPLE, STOP = False, False, {}, "{prompt}{response}", ()


def rows(source, options):
    for record in source.records():
        if record["question"] == "":
            leave_out("without a question")
            continue
        born = datetime.date(2000, 1, 1) if record["question"] == "When?" else 0
        yield Row(record["id"], record["id"], "", record["question"], record["answer"], {"born": born})


def split(text):
    return [text]


def join(fragments):
    return "".join(fragments)
"""


@pytest.fixture
def told(tmp_path):
    """What `data` says of rows in a file, by a copy of the program that has one more domain module."""
    shutil.copytree(PROGRAM.parent, tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "scripts/halt/domains/plain.py").write_text(MODULE)

    def program(name, settings, **options):
        command = [sys.executable, tmp_path / f"scripts/{name}.py", "--settings", json.dumps(settings)]
        for option, value in options.items():
            command += [f"--{option}", str(value)]
        done = subprocess.run(command, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def run(rows):
        file = tmp_path / "rows.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        settings = {
            "module": "plain",
            "source": {"type": "path", "path": str(file)},
            "options": {},
            "rows": {"train": 9},
            "fold": 0,
        }
        manifest = tmp_path / "manifest.json"
        program("fetch_source", {"domains/plain": settings}, manifest=manifest)
        shares = {"seed": 0, "validation": 0.2, "test": 0.2}
        return program(
            "data",
            {"data": shares, "domains/plain": settings},
            source=manifest,
            domain="plain",
            split="train",
            version=1,
            output=tmp_path / "train.parquet",
        )

    return run


def test_good_rows_are_taken(told):
    status, said = told([GOOD | {"id": str(number), "question": f"Who is {number}?"} for number in range(9)])
    assert status == 0, said


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"id": "2", "answer": "Me."}, "rows.jsonl: row 2 has no 'question', only 'id', 'answer'"),
        ({"id": "1", "question": "What?", "answer": "That."}, "plain: row 2 has the id '1' of an earlier row"),
        (
            GOOD | {"id": "2", "question": " "},
            "plain: prompt of row 2 is ' ', expected text that is not empty",
        ),
        (
            GOOD | {"id": "2", "question": "What\0?"},
            "plain: prompt of row 2 is 'What\\x00?', expected text",
        ),
        (GOOD | {"id": "2", "answer": "\ud800 x"}, "plain: reference of row 2 is '\\ud800 x', which UTF-8 cannot hold"),
        (GOOD | {"id": 2}, "plain: id of row 2 is 2, expected text that is not empty (rows.jsonl: row 2)"),
        (GOOD | {"id": "2", "question": ["x" * 5_000_000]}, "characters left out"),
    ],
)
def test_a_bad_row_is_one_line(told, row, fault):
    status, said = told([GOOD, row])
    assert status == 1
    assert fault in said
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) == 1, said


def test_what_the_module_leaves_out_is_counted_in_the_log(told):
    rows = [GOOD | {"id": str(number), "question": f"Who is {number}?" if number > 1 else ""} for number in range(11)]
    status, said = told(rows)
    assert status == 0, said
    assert said.splitlines()[1:] == ["plain: left out 2: 2 without a question"]
    status, said = told(rows[:2])
    assert status == 1
    assert said.endswith("plain: no rows for train among the 0 of its source; left out 2: 2 without a question\n")


def test_a_truth_that_json_cannot_hold_is_told_by_its_row_and_not_by_a_line_of_the_module(told):
    status, said = told([GOOD | {"id": "0", "question": "When?"}])
    assert status == 1
    assert said == (
        "data: plain: truth of the row '0' cannot be written as JSON (Object of type date is not JSON serializable), "
        "expected only texts, numbers, lists and mappings\n"
    )
