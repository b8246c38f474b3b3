"""The code domain: rows that are sound, lines that survive, verdicts at the first line that cannot be repaired."""

import json
import time
from collections import Counter

import pytest

from halt.domains import code
from halt.domains.shared.programs import codelines, packages, plaincode
from halt.sandbox import values

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
        ("def count(seq):\n    while True:\n        pass", "iw"),
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

    assert codelines.labels(lines, reference, passes) == ["right"] * 5
    assert codelines.labels([*lines[:4], "    return y + 1 +"], reference, passes) == ["right", *["idle"] * 3, "wrong"]


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({1, 2}, {2, 1}, True),
        ([1, 2], [2, 1], False),
        ([1], [True], False),
        ((1,), [1], False),
        ([1], [1.0], False),
        ({"a": {2, 1}}, {"a": {1, 2}}, True),
        (Counter("aab"), {"a": 2, "b": 1}, False),
        ([Counter("aab")], [Counter("aba")], True),
    ],
)
def test_values_are_equal_whatever_the_order_of_keys(one, other, equal):
    assert (values.shown(one, 99) == values.shown(other, 99)) is equal


def test_values_beyond_the_limit_are_not_shown():
    deep = []
    for _ in range(1000):
        deep = [deep]
    for value in ("x" * 100, list(range(100)), deep):
        with pytest.raises(values.TooLong):
            values.shown(value, 99)


def test_functions_without_examples_are_none():
    assert [f.name for f in packages.functions({"m": "def f(x):\n    '''Nothing.'''\n    return x"})] == []


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


SIGNATURE = "def count(seq):"


@pytest.mark.parametrize(
    "answer",
    [
        "pass",
        "# I do not know how to do this",
        "0\n0\n0\n0\n0",
        "'a text'\nNone",
        f"{SIGNATURE}\n    pass",
        f'{SIGNATURE}\n    """Counts."""\n    # counts\n    unused = 3',
        "x = 1\ny = 2",
        "import collections\nimport math",
        SIGNATURE,
    ],
)
def test_lines_that_do_nothing_are_never_right(answer, rows):
    assert "r" not in labels(answer, rows["pack.tools.count"])


def test_lines_that_do_nothing_in_a_right_program_are_idle(rows):
    answer = COUNT.replace("    d =", '    # first\n    """Counts."""\n    unused = 3\n    d =')
    said = labels(answer, rows["pack.tools.count"])
    assert "".join(said) == "iiirrrr"[: len(said)]
    assert code.solves(code.split(answer), rows["pack.tools.count"])


def test_a_line_is_right_only_if_it_stands_for_a_line_of_the_reference(rows):
    verdicts = code.judge(
        code.split(COUNT.replace("for item", "size = len(seq)\n    for item")), rows["pack.tools.count"]
    )
    assert [verdict.label for verdict in verdicts] == ["right"] * 5  # it passes by itself
    facts = [verdict.fact for verdict in verdicts]
    assert len(set(facts) - {None}) == len(code.split(COUNT))
    broken = COUNT.replace("for item", "size = len(seq)\n    for item").replace("dict(d)", "size")
    assert "".join(labels(broken, rows["pack.tools.count"])) == "rirrw"


@pytest.mark.parametrize(
    "answer",
    [
        "(count) = lambda *a, **k: 'wrong'",
        "exec('def count(seq): return 1')",
        "import math as count",
        "if (count := print): pass",
        "for count in [print]: pass",
        "with open('x') as count: pass",
        "class count: pass",
        "globals()['count'] = print",
        "@lambda f: print\ndef count(seq):\n    return 1",
        f"{SIGNATURE}\n    class Same(dict):\n        __eq__ = lambda s, o: True\n    return Same(a=1)",
        f"{SIGNATURE}\n    class R:\n        __repr__ = lambda s: \"{{'a': 2, 'b': 1}}\"\n    return R()",
    ],
)
def test_what_binds_the_name_to_something_else_is_wrong(answer, rows):
    said = labels(answer, rows["pack.tools.count"])
    assert "r" not in said
    assert "w" in said


