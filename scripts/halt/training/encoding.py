"""The data of finetuning: token ids and labels of every row, their order, and how processes share a step."""

import math
import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from halt.engines import chat
from halt.errors import HaltError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100  # label of a token without loss, as in torch's cross entropy


class TrainingError(HaltError):
    """Settings or rows that cannot be trained on; the message says what was found and what to do."""


class Encoded(NamedTuple):
    """Tokenized rows, and counts of the others.

    examples: one mapping per row, `input_ids` and `labels` of equal length; prompt tokens have the label IGNORED.
    truncated: rows kept whose completion lost its tail to max_length. empty: rows dropped without a completion.
    unanswered: rows dropped because the prompt alone fills max_length.
    """

    examples: list[dict[str, list[int]]]
    truncated: int
    empty: int
    unanswered: int


class Plan(NamedTuple):
    """How processes share one optimizer step: batch (per process) x accumulation x processes = global batch."""

    batch: int
    accumulation: int


def plan(global_batch: int, batch_size: int, processes: int, key: str = "finetune.global_batch") -> Plan:
    """The largest batch per process, at most batch_size, with which whole steps reach the global batch.

    key: of the global batch in the config. TrainingError if the number of processes does not divide it.
    """
    share, rest = divmod(global_batch, processes)
    if rest:
        raise TrainingError(
            f"{key}: {global_batch} examples cannot be shared by {processes} processes; "
            f"start a number that divides {global_batch}"
        )
    batch = next(size for size in range(min(batch_size, share), 0, -1) if share % size == 0)
    return Plan(batch, share // batch)


def order(lengths: Sequence[int], epochs: float, global_batch: int, seed: int) -> list[int]:
    """Row numbers in training order; every `global_batch` of them make a step.

    Every epoch is its own permutation, from (seed, epoch). The last step is filled from the next permutation, so all
    steps weigh the same. Within a step the shortest row comes first (`lengths`, in tokens): gradients stay the same,
    and micro-batches hold little padding.
    """
    rows = range(len(lengths))
    steps = max(1, math.ceil(round(epochs * len(lengths)) / global_batch))
    stream: list[int] = []
    epoch = 0
    while len(stream) < steps * global_batch:
        stream += random.Random(f"{seed}/{epoch}").sample(rows, len(rows))
        epoch += 1
    batches = (stream[start : start + global_batch] for start in range(0, steps * global_batch, global_batch))
    return [row for batch in batches for row in sorted(batch, key=lambda row: (lengths[row], row))]


def encode(rows: Sequence[Mapping], tokenizer: "PreTrainedTokenizerBase", max_length: int) -> Encoded:
    """Tokenize prompt/completion rows as SFTTrainer does, in one pass, and count what is cut or dropped.

    rows: {"prompt", "completion"}: lists of turns (see halt.engines.chat) or texts (the end-of-text token is appended).
    The completion begins where the tokens of prompt and of prompt + completion differ.
    """
    examples, truncated, empty, unanswered = [], 0, 0, 0
    for row in rows:
        if not text(row["completion"]).strip():
            empty += 1
            continue
        prompt, whole = _tokens(row, tokenizer)
        start = _common_prefix(prompt, whole)
        if start >= max_length:
            unanswered += 1
            continue
        truncated += len(whole) > max_length
        labels = [IGNORED] * start + whole[start:]
        examples.append({"input_ids": whole[:max_length], "labels": labels[:max_length]})
    return Encoded(examples, truncated, empty, unanswered)


def text(completion: str | Sequence[Mapping]) -> str:
    """The text of a completion, given as turns or as text."""
    return completion if isinstance(completion, str) else "".join(turn["content"] for turn in completion)


def _tokens(row: Mapping, tokenizer: "PreTrainedTokenizerBase") -> tuple[list[int], list[int]]:
    """Token ids of the prompt, and of prompt + completion."""
    if isinstance(row["prompt"], str):
        completion = row["completion"].removesuffix(tokenizer.eos_token) + tokenizer.eos_token
        return tokenizer(row["prompt"])["input_ids"], tokenizer(row["prompt"] + completion)["input_ids"]
    return chat.answered(tokenizer, row["prompt"], text(row["completion"]))


def _common_prefix(one: Sequence[int], other: Sequence[int]) -> int:
    """Number of leading tokens that two sequences share."""
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
