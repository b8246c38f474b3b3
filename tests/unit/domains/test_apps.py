"""The paper's code set, on a small file with the same columns."""

import json

import pytest

from halt.domains import DomainError, apps
from halt.domains.shared import skipped_rows

SUM = "n = int(input())\ntotal = 0\nfor _ in range(n):\n    total += int(input())\nprint(total)"


def record(**changes):
    return {
        "problem_id": 7,
        "question": "Add n numbers.",
        "solutions": json.dumps([SUM + "\n# done", "import sys\n\n" + SUM.replace("total", "the_sum_of_all"), SUM]),
        "input_output": json.dumps({"inputs": ["2\n1\n2\n", "1\n5\n"], "outputs": ["3\n", "5\n"]}),
        "difficulty": "introductory",
        "url": "https://example.org/7",
        "starter_code": "",
    } | changes


FUNCTION = record(
    problem_id=8,
    solutions=json.dumps(["def largest(a, b):\n    if a > b:\n        return a\n    return b"]),
    input_output=json.dumps({"fn_name": "largest", "inputs": [[1, 2], [5, 3]], "outputs": [[2], [5]]}),
    starter_code="def largest(a, b):\n\t",
)


class File:
    def __init__(self, *records):
        self.lines = [json.dumps(r) for r in records]

    def records(self):
        return (json.loads(line) for line in self.lines)


def load(*records, **options):
    return list(apps.rows(File(*records), {"max_lines": 30, "max_tests": 10} | options))


def labels(answer, row):
    return "".join(verdict.label[0] for verdict in apps.judge(apps.split(answer), row))


def test_only_introductory_problems_with_tests_and_solutions():
    others = [
        record(difficulty="interview"),
        record(solutions=""),
        record(input_output=""),
        record(input_output=json.dumps({"inputs": [], "outputs": []})),
    ]
    assert [row.id for row in load(record(), *others, FUNCTION)] == ["apps-7", "apps-8"]


def test_the_raw_file_s_numbers_are_called_id():
    raw = record()
    raw["id"] = raw.pop("problem_id")
    assert [row.id for row in load(raw)] == ["apps-7"]
    del raw["id"]
    with pytest.raises(DomainError, match="APPS: no column 'id'"):
        load(raw)


def test_what_makes_no_row_is_counted_by_reason():
    others = [
        record(problem_id=1, input_output=json.dumps({"inputs": ["1", "2"], "outputs": ["1"]})),
        record(problem_id=2, input_output="[" * 100_000),
        record(problem_id=3, solutions="not JSON"),
        record(problem_id=4, solutions=None, starter_code=None),
        record(problem_id=5, difficulty="interview"),
    ]
    with skipped_rows.counted() as counts:
        assert [row.id for row in load(*others, record(starter_code=None))] == ["apps-7"]
    assert skipped_rows.told(counts) == "left out 5: 2 without a solution, 2 without tests, 1 of another difficulty"
    with skipped_rows.counted() as counts:
        assert load(record(), max_lines=2) == []
    assert skipped_rows.told(counts) == "left out 1: 1 whose solutions are too long"


@pytest.mark.parametrize(("digits", "kept"), [(5_000, 1), (100_001, 0)])
def test_a_test_with_thousands_of_digits_loses_no_row(digits, kept):
    long = f'{{"fn_name": "largest", "inputs": [[1, {"9" * digits}]], "outputs": [{"9" * digits}]}}'
    found = load(record(input_output=long, solutions=FUNCTION["solutions"]))
    assert len(found) == kept
    assert all(row.truth["tests"] == [[[1, 10**digits - 1], 10**digits - 1]] for row in found)
    assert all(json.loads(json.dumps(row.truth)) == row.truth for row in found)


def test_reference_is_the_shortest_solution():
    assert load(record())[0].reference == SUM
    assert load(record(), max_lines=2) == []


def test_number_of_tests_is_bounded():
    assert load(record(), max_tests=1)[0].truth["tests"] == [["2\n1\n2\n", "3\n"]]


def test_missing_column_is_named():
    broken = record()
    del broken["solutions"]
    with pytest.raises(DomainError, match="'solutions'"):
        load(broken)


def test_reference_is_all_right_with_distinct_facts():
    for row in load(record(), FUNCTION):
        fragments = apps.split(row.reference)
        assert apps.join(fragments) == row.reference
        verdicts = apps.judge(fragments, row)
        assert {v.label for v in verdicts} == {"right"}
        assert len({v.fact for v in verdicts}) == len(fragments)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("import sys\nn, *rest = map(int, sys.stdin.read().split())\nprint(sum(rest))\nexit()", "rrrr"),
        ("count = int(input())\ns = 0\nfor i in range(count):", "rrr"),
        ("n = int(input())\ntotal = 1\nfor _ in range(n):\n    total += int(input())\nprint(total)", "rwwww"),
        ("n = int(input())\ntotal = 0\nfor _ in range(n):\n    total -= int(input())\nprint(total)", "rrrww"),
        ("print(3)", "w"),
        ("n = int(input()", "w"),
        ("while True:\n    pass", "ww"),
    ],
)
def test_first_wrong_line_of_a_program(answer, expected):
    assert labels(answer, load(record())[0]) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("def largest(a, b):\n    return max(a, b)", "rr"),
        ("class Solution:\n    def largest(self, a, b):\n        return max(a, b)", "rrr"),
        ("def largest(a, b):\n    return min(a, b)", "iw"),
        ("def largest(a, b):\n    if a > b:\n        return b\n    return a", "irww"),
    ],
)
def test_first_wrong_line_of_a_called_function(answer, expected):
    assert labels(answer, load(FUNCTION)[0]) == expected


