"""Code as in the paper: APPS, introductory level (hub dataset codeparrot/apps).

Columns: id (problem_id in copies), question, solutions (JSON list of programs), input_output (JSON {inputs, outputs,
fn_name?}), difficulty, url, starter_code. A response is a whole program. Its fragments are lines; its judge is the
tests of the row.
"""

import ast
import json
import math
import re
from collections.abc import Iterator

from halt import sandbox
from halt.domains import DomainError, Row, Verdict, settings
from halt.domains.code import verdicts
from halt.domains.shared.programs import codelines, codeparts, trials
from halt.domains.shared.skipped_rows import leave_out

DEPENDENT = True
REFERENCE_JUDGE = True
OPTIONS = {
    "max_lines": {
        "description": "Leave out problems whose shortest solution has more lines than this.",
        "type": "integer",
        "minimum": 1,
        "default": 30,
    },
    "max_tests": {
        "description": "Tests used of a problem, the first ones; some problems have hundreds.",
        "type": "integer",
        "minimum": 1,
        "default": 10,
    },
}
EXAMPLE = "Task: {prompt}\nAnswer:\n{response}\n\n"
STOP = ("\n\n", "\nTask:", "\n```\n")
FRAGMENTS = 7.85  # lines of a program of the paper (its Table 1)

_COLUMNS = ("question", "solutions", "input_output", "difficulty", "starter_code")
_LIMITS = sandbox.Limits(cpu_seconds=4.0, value=128 << 10)  # the set's own checker allows 4 s a test
_CALL = "call"
_TRIED = 5  # solutions of a problem, the shortest first, until one passes its tests
_SHOWN = 200  # characters of a test's input or output that an evaluator sees
_NOTHING = object()
_RELATIVE, _ABSOLUTE = 1e-5, 1e-8  # as numpy.allclose, which the set's checker uses
_NUMBER = re.compile(r"[-+]?\d{1,300}(?:\.\d*)?(?:[eE][-+]?\d{1,3})?|[-+]?\.\d+(?:[eE][-+]?\d{1,3})?")
_EXACT = 2.0**53  # below it every integer is a float of its own
_DECIMAL = re.compile(r"[-+]?\d{1,300}(?:\.\d*(?:[eE][-+]?\d{1,3})?|[eE][-+]?\d{1,3})|[-+]?\.\d+(?:[eE][-+]?\d{1,3})?")
# The set's checker puts this before every program: starter code uses List and similar names without an import.
_PRELUDE = """\
import bisect, collections, copy, fractions, functools, heapq, itertools, math, operator, random, re, string, sys, time
from bisect import bisect_left, bisect_right, insort
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque, namedtuple
from functools import cache, cmp_to_key, lru_cache, partial, reduce
from heapq import heapify, heappop, heappush, heappushpop, nlargest, nsmallest
from itertools import accumulate, chain, combinations, count, groupby, permutations, product, zip_longest
from math import ceil, cos, exp, fabs, factorial, floor, gcd, inf, log, log2, pi, sin, sqrt, tan
from typing import Any, Callable, Deque, Dict, Generator, Iterable, Iterator, List, Mapping, Optional, Sequence, Set
from typing import Tuple, TypeVar, Union
"""

split, join, rests_on = codelines.split, codelines.join, codelines.rests_on
removable = codeparts.removable


def rows(source, options: dict) -> Iterator[Row]:
    """Introductory problems with tests and a solution; the reference is the shortest solution that fits.

    A problem is left out if none of its shortest solutions passes its tests (some are Python 2). DomainError if a
    column is missing; sandbox.SandboxUnavailable.
    """
    chosen = settings("apps", OPTIONS, options)
    for record in source.records():
        number = record.get("problem_id", record.get("id"))
        missing = [*(name for name in _COLUMNS if name not in record), *(["id"] if number is None else [])]
        if missing:
            raise DomainError(f"APPS: no column '{missing[0]}'; found {', '.join(sorted(record))}")
        if record["difficulty"] != "introductory":
            leave_out("of another difficulty")
            continue
        tests, solutions = _tests(record["input_output"]), _programs(record["solutions"])
        if not tests or not solutions:
            leave_out("without a solution" if tests else "without tests")
            continue
        solutions = [lines for lines in solutions if 0 < len(lines) <= chosen["max_lines"]]
        if not solutions:
            leave_out("whose solutions are too long")
            continue
        pairs = list(zip(tests["inputs"], tests["outputs"], strict=True))[: chosen["max_tests"]]
        truth = {"function": tests.get("fn_name"), "tests": [list(pair) for pair in pairs]}
        reference = _reference(solutions, truth)
        if reference is None:
            leave_out("whose own solutions fail its tests")
            continue
        name = f"apps-{number}"
        yield Row(name, name, "", _prompt(record, truth["function"]), reference, truth)


def _reference(solutions: list[list[str]], truth: dict) -> str | None:
    """The shortest solution that passes the tests; None if none of the first few does."""
    ordered = sorted((join(lines) for lines in solutions), key=lambda text: (len(text), text))
    return next((text for text in dict.fromkeys(ordered[:_TRIED]) if _solves(text, truth)), None)


