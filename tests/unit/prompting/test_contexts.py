"""Few-shot contexts: training pairs only, never the prompt itself, the same whatever else is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import row

from halt import domains, frames
from halt.errors import HaltError
from halt.prompting import answering, few_shot

POOL = [{"id": f"t{k}", "cluster": f"c{k}", "prompt": f"Ask {k}?", "reference": f"Say {k}."} for k in range(9)]


@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 2**32))
def test_the_prompt_itself_is_never_an_example_of_its_own(own, shots, seed):
    pairs = few_shot.context(POOL, POOL[own], shots, seed)
    assert len(set(pairs)) == shots
    assert set(pairs) <= {(entry["prompt"], entry["reference"]) for entry in POOL}
    assert f"Ask {own}?" not in [prompt for prompt, _ in pairs]


def test_examples_are_drawn_for_each_prompt_anew():
    drawn = {tuple(few_shot.context(POOL, {"id": f"v{k}", "cluster": f"v{k}"}, 4, 0)) for k in range(50)}
    assert len(drawn) > 40
    assert {pair for pairs in drawn for pair in pairs} == {(e["prompt"], e["reference"]) for e in POOL}


def test_more_shots_than_rows_are_refused():
    with pytest.raises(HaltError, match="9 shots, but only 8 training rows are no variant of 't0'"):
        few_shot.context(POOL, POOL[0], 9, 0)


@given(st.integers(0, 8), st.integers(0, 2**32))
def test_a_variant_of_a_prompt_is_no_example_of_it(own, seed):
    variants = [{**entry, "cluster": f"c{number // 3}"} for number, entry in enumerate(POOL)]
    pairs = few_shot.context(variants, variants[own], 6, seed)
    family = {entry["prompt"] for entry in variants if entry["cluster"] == variants[own]["cluster"]}
    assert len(family) == 3
    assert not family & {prompt for prompt, _ in pairs}


def test_without_variants_the_examples_are_drawn_from_all_others():
    """What is drawn for a prompt without variants is what was drawn before there were any."""
    apart = [*POOL, {"id": "x", "cluster": "c0", "prompt": "Ask x?", "reference": "Say x."}]
    assert few_shot.context(apart, apart[0], 4, 0) == few_shot.context(POOL, POOL[0], 4, 0)


@pytest.mark.parametrize("alien", ["validation", "test"])
def test_examples_from_another_split_are_refused(tmp_path, alien):
    """`generate` and `respond` read their contexts here."""
    for split in ("train", alien):
        rows = [{**row(id=f"{split}{k}"), "split": split} for k in range(3)]
        frames.write(frames.build(rows, frames.DATA), tmp_path / f"{split}.parquet", frames.DATA)
    manifest = tmp_path / "manifest.json"
    manifest.write_text("{}")
    settings = {
        "models/tiny": {"chat": True, "dtype": "float32"},
        "domains/biography": {"module": "biography", "max_new_tokens": 4},
    }
    task = answering.Task.read(settings, tmp_path / f"{alien}.parquet", tmp_path / "train.parquet", manifest)
    shown = [text for asking in task.askings(2, 0) for pair in asking.pairs for text in pair]
    assert len(shown) == 12
    with pytest.raises(HaltError, match=f"rows of the split {alien}"):
        answering.Task.read(settings, tmp_path / "train.parquet", tmp_path / f"{alien}.parquet", manifest)


def test_plain_text_targets_have_the_form_of_their_own_domain():
    targets = [{"domain": name, "prompt": "Ask.", "target": "Say."} for name in ("bio", "maths")]
    modules = {"bio": domains.load("biography"), "maths": domains.load("mathematics")}
    made = few_shot.training_rows(targets, False, modules)
    assert [one["prompt"] for one in made] == ["Request: Ask.\nProfile:\n", "Question: Ask.\nSolution:\n"]
    assert [one["completion"] for one in made] == ["Say.\n\n"] * 2


ROWS = [{"id": f"a{k}", "cluster": f"a{k}", "prompt": f"New {k}?"} for k in range(60)]


def shown(rows, pool, count, seed=0, shots=4):
    """What each row is shown before its own question."""
    prompts = [one.prompt(shots) for one in few_shot.askings(rows, pool, shots, seed, True, None, count)]
    return [tuple(turn["content"] for turn in prompt.messages[:-1]) for prompt in prompts]


@given(st.integers(1, 5), st.integers(0, 2**32))
def test_prompts_share_so_many_contexts(count, seed):
    contexts = {
        tuple(text for pair in few_shot.context([], row, 4, seed, drawn) for text in pair)
        for drawn in [few_shot.contexts(POOL, 4, seed, count)]
        for row in ROWS
    }
    assert contexts == set(shown(ROWS, POOL, count, seed))
    assert 1 <= len(contexts) <= count
    assert all(len(set(context)) == 8 for context in contexts)


def test_every_shared_context_is_used_and_another_seed_draws_others():
    assert len(set(shown(ROWS, POOL, 4))) == 4
    assert set(shown(ROWS, POOL, 4)) != set(shown(ROWS, POOL, 4, seed=1))


def test_the_shared_context_of_a_prompt_does_not_depend_on_what_else_is_asked():
    assert shown(ROWS[7:8], POOL, 4) == shown(ROWS, POOL, 4)[7:8]
    assert shown(ROWS, POOL, 4) == shown(ROWS, POOL, 4)


@given(st.integers(1, 6), st.integers(0, 2**32))
def test_a_shared_context_holds_no_variant_of_a_training_prompt(count, seed):
    variants = [{**entry, "cluster": f"c{number // 3}"} for number, entry in enumerate(POOL)]
    for asked, texts in zip(variants, shown(variants, variants, count, seed, shots=2), strict=True):
        family = {entry["prompt"] for entry in variants if entry["cluster"] == asked["cluster"]}
        assert not family & set(texts)
        assert len(texts) == 4


def test_a_prompt_whose_variants_are_in_all_shared_contexts_draws_its_own():
    """A context of eight of nine rows is for one training prompt; the others are shown what they were before."""
    own, shared = shown(POOL, POOL, None, shots=8), shown(POOL, POOL, 1, shots=8)
    [context] = few_shot.contexts(POOL, 8, 0, 1)
    outside = [place for place, row in enumerate(POOL) if row not in context]
    assert len(outside) == 1
    assert [a == b for a, b in zip(own, shared, strict=True)].count(True) >= 8


def test_without_a_number_every_prompt_draws_its_own_as_before():
    assert shown(ROWS, POOL, None) == [
        tuple(text for pair in few_shot.context(POOL, row, 4, 0) for text in pair) for row in ROWS
    ]


def test_shared_contexts_of_more_shots_than_rows_are_refused():
    with pytest.raises(HaltError, match="10 shots, but only 9 training rows"):
        few_shot.contexts(POOL, 10, 0, 2)
