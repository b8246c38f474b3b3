"""What a finetuning target is made of, for every method and threshold."""

import json
import math
import re
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halt import plugins, readings, rewriting
from halt.domains import load
from halt.rewriting import (
    Judged,
    Sample,
    Settings,
    add_on,
    halt_graph,
    halt_reference,
    idk,
    idk_share,
    r_tuning,
    r_tuning_r,
    r_tuning_u,
    random_trim,
    unchanged_own,
    unchanged_reference,
)
from halt.rewriting import halt as halt_method

LABELS = {"r": "right", "w": "wrong", "i": "idle", "v": "unverifiable", "j": "unjudged"}


def sample(index: int, labels: str) -> Sample:
    """One sample by the letters of its labels; `+` behind them: it solves its task, `-`: it does not."""
    solved = {"+": True, "-": False}.get(labels[-1:])
    labels = labels.rstrip("+-")
    fragments = tuple(f"s{index} f{number}" for number in range(len(labels)))
    names = tuple(LABELS[label] for label in labels)
    return Sample(index, "\n".join(fragments), fragments, names, solved=solved)


def prompt(*labels: str) -> Judged:
    return Judged("id", "prompt", "the reference", tuple(sample(i, text) for i, text in enumerate(labels)))


def settings(dependent: bool = False, **changes) -> Settings:
    values = {"rank_base": 0, "unverifiable": "keep", "idle": "drop", "reading": "wrong"}
    values |= {"unsure": "Unsure from here", "uncertain": "Uncertain"}
    return Settings(dependent, "\n".join, **{**values, **changes})


def test_the_gloss_takes_the_third_fourth_and_best_of_five():
    five = prompt("rrrr", "rrrw", "rrww", "rwww", "wwww").samples
    ranked = [rewriting.select(five, threshold, settings()).index for threshold in ("0.40", "0.60", "0.80", "1.00")]
    assert ranked == [2, 1, 0, 0]


def test_the_printed_formula_takes_the_second_third_and_fourth_of_five():
    five = prompt("rrrr", "rrrw", "rrww", "rwww", "wwww").samples
    assert [
        rewriting.select(five, threshold, settings(rank_base=1)).index for threshold in ("0.40", "0.60", "0.80")
    ] == [3, 2, 1]


def test_a_threshold_that_is_no_binary_fraction_is_not_rounded_up():
    assert math.ceil(0.07 * 100) == 8  # what floating point would do
    hundred = prompt(*["r" * number + "w" * (100 - number) for number in range(100)]).samples
    assert rewriting.select(hundred, "0.07", settings(rank_base=1)).index == 6


def test_equal_samples_keep_the_order_in_which_they_were_drawn():
    assert rewriting.select(prompt("rw", "wr", "rw").samples, "0.40", settings(rank_base=1)).index == 1


def test_independent_halt_deletes_wrong_fragments_wherever_they_stand():
    target = halt_method.rewrite(prompt("wrwr"), settings(), "0.80")
    assert target == ("s0 f1\ns0 f3", 0, 4, 2)


def test_independent_halt_says_unsure_when_nothing_is_left():
    assert halt_method.rewrite(prompt("ww"), settings(), "0.80").target == "Unsure from here"
    assert halt_method.rewrite(prompt(""), settings(), "0.80").target == "Unsure from here"


def test_dependent_halt_cuts_at_the_first_error_and_says_unsure_once():
    target = halt_method.rewrite(prompt("rrww"), settings(dependent=True), "0.80")
    assert target == ("s0 f0\ns0 f1\nUnsure from here", 0, 4, 2)


def test_dependent_halt_leaves_a_right_answer_as_it_is():
    assert halt_method.rewrite(prompt("rrr"), settings(dependent=True), "0.80").target == "s0 f0\ns0 f1\ns0 f2"


@pytest.mark.parametrize(("setting", "kept"), [("keep", "s0 f0\ns0 f1"), ("drop", "s0 f0")])
def test_unverifiable_fragments_are_kept_or_dropped_as_configured(setting, kept):
    assert halt_method.rewrite(prompt("rvw"), settings(unverifiable=setting), "0.80").target == kept


def test_unjudged_fragments_are_never_taught():
    assert halt_method.rewrite(prompt("rj"), settings(), "0.80").target == "s0 f0"
    assert halt_method.rewrite(prompt("rjr"), settings(dependent=True), "0.80").target == "s0 f0\nUnsure from here"


