"""SK-Tuning: the loss is the paper's, p(True) moves as it should, and a kill costs one save interval."""

import json
import math
from functools import partial

import pytest
import torch
from architectures import POSITIONS, classifier
from safetensors.torch import load_file
from trainings import ITEMS, SHOTS, TEMPLATE, TUNE, contents, course, interrupted, tune
from transformers import AutoTokenizer, DebertaForSequenceClassification

from halt import engines
from halt.confidence import p_true
from halt.confidence.p_true import Question
from halt.confidence.shared.knowledge import Item
from halt.judges import entailment
from halt.training import sk_tuning
from halt.training.encoding import TrainingError


@pytest.fixture(scope="module")
def tuned(model, tmp_path_factory):
    return tune(model, tmp_path_factory.mktemp("tuned"))


def _asked(model, adapter=None):
    """P(true) of every item, as the workflow asks for it."""
    engine = engines.load("transformers", model, "float32", adapter)
    return p_true.asker(engine, SHOTS, TEMPLATE, True, 4)([item.question for item in ITEMS])


def test_the_loss_is_minus_log_sigma_of_the_log_ratio():
    probabilities = torch.tensor([[0.6, 0.2], [0.1, 0.4]])  # of "true" and "false", of a full softmax
    right = torch.tensor([True, False])
    # log(0.6 / 0.2) and log(0.4 / 0.1): sigma of them is 3/4 and 4/5
    expected = -(math.log(3 / 4) + math.log(4 / 5)) / 2
    assert sk_tuning.pairwise_loss(probabilities.log(), right).item() == pytest.approx(expected)
    turned = sk_tuning.pairwise_loss(probabilities.log(), ~right).item()
    assert turned == pytest.approx(-(math.log(1 / 4) + math.log(1 / 5)) / 2)


def test_the_first_loss_is_that_of_the_pretrained_models_p_true(model, tmp_path):
    """What is trained is what is asked for: the same questions behind the same examples, the same two tokens."""
    steps = course(tune(model, tmp_path, epochs=1, global_batch=10, batch_size=10))
    values = _asked(model)
    expected = (
        sum(-math.log(value if item.right else 1 - value) for value, item in zip(values, ITEMS, strict=True)) / 10
    )
    assert steps[0]["loss"] == pytest.approx(expected, abs=1e-4)


def test_p_true_tells_right_from_wrong_after_the_tuning_and_not_before(model, tmp_path):
    adapter = tune(model, tmp_path, epochs=60)
    told = []
    for values in (_asked(model), _asked(model, adapter)):
        right, wrong = (
            [v for v, item in zip(values, ITEMS, strict=True) if item.right is label] for label in (True, False)
        )
        told.append(min(right) > 0.5 > max(wrong))
    assert told == [False, True]
    assert course(adapter)[-1]["loss"] < 0.1 < course(adapter)[0]["loss"]


def test_what_the_config_says_is_what_the_trainer_used(tuned):
    said = json.loads((tuned / "training.json").read_text())
    assert said["arguments"]["learning_rate"] == TUNE["learning_rate"]
    assert said["arguments"]["lr_scheduler_type"] == "linear"
    assert (said["adapter"]["r"], said["adapter"]["lora_alpha"]) == (4, 8)
    assert said["items"] == {"right": 5, "wrong": 5, "dropped_too_long": 0}
    assert said["items_seen"] == said["steps"] * TUNE["global_batch"] == 40
    assert said["shots"] == 1
    assert said["dtypes"] == {"trained": ["torch.float32"], "frozen": ["torch.float32"]}
    assert {file.name for file in tuned.iterdir()} == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "loss.csv",
        "training.json",
    }


@pytest.mark.parametrize("batch_size", [1, 2])
def test_batch_size_changes_nothing(model, tuned, tmp_path, batch_size):
    other = tune(model, tmp_path, batch_size=batch_size)
    assert [row["loss"] for row in course(other)] == pytest.approx([row["loss"] for row in course(tuned)], abs=1e-4)


def test_gradient_checkpointing_trains_the_same(model, tuned, tmp_path):
    other = tune(model, tmp_path, gradient_checkpointing=True)
    one, same = (load_file(folder / "adapter_model.safetensors") for folder in (tuned, other))
    assert all(torch.allclose(one[name], same[name], atol=1e-4) for name in one)


