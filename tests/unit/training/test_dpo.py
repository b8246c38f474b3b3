"""Preference training: DPO against the finetuned adapter and not the pretrained model, resumed like any training."""

import csv
import json
import math
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import test_training
import torch
from peft import PeftModel
from safetensors.torch import load_file
from test_training import ROOT, _bytes, _train
from transformers import AutoModelForCausalLM

from halt import frames
from halt.training import dpo
from halt.training.encoding import TrainingError

model = test_training.model  # the fixture
SETTINGS = {
    "beta": 0.3,
    "learning_rate": 1e-2,
    "schedule": "linear",
    "warmup": 0.1,
    "epochs": 3,
    "global_batch": 4,
    "max_length": 64,
    "weight_decay": 0.0,
    "max_grad_norm": 1.0,
    "gradient_checkpointing": False,
}


def _pairs(count: int) -> list[dict]:
    dice = random.Random(0)
    words = {"prompt": ("user", "q"), "chosen": ("assistant", "a"), "rejected": ("assistant", "b")}
    return [
        {name: [{"role": role, "content": letter * dice.randint(1, 9)}] for name, (role, letter) in words.items()}
        for _ in range(count)
    ]


def _prefer(model, adapter, folder, rows=None, batch_size=4, dtype="float32", quantization=None, **changes):
    """One training in this process; the folder of the result."""
    run = dpo.Run(label="prefer test", seed=changes.pop("seed", 0), provenance={"version": 1}, fingerprint="f")
    dpo.prefer(
        rows=_pairs(10) if rows is None else rows,
        model=model,
        adapter=adapter,
        dtype=dtype,
        settings=SETTINGS | changes,
        run=run,
        batch_size=batch_size,
        work=folder / "work",
        output=folder / "adapter",
        quantization=quantization,
    )
    return folder / "adapter"


@pytest.fixture(scope="module")
def finetuned(model, tmp_path_factory):
    return _train(model, tmp_path_factory.mktemp("finetuned"), dtype="float32")


@pytest.fixture(scope="module")
def preferred(model, finetuned, tmp_path_factory):
    return _prefer(model, finetuned, tmp_path_factory.mktemp("preferred"))


def _course(folder: Path) -> list[dict]:
    with (folder / "loss.csv").open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def test_the_reference_policy_is_the_finetuned_adapter(model, finetuned, preferred, tmp_path):
    """Policy and reference are the same at the first step, so the loss is log 2 whatever the pairs."""
    assert _course(preferred)[0]["loss"] == pytest.approx(math.log(2), abs=1e-6)
    assert _course(preferred)[0]["margin"] == pytest.approx(0, abs=1e-6)
    # The adapter does something: the pretrained model as reference would have told another loss.
    trained = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(model, dtype="float32"), finetuned)
    ids = torch.arange(8)[None]
    with torch.no_grad():
        ours = trained(ids).logits
        with trained.disable_adapter():
            assert (trained(ids).logits - ours).abs().max() > 0.1


def test_policy_and_reference_start_equal_on_four_bit_weights_too(model, finetuned, tmp_path):
    course = _course(_prefer(model, finetuned, tmp_path, quantization="4bit", epochs=0.4))
    assert course[0]["margin"] == 0
    assert course[0]["loss"] == pytest.approx(math.log(2), abs=1e-6)


def test_the_chosen_answers_become_likelier_than_the_rejected(preferred):
    course = _course(preferred)
    assert course[-1]["loss"] < course[0]["loss"]
    assert course[-1]["margin"] > 0.5
    assert course[-1]["accuracy"] == 1


def test_what_the_config_says_is_what_the_trainer_used(preferred):
    """Published code passes one beta and trains with another: here what the trainer held is read back."""
    said = json.loads((preferred / "training.json").read_text())
    arguments = said["arguments"]
    assert (arguments["beta"], arguments["learning_rate"]) == (SETTINGS["beta"], SETTINGS["learning_rate"])
    assert (arguments["lr_scheduler_type"], said["scheduler"]) == ("linear", "LambdaLR")
    assert said["loss"] == ["sigmoid"]
    assert said["pairs"] == 10
    assert said["pairs_seen"] == said["steps"] * SETTINGS["global_batch"] == 32  # 3 epochs of 10, the last step filled
    assert _course(preferred)[-1]["epoch"] == 3.2
    assert max(row["learning_rate"] for row in _course(preferred)) == SETTINGS["learning_rate"]


