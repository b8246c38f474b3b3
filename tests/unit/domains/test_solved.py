"""Whether an answer solves its task: said by the domain's module, whoever judges its fragments."""

from types import SimpleNamespace

import pytest
import synthetic

from halt import domains, frames, judges
from halt.domains import Row, Verdict
from halt.judges import Judged, JudgeError
from halt.plugins import ModuleError

ROW = Row("p0", "p0", "", "2 + 3 = ?", "2 + 3 = 5", {})


def domain(dependent=True, **more):
    return SimpleNamespace(__name__="halt.domains.made", DEPENDENT=dependent, **more)


def final(fragments, row):
    return fragments[-1] == row.reference


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["right", "right"], True),
        (["right", "wrong"], False),
        (["right", "idle"], False),
        (["right", "unverifiable"], False),
        (["right", "unjudged"], None),
        (["wrong", "unjudged"], False),
        ([], False),
    ],
)
def test_without_a_word_of_the_module_an_answer_is_solved_if_all_of_it_is_right(labels, expected):
    assert judges.solved(domain(), ["a"] * len(labels), ROW, labels) is expected


def test_the_module_s_word_counts_whatever_the_verdicts_are():
    made = domain(solves=final)
    assert judges.solved(made, ["1 + 1 = 2"], ROW, ["right"]) is False
    assert judges.solved(made, ["2 + 3 = 5"], ROW, ["unjudged"]) is True


def test_in_independent_domains_nothing_is_solved_or_not():
    assert judges.solved(domain(dependent=False, solves=final), ["2 + 3 = 5"], ROW, ["right"]) is None


def test_an_answer_that_a_module_fails_on_is_not_solved_and_ends_no_job(capfd):
    def broken(fragments, row):
        raise KeyError("answer")

    assert judges.solved(domain(solves=broken), ["a"], ROW, ["right"]) is False
    assert "[halt] 'p0' counts as not solved: scripts/halt/domains/made.py" in capfd.readouterr().err
    assert judges.solved(domain(solves=lambda fragments, row: "yes"), ["a"], ROW, ["right"]) is False
    with pytest.raises(ModuleError, match=r"made\.py: solves\(\) gave 'yes' on 'p0', expected True or False"):
        domains.solves(domain(solves=lambda fragments, row: "yes"), ["a"], ROW)


def test_every_fragment_of_an_answer_has_its_answer_s_solved_and_equal_answers_are_asked_about_once(tmp_path):
    asked = []

    def solves(fragments, row):
        asked.append(list(fragments))
        return final(fragments, row)

    def judge(cases):
        return [[[Judged(Verdict("right"), None) for _ in said] for said in case.responses] for case in cases]

    said = [["1 + 1 = 2", "2 + 3 = 5"], ["1 + 1 = 2"], ["1 + 1 = 2", "2 + 3 = 5"]]
    lines = [
        {**synthetic.answer("samples", "none", sample=sample), "fragment": place, "text": text, "marked": False}
        for sample, texts in enumerate(said)
        for place, text in enumerate(texts)
    ]
    fragments = frames.build(lines, frames.FRAGMENTS)
    table = judges.run(fragments, {"p0": ROW}, judge, domain(solves=solves), tmp_path, "print", "made")
    assert table["solved"].to_list() == [True, True, False, True, True]
    assert asked == [said[0], said[1]]
    with pytest.raises(JudgeError, match="fragments of 1 prompts that are not in the data"):
        judges.run(fragments, {}, judge, domain(), tmp_path, "print", "made")
