"""Engines turn prompts into text. They know nothing of HALT.

Every engine has `generate(prompts, sampling) -> list[list[Completion]]`, the N completions of each prompt in order.
"""

import hashlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from halt.engines import chat
from halt.errors import HaltError


class EngineError(HaltError):
    """An engine cannot do what it was asked to; the message says what it found and what it needs."""


class Sampling(NamedTuple):
    """How to sample. temperature 0 is greedy. A completion depends on (seed, prompt id, sample index) alone."""

    samples: int
    temperature: float
    top_p: float
    max_new_tokens: int
    seed: int
    stop: tuple[str, ...] = ()


class Completion(NamedTuple):
    """One sampled answer. tokens counts the end token; finished is False if max_new_tokens cut the answer."""

    text: str
    tokens: int
    finished: bool


class Prompt(NamedTuple):
    """One prompt: chat messages (role, content) for models with a chat template, plain text for the others."""

    id: str
    messages: list[dict] | None
    text: str | None


def request_seed(seed: int, prompt_id: str, sample: int) -> int:
    """31 bits from (seed, prompt id, sample index), for engines with one seed per request."""
    digest = hashlib.blake2b(f"{seed}\0{prompt_id}\0{sample}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") >> 1


def encode(tokenizer, prompt: Prompt) -> list[int]:
    """Token ids of one prompt, with the opening of the answer; see halt.engines.chat for prompts in turns."""
    if prompt.messages is None:
        return tokenizer(prompt.text)["input_ids"]
    return chat.prompt_tokens(tokenizer, prompt.messages)


def load(
    name: str,
    folder: Path,
    dtype: str,
    adapter: Path | None = None,
    shards: int = 1,
    system: str = chat.TEMPLATE,
):
    """The engine `name` (transformers or vllm) with the model of a folder; EngineError if vLLM is not installed.

    shards: GPUs that the model is spread over; vLLM takes all in sight. system: see `chat.load`.
    """
    if name == "transformers":
        from halt.engines.transformers import Engine

        return Engine(folder, dtype, adapter, shards, system)
    if importlib.util.find_spec("vllm"):
        from halt.engines.vllm import Engine

        return Engine(folder, dtype, adapter, system)
    raise EngineError("the engine vllm is not installed: use --sdm conda, or install what envs/vllm.yaml names")


def of_model(entry: Mapping, folder: Path, adapter: Path | None = None, shards: int = 1):
    """The engine of an entry of the config's `models`: see `load`."""
    name, system = entry.get("engine", "transformers"), entry.get("system", chat.TEMPLATE)
    return load(name, folder, entry["dtype"], adapter, shards, system)
