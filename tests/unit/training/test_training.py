"""Finetuning: the same science on any number of processes, and no kill costs more than one save interval."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from trainings import apart, column, contents, finetune, kill, row, rows, wait
from transformers import LlamaForCausalLM
from trl import SFTConfig, SFTTrainer

from halt.training import encoding

LONG = {"epochs": 16}  # 40 steps, a checkpoint every fourth


@pytest.fixture(scope="module")
def undisturbed(model, tmp_path_factory):
    return finetune(model, tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(scope="module")
def exact(model, tmp_path_factory):
    """Computed in float32, to be compared across batch sizes and processes: sums only change their order there."""
    return finetune(model, tmp_path_factory.mktemp("exact"), dtype="float32")


def _assert_same_course(one: Path, other: Path) -> None:
    assert column(one, "loss") == pytest.approx(column(other, "loss"), rel=1e-5)
    ours, theirs = (load_file(folder / "adapter_model.safetensors") for folder in (one, other))
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-4) for name in theirs)


@pytest.mark.parametrize("processes", [1, 2, 4, 8])
@pytest.mark.parametrize("batch_size", [1, 3, 5, 64])
def test_global_batch_is_kept_on_every_number_of_processes(processes, batch_size):
    spread = encoding.plan(24, batch_size, processes)
    assert spread.batch * spread.accumulation * processes == 24
    assert spread.batch <= batch_size


def test_number_of_processes_that_does_not_divide_the_global_batch_is_refused_in_one_line():
    with pytest.raises(encoding.TrainingError, match=r"global_batch: 8 .* 3 processes; start a number that divides 8$"):
        encoding.plan(8, 4, 3)


def test_every_epoch_sees_every_row_once_and_every_step_is_full():
    lengths = [5, 3, 8, 1, 9, 2, 7]
    stream = encoding.order(lengths, epochs=4, global_batch=7, seed=0)
    epochs = [stream[start : start + 7] for start in range(0, 28, 7)]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    partial = encoding.order(lengths, epochs=2, global_batch=4, seed=0)
    assert len(partial) == 16  # 14 examples fill 3.5 steps
    assert max(map(partial.count, range(7))) == 3


def test_order_follows_the_seed_and_only_what_a_step_sees_matters():
    lengths = list(range(100))
    assert encoding.order(lengths, 2, 10, seed=1) == encoding.order(lengths, 2, 10, seed=1)
    assert encoding.order(lengths, 2, 10, seed=1) != encoding.order(lengths, 2, 10, seed=2)
    other_lengths = encoding.order(lengths[::-1], 2, 10, seed=1)
    steps = zip(*[iter(encoding.order(lengths, 2, 10, seed=1))] * 10, strict=True)
    for step, other in zip(steps, zip(*[iter(other_lengths)] * 10, strict=True), strict=True):
        assert sorted(step) == sorted(other)
        assert list(step) == sorted(step)  # the shortest first


def test_loss_is_on_the_answer_alone(tokenizer):
    encoded = encoding.encode([row("Who?", "Nobody.")], tokenizer, 64)
    [example] = encoded.examples
    learnt = [token for token in example["labels"] if token != encoding.IGNORED]
    assert tokenizer.decode(learnt) == "Nobody.<|im_end|>\n"
    assert tokenizer.decode(example["input_ids"]).startswith("<|im_start|>user\nWho?<|im_end|>")


def test_plain_text_answer_ends_with_one_end_of_text_token(tokenizer):
    rows = [{"prompt": "Q: x\nA:", "completion": " y\n\n"}, {"prompt": "Q: x\nA:", "completion": " y\n\n<|im_end|>"}]
    once, twice = encoding.encode(rows, tokenizer, 64).examples
    assert once == twice
    assert tokenizer.decode([token for token in once["labels"] if token != encoding.IGNORED]) == " y\n\n<|im_end|>"


def test_rows_are_tokenised_as_sfttrainer_does(model, tokenizer, tmp_path):
    from datasets import Dataset

    for given in (rows(5), [{"prompt": "Q: x\nA:", "completion": " y\n\n"}] * 2):
        trl_rows = SFTTrainer(
            model=str(model),
            args=SFTConfig(output_dir=str(tmp_path), max_length=30, report_to="none", bf16=False, use_cpu=True),
            train_dataset=Dataset.from_list(given),
            processing_class=tokenizer,
        ).train_dataset
        ours = encoding.encode(given, tokenizer, 30).examples
        assert ours == [{name: row[name] for name in ("input_ids", "labels")} for row in trl_rows]


def test_cut_empty_and_unanswerable_rows_are_counted(tokenizer):
    rows = [row("q", "a"), row("q", "a" * 99), row("q", " \n"), row("q" * 99, "a")]
    encoded = encoding.encode(rows, tokenizer, 40)
    assert (len(encoded.examples), encoded.truncated, encoded.empty, encoded.unanswered) == (2, 1, 1, 1)
    assert [len(example["input_ids"]) for example in encoded.examples] == [len(encoded.examples[0]["input_ids"]), 40]


def test_nothing_left_to_train_on_is_refused(model, tmp_path):
    with pytest.raises(encoding.TrainingError, match=r"none of 1 targets is left .* 1 dropped as empty"):
        finetune(model, tmp_path, given=[row("q", "")])


def test_loss_is_that_of_the_models_own_forward(model, tokenizer, tmp_path):
    """The narrowed head gives the loss and the gradients of a plain forward over all positions."""
    encoded = encoding.encode(rows(4), tokenizer, 64)
    result = finetune(model, tmp_path, given=rows(4), epochs=1, dtype="float32", batch_size=2, adapter="full")
    longest = max(len(example["input_ids"]) for example in encoded.examples)
    padded = {
        name: torch.tensor([row[name] + [fill] * (longest - len(row[name])) for row in encoded.examples])
        for name, fill in (("input_ids", tokenizer.pad_token_id), ("labels", encoding.IGNORED))
    }
    plain = LlamaForCausalLM.from_pretrained(model, dtype=torch.float32)
    loss = plain(**padded).loss
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
    [row] = (result / "loss.csv").read_text().splitlines()[1:]
    assert float(row.split(",")[2]) == pytest.approx(loss.item(), rel=1e-5)
    assert float(row.split(",")[4]) == pytest.approx(norm.item(), rel=1e-4)


def test_the_model_learns(model, tmp_path):
    losses = column(finetune(model, tmp_path, given=[row("q", "aaaa")] * 4, epochs=20, adapter="full"), "loss")
    assert losses[-1] < losses[0] / 2


def test_batch_size_changes_no_result(model, exact, tmp_path):
    _assert_same_course(finetune(model, tmp_path, batch_size=1, dtype="float32"), exact)


def test_equal_inputs_give_equal_bytes_and_no_path_of_this_machine(model, undisturbed, tmp_path):
    again = finetune(model, tmp_path)
    assert contents(again) == contents(undisturbed)
    assert set(contents(again)) == {"adapter_config.json", "adapter_model.safetensors", "training.json", "loss.csv"}
    for name in ("adapter_config.json", "training.json", "loss.csv"):
        assert str(tmp_path.parents[1]) not in (again / name).read_text()
    assert not (tmp_path / "work").exists()


def test_seed_decides_the_adapter(model, undisturbed, tmp_path):
    assert contents(finetune(model, tmp_path, seed=1)) != contents(undisturbed)


def test_record_tells_what_the_trainer_used(model, undisturbed, tmp_path):
    record = json.loads((undisturbed / "training.json").read_text())
    assert record["arguments"]["learning_rate"] == record["optimizer"]["groups"][0]["initial_lr"] == 1e-2
    assert record["adapter"]["r"] == 4
    assert record["steps"] == 5
    assert record["rows"]["trained"] == 10
    assert record["dtypes"]["trained"] == ["torch.float32"]
    full = json.loads((finetune(model, tmp_path, adapter="full") / "training.json").read_text())
    assert full["dtypes"] == {"trained": ["torch.float32"], "frozen": []}
    assert full["parameters"]["trained"] == full["parameters"]["all"]
    assert "model.safetensors" in contents(tmp_path / "adapter")


@pytest.mark.parametrize("computed", ["bfloat16", "float32"])
def test_frozen_weights_have_the_format_that_the_machine_computes_in(model, tmp_path, monkeypatch, computed):
    monkeypatch.setattr("halt.training.common.computed_in", lambda dtype: computed)
    record = json.loads((finetune(model, tmp_path, epochs=1) / "training.json").read_text())
    assert record["dtypes"] == {"trained": ["torch.float32"], "frozen": [f"torch.{computed}"]}
    assert record["arguments"]["bf16"] is (computed == "bfloat16")


@pytest.mark.long
def test_killed_training_goes_on_from_its_last_checkpoint_to_the_same_bytes(model, tmp_path):
    killed, whole, work = tmp_path / "killed", tmp_path / "whole", tmp_path / "killed" / "work"
    killed.mkdir()
    child = apart("finetune", killed, model, **LONG)
    wait(child, lambda: len(list(work.glob("checkpoint-*/whole"))) >= 2)
    kill(child, killed)
    done = (killed / "journal").read_text().count("step")
    assert not (killed / "adapter").exists()
    torn = work / "checkpoint-99"  # as a kill in the middle of writing leaves it
    newest = max(marker.parent for marker in work.glob("checkpoint-*/whole"))
    shutil.copytree(newest, torn, ignore=shutil.ignore_patterns("whole", "optimizer.pt"))

    assert apart("finetune", killed, model, **LONG).wait() == 0
    journal = (killed / "journal").read_text().split("\n")
    [skipped] = [int(line.removeprefix("skip ")) for line in journal if line.startswith("skip")][1:]
    assert done - 4 <= skipped <= done
    assert journal.count("step") == done + 40 - skipped
    assert not work.exists()

    whole.mkdir()
    # on as many threads: in float32 their number decides the last bit
    assert apart("finetune", whole, model, **LONG).wait() == 0
    assert contents(whole / "adapter") == contents(killed / "adapter")


def test_work_of_another_training_is_not_continued(model, undisturbed, tmp_path):
    (tmp_path / "work" / "checkpoint-3").mkdir(parents=True)
    (tmp_path / "work" / "checkpoint-3" / "whole").touch()
    (tmp_path / "work" / "fingerprint").write_text("another")
    assert contents(finetune(model, tmp_path)) == contents(undisturbed)