def test_the_seed_decides_the_first_weights(model, tuned, tmp_path):
    assert contents(tune(model, tmp_path / "same")) == contents(tuned)
    first = []
    for seed in (0, 1):
        folder = tune(model, tmp_path / str(seed), seed=seed, learning_rate=1e-12, epochs=1)
        first.append(load_file(folder / "adapter_model.safetensors"))
    assert all(not torch.allclose(first[0][name], first[1][name]) for name in first[0] if "lora_A" in name)


def test_an_interrupted_training_goes_on_to_the_same_weights(model, tmp_path, monkeypatch):
    whole, again = tmp_path / "whole", tmp_path / "again"
    train = partial(tune, model, again, epochs=8)  # 20 steps, a checkpoint every second
    assert interrupted(monkeypatch, 7, train) == 0
    assert not (again / "adapter").exists()
    assert interrupted(monkeypatch, 9, train) == 6
    assert contents(train()) == contents(tune(model, whole, epochs=8))


def test_a_question_that_is_too_long_is_left_out_and_counted(model):
    long = Item(Question("q" * 200, (), "a"), True)
    tokenizer = AutoTokenizer.from_pretrained(model)
    encoded = sk_tuning.encode([*ITEMS, long], SHOTS, TEMPLATE, True, tokenizer, 160)
    assert (len(encoded.examples), encoded.dropped) == (10, 1)


def test_no_questions_are_told(model, tmp_path):
    long = [Item(Question("q" * 400, (), "a"), True)]
    with pytest.raises(
        TrainingError, match=r"no fragments to train on \(1 longer than sk_tuning.training.max_length\)$"
    ):
        tune(model, tmp_path, items=long)


def test_a_model_that_is_always_wrong_learns_to_say_so(model, tmp_path):
    adapter = tune(model, tmp_path, items=[item._replace(right=False) for item in ITEMS], epochs=10)
    assert json.loads((adapter / "training.json").read_text())["items"]["right"] == 0
    assert max(_asked(model, adapter)) < 0.05


@pytest.fixture(scope="module")
def mnli(tmp_path_factory):
    """A random DeBERTa with the classes of MNLI, which is what the hub's classifier is."""
    return classifier("Deberta", tmp_path_factory.mktemp("classifier"), says_length=True)


PAIRS = [("a man", "a woman"), ("a woman", "a man"), ("q" * 99, "b"), ("it is so", "it is"), ("it is", "it is so")]


def test_a_classifier_says_how_likely_entailment_is_and_in_which_direction(mnli):
    found = entailment.classifier(mnli, "float32", batch_size=2)(PAIRS)
    whole = DebertaForSequenceClassification.from_pretrained(mnli).eval()
    tokenizer = AutoTokenizer.from_pretrained(mnli)
    for (premise, hypothesis), entailed in zip(PAIRS, found, strict=True):
        ids = tokenizer(premise, hypothesis, truncation="longest_first", max_length=POSITIONS, return_tensors="pt")
        with torch.no_grad():
            expected = whole(**ids).logits.softmax(-1)[0]
        assert entailed.probability == pytest.approx(expected[2].item(), abs=1e-4)
        assert entailed.likeliest == (expected.argmax().item() == 2)
    assert len({round(entailed.probability, 6) for entailed in found}) == len(PAIRS)


def test_a_classifier_of_something_else_is_refused(mnli, tmp_path):
    other = DebertaForSequenceClassification.from_pretrained(mnli)
    other.config.id2label = {0: "good", 1: "bad", 2: "neither"}
    other.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(mnli).save_pretrained(tmp_path)
    with pytest.raises(entailment.EntailmentError, match="a classifier of good, bad, neither, expected one with a cl"):
        entailment.classifier(tmp_path, "float32", 2)


def test_two_way_labels_by_a_real_classifier(mnli):
    entail = entailment.classifier(mnli, "float32", batch_size=4)
    [[one, same, other]] = entailment.decide("Who?", [["a", "a", "b"]], ["c", "d"], entail, dependent=False)
    assert one == same
    assert {one.verdict.label, other.verdict.label} <= {"right", "wrong"}
    assert 0 < one.score < 1
