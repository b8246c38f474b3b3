"""Preference training: DPO against the finetuned adapter and not the pretrained model, resumed like any training."""

import json
import math
from functools import partial

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from trainings import PREFER, contents, course, interrupted, pairs, prefer
from transformers import AutoModelForCausalLM

from halt import frames
from halt.training.encoding import TrainingError


@pytest.fixture(scope="module")
def preferred(model, finetuned, tmp_path_factory):
    return prefer(model, finetuned, tmp_path_factory.mktemp("preferred"))


def test_the_reference_policy_is_the_finetuned_adapter(model, finetuned, preferred, tmp_path):
    """Policy and reference are the same at the first step, so the loss is log 2 whatever the pairs."""
    assert course(preferred)[0]["loss"] == pytest.approx(math.log(2), abs=1e-6)
    assert course(preferred)[0]["margin"] == pytest.approx(0, abs=1e-6)
    # The adapter does something: the pretrained model as reference would have told another loss.
    trained = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(model, dtype="float32"), finetuned)
    ids = torch.arange(8)[None]
    with torch.no_grad():
        ours = trained(ids).logits
        with trained.disable_adapter():
            assert (trained(ids).logits - ours).abs().max() > 0.1


def test_policy_and_reference_start_equal_on_four_bit_weights_too(model, finetuned, tmp_path):
    steps = course(prefer(model, finetuned, tmp_path, quantization="4bit", epochs=0.4))
    assert steps[0]["margin"] == 0
    assert steps[0]["loss"] == pytest.approx(math.log(2), abs=1e-6)


def test_the_chosen_answers_become_likelier_than_the_rejected(preferred):
    steps = course(preferred)
    assert steps[-1]["loss"] < steps[0]["loss"]
    assert steps[-1]["margin"] > 0.5
    assert steps[-1]["accuracy"] == 1


def test_what_the_config_says_is_what_the_trainer_used(preferred):
    """Published code passes one beta and trains with another: here what the trainer held is read back."""
    said = json.loads((preferred / "training.json").read_text())
    arguments = said["arguments"]
    assert (arguments["beta"], arguments["learning_rate"]) == (PREFER["beta"], PREFER["learning_rate"])
    assert (arguments["lr_scheduler_type"], said["scheduler"]) == ("linear", "LambdaLR")
    assert said["loss"] == ["sigmoid"]
    assert said["pairs"] == 10
    assert said["pairs_seen"] == said["steps"] * PREFER["global_batch"] == 32  # 3 epochs of 10, the last step filled
    assert course(preferred)[-1]["epoch"] == 3.2
    assert max(row["learning_rate"] for row in course(preferred)) == PREFER["learning_rate"]


def test_beta_changes_the_training_and_the_loss_is_of_it(model, finetuned, preferred, tmp_path):
    other = prefer(model, finetuned, tmp_path, beta=0.01)
    assert course(other)[0]["loss"] == pytest.approx(math.log(2), abs=1e-6)
    assert course(other)[-1]["loss"] > course(preferred)[-1]["loss"]
    for row in course(other)[1:]:  # rewards are beta times log ratios
        assert abs(row["margin"]) < 1


def test_the_result_is_one_adapter_that_answers_as_any_other(model, finetuned, preferred):
    assert {file.name for file in preferred.iterdir()} == {file.name for file in finetuned.iterdir()}
    before, after = (load_file(folder / "adapter_model.safetensors") for folder in (finetuned, preferred))
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("batch_size", [1, 2])
def test_batch_size_changes_nothing(model, finetuned, preferred, tmp_path, batch_size):
    other = prefer(model, finetuned, tmp_path, batch_size=batch_size)
    assert [row["loss"] for row in course(other)] == pytest.approx([row["loss"] for row in course(preferred)], abs=1e-4)


def test_an_interrupted_training_goes_on_to_the_same_weights(model, finetuned, tmp_path, monkeypatch):
    whole, again = tmp_path / "whole", tmp_path / "again"
    train = partial(prefer, model, finetuned, again, epochs=8)  # 20 steps, a checkpoint every second
    assert interrupted(monkeypatch, 7, train) == 0
    assert not (again / "adapter").exists()
    assert interrupted(monkeypatch, 9, train) == 6
    assert contents(train()) == contents(prefer(model, finetuned, whole, epochs=8))


def test_a_pair_whose_prompt_alone_is_too_long_is_dropped_and_one_that_is_cut_is_counted(
    model, finetuned, tmp_path, capfd
):
    rows = pairs(5)
    rows[1]["prompt"][0]["content"] = "q" * 99
    rows[3]["rejected"][0]["content"] = "b" * 99
    record = json.loads((prefer(model, finetuned, tmp_path, given=rows) / "training.json").read_text())
    assert (record["pairs"], record["pairs_truncated"], record["pairs_dropped_too_long"]) == (4, 1, 1)
    assert "4 pairs, 1 cut at dpo.max_length, 1 dropped whose prompt alone fills it" in capfd.readouterr().err


def test_pairs_whose_prompts_are_all_too_long_are_told(model, finetuned, tmp_path):
    rows = pairs(3)
    for row in rows:
        row["prompt"][0]["content"] = "q" * 99
    with pytest.raises(TrainingError, match=r"prompts of all 3 pairs fill dpo.max_length, found 64, expected more$"):
        prefer(model, finetuned, tmp_path, given=rows)


def test_without_pairs_the_adapter_stays_as_it_is(model, finetuned, tmp_path, capfd):
    adapter = prefer(model, finetuned, tmp_path, given=[])
    assert "no pairs, the adapter stays as it is" in capfd.readouterr().err
    weights = "adapter_model.safetensors"
    assert (adapter / weights).read_bytes() == (finetuned / weights).read_bytes()
    record = json.loads((adapter / "training.json").read_text())
    assert record["pairs"] == 0
    assert record["sha256"][weights] == frames.file_digest(adapter / weights)
    assert sorted(record["sha256"]) == ["adapter_config.json", weights, "loss.csv"]
    assert "arguments" not in record  # it is no other's record
    assert (adapter / "loss.csv").read_text() == "step,epoch,loss,learning_rate,grad_norm,accuracy,margin\n"