def test_a_sample_that_was_not_judged_at_all_is_left_out_by_who_reads_verdicts():
    drawn = [
        prompt("jj", "rj", "v")._replace(id="p0"),
        prompt("jv", "j")._replace(id="p1"),
        prompt("")._replace(id="p2"),
    ]
    found = rewriting.usable(drawn, halt_method, settings(reading="ignore"))
    assert [(one.id, [sample.index for sample in one.samples]) for one in found] == [("p0", [1, 2]), ("p2", [0])]
    assert rewriting.samples(drawn) - rewriting.samples(found) == 3
    found = rewriting.usable(drawn, halt_method, settings(reading="wrong"))  # "jv" has a fragment that counts
    assert [one.id for one in found] == ["p0", "p1", "p2"]
    for module in (unchanged_own, unchanged_reference, r_tuning_u):
        assert rewriting.usable(drawn, module, settings()) == drawn


@pytest.mark.parametrize("name", plugins.names("rewriting"))
def test_what_a_module_says_of_itself_is_so(name):
    """RANKED: two thresholds may take one sample, which the config's check refuses. VERDICTS: none changes a target."""
    text = Path(rewriting.__file__).with_name(f"{name}.py").read_text()
    module = rewriting.load(name)
    assert vars(module).get("RANKED", False) == (" select(" in text)
    if not vars(module).get("VERDICTS", True):
        assert not {"labels", "facts", "solved", "correctness", "wholly_right", "first_error", "left", "select"} & set(
            re.findall(r"\w+", text)
        )


@pytest.mark.parametrize(
    ("labels", "strict", "lenient"),
    [
        ("rvvv", "1/4", "1"),
        ("vv", "0", "0"),
        ("ri", "1/2", "1/2"),
        ("rwiv", "1/4", "1/3"),
        ("rj", "1", "1"),
        ("", 0, 0),
    ],
)
def test_samples_are_ranked_by_the_reading_and_what_is_idle_counts_against_them_in_both(labels, strict, lenient):
    assert rewriting.correctness(sample(0, labels), settings(reading="wrong")) == Fraction(strict)
    assert rewriting.correctness(sample(0, labels), settings(reading="ignore")) == Fraction(lenient)


def test_add_on_deletes_no_error_and_marks_from_the_first_one():
    target = add_on.rewrite(prompt("rwr"), settings(), "0.80")
    assert target == ("s0 f0\nUncertain\ns0 f1\ns0 f2", 0, 3, 1)
    assert add_on.rewrite(prompt("wr"), settings(), "0.80").target == "Uncertain\ns0 f0\ns0 f1"
    assert add_on.rewrite(prompt("rr"), settings(), "0.80").target == "s0 f0\ns0 f1"


def test_add_on_leaves_out_what_says_nothing_where_it_is_sure_and_there_alone():
    for dependent in (False, True):
        chosen = settings(dependent, unverifiable="drop")
        assert add_on.rewrite(prompt("irvwiv"), chosen, "1.00").target == "s0 f1\nUncertain\ns0 f3\ns0 f4\ns0 f5"
        assert add_on.rewrite(prompt("iv"), chosen, "1.00").target == "Unsure from here"


def test_unchanged_methods_change_nothing():
    judged = prompt("rw", "rr")
    assert unchanged_own.rewrite(judged, settings(), "none").target == judged.samples[0].text
    assert unchanged_reference.rewrite(judged, settings(), "none").target == "the reference"


def test_an_empty_sample_is_no_target_for_unchanged_own():
    assert unchanged_own.rewrite(prompt("", "r"), settings(), "none") is None


def test_idk_says_the_whole_percentile_sample_if_it_is_wholly_right():
    judged = prompt("ww", "rw", "rrr")
    assert idk.rewrite(judged, settings(), "1.00") == ("s2 f0\ns2 f1\ns2 f2", 2, 3, 3)
    assert idk.rewrite(judged, settings(), "0.30") == ("Unsure from here", 1, 2, 0)  # HALT would say "s1 f0"


