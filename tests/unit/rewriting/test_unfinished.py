"""An answer that max_new_tokens cut is no target, and in no pair, that ends where the length did."""

import pytest
import synthetic

from halt import domains, frames, preferences, rewriting
from halt.rewriting import Judged, Sample, Settings
from halt.rewriting.shared import tables, unfinished

SETTINGS = Settings(
    dependent=False,
    join="\n".join,
    rank_base=0,
    unverifiable="drop",
    idle="drop",
    reading="wrong",
    unsure="Unsure from here",
    uncertain="Uncertain",
)
PHRASES = {"sure": "I am sure", "not_sure": "I am unsure"}


@pytest.mark.parametrize(
    ("text", "fragments", "left", "count"),
    [
        ("a = 1\nb = 2\nc =", ["a = 1", "b = 2", "c ="], "a = 1\nb = 2", 2),
        ("a = 1\nb = 2\n", ["a = 1", "b = 2"], "a = 1\nb = 2", 2),  # it ends with a line
        (
            "a = 1 = 2\nb = 3 = 4 +",
            ["a ", "= 1 ", "= 2", "\nb ", "= 3 ", "= 4 +"],
            "a = 1 = 2",
            3,
        ),  # all of the last line
        ("```python\nx = 1\ny = 2\n```\nThis sets", ["x = 1", "y = 2"], "```python\nx = 1\ny = 2\n```", 2),
        ("She was Irish. She wrote. In 19", ["She was Irish.", "She wrote.", "In 19"], "She was Irish. She wrote.", 2),
        ("She was Irish. She lived in St.", ["She was Irish.", "She lived in St."], "She was Irish.", 1),
        ("1. **a = 1**\n2. **b = 2**\n3. **c", ["a = 1", "b = 2", "c"], "1. **a = 1**\n2. **b = 2**", 2),
        ("    x = 1\n    retur", ["    x = 1", "    retur"], "    x = 1", 1),
        ("one line without an end", ["one line without an end"], "", 0),
        ("words\nand mo", [], "words", 0),
        ("tidied:  one\ntwo\nthree", ["tidied, one", "two", "three"], "tidied:  one\ntwo", 2),
        ("a <b>was</b> born.\nthen", ["a was born.", "then"], "a <b>was</b> born.", 1),
        ("a <b>was</b> born\nthen", ["a was born", "then"], "", 0),  # nobody knows where it ends
        (" \n", [], "", 0),
    ],
)
def test_what_is_whole_ends_with_a_line_or_a_sentence(text, fragments, left, count):
    assert unfinished.whole(text, fragments) == (left, count)


def cut(labels: str = "rrr", finished: bool = False, solved: bool | None = None) -> Judged:
    """One prompt whose only sample was cut off in the middle of its last line."""
    fragments = tuple(f"step {place}" for place in range(len(labels)))
    key = synthetic.answer("samples", "none")
    lines = synthetic.judged(key, labels, texts=fragments, solved=solved)
    [prompt] = tables.judged(
        synthetic.data(synthetic.row()),
        synthetic.responses(synthetic.response(key, "\n".join(fragments), finished)),
        synthetic.judgements(*lines),
    )
    return prompt


def target(method: str, prompt: Judged, dependent: bool = False, **changes) -> str | None:
    options = rewriting.options(method, {})
    settings = SETTINGS._replace(dependent=dependent, options=options, phrases=PHRASES, **changes)
    [(_, found)] = rewriting.targets(method, [prompt], settings, "1.00")
    return found and found.target


@pytest.mark.parametrize("method", ["unchanged_own", "halt", "add_on", "halt_graph", "idk", "idk_share", "random_trim"])
def test_no_target_of_an_independent_answer_ends_where_it_was_cut(method):
    domain = domains.load("biography")
    assert target(method, cut(), domain=domain) == "step 0\nstep 1"
    assert target(method, cut(finished=True), domain=domain) == "step 0\nstep 1\nstep 2"


@pytest.mark.parametrize("method", ["halt", "halt_graph", "random_trim"])
def test_a_dependent_answer_that_was_cut_says_unsure_from_there(method):
    domain = domains.load("competition_math")
    assert target(method, cut(), True, domain=domain) == "step 0\nstep 1\nUnsure from here"
    assert target(method, cut(finished=True), True, domain=domain) == "step 0\nstep 1\nstep 2"
    assert target(method, cut("r"), True, domain=domain) == "Unsure from here"


def test_dependent_methods_without_that_phrase_end_with_a_line():
    for method in ("unchanged_own", "add_on", "idk", "idk_share"):
        assert target(method, cut(solved=True), True) == "step 0\nstep 1"
    assert target("add_on", cut("rwr"), True) == "step 0\nUncertain\nstep 1"


def test_a_prompt_of_whose_answer_nothing_is_whole_is_left_out_where_the_text_is_taken_as_it_is():
    assert target("unchanged_own", cut("r")) is None
    assert target("unchanged_own", cut("r", finished=True)) == "step 0"


def test_answers_in_pairs_end_with_a_line_too():
    lines = [("a\nb\nc", "rrw"), ("a\nb\nd", "rww")]
    samples = tuple(
        rewriting.without_tail(
            Sample(
                number, text, tuple(text.split("\n")), tuple({"r": "right", "w": "wrong"}[each] for each in labels)
            )._replace(finished=False)
        )
        for number, (text, labels) in enumerate(lines)
    )
    prompt = Judged("id", "Who?", "", samples)
    assert preferences.paired("facttune_fs", prompt, SETTINGS, "none") == []  # what differs is the same text by now
    other = Sample(2, "e", ("e",), ("wrong",))
    found = preferences.paired("facttune_fs", prompt._replace(samples=(samples[0], other)), SETTINGS, "none")
    assert [(pair.chosen, pair.rejected) for pair in found] == [("a\nb", "e")]
    [pair] = preferences.paired("halt_dpo", prompt, SETTINGS._replace(rank_base=1), "0.50")
    assert (pair.chosen, pair.rejected) == ("a", "a\nb")


def test_rated_answers_lose_the_confidence_of_what_was_cut_off():
    keys = [synthetic.answer("samples", "none", domain="biography", sample=sample) for sample in (0, 1)]
    texts = ["Ann was Irish.\nAnn wrote.\nAnn was bo", "Ann was Irish.\nAnn sang.\nAnn died."]
    fragments = [domains.split(domains.load("biography"), text) for text in texts]
    rows = [
        {**key, "fragment": place, "evaluator": "pretrained", "split": "train", "confidence": (place + 1) / 4}
        for key, said in zip(keys, fragments, strict=True)
        for place in range(len(said))
    ]
    responses = [
        synthetic.response(key, text, finished) for key, text, finished in zip(keys, texts, (False, True), strict=True)
    ]
    [prompt] = preferences.rated(
        {"p0": "Who?"},
        synthetic.responses(*responses),
        frames.build(rows, frames.RATINGS),
        domains.load("biography"),
    )
    assert [sample.text for sample in prompt.samples] == ["Ann was Irish.\nAnn wrote.", texts[1]]
    assert [sample.confidences for sample in prompt.samples] == [(0.25, 0.5), (0.25, 0.5, 0.75)]
