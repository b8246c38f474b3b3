"""`data`: rows that cannot be used are named, whichever module gave them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "scripts/data.py"
GOOD = {"id": "1", "question": "Who?", "answer": "Me."}
MODULE = """
from halt.domains import Row

DEPENDENT, REFERENCE_JUDGE, OPTIONS, EXAMPLE, STOP = False, False, {}, "{prompt}{response}", ()


def rows(source, options):
    for record in source.records():
        yield Row(record["id"], record["id"], "", record["question"], record["answer"], {})


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
        (GOOD | {"id": 2}, "plain: id of row 2 is 2, expected text that is not empty"),
    ],
)
def test_a_bad_row_is_one_line(told, row, fault):
    status, said = told([GOOD, row])
    assert status == 1
    assert fault in said
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) == 1, said
