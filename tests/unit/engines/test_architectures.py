"""Every architecture that the configs name generates, scores, is finetuned and answers with its adapter."""

import pytest
import torch
from architectures import CAUSAL, NLI, POSITIONS, WINDOW, causal, classifier
from trainings import FINETUNE
from transformers import AutoModelForCausalLM

from halt.engines import EngineError, Prompt, Sampling
from halt.engines.transformers import Engine
from halt.judges import entailment
from halt.training.common import Run
from halt.training.sft import finetune

SETTINGS = FINETUNE | {"schedule": "constant", "warmup": 0.0, "epochs": 8, "global_batch": 2, "max_length": 128}
# The first two fit into the window, the others do not; together they are padded.
PROMPTS = [
    Prompt(f"p{number}", None, text)
    for number, text in enumerate(
        [
            "Who?",
            "Ada Bell was",
            "Write the profile of a painter who was born in Venice and who died, many years later, in Paris.",
            "Carl Maria Ek, whom nobody remembers, was a carpenter in a small town on the coast of Sweden. He",
        ]
    )
]
GREEDY = Sampling(1, 0.0, 1.0, 2 * WINDOW, 0)


@pytest.fixture(scope="module", params=CAUSAL)
def folder(request, tmp_path_factory):
    return causal(request.param, tmp_path_factory.mktemp("models") / request.param)


@pytest.fixture(scope="module")
def engine(folder):
    return Engine(folder, "float32")


@pytest.fixture(scope="module")
def eager(folder):
    return AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype="float32").eval()


def greedy(model, tokenizer, prompt, tokens):
    encoded = torch.tensor([tokenizer(prompt.text)["input_ids"]])
    asked = {"attention_mask": torch.ones_like(encoded), "pad_token_id": tokenizer.pad_token_id}
    output = model.generate(input_ids=encoded, do_sample=False, max_new_tokens=tokens, **asked)
    return tokenizer.decode(output[0, encoded.shape[1] :], skip_special_tokens=True)


def test_the_prompts_lie_on_both_sides_of_the_window(engine):
    lengths = [len(engine.encode(prompt)) for prompt in PROMPTS]
    assert sorted(lengths)[1] < WINDOW < sorted(lengths)[2]


@pytest.mark.parametrize("batch_size", [1, 4])
def test_greedy_is_what_transformers_generates_within_and_beyond_the_window(engine, eager, batch_size):
    found = engine.generate(PROMPTS, GREEDY, batch_size)
    for prompt, [completion] in zip(PROMPTS, found, strict=True):
        assert completion.text == greedy(eager, engine.tokenizer, prompt, GREEDY.max_new_tokens), prompt.id


def test_samples_that_share_a_prompt_see_their_own_past_alone(engine):
    three = engine.generate(PROMPTS, GREEDY._replace(samples=3), 12)
    alone = engine.generate(PROMPTS, GREEDY, 1)
    assert [[one] * 3 for [one] in alone] == three
    sampled = GREEDY._replace(samples=3, temperature=1.0)
    assert engine.generate(PROMPTS, sampled, 12) == [engine.generate([prompt], sampled, 3)[0] for prompt in PROMPTS]


def test_scores_behind_a_shared_beginning_are_those_of_the_whole_text(engine, eager):
    beginning = engine.encode(PROMPTS[2])
    sequences = [[*beginning, *engine.encode(prompt)] for prompt in PROMPTS]
    with torch.inference_mode():
        logs = [eager(torch.tensor([one])).logits[0].float().log_softmax(-1) for one in sequences]
    expected = [[one[-1, token].exp().item() for token in (7, 8)] for one in logs]
    found = engine.next_token_probabilities(sequences, [7, 8], 3)
    assert torch.allclose(torch.tensor(found), torch.tensor(expected), atol=1e-5)
    start = len(beginning)
    sums = [
        sum(one[place - 1, ids[place]].item() for place in range(start, len(ids)))
        for one, ids in zip(logs, sequences, strict=True)
    ]
    [found] = engine.log_probabilities([sequences], [[start] * 4], 3)
    assert found == pytest.approx(sums, abs=1e-3)
    means = [total / (len(ids) - start) for total, ids in zip(sums, sequences, strict=True)]
    found = engine.likelihoods(sequences, [start] * 4, 3)
    assert found == pytest.approx(torch.tensor(means).exp().tolist(), abs=1e-4)


def test_hidden_states_are_read(engine, eager):
    ids = engine.encode(PROMPTS[3])
    layers, [found] = engine.hidden_states([ids], [[3, len(ids) - 1]], [0.5, 1.0], 2)
    with torch.inference_mode():
        states = eager(torch.tensor([ids]), output_hidden_states=True).hidden_states
    expected = torch.stack([states[layer][0, [3, len(ids) - 1]] for layer in layers], dim=1)
    assert torch.allclose(torch.tensor(found), expected, atol=1e-4)


def test_it_is_finetuned_and_answers_with_its_adapter(folder, engine, tmp_path):
    eos = engine.tokenizer.eos_token
    rows = [{"prompt": f"{prompt.text}", "completion": f" unsure{eos}"} for prompt in PROMPTS]
    finetune(rows, folder, "float32", SETTINGS, Run("test", 0, {}, "f"), 2, tmp_path / "work", tmp_path / "adapter")
    adapted = Engine(folder, "float32", tmp_path / "adapter")
    before, after = (one.generate(PROMPTS, GREEDY._replace(max_new_tokens=4), 4) for one in (engine, adapted))
    assert before != after
    encoded = [engine.encode(prompt) for prompt in PROMPTS]
    target = [[*one, *engine.tokenizer(" unsure")["input_ids"]] for one in encoded]
    starts = [len(one) for one in encoded]
    learnt, first = (one.likelihoods(target, starts, 4) for one in (adapted, engine))
    assert all(now > then for now, then in zip(learnt, first, strict=True))


def test_layers_without_keys_and_values_are_refused_with_their_name(engine, monkeypatch):
    monkeypatch.setattr(engine.model.config, "layer_types", ["linear_attention"] * 3, raising=False)
    with pytest.raises(EngineError, match=r"kind linear_attention, expected full_attention and sliding_attention"):
        engine.generate(PROMPTS, GREEDY, 4)


@pytest.mark.parametrize("says_length", [True, False])
@pytest.mark.parametrize("family", NLI)
def test_a_pair_longer_than_the_classifier_is_cut_and_judged(family, says_length, tmp_path):
    entail = entailment.classifier(classifier(family, tmp_path, says_length), "float32", 2)
    short, long = ("Ann Lee was Danish.", "She was Danish."), ("Ann Lee was Danish. " * POSITIONS, "She was Danish.")
    found = entail([short, long, long[::-1]])
    assert all(0 < one.probability < 1 for one in found)