def _program(inputs, outputs, solution):
    tests = json.dumps({"inputs": inputs, "outputs": outputs})
    return record(solutions=json.dumps([solution]), input_output=tests)


def test_decimals_are_compared_within_the_set_s_tolerance_and_whole_numbers_exactly():
    [row] = load(_program(["1 3\n"], ["0.33333\n"], "a, b = map(int, input().split())\nprint(a / b)"))
    assert labels("print('0.333331')", row)[-1] == "r"
    assert labels("print('0.34')", row)[-1] == "w"
    assert labels("print('nan')", row)[-1] == labels("print('inf')", row)[-1] == "w"
    [row] = load(_program(["1\n"], ["100000\n"], "print(100000)"))
    assert labels("print(100001)", row) == labels("print(100001.0)", row) == "w"
    assert labels("print(100000.0)", row) == "r"


def test_values_are_compared_as_the_set_s_checker_does():
    tests = {"fn_name": "half", "inputs": [[1], [3]], "outputs": [0.5, 1.5]}
    [row] = load(record(solutions=json.dumps(["def half(x):\n    return x / 2"]), input_output=json.dumps(tests)))
    assert labels("def half(x):\n    return x * 0.5000001", row) == "rr"
    assert labels("def half(x):\n    return x * 0.51", row)[-1] == "w"
    assert labels("def half(x):\n    return [x / 2]", row)[-1] == "w"


@pytest.mark.parametrize(
    "solution",
    [
        "def total(nums: List[int]) -> int:\n    return sum(nums)",
        "class Solution:\n    def total(self, n: Optional[int]) -> int:\n        return reduce(lambda a, b: a + b, n)",
        "def total(nums):\n    return int(math.fsum(Counter(nums).elements()))",
    ],
)
def test_the_set_s_usual_imports_are_there(solution):
    tests = {"fn_name": "total", "inputs": [[[1, 2, 3]]], "outputs": [6]}
    [row] = load(record(solutions=json.dumps([solution]), input_output=json.dumps(tests)))
    assert set(labels(row.reference, row)) == {"r"}


def test_a_problem_whose_own_solutions_fail_is_left_out_and_counted():
    with skipped_rows.counted() as counts:
        assert load(_program(["1\n"], ["2\n"], "print raw_input()")) == []
    assert "1 whose own solutions fail its tests" in skipped_rows.told(counts)


def test_the_reference_is_a_solution_that_passes():
    tests = json.dumps({"inputs": ["1\n"], "outputs": ["2\n"]})
    [row] = load(record(solutions=json.dumps(["print(1)", "x = int(input())\nprint(x + 1)"]), input_output=tests))
    assert row.reference == "x = int(input())\nprint(x + 1)"


@pytest.mark.parametrize("answer", ["pass", "0\n0", "# no idea", "import sys\nsys.setrecursionlimit(9999)", "x = 1"])
def test_lines_that_do_nothing_are_never_right(answer):
    assert "r" not in labels(answer, load(record())[0])


def test_what_the_reference_could_leave_out_is_no_achievement():
    [row] = load(_program(["3\n", "5\n"], ["6\n", "120\n"], "import math\nn = int(input())\nprint(math.factorial(n))"))
    for answer in ("0", "# hi", "import sys", "x = 5", "0\n0\n0", "pass\nprint('wrong')"):
        assert "r" not in labels(answer, row), answer
    assert labels("n = int(input())\nprint('wrong')", row) == "rw"


def test_the_starter_code_of_the_prompt_is_no_achievement():
    starter = "class Solution:\n    def add(self, a: int, b: int) -> int:"
    tests = json.dumps({"fn_name": "add", "inputs": [[1, 2], [3, 4]], "outputs": [3, 7]})
    solution = json.dumps([f"{starter}\n        return a + b"])
    [row] = load(record(solutions=solution, input_output=tests, starter_code=starter))
    assert labels(starter, row) == "ii"
    assert labels(f"{starter}\n        return 0", row) == "iiw"
    assert labels(f"{starter}\n        return a + b", row) == "rrr"
    assert labels("class Solution: pass\ndef add(a, b):\n    return a + b", row)[-1] == "r"


def test_what_is_printed_at_the_end_counts():
    [row] = load(_program(["1 2\n", "2 5\n"], ["3\n", "7\n"], "a, b = map(int, input().split())\nprint(a + b)"))
    late = "import atexit\na, b = map(int, input().split())\natexit.register(lambda: print(a + b))"
    assert labels(late, row) == "rrr"
    assert labels(late.replace("+", "-"), row)[-1] == "w"


def test_a_program_that_hides_what_it_prints_is_wrong():
    hide = "import sys\nclass W:\n    write = lambda s, t: 0\n    flush = lambda s: 0\nsys.stdout = W()\nprint(9)"
    assert "r" not in labels(f"{hide}\nsys.stdout = sys.__stdout__", load(record())[0])


def test_solving_is_passing_the_tests():
    [row] = load(record())
    assert apps.solves(apps.split(SUM), row)
    assert not apps.solves(apps.split(SUM)[:-1], row)
    assert not apps.solves([], row)
    assert SUM in apps.evidence(row)