def test_idk_takes_nothing_for_known_that_nobody_judged_right():
    assert idk.rewrite(prompt("vv"), settings(), "1.00").target == "Unsure from here"
    assert idk.rewrite(prompt(""), settings(), "1.00").target == "Unsure from here"
    assert idk.rewrite(prompt("rv"), settings(), "1.00").target == "s0 f0\ns0 f1"
    assert idk.rewrite(prompt("rv"), settings(unverifiable="drop"), "1.00").target == "Unsure from here"
    assert idk.rewrite(prompt("rj"), settings(), "1.00").target == "Unsure from here"


def test_idk_knows_of_a_dependent_answer_what_solves_its_task_without_an_error():
    chosen = settings(dependent=True, unverifiable="drop")
    for labels, said in (("rr+", "s0 f0\ns0 f1"), ("irvr+", "s0 f1\ns0 f3"), ("i+", "Unsure from here")):
        assert idk.rewrite(prompt(labels), chosen, "1.00").target == said
    for labels in ("rr-", "rr", "rw+", "i-"):  # not solved, not known, taught an error, 1 + 1 = 2
        assert idk.rewrite(prompt(labels), chosen, "1.00").target == "Unsure from here"
    options = settings(dependent=True, options={"share": 0.5})
    assert idk_share.rewrite(prompt("rr-", "ir+", "rr-", "r+"), options, "none").target == "s1 f1"
    assert idk_share.rewrite(prompt("rr-", "ir+", "rr-", "rr"), options, "none").target == "Unsure from here"


@pytest.mark.parametrize(("share", "target"), [(0.4, "s1 f0\ns1 f1"), (0.41, "Unsure from here")])
def test_idk_by_share_says_the_first_right_sample_of_enough(share, target):
    chosen = settings(options={"share": share})
    assert idk_share.rewrite(prompt("rw", "rr", "w", "r", "wr"), chosen, "none").target == target


def test_options_left_out_have_the_module_s_default():
    assert rewriting.options("idk_share", {}) == {"share": 0.5}
    assert rewriting.options("idk_share", {"share": 1}) == {"share": 1}
    assert rewriting.options("halt", {}) == {}
    with pytest.raises(plugins.ModuleError, match=r"halt\.py: no option share in OPTIONS, which has none"):
        rewriting.options("halt", {"share": 1})


TRIM = {"seed": 0}


def trimmed(prompts, threshold="1.00", **changes):
    chosen = settings(**{"options": TRIM, **changes})
    return [target for _, target in rewriting.targets("random_trim", prompts, chosen, threshold)]


def test_random_trim_removes_as_many_as_halt_and_not_the_same():
    judged = [prompt("rrwwrw")._replace(id=f"p{number}") for number in range(40)]
    targets = trimmed(judged)
    assert {(target.fragments, target.kept, target.sample) for target in targets} == {(6, 3, 0)}
    kept = [target.target.split("\n") for target in targets]
    assert all(lines == sorted(set(lines)) for lines in kept)  # in order, none twice
    assert {line for lines in kept for line in lines} == set(judged[0].samples[0].fragments)
    assert len({tuple(lines) for lines in kept}) > 10


def test_random_trim_says_unsure_where_halt_would():
    assert trimmed([prompt("ww"), prompt(""), prompt("rr")]) == [
        ("Unsure from here", 0, 2, 0),
        ("Unsure from here", 0, 0, 0),
        ("s0 f0\ns0 f1", 0, 2, 2),
    ]


def test_random_trim_deals_halt_s_cuts_out_anew_among_dependent_prompts():
    labels = ["wwww", "rwww", "rrww", "rrrr", ""] * 10
    judged = [prompt(text)._replace(id=f"p{number}") for number, text in enumerate(labels)]
    targets = trimmed(judged, dependent=True)
    assert sorted(target.kept for target in targets) == sorted([0, 1, 2, 4, 0] * 10)
    assert [target.kept for target in targets] != [0, 1, 2, 4, 0] * 10
    for target in targets:
        said = target.target.split("\n")
        assert (said[-1] == "Unsure from here") == (target.kept < target.fragments or not target.fragments)
        assert said[: target.kept] == [f"s0 f{number}" for number in range(target.kept)]


@pytest.mark.parametrize(("total", "share", "kept"), [(4, "1/8", 1), (3, "5/6", 2), (1, "9/10", 0), (3, "1", 3)])
def test_a_cut_is_rounded_and_takes_something_wherever_halt_did(total, share, kept):
    assert random_trim._cut(total, Fraction(share)) == kept


