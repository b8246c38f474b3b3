"""The engine vllm on a real vLLM: it answers, rates and samples as the engine transformers does."""

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from halt import engines
from halt.engines import Prompt, Sampling
from halt.engines.transformers import Engine as Transformers

ASKED = ["Who?", "Ada Bell.", "Profile of Ada Bell, the painter.", "What is 2 + 3?", "Name three towns.", "Stop."]
PROMPTS = [Prompt(f"p{k}", [{"role": "user", "content": text}], None) for k, text in enumerate(ASKED)]
PLAIN = [Prompt(f"t{k}", None, f"Question: {text}\nAnswer:") for k, text in enumerate(ASKED)]
GREEDY = Sampling(samples=1, temperature=0.0, top_p=1.0, max_new_tokens=24, seed=0)
SAMPLED = Sampling(samples=3, temperature=1.0, top_p=0.95, max_new_tokens=12, seed=7)


@pytest.fixture(scope="module")
def adapter(model, tmp_path_factory):
    """A LoRA adapter of all linear layers that changes what the model says."""
    folder = tmp_path_factory.mktemp("adapter")
    torch.manual_seed(0)
    config = LoraConfig(r=4, lora_alpha=32, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
    get_peft_model(AutoModelForCausalLM.from_pretrained(model), config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=["base", "lora"])
def both(request, model):
    """The engine on vLLM, and the engine on transformers and PEFT, with the same weights."""
    weights = request.getfixturevalue("adapter") if request.param == "lora" else None
    return engines.load("vllm", model, "float32", weights), Transformers(model, "float32", weights)


def comparable(completions):
    """vLLM leaves out a character that is broken off at the end, where transformers has a U+FFFD."""
    return [[(one.text.rstrip("\ufffd"), one.tokens, one.finished) for one in answers] for answers in completions]


@pytest.mark.parametrize("prompts", [PROMPTS, PLAIN], ids=["chat", "text"])
def test_greedy_answers_are_the_same(both, prompts):
    vllm, transformers = both
    found = comparable(vllm.generate(prompts, GREEDY))
    assert found == comparable(transformers.generate(prompts, GREEDY, 4))
    assert len({text for [(text, *_)] in found}) > 3


def test_a_stop_text_ends_an_answer_in_the_same_place(both):
    vllm, transformers = both
    [[whole]] = transformers.generate(PROMPTS[:1], GREEDY, 1)
    stopped = GREEDY._replace(stop=(whole.text[3:5],))
    found = comparable(vllm.generate(PROMPTS[:1], stopped))
    assert found[0][0][0] == comparable(transformers.generate(PROMPTS[:1], stopped, 1))[0][0][0]
    assert found[0][0][2]


def test_probabilities_are_the_same(both):
    vllm, transformers = both
    sequences = [vllm.encode(prompt) for prompt in PROMPTS]
    found = vllm.next_token_probabilities(sequences, [5, 9, 77])
    expected = transformers.next_token_probabilities(sequences, [5, 9, 77], 4)
    assert torch.tensor(found).allclose(torch.tensor(expected), atol=1e-5)


def test_likelihoods_and_log_probabilities_are_the_same(both):
    vllm, transformers = both
    sequences, starts = [vllm.encode(prompt) for prompt in PROMPTS], [2, 5, 3, 4, 6, 1]
    assert vllm.likelihoods(sequences, starts) == pytest.approx(
        transformers.likelihoods(sequences, starts, 4), abs=1e-5
    )
    groups = [sequences[:2], sequences[2:]], [starts[:2], starts[2:]]
    found, expected = vllm.log_probabilities(*groups), transformers.log_probabilities(*groups, 4)
    assert [one for group in found for one in group] == pytest.approx(
        [one for group in expected for one in group], abs=1e-3
    )


def test_samples_depend_on_seed_prompt_and_index_alone(both):
    vllm, _ = both
    all_of_them = comparable(vllm.generate(PROMPTS, SAMPLED))
    assert comparable(vllm.generate(PROMPTS[::-1], SAMPLED)) == all_of_them[::-1]
    assert comparable(vllm.generate(PROMPTS[2:4], SAMPLED._replace(samples=2))) == [one[:2] for one in all_of_them[2:4]]
    assert comparable(vllm.generate(PROMPTS, SAMPLED._replace(seed=8))) != all_of_them
    assert all(len(set(answers)) == 3 for answers in all_of_them)


def test_a_long_prompt_with_a_seed_is_computed(both):
    """More tokens than vLLM computes in a step: in two, a request with a seed would end the engine."""
    vllm, _ = both
    words = next(count for count in range(500, 9000, 100) if len(vllm.encode(long(count))) > 4200)
    [answers] = vllm.generate([long(words)], SAMPLED)
    assert [answer.tokens > 0 for answer in answers] == [True] * 3


def long(words):
    return Prompt("long", [{"role": "user", "content": " ".join(["Ada"] * words)}], None)


def test_samples_of_a_prompt_share_its_keys_and_values(both):
    vllm, _ = both
    sequence = vllm.encode(long(400))
    from vllm import SamplingParams

    asked = [SamplingParams(max_tokens=2, temperature=0.0)] * 2
    results = [vllm._results([sequence], asked[:1])[0] for _ in range(2)]
    assert results[1].num_cached_tokens >= 128 * (len(sequence) // 128 - 1) > 0
    assert results[0].outputs[0].text == results[1].outputs[0].text
