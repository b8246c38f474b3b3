"""Preference training in two processes (DDP through gloo): the course of one process, and the same files."""

import json

import pytest
import torch
from safetensors.torch import load_file
from trainings import PREFER, column, contents, finish, in_two, prefer

pytestmark = pytest.mark.long
PER_STEP = 1e-5  # relative, of float32 sums in another order
PLAIN = {"dtype": "float32"}
TRAININGS = {
    "plain": PLAIN,
    "recomputed": PLAIN | {"gradient_checkpointing": True},
    "four": PLAIN | {"quantization": "4bit"},
    "half": {"dtype": "bfloat16"},
}


@pytest.fixture(scope="module")
def alone(model, finetuned, tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    return {name: prefer(model, finetuned, folder / name, **arguments) for name, arguments in TRAININGS.items()}


@pytest.fixture(scope="module")
def shared(model, finetuned, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ddp")
    finish(in_two("ddp", folder, TRAININGS, model, finetuned, stage="prefer"), folder)
    return {name: folder / name / "adapter" for name in TRAININGS}


@pytest.mark.parametrize("name", ["plain", "recomputed", "four"])
def test_two_processes_prefer_like_one(alone, shared, name):
    for named in ("loss", "grad_norm", "margin", "accuracy", "learning_rate"):
        assert column(shared[name], named) == pytest.approx(column(alone[name], named), rel=PER_STEP, abs=1e-6)
    ours, theirs = (load_file(folder[name] / "adapter_model.safetensors") for folder in (shared, alone))
    assert set(ours) == set(theirs)
    assert all(torch.allclose(ours[key], theirs[key], atol=1e-4) for key in theirs)


def test_two_processes_prefer_like_one_in_bfloat16(alone, shared):
    assert column(shared["half"], "loss") == pytest.approx(column(alone["half"], "loss"), rel=5e-2)


def test_the_pairs_are_shared_and_not_repeated(alone, shared):
    """What two processes learn is more than what one of them would see: each has half of every step's pairs."""
    ours, theirs = (json.loads((folder["plain"] / "training.json").read_text()) for folder in (shared, alone))
    assert (ours["processes"], ours["parallel"]) == (2, "ddp")
    of_a_step = [
        said["processes"] * said["arguments"]["per_device_train_batch_size"]
        * said["arguments"]["gradient_accumulation_steps"]
        for said in (ours, theirs)
    ]  # fmt: skip
    assert of_a_step == [PREFER["global_batch"]] * 2


@pytest.mark.parametrize("name", TRAININGS)
def test_the_same_files_are_left(alone, shared, name):
    assert set(contents(shared[name])) == set(contents(alone[name]))
    ours, theirs = (json.loads((folder[name] / "training.json").read_text()) for folder in (shared, alone))
    for same in ("parameters", "dtypes", "quantization", "adapter", "pairs", "pairs_seen", "steps", "loss"):
        assert ours[same] == theirs[same]