# Each would read the reference that a beginning is completed with, out of its own process.
PEEKS = [
    "import sys\nf = sys._getframe()",
    "import sys as s\nf = s._getframe()",
    "from sys import _getframe as g",
    "import inspect\nf = inspect.currentframe()",
    "import gc\nall = gc.get_objects()",
    "f = (x for x in ()).gi_frame.f_back",
    "import collections\nf = collections._sys",
    "import typing\nf = typing.sys",
    "t = '{0.gi_frame.f_back.f_locals}'.format((x for x in ()))",
    "t = ('{0.gi' + '_frame}').format(1)",
    "import operator\ng = operator.attrgetter('gi_' + 'frame')",
    "k = type(lambda: 0)\nf = k(1, {})",
    "c = count.__code__",
    "g = getattr(count, '__glo' + 'bals__')",
    "exec('import sys')",
    "m = __import__('sys')",
    "import os\nos.write(3, b'x')",
    "from os import write",
    "import importlib",
    "import string\nx = string.Formatter().get_field('0.gi' + '_frame', (1,), {})",
    "from typing import get_type_hints\ndef _h(x: '_' + '_import_' + '_(1)'): pass",
    "import functools\n@functools.singledispatch\ndef _h(x): pass",
    "from enum import bltns",
    "import enum\ne = enum.bltns",
    "match (x for x in ()):\n    case object(gi_frame=f):\n        pass",
    "from functools import update_wrapper",
    "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    f = e.__traceback__.tb_frame",
]


@pytest.mark.parametrize("beginning", PEEKS)
def test_a_beginning_that_looks_at_its_process_is_not_completed(beginning, rows):
    said = labels(f"{beginning}\n{SIGNATURE}\n    return 'wrong'", rows["pack.tools.count"])
    assert "r" not in said
    assert said[-1] == "w"


@pytest.mark.parametrize("beginning", PEEKS)
def test_what_looks_at_its_process_is_not_plain(beginning):
    assert not plaincode.is_plain(codelines.codeparts.parsed(beginning.splitlines()))


@pytest.mark.parametrize(
    "source",
    [
        "import sys\nfor line in sys.stdin:\n    print(line.strip())",
        "from sys import stdin, setrecursionlimit\nsetrecursionlimit(10**6)",
        "class A:\n    def __init__(self):\n        self._x = 1\n    def get(self):\n        return self._x",
        "if __name__ == '__main__':\n    print('{} and {:.2f}'.format(1, 2.5))",
        "f_name = [x.copy() for x in y]\nstack = []\nstack.append(f'{f_name[0]!r}')",
        "import random, datetime\nx = random.random()\ny = datetime.datetime.now().date()",
        "def f(x):\n    return type(x) is int or isinstance(x, list)",
        "match x:\n    case A(size=3) | [1, *_]:\n        print(x)",
        "from functools import lru_cache, cmp_to_key\nfrom enum import Enum\nfrom fractions import Fraction",
        "from collections import defaultdict, Counter\nimport itertools as it\nx = list(it.chain([1], [2]))",
    ],
)
def test_ordinary_code_is_plain(source):
    assert plaincode.is_plain(codelines.codeparts.parsed(source.splitlines()))


HOSTILE = [
    'def count(seq):\n    class R:\n        __repr__ = lambda s: "[0x" + "f" * 4000 + "]"\n    return R()',
    'def count(seq):\n    class R:\n        __repr__ = lambda s: "[" * 330 + "]" * 330\n    return R()',
    'def count(seq):\n    class R:\n        __repr__ = lambda s: "[" + "-" * 4000 + "1]"\n    return R()',
    "def count(seq):\n    return 10 ** 9000",
    'import os\nos.write(3, b\'{"status":"ok"}\\n{"value":"[\' + b"-" * 60000 + b\'1]","output":""}\\n\')',
    'import os\nos.write(3, b\'{"status":"ok"}\\n{"value":"\\\\ud800","output":""}\\n\')\nos._exit(0)',
    "def count(seq):\n    a = []\n    a.append(a)\n    return a",
    "(" * 3000,
    "-" * 5000 + "1",
    "def count(seq):" + " " * 5000 + "x",
    "x = " + "1 + " * 5000 + "1",
    "\0",
    "def count(seq):\n\x0c    return 'é\ud800'",
    "9" * 5000,
    "x = y" + ".a" * 3000,
    "x = y" + "()" * 3000,
    '"""\n' + "\n".join(f"{' ' * depth}try:" for depth in range(120)) + '\n"""\nx = = 1',
]