def test_random_trim_depends_on_seed_and_id_and_on_no_order():
    judged = [prompt("rrwwrw")._replace(id=f"p{number}") for number in range(8)]
    for dependent in (False, True):
        first = trimmed(judged, dependent=dependent)
        assert trimmed(judged[::-1], dependent=dependent)[::-1] == first
        assert dependent or trimmed(judged, options={"seed": 1}) != first


def test_random_trim_sees_no_label_but_through_halt_s_counts():
    assert trimmed([prompt("rwwrw")]) == trimmed([prompt("wwrrw")])


SURE = {"phrases": {"sure": "I am sure", "not_sure": "I am unsure"}}


@pytest.mark.parametrize(
    ("labels", "answer", "dependent", "line"),
    [
        (["rrw", "w", "w"], "first", False, "I am sure"),  # 2 of 3
        (["rww", "r", "r"], "first", False, "I am unsure"),
        (["rww", "r", "r"], "majority", False, "I am sure"),
        (["r", "r", "w", "w"], "majority", False, "I am unsure"),  # half is no majority
        (["rr+"], "first", True, "I am sure"),
        (["rr-"], "first", True, "I am unsure"),  # nothing is false, and the task is not solved
        (["rr"], "first", True, "I am unsure"),  # nobody knows
        (["rw-", "rwr+", "irr+"], "majority", True, "I am sure"),
        ([""], "first", False, "I am unsure"),
    ],
)
def test_r_tuning_keeps_the_reference_and_says_whether_the_model_knew(labels, answer, dependent, line):
    chosen = settings(dependent, options={"answer": answer, "share": 0.5}, **SURE)
    assert r_tuning.rewrite(prompt(*labels), chosen, "none") == (f"the reference\n{line}", None, 0, 0)
    refused = "the reference" if line == "I am sure" else "Unsure from here"
    assert r_tuning_r.rewrite(prompt(*labels), chosen, "none").target == refused


def answers(*texts: str) -> Judged:
    samples = [
        Sample(number, text, tuple(text.split("/") if text else ()), ("wrong",) * len(text.split("/")))
        for number, text in enumerate(texts)
    ]
    return Judged(f"id {texts}", "prompt", "the reference", tuple(samples))


def test_entropy_of_one_fragment_a_sample_is_that_of_the_answers():
    assert r_tuning_u.entropy(answers("a", "A ", "a", "a")) == 0
    assert r_tuning_u.entropy(answers("a", "a", "b", "b")) == pytest.approx(math.log(2))
    assert r_tuning_u.entropy(answers("a", "a", "a", "b")) == pytest.approx(2 * math.log(2) - 0.75 * math.log(3))
    assert r_tuning_u.entropy(answers("a", "b", "c", "")) == pytest.approx(math.log(4))


def test_entropy_of_longer_answers_lies_between_all_the_same_and_nothing_shared():
    assert r_tuning_u.entropy(answers("a/b", "b/a")) == 0
    assert r_tuning_u.entropy(answers("a/b", "c/d")) == pytest.approx(math.log(2))
    assert r_tuning_u.entropy(answers("a/b", "a/c")) == pytest.approx(1.5 * math.log(2) - math.log(2))


def test_r_tuning_u_is_unsure_above_the_median_whatever_is_right():
    judged = [answers("a", "a", "a"), answers("a", "a", "b"), answers("a", "b", "c")]
    given = [target.target for _, target in rewriting.targets("r_tuning_u", judged, settings(**SURE), "none")]
    assert given == ["the reference\nI am sure"] * 2 + ["the reference\nI am unsure"]


DARWIN = {
    "name": "Charles Darwin",
    "aliases": [],
    "nationality": "English",
    "occupations": ["naturalist", "scientist"],
    "born": "1809",
    "died": "1882",
    "origin": "",
    "gloss": "English naturalist",
}
LIFE = ["Charles Darwin was English.", "Charles Darwin was a naturalist.", "Charles Darwin was born in 1809."]


def lived(*said: tuple[str, str, str | None]) -> Judged:
    """(fragment, label, fact) of one sample on Charles Darwin."""
    fragments, labels, facts = zip(*said, strict=True)
    sampled = Sample(0, "\n".join(fragments), fragments, tuple(LABELS[label] for label in labels), facts)
    return Judged("darwin", "Who?", "\n".join(LIFE), (sampled,), json.dumps(DARWIN))


