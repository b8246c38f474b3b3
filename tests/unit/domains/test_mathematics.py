"""Mathematics: exact equations, the first wrong line, and variants that are sound and always the same."""

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halt import domains
from halt.domains import Row, mathematics
from halt.domains.shared.maths import equations, gsm_templates
from halt.inputs import sources

SPEC = {"type": "path", "path": "data"}
PROBLEM = '''
question = "Ann has 3 boxes of 4 eggs and eats 2. How many are left?"
answer = """
She has 3*4=<<3*4=12>>12 eggs.
So 12 - 2 = <<12-2=10>>10 eggs are left.
#### 10
"""
id_orig = 7
question_annotated = """
{name,Ann} has {n,3} boxes of {k,4} eggs and eats {m_txt,2}. How many are left?

#init:
- name = sample(names)
- $n = range(2, 9)
- $k = range(2, 9)
- m_txt, m = sample([("two", 2), ("three", 3)])

#conditions:
- n * k > m

#answer: n * k - m
"""
answer_annotated = """
She has {n}*{k}=<<{n}*{k}={n*k}>>{n*k} eggs.
So {n*k} - {m} = <<{n*k}-{m}={n*k-m}>>{n*k-m} eggs are left.
#### {n*k-m}
"""
'''


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "data/templates/eng"
    (folder / "symbolic").mkdir(parents=True)
    (folder / "replacements.json").write_text(json.dumps({"names": ["Ann", "Bob", "Cleo"]}))
    (folder / "symbolic/0000.toml").write_text(PROBLEM)
    return sources.open_source([tmp_path], SPEC)


@pytest.fixture
def row(source):
    return next(mathematics.rows(source, {}))


def test_a_problem_becomes_one_equation_a_line(row):
    assert row.id == "gsm-7-original"
    assert row.reference.splitlines() == ["3 * 4 = 12 eggs", "12 - 2 = 10 eggs", "Answer: 10"]


def test_variants_are_distinct_sound_stay_with_their_problem_and_are_always_the_same(source):
    rows = list(mathematics.rows(source, {"variants": 20}))
    assert len(rows) == 21
    assert rows == list(mathematics.rows(source, {"variants": 20}))
    assert {row.cluster for row in rows} == {"gsm-7"}
    assert len({row.prompt for row in rows}) == len({row.id for row in rows}) == 21
    for row in rows:
        fragments = mathematics.split(row.reference)
        verdicts = mathematics.judge(fragments, row)
        assert [verdict.label for verdict in verdicts] == ["right"] * 3
        assert [verdict.fact for verdict in verdicts] == ["step 1", "step 2", "answer"]


def test_more_variants_keep_the_first_ones(source):
    few, many = (list(mathematics.rows(source, {"variants": number})) for number in (3, 9))
    assert many[: len(few)] == few


def test_options_bound_steps_and_numbers(source):
    assert list(mathematics.rows(source, {"max_steps": 1})) == []
    assert list(mathematics.rows(source, {"min_steps": 3})) == []
    assert len(list(mathematics.rows(source, {"min_steps": 2, "max_steps": 2, "variants": 3}))) == 4
    rows = list(mathematics.rows(source, {"variants": 5, "largest": 20}))
    assert max(max(equations.numbers(step)) for row in rows for step in row.truth["solution"]) <= 20


