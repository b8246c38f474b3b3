"""bfloat16 is computed with where the processor can; elsewhere the same weights are, in float32."""

import platform
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from halt.engines import Prompt, Sampling, precision
from halt.engines.transformers import Engine


@pytest.fixture(params=[True, False], ids=["has bfloat16", "has none"])
def computed(request, monkeypatch) -> str:
    """The format that a CPU with or without bfloat16 instructions computes bfloat16 models in."""
    precision.computed_in.cache_clear()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(precision, "_multiplies_bfloat16", lambda: request.param)
    yield "bfloat16" if request.param else "float32"
    precision.computed_in.cache_clear()


def test_only_bfloat16_is_computed_in_another_format_and_that_is_said_once(computed, capfd):
    assert [precision.computed_in(dtype) for dtype in ("bfloat16", "bfloat16", "float16", "float32")] == [
        computed,
        computed,
        "float16",
        "float32",
    ]
    assert capfd.readouterr().err.count("computed with in float32") == (computed == "float32")


def test_twice_the_memory_is_half_the_batch(computed):
    assert precision.fitting(8, "bfloat16") == (4 if computed == "float32" else 8)
    assert precision.fitting(1, "bfloat16") == 1
    assert precision.fitting(8, "float32") == 8


@pytest.mark.skipif((platform.system(), platform.machine()) != ("Linux", "x86_64"), reason="reads the flags of an x86")
def test_this_processor_is_asked():
    assert precision._multiplies_bfloat16() == ("avx512dq" in Path("/proc/cpuinfo").read_text())


def test_a_model_answers_with_the_weights_it_has_in_bfloat16(computed, random_tiny):
    model = Engine(random_tiny, "bfloat16").model
    weights = dict(AutoModelForCausalLM.from_pretrained(random_tiny, dtype=torch.bfloat16).named_parameters())
    assert model.dtype == getattr(torch, computed)
    assert all(torch.equal(weight, weights[name].to(weight.dtype)) for name, weight in model.named_parameters())


def test_the_last_positions_reach_the_models_head_in_one_piece(random_tiny):
    engine = Engine(random_tiny, "float32")
    seen = []
    engine.model.get_output_embeddings().register_forward_pre_hook(lambda module, arguments: seen.append(arguments[0]))
    prompts = [Prompt(text, [{"role": "user", "content": text}], None) for text in ("Who?", "What is 3 + 4?")]
    engine.generate(prompts, Sampling(2, 1.0, 1.0, 3, 0), 8)
    engine.next_token_probabilities([[5, 6, 7], [8, 9, 5]], [1, 2], 2)
    assert len(seen) > 2
    assert all(hidden.is_contiguous() and len(hidden) == 2 for hidden in seen)
