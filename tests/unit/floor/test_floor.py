"""The floor: the best constant answer is found, is bounded in cost, always the same, and scored as the tables score."""

import json
import subprocess
import sys
from types import ModuleType

import pytest
import synthetic as made
from runs import ROOT

from halt import floor, frames, metrics
from halt.domains import Row, Verdict
from halt.floor import candidates, search

PROGRAM = ROOT / "scripts/floor.py"
NAMES = ("Ada", "Bo", "Cy", "Dee", "Ed", "Flo", "Gus", "Hal")
WORK = ("potter", "potter", "potter", "baker", "baker", "smith", "weaver", "sailor")


def module(judge=None, dependent=False, **more):
    """A domain module of one fragment a line; without judge() it has no reference judge."""
    toy = ModuleType("halt.domains.toy")
    toy.DEPENDENT, toy.REFERENCE_JUDGE = dependent, judge is not None
    toy.split = lambda text: [line for line in text.splitlines() if line.strip()]
    toy.join = "\n".join
    toy.asked = []

    def counted(fragments, row):
        toy.asked.append((row.id, *fragments))
        return judge(fragments, row)

    if judge:
        toy.judge = counted
    for name, value in more.items():
        setattr(toy, name, value)
    return toy


def people():
    """Rows whose references say what somebody is, where they live and when they were born, of which nothing recurs."""
    return [
        Row(name, name, "", f"Who is {name}?", f"{name} is a {work}.\n{name} lives here.\n{name} is {place}.", {})
        for place, (name, work) in enumerate(zip(NAMES, WORK, strict=True))
    ]


def exactly(fragments, row):
    """Right is what the reference says, in these words."""
    return [
        Verdict("right", fact=fragment) if fragment in row.reference.splitlines() else Verdict("wrong")
        for fragment in fragments
    ]


def subject(row):
    return row.id


def test_lines_of_the_references_join_the_answer_as_long_as_f1_rises():
    found = floor.constant(module(exactly, subject=subject), people())
    assert found.answer == ("{subject} lives here.", "{subject} is a potter.")
    correctness, completeness = (1 + 3 / 8) / 2, (1 + 3 / 8) / 3
    assert found.score.correctness == pytest.approx(correctness)
    assert found.score.completeness == pytest.approx(completeness)
    assert found.score.f1 == pytest.approx(2 * correctness * completeness / (correctness + completeness))


def test_without_a_subject_nobody_s_name_is_in_the_answer():
    found = floor.constant(module(exactly), people())
    assert found.score.f1 < 0.15
    assert all(found.answer.count(line) == 1 for line in found.answer)


@pytest.mark.parametrize(
    ("line", "dependent"),
    [("There is a lot to say.", False), ("{subject} is {subject}.", False), ("1 + 1 = 2", True)],
)
def test_the_search_finds_a_constant_line_that_a_weak_judge_takes_for_all_there_is_to_know(line, dependent):
    def weak(fragments, row):
        fooled = line.replace("{subject}", row.id)
        verdicts = exactly(fragments, row)
        if fooled in fragments:
            verdicts[fragments.index(fooled)] = Verdict("right", fact=row.reference.splitlines()[0])
        return verdicts

    rows = [row._replace(reference=f"{row.id} is {place} years old.") for place, row in enumerate(people())]
    assert floor.constant(module(exactly, dependent, subject=subject), rows).score.f1 <= 1 / 8  # one of them
    found = floor.constant(module(weak, dependent, subject=subject), rows)
    assert found.answer == (line,)
    assert found.score == search.Score(1.0, 1.0, 1.0)


@pytest.mark.parametrize("label", ["idle", "unverifiable"])
def test_what_is_idle_or_unverifiable_is_given_and_not_right(label):
    trial = search.Trial(module(lambda fragments, _: [Verdict("right", fact="a"), Verdict(label)]), people(), 99)
    assert trial.module.DEPENDENT is False
    whole = search.Trial(
        module(lambda fragments, _: [Verdict("right", fact="a"), Verdict(label)], dependent=True), people(), 99
    )
    assert whole.score(("one", "two"), 8).correctness == 0.5


def test_a_right_line_that_the_reference_does_not_have_fills_nothing():
    def generous(fragments, row):
        return [Verdict("right") for _ in fragments]

    found = floor.constant(module(generous, subject=subject), people())
    assert (found.score.correctness, found.score.completeness, found.score.f1) == (1.0, 0.0, 0.0)


@pytest.mark.parametrize(("calls", "searched"), [(40, False), (1000, True)])
def test_no_more_verdicts_are_asked_for_than_may_be(monkeypatch, calls, searched):
    monkeypatch.setattr("halt.floor.best.CALLS", calls)
    toy = module(exactly, subject=subject)
    found = floor.constant(toy, [row._replace(id=f"{row.id}{copy}") for copy in range(8) for row in people()])
    assert len(toy.asked) <= calls
    assert found.answer
    assert (found.score is not None) is searched


def test_independent_lines_are_judged_once_whatever_answer_they_stand_in():
    toy = module(exactly, subject=subject)
    floor.constant(toy, people())
    assert len(toy.asked) == len(set(toy.asked))
    assert all(len(asked) == 2 for asked in toy.asked)


def test_the_same_rows_have_the_same_floor_and_only_so_many_are_looked_at():
    rows = [row._replace(id=f"{row.id}{copy}") for copy in range(12) for row in people()]
    toys = [module(exactly), module(exactly)]
    assert floor.constant(toys[0], rows) == floor.constant(toys[1], rows)
    assert {asked[0] for asked in toys[0].asked} == {row.id for row in rows[: floor.ROWS]}