def test_beta_changes_the_training_and_the_loss_is_of_it(model, finetuned, preferred, tmp_path):
    other = _prefer(model, finetuned, tmp_path, beta=0.01)
    assert _course(other)[0]["loss"] == pytest.approx(math.log(2), abs=1e-6)
    assert _course(other)[-1]["loss"] > _course(preferred)[-1]["loss"]
    for row in _course(other)[1:]:  # rewards are beta times log ratios
        assert abs(row["margin"]) < 1


def test_the_result_is_one_adapter_that_answers_as_any_other(model, finetuned, preferred):
    assert {file.name for file in preferred.iterdir()} == {file.name for file in finetuned.iterdir()}
    before, after = (load_file(folder / "adapter_model.safetensors") for folder in (finetuned, preferred))
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("batch_size", [1, 2])
def test_batch_size_changes_nothing(model, finetuned, preferred, tmp_path, batch_size):
    other = _prefer(model, finetuned, tmp_path, batch_size=batch_size)
    assert [row["loss"] for row in _course(other)] == pytest.approx(
        [row["loss"] for row in _course(preferred)], abs=1e-4
    )


def test_a_killed_training_goes_on_from_its_checkpoint_to_the_same_weights(model, finetuned, tmp_path):
    whole = _prefer(model, finetuned, tmp_path / "whole", epochs=40)
    killed = tmp_path / "killed"
    program = (
        "import sys; sys.path[:0] = sys.argv[1:3]\n"
        "from pathlib import Path\nimport test_preferring\n"
        "test_preferring._prefer(*map(Path, sys.argv[3:6]), epochs=40)"
    )
    command = [sys.executable, "-c", program, ROOT / "tests/unit", ROOT / "scripts", model, finetuned, killed]
    process = subprocess.Popen(command, start_new_session=True)
    while len(list(killed.glob("work/checkpoint-*/whole"))) < 1:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (killed / "adapter").exists()
    steps = {int(mark.parent.name.split("-")[1]) for mark in killed.glob("work/checkpoint-*/whole")}
    resumed = _prefer(model, finetuned, killed, epochs=40)
    assert _bytes(resumed) == _bytes(whole)
    assert min(steps) > 0


def test_a_pair_whose_prompt_alone_is_too_long_is_dropped_and_one_that_is_cut_is_counted(
    model, finetuned, tmp_path, capfd
):
    rows = _pairs(5)
    rows[1]["prompt"][0]["content"] = "q" * 99
    rows[3]["rejected"][0]["content"] = "b" * 99
    record = json.loads((_prefer(model, finetuned, tmp_path, rows=rows) / "training.json").read_text())
    assert (record["pairs"], record["pairs_truncated"], record["pairs_dropped_too_long"]) == (4, 1, 1)
    assert "4 pairs, 1 cut at dpo.max_length, 1 dropped whose prompt alone fills it" in capfd.readouterr().err


def test_pairs_whose_prompts_are_all_too_long_are_told(model, finetuned, tmp_path):
    rows = _pairs(3)
    for row in rows:
        row["prompt"][0]["content"] = "q" * 99
    with pytest.raises(TrainingError, match=r"prompts of all 3 pairs fill dpo.max_length, found 64, expected more$"):
        _prefer(model, finetuned, tmp_path, rows=rows)


def test_without_pairs_the_adapter_stays_as_it_is(model, finetuned, tmp_path, capfd):
    adapter = _prefer(model, finetuned, tmp_path, rows=[])
    assert "no pairs, the adapter stays as it is" in capfd.readouterr().err
    weights = "adapter_model.safetensors"
    assert (adapter / weights).read_bytes() == (finetuned / weights).read_bytes()
    record = json.loads((adapter / "training.json").read_text())
    assert record["pairs"] == 0
    assert record["sha256"][weights] == frames.file_digest(adapter / weights)
    assert sorted(record["sha256"]) == ["adapter_config.json", weights, "loss.csv"]
    assert "arguments" not in record  # it is no other's record
    assert (adapter / "loss.csv").read_text() == "step,epoch,loss,learning_rate,grad_norm,accuracy,margin\n"
