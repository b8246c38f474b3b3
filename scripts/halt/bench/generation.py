"""Tokens per CPU-second of the engine and of transformers' own `generate`, from prompts to texts, in one process.

Every answer has `max_new_tokens` on both sides: no token ends it.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from halt.bench import OURS
from halt.engines import Prompt, Sampling
from halt.engines.transformers import Engine

ATTENTION = ("sdpa", "eager")  # of the bare side; the faster one depends on the processor and the lengths
WARM_UP = 4  # tokens generated once before the timing


def turns(
    folder: Path, dtype: str, prompts: Sequence[Prompt], sampling: Sampling, batch_size: int, repeats: int
) -> dict[str, list[float]]:
    """Tokens per CPU-second of every turn by side. prompts: chat messages; with their samples at most one batch."""
    engine = Engine(folder, dtype)
    engine.end_tokens = [-1]

    def ours(chosen: Sampling) -> int:
        answers = engine.generate(prompts, chosen, batch_size)
        return sum(completion.tokens for completions in answers for completion in completions)

    sides = {OURS: ours}
    sides |= {f"transformers {name}": _bare(folder, engine.model.dtype, name, prompts) for name in ATTENTION}
    found: dict[str, list[float]] = {side: [] for side in sides}
    expected = len(prompts) * sampling.samples * sampling.max_new_tokens
    for turn in range(-1, repeats):
        for side, generate in sides.items():
            if turn < 0:
                generate(sampling._replace(max_new_tokens=WARM_UP))
                continue
            start = time.process_time()
            tokens = generate(sampling)
            found[side].append(tokens / (time.process_time() - start))
            if tokens != expected:
                raise RuntimeError(f"{side} generated {tokens} tokens, expected {expected}: the speeds do not compare")
    return found


def _bare(folder: Path, dtype: torch.dtype, attention: str, prompts: Sequence[Prompt]) -> Callable[[Sampling], int]:
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation=attention).eval()
    model.generation_config.eos_token_id = None
    messages = [prompt.messages for prompt in prompts]

    def generate(sampling: Sampling) -> int:
        drawn = {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}
        inputs = tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, padding=True, return_dict=True, return_tensors="pt"
        )
        output = model.generate(
            **inputs,
            do_sample=sampling.temperature > 0,
            **(drawn if sampling.temperature else {}),
            num_return_sequences=sampling.samples,
            max_new_tokens=sampling.max_new_tokens,
            pad_token_id=tokenizer.pad_token_id,
        )[:, inputs["input_ids"].shape[1] :]
        tokenizer.batch_decode(output, skip_special_tokens=True)
        return output.numel()

    return generate
