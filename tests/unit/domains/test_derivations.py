"""What a line of an answer is worth: right as a step or on the way, idle, wrong, or not to be verified."""

import time

import pytest

from halt.domains.shared.maths import derivations, quantities

# 18 = (3 + 2) * 4 - 2
PROBLEM = "Ann buys 3 red and 2 blue bags of 4 marbles and loses 2 of them. How many marbles has she?"
TRUTH = {
    "given": [str(number) for number in quantities.named(PROBLEM)],
    "values": [["5"], ["20"], ["18"]],
    "answer": "18",
}


def labels(*lines, truth=TRUTH):
    return [verdict.label for verdict in derivations.judged(lines, truth)]


def facts(*lines):
    return [verdict.fact for verdict in derivations.judged(lines, TRUTH)]


REFERENCE = ("3 + 2 = 5 bags", "5 * 4 = 20 marbles", "20 - 2 = 18 marbles", "Answer: 18")


def test_the_reference_is_right_and_fills_every_step():
    assert labels(*REFERENCE) == ["right"] * 4
    assert facts(*REFERENCE) == ["step 1", "step 2", "step 3", "answer"]


def test_a_step_is_right_without_the_answer():
    assert labels("3 + 2 = 5") == ["right"]
    assert labels("3 + 2 = 5", "5 * 4 = 20", "Answer: 99") == ["right", "right", "wrong"]


OTHER_WAY = ("3 * 4 = 12", "2 * 4 = 8", "12 + 8 = 20", "20 - 2 = 18", "Answer: 18")


def test_another_way_is_right_where_it_ends_in_the_answer_and_is_then_as_complete():
    assert labels(*OTHER_WAY) == ["right"] * 5
    assert set(facts(*OTHER_WAY)) >= {"step 1", "step 2", "step 3", "answer"}


def test_another_way_is_idle_where_the_answer_is_not_reached():
    assert labels(*OTHER_WAY[:2]) == ["idle", "idle"]
    assert labels(*OTHER_WAY[:2], "Answer: 20") == ["idle", "idle", "wrong"]
    assert facts(*OTHER_WAY[:2], "Answer: 20") == [None] * 3


def test_a_line_beside_the_way_is_idle():
    assert labels("3 * 2 = 6", *REFERENCE) == ["idle"] + ["right"] * 4
    assert facts("3 * 2 = 6", *REFERENCE)[0] is None


def test_an_answer_that_no_line_calculates_makes_no_line_right():
    assert labels("3 * 2 = 6", "6 * 2 = 12", "Answer: 18") == ["idle", "idle", "right"]


@pytest.mark.parametrize("line", ["1 + 1 = 2", "1 + 2 = 3", "10 * 10 = 100", "7 - 5 = 2", "-1 + 4 = 3", "1/5 * 20 = 4"])
def test_a_true_line_of_numbers_from_nowhere_is_neither_right_nor_wrong(line):
    assert labels(line) == ["unverifiable"]


def test_nothing_is_founded_on_a_line_of_numbers_from_nowhere():
    assert labels("1 + 4 = 5", "11 + 7 = 18", "18 * 4 = 72", "Answer: 18")[:3] == ["unverifiable"] * 3


@pytest.mark.parametrize("line", ["20 = 20", "5 = 5", "18 + 0 = 18"])
def test_a_restatement_of_a_step_fills_nothing(line):
    assert labels(line)[0] != "right"


def test_a_detour_that_comes_back_is_idle():
    detour = ("18 * 4 = 72", "72 / 4 = 18", "18 * 3 = 54", "54 / 3 = 18")
    assert labels(*REFERENCE[:3], *detour, "Answer: 18") == ["right"] * 3 + ["idle"] * 4 + ["right"]
    assert labels("5 + 2 = 7", *OTHER_WAY)[1:] == ["right"] * 5


def test_restatements_and_repetitions_are_idle():
    lines = ("3 + 2 = 5", "2 + 3 = 5", "5 = 5", "5 * 1 = 5", "5 * 4 = 20", "Answer: 99")
    assert labels(*lines) == ["right", "idle", "idle", "idle", "right", "wrong"]


def test_no_chain_of_idle_lines_counts_its_way_up_to_the_steps():
    chain = ["3 / 3 = 1"] + [f"{number} + 1 = {number + 1}" for number in range(1, 20)]
    found = labels(*chain)
    assert set(found[4:]) == {"idle"}  # 4 + 1 = 5 calculates with a 1 that is no right line's result
    assert "wrong" not in found


def test_a_spray_of_true_lines_is_mostly_idle():
    spray = [f"{a} {sign} {b} = {value}" for a in (2, 3, 4) for b in (2, 3, 4)
             for sign, value in (("+", a + b), ("*", a * b))]  # fmt: skip
    found = labels(*spray)
    assert found.count("right") == 1
    assert set(found) == {"right", "idle"}


def test_only_the_last_answer_counts_and_a_list_of_answers_is_none():
    assert labels("Answer: 20", "Answer: 18") == ["wrong", "right"]
    assert labels("Answer: 16, 17, 18, 19") == ["unverifiable"]
    assert labels("Answer: 18 or 20") == ["unverifiable"]
    assert labels("Answer: 18", "Answer: 18") == ["right", "idle"]


