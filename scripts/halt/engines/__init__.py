"""Engines turn prompts into text. They know nothing of HALT.

Every engine has `generate(prompts, sampling) -> list[list[Completion]]`, the N completions of each prompt in order.
"""

from typing import NamedTuple


class Sampling(NamedTuple):
    """How to sample. temperature 0 is greedy. A completion depends on (seed, prompt id, sample index) alone."""

    samples: int
    temperature: float
    top_p: float
    max_new_tokens: int
    seed: int
    stop: tuple[str, ...] = ()


class Completion(NamedTuple):
    """One sampled answer; tokens counts the end token, finished is False when max_new_tokens cut it."""

    text: str
    tokens: int
    finished: bool


class Prompt(NamedTuple):
    """One prompt: chat messages (role, content) for models with a chat template, plain text for the others."""

    id: str
    messages: list[dict] | None
    text: str | None
