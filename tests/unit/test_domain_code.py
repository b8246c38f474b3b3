"""The code domain: rows that are sound, lines that survive, verdicts at the first line that cannot be repaired."""

import json

import pytest

from halt import codelines, library
from halt.domains import code

TOOLS = '''
"""A small library."""
from __future__ import annotations
import collections
import typing as t
from .helpers import twice, unused

LIMIT = 10
T = t.TypeVar("T")

def count(seq: t.Iterable[T]) -> dict[T, int]:
    """ Number of times each value occurs. More is said here.

    >>> count(["a", "b", "a"])
    {'b': 1, 'a': 2}
    """
    # counts them
    d: dict = collections.defaultdict(int)
    for item in seq:
        d[item] += 1
    return dict(d)

def doubled(x: int, limit: int = LIMIT) -> int:
    """Twice the number.

    >>> doubled(3)
    6
    >>> doubled(30)
    Traceback (most recent call last):
    ...
    ValueError: too large
    """
    if x > limit:
        raise ValueError("too large")
    return twice(x)

def wrong(x):
    """A documented falsehood.

    >>> wrong(1)
    3
    """
    return x

def place(x):
    """Not the same twice.

    >>> place(1)  # doctest: +ELLIPSIS
    <object object at ...>
    """
    return object()

def nothing(x):
    """Any function passes these.

    >>> nothing(1)
    """
    return None

def bare(x):
    """No example."""
    return x

def _private(x):
    """
    >>> _private(1)
    1
    """
    return x

def long(x):
    """Long.

    >>> long(1)
    5
    """
    x += 1
    x += 1
    x += 1
    x += 1
    return x
'''
HELPERS = (
    "def twice(x):\n    return again(x, 2)\ndef again(x, n):\n    return x * n\ndef unused(x):\n    return secret(x)\n"
)


COUNT = """def count(seq):
    d = collections.defaultdict(int)
    for item in seq:
        d[item] += 1
    return dict(d)"""


FILES = {
    "pack/__init__.py": "from .tools import *\n",
    "pack/tools.py": TOOLS,
    "pack/helpers.py": HELPERS,
    "pack/tests/test_tools.py": "import nothing_that_exists",
    "pack-1.0.dist-info/METADATA": "x",
}


class Wheel:
    """A source of a few files in memory."""

    def members(self):
        return list(FILES)

    def read(self, member):
        return FILES[member].encode()


@pytest.fixture(scope="module")
def rows():
    return {row.id: row for row in code.rows(Wheel(), {"max_lines": 5})}


def labels(answer, row):
    return [verdict.label[0] for verdict in code.judge(code.split(answer), row)]


def test_only_functions_with_sound_and_telling_tests_become_rows(rows):
    assert set(rows) == {"pack.tools.count", "pack.tools.doubled"}


def test_longer_references_are_let_in_by_option():
    assert "pack.tools.long" in {row.id for row in code.rows(Wheel(), {"max_lines": 6})}


def test_reference_is_the_body_without_documentation(rows):
    assert rows["pack.tools.count"].reference == COUNT


def test_prompt_shows_signature_sentence_and_examples_but_no_answer(rows):
    prompt = rows["pack.tools.count"].prompt
    assert "def count(seq):" in prompt
    assert "Number of times each value occurs." in prompt
    assert "More is said" not in prompt
    assert """>>> count(["a", "b", "a"])""" in prompt
    assert "defaultdict" not in prompt


def test_differential_tests_go_beyond_the_examples(rows):
    steps = [test[0] for test in rows["pack.tools.count"].truth["tests"]]
    assert len(steps) > 3
    hard_coded = "def count(seq):\n    return {'b': 1, 'a': 2}"
    assert "w" in labels(hard_coded, rows["pack.tools.count"])


def test_row_carries_only_what_the_function_needs(rows):
    modules = rows["pack.tools.doubled"].truth["modules"]
    assert "def twice" in modules["pack.helpers"]
    assert "def again" in modules["pack.helpers"]
    assert "unused" not in modules["pack.helpers"]
    assert "LIMIT = 10" in modules["pack.tools"]
    assert "def doubled" not in modules["pack.tools"]
    json.dumps(rows["pack.tools.doubled"].truth)


def test_rows_are_the_same_every_time(rows):
    assert {row.id: row for row in code.rows(Wheel(), {"max_lines": 5})} == rows