@pytest.mark.parametrize(
    "line",
    ["Answer: 18", "Answer: 18 marbles", "**Answer: 18**", "**Answer:** 18", "The answer is **18**.",
     "- Answer: $18.00", "So, the final answer is 18.",
     "#### 18", "\\boxed{18}", "Final Answer: \\(\\boxed{18}\\)", "Answer: 20 - 2 = 18",
     "Answer: eighteen", "Answer: 18 of 20", "Ans: 18", "The correct answer is 18", "Answer - 18", "Answer: x = 18",
     "Therefore, there are \\(\\boxed{18}\\) marbles left.", "So, she has $\\boxed{18 \\text{ marbles}}$ in 2 bags.",
     "So \\boxed{18} are not lost.", "**Final answer:** 18 marbles are left after 2 are lost."],
)  # fmt: skip
def test_answers_are_read_as_models_write_them(line):
    assert labels(*REFERENCE[:3], line)[-1] == "right"
    assert derivations.final([*REFERENCE[:3], line], TRUTH)


@pytest.mark.parametrize("line", ["\\frac{20}{3}", "\\boxed{\\frac{20}{3}}", "6\\frac{2}{3}", "20/3", "6 2/3 hours"])
def test_a_fraction_is_an_answer(line):
    assert labels(f"Answer: {line}", truth=TRUTH | {"answer": "20/3"}) == ["right"]


@pytest.mark.parametrize(
    "said",
    ["18 - 2", "18 + 2", "18 * 2", "18 minus 2", "18^2", "18²", "18 or 20", "either 18 or 20", "18, 20", "18:20",
     "18 out of 20", "18 20", "18 and 20", "18 hours 20 minutes", "18 dozen", "18%", "half of 18", "twice 18", "not 18",
     "less than 18", "√18", "\\sqrt{18}", "18k", "18 squared", "18!", "18e2", "- 18", "negative 18", "18 (wrong)",
     "18x", "18 + x", "f(18)", "18 million", "\\boxed{18} - 2", "\\boxed{18} or \\boxed{20}", "-\\boxed{18}",
     "2\\boxed{18}", "\\boxed{18}\\%", "20 or \\boxed{18}", "18 is wrong", "18 is not the answer", "18 (not)",
     "surely not \\boxed{18}"],
)  # fmt: skip
def test_a_number_that_is_changed_or_joined_is_not_the_answer(said):
    lines = (*REFERENCE[:3], f"Answer: {said}")
    assert labels(*lines)[-1] in ("wrong", "unverifiable")
    assert not derivations.final(lines, TRUTH)


def test_per_cents_are_an_answer_where_the_problem_speaks_of_them():
    truth = TRUTH | {"given": [str(number) for number in quantities.named("What per cent, and what percentage is 9?")]}
    assert labels("Answer: 18%", truth=truth) == ["right"]


@pytest.mark.parametrize("said", ["half of 36", "1.5 dozen", "twice nine", "20 - 2"])
def test_an_answer_that_is_not_worked_out_is_not_wrong(said):
    assert labels(f"Answer: {said}") == ["unverifiable"]


@pytest.mark.parametrize("line", ["Answer: -18", "Answer: 1.8", "Answer: 180", "Answer: 20 - 2 = 17", "Answer: none"])
def test_other_answers_are_wrong(line):
    assert labels(line) == ["wrong"]


def test_a_line_about_the_answer_is_none():
    lines = ("The answer depends on 3 numbers.", "The answer will be found by adding 3 and 2.")
    assert labels(*lines) == ["unverifiable"] * 2
    assert not derivations.final(lines, TRUTH)


def test_words_and_what_is_not_understood_are_unverifiable_and_so_is_what_rests_on_it():
    lines = ("Ann likes marbles.", "x + 5 = 12", "There are 9 boxes.", "9 * 4 = 36", "14 * 4 = 56")
    assert labels(*lines) == ["unverifiable"] * 5


def test_a_line_that_says_more_than_its_equation_is_not_right():
    assert labels("3 + 2 = 5, so she has 99 marbles.") == ["unverifiable"]


def test_nothing_right_rests_on_an_idle_line():
    lines = ("3 * 2 = 6", "6 - 1 = 5", "6 + 4 = 10", "3 + 2 = 5", "5 * 4 = 20", "Answer: 20")
    found = labels(*lines)
    edges = derivations.rests_on(lines)
    for label, below in zip(found, edges, strict=True):
        assert label != "right" or {found[place] for place in below} <= {"right"}


@pytest.mark.parametrize(
    "text",
    [
        "(" * 400 + " 1 = 1",
        "-" * 3000 + " 5 = 5",
        "1" * 4301,
        "1" * 4301 + " = 1",
        "Answer: " + "9" * 5000,
        "9^9^9^9 = 1",
    ],
)
def test_no_line_of_an_answer_ends_the_judging(text):
    assert labels("3 + 2 = 5", text)[0] == "right"
    assert labels("3 + 2 = 5", text)[1] in ("wrong", "unverifiable")


@pytest.mark.parametrize("line", ["3 + 2 = 5", "Answer: 18", "Answer:", "There are 7 boxes.", "{n} + 2 = {m}"])
def test_long_answers_take_time_in_proportion(line):
    def seconds(size):
        lines = [line.format(n=number, m=number + 2) for number in range(2, size)]
        start = time.process_time()
        derivations.judged(lines, TRUTH)
        derivations.rests_on(lines)
        return time.process_time() - start

    short, long = seconds(150), seconds(2400)
    assert long < 40 * short + 0.25
