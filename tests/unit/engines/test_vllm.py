"""The engine vllm against a fake of vLLM's interface: requests, seeds, adapters, probabilities. No GPU was used."""

import json
import os
import sys

import fake_vllm
import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from halt import engines
from halt.engines import EngineError, Prompt, Sampling, chat, request_seed
from halt.engines.transformers import Engine as Transformers

PROMPTS = [Prompt(f"p{k}", [{"role": "user", "content": text}], None) for k, text in enumerate(["Who?", "Ada Bell."])]
GREEDY = Sampling(samples=1, temperature=0.0, top_p=1.0, max_new_tokens=8, seed=0)
SAMPLED = Sampling(samples=3, temperature=1.0, top_p=1.0, max_new_tokens=8, seed=7)


@pytest.fixture
def llms(monkeypatch):
    """The LLMs that a test makes, on a machine with two GPUs."""
    yield fake_vllm.install(monkeypatch, gpus=2)
    sys.modules.pop("halt.engines.vllm", None)


@pytest.fixture
def engine(llms, random_tiny):
    return engines.load("vllm", random_tiny, "float32")


@pytest.fixture(scope="module")
def reference(random_tiny):
    return Transformers(random_tiny, "float32")


def texts(completions):
    return [[completion.text for completion in answers] for answers in completions]


def test_the_model_is_spread_over_all_gpus_in_sight_and_keeps_prefixes(engine, llms, random_tiny):
    [llm] = llms
    assert (llm.tensor_parallel_size, llm.enable_prefix_caching, llm.enable_lora) == (2, True, False)
    assert (llm.model, llm.tokenizer, llm.dtype) == (str(random_tiny), str(random_tiny), "float32")


def test_greedy_answers_are_those_of_transformers(engine, reference):
    assert engine.generate(PROMPTS, GREEDY) == reference.generate(PROMPTS, GREEDY, 4)


def test_a_stop_text_ends_the_answer_as_with_transformers(engine, reference):
    [[whole]] = reference.generate(PROMPTS[:1], GREEDY, 1)
    stopped = GREEDY._replace(stop=(whole.text[3:5],))
    assert texts(engine.generate(PROMPTS[:1], stopped)) == [[whole.text[: whole.text.index(stopped.stop[0])]]]
    assert engine.generate(PROMPTS[:1], stopped)[0][0].finished


def test_the_end_of_a_turn_ends_an_answer_whatever_the_model_was_configured_with(engine, llms):
    [end] = chat.end_tokens(engine.tokenizer)
    engine.generate(PROMPTS, GREEDY)
    assert [asked.stop_token_ids for asked in llms[0].requests] == [[end]] * len(PROMPTS)


def test_samples_depend_on_seed_prompt_and_index_alone(engine, llms):
    both = texts(engine.generate(PROMPTS, SAMPLED))
    assert [len(set(answers)) for answers in both] == [3, 3]
    assert texts(engine.generate(PROMPTS[1:], SAMPLED._replace(samples=2))) == [both[1][:2]]
    assert texts(engine.generate(PROMPTS, SAMPLED._replace(seed=8))) != both
    assert [request.seed for request in llms[0].requests[:6]] == [
        request_seed(7, prompt.id, sample) for prompt in PROMPTS for sample in range(3)
    ]


def test_probabilities_are_those_of_transformers(engine, reference):
    sequences = [engine.encode(prompt) for prompt in PROMPTS]
    expected = reference.next_token_probabilities(sequences, [5, 9], 2)
    found = engine.next_token_probabilities(sequences, [5, 9])
    assert torch.allclose(torch.tensor(found), torch.tensor(expected), atol=1e-6)
    assert engine.next_token_probabilities([], [5]) == []


def test_likelihoods_are_those_of_transformers(engine, reference):
    sequences, starts = [engine.encode(prompt) for prompt in PROMPTS], [2, 5]
    expected = reference.likelihoods(sequences, starts, 2)
    assert engine.likelihoods(sequences, starts) == pytest.approx(expected, abs=1e-6)
    assert engine.likelihoods([], []) == []


