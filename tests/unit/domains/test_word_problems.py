"""Short word problems: worked steps only where one calculation fits, numbers in digits."""

import json

import pytest

from halt.domains import mathematics
from halt.domains.shared.maths import asdiv
from halt.inputs import sources

SPEC = {"type": "path", "path": "data"}


@pytest.mark.parametrize(
    ("passage", "question", "answer", "steps"),
    [
        ("Ann has seven red and two green apples.", "How many apples?", "9 apples", ["7 + 2 = 9 apples"]),
        ("Ann gave 9 of her 24 eggs away.", "How many are left?", "15", ["24 - 9 = 15"]),
        ("A box has 82 pegs in 4 rows.", "How many pegs a row?", "20.5 pegs", None),  # no whole division
        (
            "She spent $2 and bought 4 toys at $7 each.",
            "How much?",
            "30 dollars",
            ["4 * 7 = 28", "28 + 2 = 30 dollars"],
        ),
        ("Two rows of 2 cars.", "How many cars?", "4 cars", None),  # a sum as well as a product
        ("There are 18 and 12 tickets.", "What is the greatest number of sets?", "6 sets", None),
        ("Each one of 3 boys has 4 balls.", "How many balls?", "12 balls", None),  # is "one" a number?
        ("Ann has 3 cats.", "How many?", "3 cats", None),
        ("Ann has 5 and Bob 3.", "Who has more?", "Ann", None),
    ],
)
def test_steps_are_found_where_one_calculation_fits(passage, question, answer, steps):
    found = asdiv.solved(passage, question, answer)
    if steps is None:
        assert found is None
        return
    chosen = mathematics.settings("mathematics", mathematics.OPTIONS, {"max_steps": 3})
    row = mathematics._row("x", "x", *found, chosen)
    assert row.truth["solution"] == steps
    assert [verdict.label for verdict in mathematics.judge(mathematics.split(row.reference), row)] == ["right"] * (
        len(steps) + 1
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Fourteen eggs", "14 eggs"),
        ("eighty-seven and ninety", "87 and 90"),
        ("three hundred and ten men", "310 men"),
        ("two hundred eggs", "200 eggs"),
        ("one of them often tends sheep", "one of them often tends sheep"),
    ],
)
def test_number_words_become_digits(text, written):
    assert asdiv.digits(text) == written


def test_short_problems_are_rows_of_their_own_up_to_the_largest_number(tmp_path):
    problems = [("5 men and 4 more come.", "9 men"), ("50 men and 40 more come.", "90 men")]
    lines = [json.dumps({"passage": text, "question": "How many?", "answer": answer}) for text, answer in problems]
    (tmp_path / "ASDiv").mkdir()
    (tmp_path / "ASDiv/test.jsonl").write_text("\n".join(lines))
    source = sources.open_source([tmp_path], SPEC)
    [row] = mathematics.rows(source, {"largest": 20})
    assert (row.id, row.cluster, row.stratum) == ("asdiv-1", "asdiv-1", "1 steps")
    assert row.reference == "5 + 4 = 9 men\nAnswer: 9"
