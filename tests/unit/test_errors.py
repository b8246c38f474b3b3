"""Messages stay short, whatever value they quote."""

import re

import pytest

from halt import errors
from halt.inputs.sources import SourceError


def test_a_value_of_megabytes_leaves_both_ends_of_a_message():
    said = str(SourceError(f"rows.jsonl: row 7 has {'x' * 5_000_000!r}, expected a number"))
    assert said.startswith("rows.jsonl: row 7 has 'xxx")
    assert said.endswith("xxx', expected a number")
    assert re.search(r"\(49\d{5} characters left out\)", said)
    assert len(said) < 700


def test_lines_are_shortened_each_and_counted_beyond_a_hundred():
    lines = str(errors.HaltError("\n".join(["y" * 1000] * 150))).split("\n")
    assert len(lines) == 101
    assert lines[-1] == "... and 50 more lines"
    assert all(len(line) < 700 for line in lines)


@pytest.mark.parametrize("text", ["", "a", "a\nb\n", "z" * 600])
def test_a_short_message_is_left_as_it_is(text):
    assert str(errors.HaltError(text)) == text


def test_control_signs_are_shown_and_not_sent_to_the_terminal():
    assert str(errors.HaltError("no file a\x1b[2J\0b\u2028\nnext")) == "no file a\\x1b[2J\\x00b\\u2028\nnext"
