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
    shown = [turn["content"] for prompt in task.prompts(2, 0) for turn in prompt.messages[:-1]]
    assert len(shown) == 12
    with pytest.raises(HaltError, match=f"rows of the split {alien}"):
        answering.Task.read(settings, tmp_path / "train.parquet", tmp_path / f"{alien}.parquet", manifest)


def test_plain_text_targets_have_the_form_of_their_own_domain():
    targets = [{"domain": name, "prompt": "Ask.", "target": "Say."} for name in ("bio", "maths")]
    modules = {"bio": domains.load("biography"), "maths": domains.load("mathematics")}
    made = few_shot.training_rows(targets, False, modules)
    assert [one["prompt"] for one in made] == ["Request: Ask.\nProfile:\n", "Question: Ask.\nSolution:\n"]
    assert [one["completion"] for one in made] == ["Say.\n\n"] * 2