def test_reference_is_all_right_with_distinct_facts(rows):
    for row in rows.values():
        fragments = code.split(row.reference)
        assert code.join(fragments) == row.reference
        verdicts = code.judge(fragments, row)
        assert {v.label for v in verdicts} == {"right"}
        assert len({v.fact for v in verdicts}) == len(fragments)


def test_another_right_way_is_right(rows):
    assert labels("def count(seq):\n    return dict(collections.Counter(seq))", rows["pack.tools.count"]) == ["r"]


def test_unfinished_answer_has_no_wrong_line(rows):
    answer = "def count(seq):\n    d = collections.defaultdict(int)\n    for item in seq:"
    assert labels(answer, rows["pack.tools.count"]) == ["r", "r"]


def test_unfinished_answer_with_names_of_its_own_has_no_wrong_line(rows):
    answer = (
        "def count(seq):\n    result = collections.defaultdict(int)\n    for thing in seq:\n        result[thing] += 1"
    )
    assert labels(answer, rows["pack.tools.count"]) == ["r"] * 3


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (COUNT.replace("+= 1", "+= 2"), "rrww"),
        (COUNT.replace("dict(d)", "d['a']"), "rrrw"),
        (COUNT.replace("collections.defaultdict", "undefined_name"), "wwww"),
        ("def count(seq):\n    d = collections.Counter()\n    for item in seq\n        d[item] += 1", "rww"),
        ("def count(seq):\n    return {}\n    d = {}", "ww"),
        ("def other(seq):\n    return {}", "w"),
        ("def count(seq):\n    while True:\n        pass", "rr"),
        ("def count(seq):\n    return dict(collections.Counter(seq))\nThis counts the values.", "rw"),
        ("This is how it is done:", "w"),
        ("", ""),
    ],
)
def test_first_wrong_line_is_found(answer, expected, rows):
    assert "".join(labels(answer, rows["pack.tools.count"])) == expected


def test_asking_the_library_itself_does_not_help(rows):
    assert "w" in labels(
        "def count(seq):\n    import pack.tools\n    return pack.tools.count(seq)", rows["pack.tools.count"]
    )


def test_helpers_of_the_library_may_be_called(rows):
    answer = "def doubled(x, limit=LIMIT):\n    if x > limit:\n        raise ValueError()\n    return twice(x)"
    assert labels(answer, rows["pack.tools.doubled"]) == ["r"] * 3


def test_split_keeps_indentation_and_takes_code_out_of_markdown():
    text = "Here it is:\n```python\ndef f(x):\n\n\tif x:\n\t\treturn 1  \n    return 2\n```\nEnjoy."
    assert code.split(text) == ["def f(x):\n    if x:", "        return 1", "    return 2"]


def test_statement_over_several_lines_is_judged_as_one():
    lines = ["def f(x):", "    y = [", "        x,", "    ]", "    return y"]
    reference = ["def f(x):", "    return [x]"]
    space = {}

    def passes(source):
        try:
            exec(source, space)
            return space["f"](1) == [1]
        except (SyntaxError, NameError):
            return False

    assert codelines.first_wrong(lines, reference, passes) is None
    assert codelines.first_wrong([*lines[:4], "    return y + 1 +"], reference, passes) == 4


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}", True),
        ("{1, 2}", "{2, 1}", True),
        ("[1, 2]", "[2, 1]", False),
        ("[1]", "[True]", False),
        ("(1,)", "[1]", False),
        ("[1]", "[1.0]", False),
        ("{'a': {2, 1}}", "{'a': {1, 2}}", True),
        ("[<object>]", "[<object>]", True),
    ],
)
def test_values_are_equal_whatever_the_order_of_keys(one, other, equal):
    assert (codelines.canonical(one) == codelines.canonical(other)) is equal


def test_hostile_literals_are_text():
    assert codelines.canonical("[" * 100_000) == "[" * 100_000


def test_functions_without_examples_are_none():
    assert [f.name for f in library.functions({"m": "def f(x):\n    '''Nothing.'''\n    return x"})] == []


def test_a_line_rests_on_what_binds_its_names_and_opens_its_block():
    function = [
        "def total(values, start):\n    import math",
        "    found = start",
        "    for value in values:",
        "        found = found + value",
        "    other = 3",
        "    return math.ceil(found)",
    ]
    assert codelines.rests_on(function) == [(), (0,), (0,), (1, 2), (0,), (0, 1, 3)]
    assert code.rests_on is codelines.rests_on
