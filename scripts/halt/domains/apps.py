"""Code as in the paper: APPS, introductory level (hub dataset codeparrot/apps).

Columns: id (problem_id in copies), question, solutions (JSON list of programs), input_output (JSON {inputs, outputs,
fn_name?}), difficulty, url, starter_code. A response is a whole program; its fragments are lines, its judge the tests
of the row.
"""

import json
from collections.abc import Iterator

from halt import codelines, codeparts, sandbox
from halt.domains import DomainError, Row, Verdict, settings
from halt.domains.code import verdicts
from halt.leaving_out import leave_out

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

_COLUMNS = ("question", "solutions", "input_output", "difficulty", "starter_code")
_LIMITS = sandbox.Limits(cpu_seconds=4.0)  # the set's own checker allows 4 s a test
_PATIENCE = 3
_FUNCTION, _CALL = "solution", "call"

split, join, rests_on = codelines.split, codelines.join, codelines.rests_on
removable = codeparts.removable


def rows(source, options: dict) -> Iterator[Row]:
    """Introductory problems that have tests and a solution; the reference is the shortest solution that fits.

    Nothing runs here: a solution of the set that fails its own tests is judged like any other answer.
    Raises DomainError if a column is missing.
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
        reference = min((join(lines) for lines in solutions), key=lambda text: (len(text), text))
        name = f"apps-{number}"
        yield Row(name, name, "", _prompt(record, truth["function"]), reference, truth)


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
    """All right if the program passes its tests; else wrong from the first line from which it cannot be reached."""
    truth = row.truth
    timeouts = 0
    with sandbox.start(_LIMITS) as session:

        def passes(source: str) -> bool:
            nonlocal timeouts
            for given, expected in truth["tests"]:
                if timeouts >= _PATIENCE:
                    return False
                program = _program(source, given, truth["function"])
                (outcome,) = session.run([program])
                timeouts += outcome.status == "timeout"
                if not _right(outcome, expected, truth["function"]):
                    return False
            return True

        wrong = codelines.first_wrong(fragments, split(row.reference), passes)
    return verdicts(fragments, wrong)


def _prompt(record: dict, function: str | None) -> str:
    if function is not None:
        form = f"Write Python code that defines `{function}`."
    else:
        form = "Write a Python program that reads standard input and prints the answer."
    starter = (record["starter_code"] or "").strip()
    return "\n".join(part for part in (form, record["question"].strip(), starter) if part)


def _program(source: str, given, function: str | None) -> sandbox.Program:
    if function is None:
        return sandbox.Program(source, stdin=given if isinstance(given, str) else "\n".join(given))
    # as the set's own checker: a class Solution with the method, or a plain function
    find = f"{_CALL} = getattr(Solution(), {function!r}) if 'Solution' in globals() else {function}"
    return sandbox.Program(source, (find, f"__import__('json').dumps({_CALL}(*{given!r}))"))


def _right(outcome: sandbox.Outcome, expected, function: str | None) -> bool:
    if function is None:
        ended = outcome.status == "ok" or (outcome.status, outcome.error) == ("error", "SystemExit")
        return ended and _words(outcome.output) == _words(expected)
    if outcome.status != "ok" or len(outcome.steps) != 2 or outcome.steps[1].value is None:
        return False
    # the repr of a JSON text; outputs of the set are wrapped in a list of one, or not
    value = codelines.literal(outcome.steps[1].value)
    if not isinstance(value, str):
        return False
    try:
        result = json.loads(value)
    except (ValueError, RecursionError):
        return False
    return result == expected or [result] == expected


def _words(output) -> list[list[str]]:
    """Lines as words, blank ones and spacing aside."""
    text = output if isinstance(output, str) else "\n".join(map(str, output))
    return [line.split() for line in text.splitlines() if line.strip()]
