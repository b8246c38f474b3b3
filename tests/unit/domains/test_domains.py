"""What a module may say of a row: without it something holds, and what is unfit is told with its file."""

from types import ModuleType

import pytest

from halt import domains
from halt.domains import Row, competition_math, mathematics
from halt.plugins import ModuleError

ROW = Row("p0", "c0", "", "Who?", "Ann Lee.", {})


def module(**parts) -> ModuleType:
    made = ModuleType("halt.domains.made")
    vars(made).update({"DEPENDENT": True, **parts})
    return made


def test_without_a_word_of_the_module_the_reference_is_the_evidence():
    assert domains.evidence(module(), ROW) == "Ann Lee."
    assert domains.subject(module(), ROW) == ""
    assert domains.solves(module(), ["Ann Lee."], ROW) is None


def test_what_the_module_says_holds():
    made = module(
        evidence=lambda row: f"{row.reference} She wrote.",
        subject=lambda row: "Ann",
        solves=lambda fragments, row: fragments == [row.reference],
    )
    assert domains.evidence(made, ROW) == "Ann Lee. She wrote."
    assert domains.subject(made, ROW) == "Ann"
    assert domains.solves(made, ["Ann Lee."], ROW) is True
    assert domains.solves(made, ["Bob."], ROW) is False


def test_independent_fragments_solve_no_task():
    assert domains.solves(module(DEPENDENT=False, solves=lambda fragments, row: True), ["Ann Lee."], ROW) is None


@pytest.mark.parametrize(
    ("ask", "parts", "fault"),
    [
        (
            domains.evidence,
            {"evidence": lambda row: " "},
            r"evidence\(\) gave ' ' on 'p0', expected a text that is not",
        ),
        (domains.evidence, {"evidence": lambda row: None}, r"evidence\(\) gave None on 'p0', expected a text"),
        (domains.evidence, {"evidence": lambda row: row.truth["x"]}, r"domains/made\.py: .*KeyError"),
        (domains.subject, {"subject": lambda row: 3}, r"subject\(\) gave 3 on 'p0', expected a text$"),
    ],
)
def test_what_is_no_text_is_named_with_its_file(ask, parts, fault):
    with pytest.raises(ModuleError, match=fault):
        ask(module(**parts), ROW)


def test_an_answer_is_solved_or_not():
    with pytest.raises(ModuleError, match=r"solves\(\) gave 1 on 'p0', expected True or False"):
        domains.solves(module(solves=lambda fragments, row: 1), ["Ann Lee."], ROW)


@pytest.mark.parametrize("name", ["biography", "medicine", "medexqa", "wikibios", "truthfulqa", "competition_math"])
def test_every_domain_of_text_says_what_an_evaluator_sees(name):
    assert callable(domains.load(name).evidence)


def test_mathematics_of_competitions_says_what_solves_it():
    assert callable(competition_math.solves)
    assert domains.split(mathematics, "<think>\n1 + 1 = 3\n</think>\n1 + 1 = 2") == ["1 + 1 = 2"]