def test_a_lora_adapter_is_used_at_a_rank_that_vllm_has(llms, random_tiny, tmp_path):
    torch.manual_seed(0)
    config = LoraConfig(r=4, lora_alpha=64, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
    get_peft_model(AutoModelForCausalLM.from_pretrained(random_tiny), config).save_pretrained(tmp_path)
    answers = engines.load("vllm", random_tiny, "float32", tmp_path).generate(PROMPTS, GREEDY)
    assert answers == Transformers(random_tiny, "float32", tmp_path).generate(PROMPTS, GREEDY, 2)
    assert answers != Transformers(random_tiny, "float32").generate(PROMPTS, GREEDY, 2)
    assert (llms[0].enable_lora, llms[0].max_lora_rank) == (True, 8)
    # the layers that the adapter has weights for: not the output layer
    assert llms[0].lora_target_modules == ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]


def test_a_fully_trained_model_takes_the_place_of_the_pretrained_one(llms, random_tiny, tmp_path):
    AutoModelForCausalLM.from_pretrained(random_tiny).save_pretrained(tmp_path)
    engines.load("vllm", random_tiny, "float32", tmp_path)
    assert (llms[0].model, llms[0].tokenizer, llms[0].enable_lora) == (str(tmp_path), str(random_tiny), False)


def test_faults_are_lines(engine, llms):
    llms[0].finish_reason = "abort"
    with pytest.raises(EngineError, match="vLLM ended prompt 'p0' with 'abort'"):
        engine.generate(PROMPTS, GREEDY)
    llms[0].model_config.max_model_len = 10
    with pytest.raises(EngineError, match=r"a prompt has \d+ tokens and 8 are to follow, but 10 fit"):
        engine.generate(PROMPTS, GREEDY)


def test_a_larger_rank_than_vllm_has_is_a_line(llms, random_tiny, tmp_path):
    file = tmp_path / "adapter_config.json"
    file.write_text(json.dumps({"r": 513, "target_modules": ["q_proj"]}))
    with pytest.raises(EngineError, match=r"adapter_config.json: found rank 513, expected at most 512"):
        engines.load("vllm", random_tiny, "float32", tmp_path)


@pytest.mark.parametrize("gpus", [0, 1])
def test_the_cpu_build_needs_no_gpu_and_computes_a_prompt_in_one_step(monkeypatch, random_tiny, reference, gpus):
    llms = fake_vllm.install(monkeypatch, gpus=gpus, cpu_build=True)
    engine = engines.load("vllm", random_tiny, "float32")
    [llm] = llms
    assert (llm.tensor_parallel_size, llm.enable_chunked_prefill, llm.enforce_eager) == (1, False, True)
    assert engine.generate(PROMPTS, GREEDY) == reference.generate(PROMPTS, GREEDY, 4)
    sys.modules.pop("halt.engines.vllm", None)


def test_gpus_compute_long_prompts_in_steps_and_compile(engine, llms):
    assert (llms[0].enable_chunked_prefill, llms[0].enforce_eager) == (True, False)


def test_the_engine_is_no_process_of_its_own_and_binds_no_cores(monkeypatch, random_tiny):
    for name in ("VLLM_ENABLE_V1_MULTIPROCESSING", "VLLM_CPU_OMP_THREADS_BIND"):
        monkeypatch.delenv(name, raising=False)
    fake_vllm.install(monkeypatch, gpus=1)
    engines.load("vllm", random_tiny, "float32")
    assert os.environ.pop("VLLM_ENABLE_V1_MULTIPROCESSING") == "0"
    assert os.environ.pop("VLLM_CPU_OMP_THREADS_BIND") == "nobind"
    sys.modules.pop("halt.engines.vllm", None)


def test_no_gpu_and_no_vllm_are_lines(monkeypatch, random_tiny):
    with pytest.raises(EngineError, match="the engine vllm is not installed"):
        engines.load("vllm", random_tiny, "float32")
    fake_vllm.install(monkeypatch, gpus=0)
    with pytest.raises(EngineError, match="found no GPU, expected at least 1, or its CPU build"):
        engines.load("vllm", random_tiny, "float32")
    sys.modules.pop("halt.engines.vllm", None)