def test_an_evaluator_that_is_a_model_is_not_asked():
    """The commonest lines, as many as a reference usually has; where one rests on the other, the commonest last one."""
    found = floor.constant(module(subject=subject), people())
    assert found == floor.Floor(("{subject} lives here.", "{subject} is a potter.", "{subject} is a baker."), None)
    rows = [row._replace(reference=f"{place} apples\nAnswer: {place % 3}") for place, row in enumerate(people())]
    assert floor.constant(module(dependent=True), rows).answer == ("Answer: 0",)


def test_places_are_filled_from_the_prompt_and_what_is_filled_in_is_not_read_again():
    row = Row("def f(a, b):", "c", "", "Take {subject} from 3 to 12.", "x", {})
    answer = ("{subject}\n    return {argument}", "{first number} = {last number}", "{prompt}")
    expected = "def f(a, b):\n    return a\n3 = 12\nTake {subject} from 3 to 12."
    assert floor.text(module(subject=subject), answer, row) == expected


def test_a_reference_s_subject_and_first_argument_become_places_and_parts_of_words_do_not():
    rows = [
        Row("def cut(x, n):", "c", "", "Write it.", "def cut(x, n):\n    return x[:max(n, 0)]", {}),
        Row("Art", "c", "", "Who is Art?", "Art was an Artist.", {}),
    ]
    assert candidates.references(module(subject=subject), rows) == [
        ("{subject}", "    return {argument}[:max(n, 0)]"),
        ("{subject} was an Artist.",),
    ]


def test_a_subject_that_is_no_text_names_the_module():
    with pytest.raises(Exception, match=r"toy.py: subject\(\) gave None on 'Ada', expected a text"):
        floor.constant(module(exactly, subject=lambda row: None), people())


def test_degenerate_answers_are_of_the_domain_s_kind_and_include_silence_and_the_prompt():
    listed = candidates.degenerate(module(exactly, subject=subject), people())
    assert {(), ("{prompt}",), ("{subject}",), ("{subject} was a person.",)} <= set(listed)
    programs = [row._replace(reference="x = 1\nprint(x)") for row in people()]
    listed = candidates.degenerate(module(exactly, dependent=True), programs)
    assert ("pass",) in listed
    assert not any("{subject}" in template for answer in listed for template in answer)
    steps = [row._replace(reference="11 - 3 = 8 friends", prompt="Of 11 go 3.") for row in people()]
    listed = candidates.degenerate(module(exactly, dependent=True), steps)
    assert {("1 + 1 = 2",), ("Answer: {last number}",)} <= set(listed)
    assert ("pass",) not in listed


def test_the_program_answers_every_prompt_with_the_floor_and_says_in_the_footer_what_it_is(tmp_path):
    for split, ids in (("train", "abcdef"), ("test", "yz")):
        rows = [
            made.row(id, domain="biography", prompt=f"Write of {id}.", reference=f"{id} was Dutch.", wanted=1)
            | {"split": split, "truth": json.dumps(TRUTH | {"name": id})}
            for id in ids
        ]
        frames.write(made.data(*rows), tmp_path / f"{split}.parquet", frames.DATA)
    command = [sys.executable, PROGRAM, "--data", tmp_path / "test.parquet", "--training-data"]
    command += [
        tmp_path / "train.parquet",
        "--model",
        "tiny",
        "--method",
        "floor",
        "--threshold",
        "none",
        "--seed",
        "3",
    ]
    command += ["--settings", json.dumps({"domains/biography": {"module": "biography"}}), "--version", "1", "--output"]
    done = subprocess.run([*command, tmp_path / "out.parquet"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    table = frames.read(tmp_path / "out.parquet", frames.RESPONSES)
    assert table["text"].to_list() == ["y was Dutch.", "z was Dutch."]
    assert table.select(metrics.RUN).unique().rows() == [("tiny", "biography", "floor", "none", 3, "biography")]
    footer = frames.provenance(tmp_path / "out.parquet")
    assert (footer["stage"], footer["answer"]) == ("floor", ["{subject} was Dutch."])
    assert "{subject} was Dutch." in done.stdout


TRUTH = {
    **{"nationality": "Dutch", "born": "", "died": "", "origin": "", "gloss": ""},
    **{"aliases": [], "occupations": ["painter"]},
}


def test_floors_are_scored_as_the_tables_score_them():
    """Of answers with right, wrong and unverifiable lines."""
    toy = module(exactly, subject=subject)
    answer = ("{subject} lives here.", "{subject} is a potter.", "{subject} is a baker.")
    rows = people()
    found = search.Trial(toy, rows, 999).score(answer, len(rows))
    keys = [made.answer("floor", "none", id=row.id) for row in rows]
    judged = []
    for key, row in zip(keys, rows, strict=True):
        lines = candidates.filled(answer, candidates.places(toy, row))
        verdicts = exactly(lines, row)
        labels, facts = "".join(verdict.label[0] for verdict in verdicts), [verdict.fact for verdict in verdicts]
        judged += made.judged(key, labels, facts)
    table = metrics.per_prompt(
        made.responses(*map(made.response, keys)),
        made.judgements(*judged),
        made.data(*(made.row(row.id, wanted=3) for row in rows)),
        made.judgements(),
        dependent=False,
    )
    point = dict(zip(metrics.SCORES, metrics.estimate([table], metrics.Scoring(10, 0, "wrong")).point, strict=True))
    assert found == pytest.approx((point["f1_all"], point["correctness_strict"], point["completeness_all"]))