def from_reference(judged: Judged, domain: str = "biography") -> tuple:
    module = load(domain)
    chosen = settings(module.DEPENDENT, options={"overlap": 0.5})._replace(domain=module, join=module.join)
    return halt_reference.rewrite(judged, chosen, "1.00")


def test_halt_reference_keeps_the_statements_whose_facts_the_sample_got_right():
    born, worked = ("He was born in 1809.", "r", "birth year"), ("He was a scientist.", "r", "occupation")
    judged = lived(born, worked, ("Charles Darwin was French.", "w", None))
    assert from_reference(judged) == ("\n".join(LIFE[1:]), None, 3, 2)
    beyond = lived(("He died in 1882.", "r", "death year"), ("Charles Darwin was English.", "v", None))
    assert from_reference(beyond) == ("Unsure from here", None, 3, 0)


def test_halt_reference_goes_by_words_where_the_judge_names_no_fact():
    assert from_reference(lived(("Darwin, born in 1809", "r", None))).target == LIFE[2]  # 4 of 4 words, of LIFE[0] one
    assert from_reference(lived(("He sailed around the world in 1831", "r", None))).target == "Unsure from here"


@pytest.mark.parametrize(
    ("labels", "target", "kept"),
    [
        ("rww", "1 + 1 = 2\nUnsure from here", 1),
        ("w", "Unsure from here", 0),
        ("", "Unsure from here", 0),
        ("rr+", "1 + 1 = 2\n2 + 1 = 3\nAnswer: 3", 3),  # solved: the whole reference, though it has a step more
        ("rr-", "1 + 1 = 2\n2 + 1 = 3\nUnsure from here", 2),
        ("irv", "1 + 1 = 2\nUnsure from here", 1),
        ("rrrrw", "1 + 1 = 2\n2 + 1 = 3\nUnsure from here", 2),  # it did not come to the end
    ],
)
def test_halt_reference_cuts_a_dependent_reference_where_the_sample_went_wrong(labels, target, kept):
    judged = prompt(labels)._replace(reference="1 + 1 = 2\n2 + 1 = 3\nAnswer: 3")
    assert from_reference(judged, "mathematics") == (target, None, 3, kept)


def graphed(fragments: list[str], labels: str, domain: str, **truth) -> tuple:
    module = load(domain)
    names = tuple(LABELS[label] for label in labels)
    judged = Judged("id", "prompt", "", (Sample(0, "", tuple(fragments), names),), json.dumps(truth))
    chosen = settings(module.DEPENDENT)._replace(domain=module, join=module.join)
    return halt_graph.rewrite(judged, chosen, "1.00")


EGGS = {"values": [["48"], ["7"], ["16"]], "answer": "16", "given": ["24", "2", "3", "4", "64"]}


def test_halt_graph_keeps_a_right_step_that_rests_on_no_wrong_one():
    steps = ["24 * 2 = 48 eggs", "3 + 4 = 8 boxes", "64 - 48 = 16 eggs", "Answer: 16"]
    kept = "24 * 2 = 48 eggs\n64 - 48 = 16 eggs\nAnswer: 16\nUnsure from here"
    assert graphed(steps, "rwww", "mathematics", **EGGS) == (kept, 0, 4, 3)


def test_halt_graph_takes_a_wrong_step_s_descendants_with_it():
    steps = ["24 * 2 = 47 eggs", "3 + 4 = 7 boxes", "47 - 31 = 16 eggs", "Answer: 16"]
    assert graphed(steps, "wwww", "mathematics", **EGGS) == ("3 + 4 = 7 boxes\nUnsure from here", 0, 4, 1)
    assert graphed(steps[1:2], "r", "mathematics", **EGGS).target == "3 + 4 = 7 boxes"
    assert graphed([], "", "mathematics", **EGGS).target == "Unsure from here"


def test_halt_graph_is_halt_where_no_graph_is_drawn():
    for domain in ("biography", "competition_math"):
        expected = halt_method.rewrite(prompt("rwr"), settings(load(domain).DEPENDENT), "1.00")
        assert graphed([f"s0 f{number}" for number in range(3)], "rwr", domain)[1:] == expected[1:]