def _tests(text: str | None) -> dict | None:
    """The tests of a problem; None if there are none, or not as many outputs as inputs."""
    tests = _json(text)
    if not isinstance(tests, dict):
        return None
    inputs, outputs = tests.get("inputs"), tests.get("outputs")
    whole = isinstance(inputs, list) and isinstance(outputs, list) and len(inputs) == len(outputs)
    return tests if whole and inputs else None


def _programs(text: str | None) -> list[list[str]]:
    """The lines of each solution."""
    found = _json(text)
    return [split(program) for program in found if isinstance(program, str)] if isinstance(found, list) else []


def _json(text: str | None):
    try:
        return json.loads(text or "null")
    except (ValueError, RecursionError):
        return None


def judge(fragments: list[str], row: Row) -> list[Verdict]:
    """Line by line, see `codelines`; `unjudged` if the sandbox itself fails on the answer, for any reason."""
    reference = split(row.reference)

    def tell(tried: trials.Trials) -> list[str]:
        return codelines.labels(fragments, reference, lambda one: _passes(one, row.truth, tried), row.prompt)

    labels = trials.of_answer(_LIMITS, [], tell, ["unjudged"] * len(fragments))
    return verdicts(fragments, labels, len(reference))


def solves(fragments: list[str], row: Row) -> bool:
    """Whether the program passes all tests."""
    return bool(fragments) and _solves(join(fragments), row.truth)


def _solves(source: str, truth: dict) -> bool:
    return trials.of_answer(_LIMITS, [], lambda tried: _passes(source, truth, tried), False)


def evidence(row: Row) -> str:
    """The reference and the results that the tests expect."""
    told = [f"Input: {_short(given)}\nOutput: {_short(expected)}" for given, expected in row.truth["tests"]]
    return "\n".join([row.reference, "", "Tests:", *told])


def subject(row: Row) -> str:
    """The first line of a function, if the prompt gives one."""
    return f"def {row.truth['function']}(*args):" if row.truth["function"] else ""


def _short(value) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _prompt(record: dict, function: str | None) -> str:
    if function is not None:
        form = f"Write Python code that defines `{function}`."
    else:
        form = "Write a Python program that reads standard input and prints the answer."
    starter = (record["starter_code"] or "").strip()
    return "\n".join(part for part in (form, record["question"].strip(), starter) if part)


def _passes(source: str, truth: dict, tried: trials.Trials) -> bool:
    for given, expected in truth["tests"]:
        outcome = tried.run(_program(source, given, truth["function"]))
        if outcome is None or not _right(outcome, expected, truth["function"]):
            return False
    return True


def _program(source: str, given, function: str | None) -> sandbox.Program:
    if function is None:
        stdin = given if isinstance(given, str) else "\n".join(map(str, given))
        return sandbox.Program(source, stdin=stdin, prelude=_PRELUDE)
    # as the set's own checker: a class Solution with the method, or a plain function
    method = f"getattr(Solution(), {function!r}) if hasattr(globals().get('Solution'), {function!r})"
    find = f"{_CALL} = {method} else {function}"
    return sandbox.Program(source, (find, f"__import__('json').dumps({_CALL}(*{given!r}))"), prelude=_PRELUDE)


def _right(outcome: sandbox.Outcome, expected, function: str | None) -> bool:
    if function is None:
        ended = outcome.status == "ok" or (outcome.status, outcome.error) == ("error", "SystemExit")
        return ended and _same_words(_words(outcome.output), _words(expected))
    if outcome.status != "ok" or len(outcome.steps) != 2 or outcome.steps[1].value is None:
        return False
    # the repr of a JSON text; outputs of the set are wrapped in a list of one, or not
    try:
        text = ast.literal_eval(outcome.steps[1].value)
        result = json.loads(text) if isinstance(text, str) else _NOTHING
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
    return _same(result, expected) or _same([result], expected)


def _words(output) -> list[list[str]]:
    """Lines as words, without blank lines and spacing."""
    text = output if isinstance(output, str) else "\n".join(map(str, output))
    return [line.split() for line in text.splitlines() if line.strip()]


def _same_words(found: list[list[str]], expected: list[list[str]]) -> bool:
    """Whether two outputs are equal word by word; decimal numbers within the tolerance, 3.0 for 3."""
    if [len(line) for line in found] != [len(line) for line in expected]:
        return False
    pairs = (
        (one, other)
        for line, wanted in zip(found, expected, strict=True)
        for one, other in zip(line, wanted, strict=True)
    )
    return all(one == other or _near_words(one, other) for one, other in pairs)


def _near_words(found: str, expected: str) -> bool:
    if not _NUMBER.fullmatch(found) or not _NUMBER.fullmatch(expected):
        return False
    if _DECIMAL.fullmatch(expected):
        return _near(float(found), float(expected))
    return bool(_DECIMAL.fullmatch(found)) and float(found) == float(expected) and abs(float(expected)) < _EXACT


def _same(found, expected) -> bool:
    """Whether two JSON values are equal for the set's checker: 1 and true are, floats within the tolerance."""
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(_same, found, expected))
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(_same(found[key], expected[key]) for key in expected)
    if isinstance(found, float | int) and isinstance(expected, float):
        return found == expected or _near(found, expected)
    return found == expected


def _near(found: float, expected: float) -> bool:
    try:
        return abs(found - expected) <= _ABSOLUTE + _RELATIVE * abs(expected) < math.inf
    except OverflowError:  # an integer beyond any float
        return False
