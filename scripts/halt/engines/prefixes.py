"""The common beginning of the prompts of one part, encoded once: few-shot examples that many of them share.

The beginning is found in the token ids, so it is exact whatever the tokenizer does. Its keys and values are copied into
the batches of the prompts that share it; the rest is computed for each. The answers are the same as without sharing, up
to floating point: a key depends on the tokens before it and on its position alone, and both stay.

Prompts that share little are not touched: their answers stay the same bit by bit, see `groups`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from transformers import DynamicCache

LEAST = 64  # tokens: more than the default system prompt of a chat template, less than two examples


class Group(NamedTuple):
    """Indices of prompts that begin with the same `length` tokens."""

    members: list[int]
    length: int


class Beginning(NamedTuple):
    """Keys and values of tokens, by layer: (1, heads, tokens, size) each; None for a layer that keeps none."""

    layers: list[tuple[torch.Tensor, torch.Tensor] | None]
    tokens: int

    @classmethod
    def of(cls, cache: DynamicCache, tokens: int) -> "Beginning":
        """The beginning that a forward pass over its tokens alone left in a cache."""
        return cls([(layer.keys, layer.values) if layer.is_initialized else None for layer in cache.layers], tokens)


NOTHING = Beginning([], 0)


def groups(sequences: Sequence[Sequence[int]]) -> list[Group]:
    """The sequences (token ids) that share a beginning worth it; each is in one group at most.

    It is worth it if two or more sequences share at least LEAST tokens and at least half of the longest one: prompts
    that share one example by chance are not touched. Every sequence keeps at least one token of its own.
    """
    order = sorted(range(len(sequences)), key=lambda index: sequences[index])
    found, members, length = [], order[:1], 0
    for index in order[1:]:
        shared = _shared(sequences, [*members, index])
        if shared:
            members, length = [*members, index], shared
            continue
        found += [Group(members, length)] if len(members) > 1 else []
        members = [index]
    return found + ([Group(members, length)] if len(members) > 1 else [])


def joined(beginnings: Sequence[Beginning], width: int) -> DynamicCache:
    """A cache with a row for each beginning, padded on the left to `width` tokens; an empty one for a width of 0."""
    cache = DynamicCache()
    if not width:
        return cache
    begun = [(row, one) for row, one in enumerate(beginnings) if one.tokens]
    for number, like in enumerate(begun[0][1].layers):
        if like is None:
            continue
        rows = [one.new_zeros((len(beginnings), one.shape[1], width, one.shape[3])) for one in like]
        for row, one in begun:
            for part, own in zip(rows, one.layers[number], strict=True):
                part[row, :, width - one.tokens :] = own[0]
        cache.update(*rows, number)
    return cache


def _shared(sequences: Sequence[Sequence[int]], members: Sequence[int]) -> int:
    """Number of tokens that sorted members share at the beginning; 0 if they are not worth it."""
    low, high = sequences[members[0]], sequences[members[-1]]  # all between these two share what they share
    longest = max(len(sequences[index]) for index in members)
    most = min(len(sequences[index]) for index in members) - 1
    length = next((place for place in range(min(len(low), len(high))) if low[place] != high[place]), most)
    length = min(length, most)
    return length if length >= LEAST and 2 * length >= longest else 0