def test_a_step_may_have_its_number_in_front_and_is_judged_without_it(source):
    plain, numbered = (next(mathematics.rows(source, {"numbered": numbered})) for numbered in (False, True))
    assert numbered.reference.splitlines() == ["Step 1: 3 * 4 = 12 eggs", "Step 2: 12 - 2 = 10 eggs", "Answer: 10"]
    assert numbered.truth == plain.truth
    assert numbered.prompt != plain.prompt
    for fragments in (["Step 1: 3 * 4 = 12", "Answer: 10"], ["Step 1: 3 * 4 = 11", "Step 2: 12 - 2 = 10"]):
        bare = [fragment.partition(": ")[2] if fragment.startswith("Step") else fragment for fragment in fragments]
        assert mathematics.judge(fragments, numbered) == mathematics.judge(bare, plain)
    assert [verdict.label for verdict in mathematics.judge(["Step 41: 3 * 4 = 12"], numbered)] == ["right"]


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("3 * 4 = 12", "right"),
        ("She has 3 x 4 = 12 eggs.", "right"),
        ("3 boxes * 4 eggs/box = 12 eggs", "right"),
        ("$3 * $4 = $12.00", "right"),
        ("12 = 3 * 4", "right"),
        ("3 * 4 = 13", "wrong"),
        ("3 + 4 = 7", "idle"),  # true, of the problem's numbers, and nothing comes of it
        ("41 + 50 = 91", "unverifiable"),  # true, of numbers from nowhere
        ("3 * 4 = 12 and 12 - 2 = 10", "right"),
        ("3 * 4 = 12 - 2 = 10", "wrong"),
        ("3 / 0 = 12", "wrong"),
        ("She starts with the boxes.", "unverifiable"),
        ("There are 3 boxes of 4.", "unverifiable"),
        ("There are 50 boxes.", "unverifiable"),
        ("Step 1: 3 * 4 = 12", "right"),
        ("Answer: 10", "right"),
        ("The answer is $10.", "right"),
        ("Answer: 12 - 2 = 10", "right"),
        ("Answer: 12", "wrong"),
        ("Answer: none", "wrong"),
    ],
)
def test_a_line_is_judged_by_what_it_states(row, line, label):
    assert mathematics.judge([line], row)[0].label == label


def test_a_result_may_be_used_further_on(row):
    nowhere = mathematics.judge(["3 * 14 = 42", "42 + 42 = 84"], row)
    assert [verdict.label for verdict in nowhere] == ["unverifiable"] * 2
    assert [verdict.label for verdict in mathematics.judge(["3 + 4 = 7", "7 + 7 = 14"], row)] == ["idle", "idle"]
    assert [verdict.label for verdict in mathematics.judge(["3 * 4 = 12", "12 - 2 = 10"], row)] == ["right", "right"]


def test_everything_from_the_first_wrong_line_on_is_wrong(row):
    lines = ["3 * 4 = 12", "12 - 2 = 9", "12 - 2 = 10", "Answer: 10"]
    assert [verdict.label for verdict in mathematics.judge(lines, row)] == ["right", "wrong", "wrong", "wrong"]


def test_a_step_written_twice_is_right_once(row):
    first, second = mathematics.judge(["3 * 4 = 12", "4 * 3 = 12"], row)
    assert (first.label, first.fact) == ("right", "step 1")
    assert (second.label, second.fact) == ("idle", None)


def test_an_answer_solves_its_task_where_its_last_answer_is_the_references(row):
    assert mathematics.solves(["3 * 4 = 12", "12 - 2 = 10", "Answer: 10"], row)
    assert mathematics.solves(["I think so.", "**Answer:** 10 eggs"], row)
    assert not mathematics.solves(["1 + 1 = 2"], row)
    assert not mathematics.solves(["12 - 2 = 10"], row)  # where is the answer?
    assert not mathematics.solves(["Answer: 10", "Answer: 12"], row)
    assert not mathematics.solves([], row)


def test_a_heading_takes_the_answer_on_the_next_line(row):
    fragments = mathematics.split("3 * 4 = 12\n12 - 2 = 10\n### Final Answer:\n\n**10**")
    assert len(fragments) == 3
    assert [verdict.label for verdict in mathematics.judge(fragments, row)] == ["right"] * 3
    assert mathematics.split(mathematics.join(fragments)) == fragments


@pytest.mark.parametrize(
    "mark",
    ["\\[", "\\]", "$$", "---", "***", "```", "```text", "### Solution:", "**Step 1:**", "Step 2",
     "## Step-by-step solution", "\\begin{align*}", "\\end{align*}"],
)  # fmt: skip
def test_marks_of_the_layout_are_no_fragments(mark):
    assert mathematics.split(f"{mark}\n3 * 4 = 12\n{mark}\nAnswer:\n{mark}\n12") == ["3 * 4 = 12", "Answer: 12"]


def test_steps_are_numbered_anew_where_lines_were_dropped():
    lines = ["Step 1: 3 * 4 = 12", "Step 3: 12 - 2 = 10", "Answer: 10"]
    assert mathematics.join(lines).splitlines() == ["Step 1: 3 * 4 = 12", "Step 2: 12 - 2 = 10", "Answer: 10"]


def test_an_evaluator_sees_every_step_and_the_answer(row):
    assert mathematics.evidence(row) == "3 * 4 = 12 eggs\n12 - 2 = 10 eggs\nAnswer: 10"


