"""Finetuning in two processes, whole in each (DDP) or sharded (FSDP): the course of one process, and the same files.

Without a GPU accelerate does not shard; `two_processes.shard_on_cpu` lifts that one condition. What it then does (FSDP2
of torch, gathering, checkpoints) is what it does on GPUs, but for NCCL.
"""

import json

import psutil
import pytest
import torch
from safetensors.torch import load_file
from trainings import column, contents, finetune, finish, in_two, wait

from halt.training.encoding import TrainingError

PLAIN = {"dtype": "float32"}
TRAININGS = {
    "plain": PLAIN,
    "recomputed": PLAIN | {"gradient_checkpointing": True},
    "four": PLAIN | {"quantization": "4bit"},
    "full": PLAIN | {"adapter": "full"},
    "half": {"dtype": "bfloat16"},
}
LONG = {"dtype": "float32", "epochs": 12}  # 30 steps, a checkpoint every third
PER_STEP = 1e-5  # relative, of float32 sums in another order


@pytest.fixture(scope="module")
def alone(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    return {name: finetune(model, folder / name, **arguments) for name, arguments in TRAININGS.items()}


@pytest.fixture(scope="module", params=["ddp", "fsdp"])
def shared(request, model, tmp_path_factory):
    """(how, folder of the result of each of TRAININGS)."""
    folder = tmp_path_factory.mktemp(request.param)
    finish(in_two(request.param, folder, TRAININGS, model), folder)
    return request.param, {name: folder / name / "adapter" for name in TRAININGS}


@pytest.mark.long
@pytest.mark.parametrize("name", ["plain", "recomputed", "four", "full"])
def test_two_processes_train_like_one(alone, shared, name):
    _, results = shared
    assert column(results[name], "loss") == pytest.approx(column(alone[name], "loss"), rel=PER_STEP)
    ours, theirs = (next(folder[name].glob("*.safetensors")) for folder in (results, alone))
    ours, theirs = load_file(ours), load_file(theirs)
    assert set(ours) == set(theirs)
    assert all(torch.allclose(ours[key], theirs[key], atol=1e-4) for key in theirs)


@pytest.mark.long
def test_two_processes_train_like_one_in_bfloat16(alone, shared):
    _, results = shared
    assert column(results["half"], "loss") == pytest.approx(column(alone["half"], "loss"), rel=1e-2)


@pytest.mark.long
@pytest.mark.parametrize("name", TRAININGS)
def test_the_same_files_are_left(alone, shared, name):
    how, results = shared
    assert set(contents(results[name])) == set(contents(alone[name]))
    ours, theirs = (json.loads((folder[name] / "training.json").read_text()) for folder in (results, alone))
    assert (ours["processes"], ours["parallel"]) == (2, how)
    for same in ("parameters", "dtypes", "quantization", "adapter", "rows"):
        assert ours[same] == theirs[same]


def test_four_bits_train_another_adapter(alone):
    assert column(alone["four"], "loss") != pytest.approx(column(alone["plain"], "loss"), rel=1e-4)
    record = json.loads((alone["four"] / "training.json").read_text())
    assert record["quantization"] == "4bit"
    assert record["dtypes"]["trained"] == ["torch.float32"]


@pytest.mark.slow
def test_a_killed_sharded_training_goes_on_from_its_last_checkpoint_to_the_same_bytes(model, tmp_path):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    killed.mkdir()
    whole.mkdir()
    process = in_two("fsdp", killed, {"a": LONG}, model, to_be_killed=True)
    wait(process, lambda: len(list(killed.glob("a/work/checkpoint-*/whole"))) >= 2)
    marks = list(killed.glob("a/work/checkpoint-*/whole"))
    launcher = psutil.Process(process.pid)
    for one in [*launcher.children(recursive=True), launcher]:
        one.kill()
    process.wait()
    assert not (killed / "a/adapter").exists()
    assert {mark.read_text() for mark in marks} == {"fsdp"}

    finish(in_two("fsdp", killed, {"a": LONG}, model), killed)
    finish(in_two("fsdp", whole, {"a": LONG}, model), whole)
    assert contents(killed / "a/adapter") == contents(whole / "a/adapter")
    assert not (killed / "a/work").exists()


def test_a_checkpoint_of_the_other_way_to_share_is_not_continued(model, alone, tmp_path):
    checkpoint = tmp_path / "work" / "checkpoint-3"
    checkpoint.mkdir(parents=True)
    (checkpoint / "whole").write_text("fsdp")
    (tmp_path / "work" / "fingerprint").write_text("f")
    assert contents(finetune(model, tmp_path, **PLAIN)) == contents(alone["plain"])


def test_sharding_without_a_gpu_is_refused_in_one_line(model, monkeypatch, tmp_path):
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    with pytest.raises(TrainingError, match=r"^needs.finetune.parallel: fsdp needs GPUs, found none"):
        finetune(model, tmp_path, **PLAIN)


def test_four_bit_weights_are_not_trained(model, tmp_path):
    with pytest.raises(TrainingError, match=r"^quantization: 4bit weights cannot be trained, expected .* lora$"):
        finetune(model, tmp_path, quantization="4bit", adapter="full")


def test_four_bits_are_packed_into_the_model_s_own_number_format():
    from halt.training import common

    asked = common._four_bits("bfloat16")
    assert asked.load_in_4bit
    assert asked.bnb_4bit_quant_type == "nf4"
    assert asked.bnb_4bit_quant_storage == asked.bnb_4bit_compute_dtype == torch.bfloat16
