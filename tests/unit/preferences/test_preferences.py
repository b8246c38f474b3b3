"""Pairs of answers: who is preferred to whom, worked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halt import plugins, preferences
from halt.preferences import Pair
from halt.rewriting import Judged, Sample, Settings

LABELS = {"r": "right", "w": "wrong", "i": "idle", "u": "unverifiable"}
SETTINGS = Settings(
    dependent=False,
    join="\n".join,
    rank_base=0,
    unverifiable="keep",
    idle="drop",
    reading="wrong",
    unsure="Unsure from here",
    uncertain="Uncertain",
)


def sample(index: int, labels: str, fragments: str | None = None) -> Sample:
    """Labels as letters; fragments as letters too, else each of its own."""
    texts = tuple(fragments or (f"{index}{place}" for place in range(len(labels))))
    return Sample(index, "\n".join(texts), texts, tuple(LABELS[letter] for letter in labels))


def judged(*samples: Sample) -> Judged:
    return Judged("id", "Who?", "Somebody.", samples)


def ranks(pairs: list[Pair]) -> list[tuple]:
    return [(pair.chosen_sample, pair.rejected_sample) for pair in pairs]


def test_facttune_fs_pairs_every_two_samples_of_unequal_correctness():
    prompt = judged(sample(0, "rw"), sample(1, "rr"), sample(2, "wr"), sample(3, "ww"))
    found = preferences.paired("facttune_fs", prompt, SETTINGS, "none")
    assert ranks(found) == [(1, 0), (0, 3), (1, 2), (1, 3), (2, 3)]  # 0 and 2 are equal
    assert found[0] == Pair("10\n11", "00\n01", 1, 0, 1.0, 0.5)


def test_facttune_fs_follows_the_reading_of_what_the_reference_does_not_mention():
    prompt = judged(sample(0, "ru"), sample(1, "r"), sample(2, "ri"))
    strict = preferences.paired("facttune_fs", prompt, SETTINGS, "none")
    assert ranks(strict) == [(1, 0), (1, 2)]
    lenient = preferences.paired("facttune_fs", prompt, SETTINGS._replace(reading="ignore"), "none")
    assert ranks(lenient) == [(0, 2), (1, 2)]


def test_facttune_mc_prefers_what_the_other_samples_say_too_and_reads_no_label():
    agreed, alone, half = sample(0, "ww", "ab"), sample(1, "rr", "cd"), sample(2, "rw", "ae")
    again = sample(3, "ww", "ab")
    found = preferences.paired("facttune_mc", judged(agreed, alone, half, again), SETTINGS, "none")
    # a is said by two of three others, b by one, c, d and e by none
    assert {pair.chosen_sample: pair.chosen_score for pair in found}[0] == pytest.approx((2 / 3 + 1 / 3) / 2)
    assert {pair.chosen_sample: pair.chosen_score for pair in found}[2] == pytest.approx((2 / 3 + 0) / 2)
    assert ranks(found) == [(0, 1), (0, 2), (2, 1), (3, 1), (3, 2)]


def test_facttune_mc_takes_case_space_and_the_last_point_for_nothing():
    one, other = sample(0, "r", ["Born  in 1900."]), sample(1, "r", ["born in 1900"])
    third = sample(2, "r", ["born in 1901"])
    found = preferences.paired("facttune_mc", judged(one, other, third), SETTINGS, "none")
    assert ranks(found) == [(0, 2), (1, 2)]


def test_an_empty_sample_is_in_no_pair():
    found = preferences.paired("facttune_fs", judged(sample(0, "r"), Sample(1, " \n", (), ())), SETTINGS, "none")
    assert found == []


def test_halt_dpo_prefers_the_halt_target_to_the_sample_it_was_made_of():
    prompt = judged(sample(0, "rr"), sample(1, "rw"), sample(2, "ww"))
    # ceil(0.40 * 3) = 2: the last of the samples 2, 1, 0, counted from 0
    assert ranks(preferences.paired("halt_dpo", prompt, SETTINGS, "0.40")) == []  # it has no error
    [pair] = preferences.paired("halt_dpo", prompt, SETTINGS, "0.30")
    assert pair == Pair("10", "10\n11", None, 1, None, None)
    [pair] = preferences.paired("halt_dpo", prompt, SETTINGS._replace(rank_base=1), "0.30")
    assert (pair.chosen, pair.rejected) == ("Unsure from here", "20\n21")


def test_halt_dpo_cuts_dependent_answers():
    prompt = judged(sample(0, "rwr"))
    [pair] = preferences.paired("halt_dpo", prompt, SETTINGS._replace(dependent=True), "0.40")
    assert (pair.chosen, pair.rejected) == ("00\nUnsure from here", "00\n01\n02")


def of_six() -> list[Pair]:
    """Six pairs: every two of four samples of different correctness."""
    prompt = judged(sample(0, "rrr"), sample(1, "rrw"), sample(2, "rww"), sample(3, "www"))
    return preferences.paired("facttune_fs", prompt, SETTINGS, "none")


def test_all_pairs_of_a_prompt_are_taken_unless_it_is_said_how_many():
    found = of_six()
    assert len(found) == 6
    assert preferences.drawn(found, None, 0, "id") == found
    assert preferences.drawn(found, 6, 0, "id") == preferences.drawn(found, 99, 0, "id") == found
    assert preferences.drawn([], 2, 0, "id") == []


def test_which_pairs_are_taken_is_decided_by_the_seed_and_the_prompt():
    chosen = {(seed, id): tuple(preferences.drawn(of_six(), 2, seed, id)) for seed in range(5) for id in "abcdefgh"}
    assert chosen[0, "a"] == tuple(preferences.drawn(of_six(), 2, 0, "a"))
    assert len({chosen[0, id] for id in "abcdefgh"}) > 2
    assert len({chosen[seed, "a"] for seed in range(5)}) > 1
    assert {pair for pairs in chosen.values() for pair in pairs} == set(of_six())  # none is out of reach


@given(st.integers(0, 12), st.integers(1, 12), st.integers(0, 99), st.text(max_size=3))
def test_more_pairs_a_prompt_keep_those_that_were_there_and_their_order(count, most, seed, id):
    found = [Pair(f"c{place}", f"r{place}", None, None, None, None) for place in range(count)]
    fewer, more = (preferences.drawn(found, number, seed, id) for number in (most, most + 1))
    assert len(fewer) == min(count, most)
    assert set(fewer) <= set(more)
    assert fewer == [pair for pair in found if pair in fewer]


letters = st.text("rwiu", max_size=4)


@given(st.lists(letters, min_size=1, max_size=5), st.sampled_from(["facttune_fs", "facttune_mc"]))
def test_the_chosen_answer_always_has_the_higher_score_and_no_two_are_paired_twice(labels, module):
    prompt = judged(*(sample(index, each) for index, each in enumerate(labels)))
    found = preferences.paired(module, prompt, SETTINGS, "none")
    assert all(pair.chosen_score > pair.rejected_score for pair in found)
    assert len({frozenset(pair) for pair in ranks(found)}) == len(found)


@given(st.lists(letters, min_size=1, max_size=5), st.sampled_from(["0.20", "0.40", "1.00"]), st.booleans())
def test_halt_dpo_never_prefers_an_answer_to_itself(labels, threshold, dependent):
    prompt = judged(*(sample(index, each) for index, each in enumerate(labels)))
    for pair in preferences.paired("halt_dpo", prompt, SETTINGS._replace(dependent=dependent), threshold):
        assert pair.chosen != pair.rejected


def test_a_module_that_gives_no_pairs_is_named(monkeypatch):
    module = preferences.load("facttune_fs")
    monkeypatch.setattr(module, "pairs", lambda prompt, settings, threshold: ["chosen"])
    with pytest.raises(plugins.ModuleError, match=r"^scripts/halt/preferences/facttune_fs.py: pairs\(\) gave 'chosen'"):
        preferences.paired("facttune_fs", judged(sample(0, "r")), SETTINGS, "none")