def test_a_problem_whose_steps_use_what_it_does_not_name_is_no_row():
    chosen = mathematics.settings("mathematics", mathematics.OPTIONS, {})
    named, unnamed = "Ann has 3 nests and twice 4 eggs.", "Ann has 3 nests and some eggs."
    answer = "<<3*4=12>>12 eggs\n#### 12"
    assert mathematics._row("a", "a", named, answer, chosen) is not None
    assert mathematics._row("a", "a", unnamed, answer, chosen) is None


def test_restatements_are_no_steps_of_a_reference():
    chosen = mathematics.settings("mathematics", mathematics.OPTIONS, {})
    answer = "<<4*1=4>>4 eggs\n<<3*4=12>>12 eggs\n<<12=12>>12\n#### 12"
    row = mathematics._row("a", "a", "Ann has 3 nests of 4 eggs, 1 day old. How many?", answer, chosen)
    assert row.truth["solution"] == ["3 * 4 = 12 eggs"]


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_can_be_judged(text):
    truth = {"values": [["12"]], "given": [], "answer": "12", "solution": []}
    fragments = mathematics.split(text)
    assert len(mathematics.judge(fragments, Row("", "", "", "", "", truth))) == len(fragments)
    assert mathematics.split(mathematics.join(fragments)) == fragments
    words = "".join(filter(str.isalnum, text))
    assert "".join(filter(str.isalnum, "".join(fragments))) in words


@given(st.fractions(max_denominator=10**6))
def test_a_written_number_is_the_number(number):
    assert Fraction(gsm_templates.number_text(number)) == number


@pytest.mark.parametrize(
    "expression",
    ["__import__('os')", "().__class__", "names.append(1)", "[x for x in names]", "open('x')", "9**9**9", "lambda: 1",
     "f'{names}'", "names[0]", "unknown"],
)  # fmt: skip
def test_nothing_outside_the_language_is_evaluated(expression):
    node = gsm_templates._expression(expression)
    with pytest.raises(gsm_templates.TemplateError):
        gsm_templates.evaluate(node, {"names": ["a"]}, gsm_templates.Draw("x"))


def test_a_source_with_neither_is_refused(tmp_path):
    (tmp_path / "x.txt").write_text("")
    with pytest.raises(domains.DomainError, match=r"neither templates/eng/symbolic/\*\.toml nor ASDiv"):
        list(mathematics.rows(sources.open_source([tmp_path], SPEC), {}))


@pytest.mark.parametrize(
    ("lines", "edges"),
    [
        (["24 * 2 = 48 eggs", "3 + 4 = 7 boxes", "64 - 48 = 16 eggs", "Answer: 16"], [(), (), (0,), (2,)]),
        (
            ["Step 1: 3 + 4 = 7", "Step 2: 5 + 2 = 7", "Step 3: 7 * 1 = 7"],
            [(), (), (1,)],
        ),  # the later 7
        (["3 + 4 = 7", "7 * 4 = 28", "28 / 4 = 7", "7 + 2 = 9"], [(), (0,), (1,), (0,)]),  # back to the 7
        (["3 + 4 = 7", "Then we go on.", "Answer: 9"], [(), (0,), (0, 1)]),
        (["Answer: 9"], [()]),
        (["3 / 0 = 4", "4 + 1 = 5"], [(), ()]),  # what cannot be evaluated has no result
        (["3 + 4 = 7", "7 = 7", "4 + 3 = 7", "7 * 2 = 14"], [(), (0,), (), (0,)]),  # neither has what says it again
    ],
)
def test_a_step_rests_on_the_steps_whose_results_it_uses(lines, edges):
    assert mathematics.rests_on(lines) == edges


def test_a_line_judged_alone_is_not_wrong_for_what_stands_before_it():
    truth = {"values": [["7"], ["14"]], "answer": "14", "given": ["3", "4", "2"]}
    row = domains.Row("id", "id", "", "", "", truth)
    lines = ["3 + 4 = 7", "7 * 2 = 15", "2 * 7 = 14", "15 + 99 = 114", "Answer: 14"]
    alone = [verdict.label for verdict in mathematics.judge_alone(lines, row)]
    assert alone == ["right", "wrong", "right", "unverifiable", "right"]
    assert [verdict.label for verdict in mathematics.judge(lines, row)] == ["right"] + ["wrong"] * 4