@pytest.mark.parametrize("answer", HOSTILE)
def test_no_answer_ends_the_judge(answer, rows):
    begun = time.monotonic()
    said = labels(answer, rows["pack.tools.count"])
    assert "r" not in said
    assert len(said) == len(code.split(answer))
    assert time.monotonic() - begun < 60


def test_names_of_a_line_of_any_length_are_read_in_time():
    begun = time.process_time()
    for line in ("for" + " " * 50_000 + "x", "a" + " " * 50_000 + "x", "x = " * 20_000, "(" * 50_000):
        codelines.rests_on([line])
    assert time.process_time() - begun < 2


def test_of_several_blocks_the_python_one_is_taken():
    text = "```\n$ pip install it\n```\nThen:\n```python\ndef f(x):\n    return x\n```\n```json\n{}\n```"
    assert codelines.split(text) == ["def f(x):", "    return x"]
    assert codelines.split("```bash\nls\n```") == ["ls"]


@pytest.mark.parametrize(
    "text",
    [
        "1. So:\n   ```python\n   def f(x):\n       return x\n   ```",
        "```python\ndef f(x):\n    return x```",
        "\ufeffdef f(x):\n\u00a0   return x",
        "Input:\n```text\n1 2\n```\n```\ndef f(x):\n    return x\n```",
        "For example\n```\n1 -> 2\n```\nis met by\n```\ndef f(x):\n    return x\n```",
    ],
)
def test_code_is_found_however_it_is_fenced(text):
    assert codelines.split(text) == ["def f(x):", "    return x"]


def test_fences_in_a_docstring_are_a_part_of_it():
    code_lines = ["def f(x):", '    """As in', "    ```python", "    f(1)", "    ```", '    """', "    return x"]
    assert codelines.split("\n".join(code_lines)) == code_lines
    assert codelines.split("\n".join(["```python", *code_lines, "```"])) == code_lines


def test_what_a_program_reads_by_attribute_is_needed():
    """Members of a class, and the name that the tests call."""
    data = "@dataclass\nclass P:\n    x: int\n    base = 0\nprint(P(1).x)"
    assert plaincode.harmless(data.splitlines()) == [False] * 5
    assert plaincode.harmless(["one = two"], ["one"]) == [False]
    assert plaincode.harmless(["one = two"]) == [True]


def test_a_match_statement_can_be_followed():
    assert codelines.codeparts.parsed(["match x:"]) is not None


def test_an_evaluator_sees_the_reference_and_what_tests_expect(rows):
    seen = code.evidence(rows["pack.tools.count"])
    assert COUNT in seen
    assert "{'a': 2, 'b': 1}" in seen
    assert code.subject(rows["pack.tools.count"]) == SIGNATURE


WEAK = '''
def same(x):
    """Whether it is equal.

    >>> same(1) == 3
    True
    >>> same(5) == 7
    True
    """
    return x + 2

def first(x):
    """The first.

    >>> first(4)
    4
    """
    return x

def used(x):
    """Called by another one.

    >>> used(4)
    5
    >>> used(7)
    8
    """
    return x + 1

def user(x):
    """Calls it, and is called by it.

    >>> user(4)
    6
    >>> user(9)
    11
    """
    return used(x) + 1

def told(x=None):
    """What its prompt shows, all of it.

    >>> told()
    7
    >>> len(str(told()))
    1
    """
    return 7

def silent(x):
    """Says nothing, more often than a prompt shows.

EXAMPLES
    """
    return [x, x]
'''.replace("EXAMPLES", "\n".join(f"    >>> assert len(silent({x})) == 2" for x in range(100)))


def test_functions_whose_tests_lazy_answers_pass_become_no_rows(monkeypatch):
    monkeypatch.setitem(FILES, "pack/tools.py", WEAK)
    monkeypatch.setitem(FILES, "pack/__init__.py", "")
    found = {row.id: row for row in code.rows(Wheel(), {"max_lines": 5})}
    assert "pack.tools.first" not in found
    assert "pack.tools.silent" not in found
    assert "pack.tools.told" not in found
    assert all("def used" not in source for source in found["pack.tools.used"].truth["modules"].values())