def test_an_edge_to_a_later_fragment_is_refused():
    domain = SimpleNamespace(__name__="halt.domains.made", rests_on=lambda fragments: [(1,), ()])
    with pytest.raises(rewriting.RewriteError, match=r"^halt\.domains\.made: rests_on"):
        halt_graph.rewrite(prompt("rr"), settings()._replace(domain=domain), "1.00")


LABEL_TEXTS = st.lists(st.text("rwivj", max_size=6), min_size=1, max_size=7)
THRESHOLDS = st.integers(1, 100).map(lambda hundredths: f"{hundredths / 100:.2f}")


@given(LABEL_TEXTS, THRESHOLDS, st.sampled_from([0, 1]), st.sampled_from(readings.READINGS))
def test_a_larger_threshold_never_picks_a_worse_sample(labels, threshold, base, reading):
    samples = prompt(*labels).samples
    told = settings(rank_base=base, reading=reading)
    worst, chosen, best = (
        rewriting.correctness(rewriting.select(samples, each, told), told) for each in ("0.01", threshold, "1.00")
    )
    assert worst <= chosen <= best


@given(LABEL_TEXTS, THRESHOLDS, st.booleans(), st.sampled_from(["keep", "drop"]))
def test_a_halt_target_holds_only_fragments_of_its_sample_that_may_stay(labels, threshold, dependent, unverifiable):
    judged, chosen = prompt(*labels), settings(dependent, unverifiable=unverifiable)
    target = halt_method.rewrite(judged, chosen, threshold)
    drawn = judged.samples[target.sample]
    allowed = {f for f, label in zip(drawn.fragments, drawn.labels, strict=True) if rewriting.keeps(label, chosen)}
    lines = target.target.split("\n")
    assert lines.count(chosen.unsure) <= 1
    said = [line for line in lines if line != chosen.unsure]
    assert set(said) <= allowed
    assert said == [fragment for fragment in drawn.fragments if fragment in said]
    assert len(said) == target.kept
    if dependent:
        before = drawn.fragments[: rewriting.first_error(drawn)]
        assert said == [fragment for fragment in before if fragment in allowed]
        assert (chosen.unsure in lines) == (len(before) < len(drawn.fragments) or not said)


@given(st.text("rwivj", max_size=8), st.randoms(use_true_random=False))
def test_a_graph_lies_between_halt_s_two_extremes(labels, random):
    size, drawn = len(labels), sample(0, labels)
    edges = [tuple(below for below in range(place) if random.random() < 0.3) for place in range(size)]
    alone, inside, cut = (
        halt_graph.standing(drawn.labels, each) for each in ([()] * size, edges, halt_graph.chain(size))
    )
    assert alone == [place for place, label in enumerate(drawn.labels) if not rewriting.ends(label)]
    assert cut == list(range(rewriting.first_error(drawn)))
    assert set(cut) <= set(inside) <= set(alone)
    gone = set(range(size)) - set(inside)
    assert all(gone.isdisjoint(edges[place]) for place in inside)
    assert all(rewriting.ends(drawn.labels[place]) or gone & set(edges[place]) for place in gone)


@given(LABEL_TEXTS, THRESHOLDS, st.sampled_from(["keep", "drop"]))
def test_halt_graph_is_halt_on_the_empty_graph_and_on_a_chain(labels, threshold, unverifiable):
    for dependent in (False, True):
        chosen = settings(dependent, unverifiable=unverifiable)._replace(domain=SimpleNamespace())
        expected = halt_method.rewrite(prompt(*labels), chosen, threshold)
        assert halt_graph.rewrite(prompt(*labels), chosen, threshold) == expected


@given(LABEL_TEXTS, THRESHOLDS)
def test_add_on_keeps_every_fragment_in_order_where_the_settings_keep_all(labels, threshold):
    judged = prompt(*labels)
    target = add_on.rewrite(judged, settings(idle="keep"), threshold)
    said = [line for line in target.target.split("\n") if line not in ("Uncertain", "Unsure from here")]
    assert said == list(judged.samples[target.sample].fragments)


def test_rewriting_modules_that_do_not_exist_are_named():
    with pytest.raises(plugins.ModuleError, match="no module 'hallt'"):
        rewriting.load("hallt")


def test_a_domain_and_its_join_agree_on_lines():
    assert halt_method.rewrite(prompt("rr"), settings()._replace(join=load("biography").join), "0.80").kept == 2
