"""Probabilities of given tokens after many sequences with a common beginning, which is encoded once.

A judge asks dozens of short questions about one long ground truth. One forward pass computes the keys and values of the
common beginning. They are copied for a batch, and only the rest is computed per sequence. The common beginning is found
in the token ids, so it is exact whatever the tokenizer does.
"""

import copy
from collections.abc import Sequence

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from halt.engines import chat as templates
from halt.errors import HaltError


class ScoringError(HaltError):
    """A sequence or an answer word that the model cannot take; the message says which."""


def answer_tokens(tokenizer: PreTrainedTokenizerBase, opening: str, words: Sequence[str]) -> list[int]:
    """The first token of each of `words` directly after `opening`.

    ScoringError if a word merges with the end of the opening, or if two words begin with the same token.
    """
    before = tokenizer(opening, add_special_tokens=False)["input_ids"]
    tokens = []
    for word in words:
        whole = tokenizer(opening + word, add_special_tokens=False)["input_ids"]
        if whole[: len(before)] != before or len(whole) == len(before):
            raise ScoringError(f"the answer '{word}' merges with the end of the prompt in this model's tokenizer")
        tokens.append(whole[len(before)])
    if len(set(tokens)) < len(tokens):
        raise ScoringError(f"the answers {', '.join(words)} begin with the same token in this model's tokenizer")
    return tokens


def answers_behind(tokenizer: PreTrainedTokenizerBase, question: str, words: Sequence[str], chat: bool) -> list[int]:
    """`answer_tokens` after a question, as the model would write them there.

    A chat model answers in its own turn, spelled as its template has it (" Yes" or "Yes"). In plain text a space comes
    first.
    """
    if not chat:
        return answer_tokens(tokenizer, question, [f" {word}" for word in words])
    turn = [{"role": "user", "content": question}]
    opening = templates.opening(tokenizer, turn)
    return answer_tokens(tokenizer, opening, [templates.spelt(tokenizer, turn, opening, word) for word in words])


def context(model: PreTrainedModel) -> int | None:
    """How many tokens a model takes, prompt and answer together; None if its configuration does not say."""
    return getattr(model.config.get_text_config(), "max_position_embeddings", None)


@torch.inference_mode()
def next_token_probabilities(
    model: PreTrainedModel, sequences: Sequence[list[int]], tokens: Sequence[int], batch_size: int
) -> list[list[float]]:
    """P(token | sequence) for every sequence (token ids, at least one each) and each of `tokens`.

    Returns len(sequences) lists of len(tokens) probabilities under the full softmax, in float32. batch_size: endings
    per forward pass; it changes speed and memory, not the result beyond floating point. ScoringError if a sequence is
    longer than the model's context.
    """
    if not sequences:
        return []
    _check_lengths(model, sequences)
    common = _common(sequences)
    prefix = _encoded(model, sequences[0][:common])
    chosen = torch.tensor(list(tokens), device=model.device)
    results: list[list[float]] = [[] for _ in sequences]
    by_length = sorted(range(len(sequences)), key=lambda index: len(sequences[index]))
    for start in range(0, len(sequences), batch_size):
        batch = by_length[start : start + batch_size]
        probabilities = _after(model, prefix, common, [sequences[index][common:] for index in batch])[:, chosen]
        for index, row in zip(batch, probabilities.tolist(), strict=True):
            results[index] = row
    return results


@torch.inference_mode()
def likelihoods(
    model: PreTrainedModel, sequences: Sequence[list[int]], starts: Sequence[int], batch_size: int
) -> list[float]:
    """The geometric mean of P(token | all before it) over the tokens of each sequence from its start on.

    sequences: token ids; starts: for each, the place of the first token that counts, at least 1 and less than its
    length. batch_size: sequences per forward pass, as in `next_token_probabilities`. ScoringError if a sequence is
    longer than the model's context.
    """
    return [logs.mean().exp().item() for logs in _logs(model, sequences, starts, batch_size)]


@torch.inference_mode()
def log_probabilities(
    model: PreTrainedModel, sequences: Sequence[list[int]], starts: Sequence[int], batch_size: int
) -> list[float]:
    """The sum of log P(token | all before it) over the tokens of each sequence from its start on.

    As `likelihoods`, for answers to one prompt: their common beginning is encoded once.
    """
    common = min(_common(sequences), min(starts) - 1) if sequences else 0
    return [logs.sum().item() for logs in _logs(model, sequences, starts, batch_size, common)]


def _logs(
    model: PreTrainedModel, sequences: Sequence[list[int]], starts: Sequence[int], batch_size: int, common: int = 0
) -> list[torch.Tensor]:
    """log P(token | all before it) of the tokens of each sequence from its start on, in float32.

    common: length of a common beginning, encoded once; it ends before the token that predicts the first that counts.
    """
    if not sequences:
        return []
    _check_lengths(model, sequences)
    device = model.device
    prefix = _encoded(model, sequences[0][:common])
    results = [torch.empty(0)] * len(sequences)
    by_length = sorted(range(len(sequences)), key=lambda index: len(sequences[index]))
    for begin in range(0, len(sequences), batch_size):
        batch = by_length[begin : begin + batch_size]
        width = len(sequences[batch[-1]])
        first = min(starts[index] for index in batch) - 1  # the position that predicts the first token that counts
        ids = torch.zeros((len(batch), width), dtype=torch.long)  # padded on the right, as in `_after`
        for row, index in enumerate(batch):
            ids[row, : len(sequences[index])] = torch.tensor(sequences[index])
        logits = model(
            input_ids=ids[:, common:].to(device),
            position_ids=torch.arange(common, width, device=device).expand(len(batch), -1),
            attention_mask=torch.ones_like(ids).to(device),
            past_key_values=_repeated(prefix, len(batch)),
            use_cache=prefix is not None,
            logits_to_keep=width - first,
        ).logits
        for row, index in enumerate(batch):  # one by one: a batch of them in float32 would be gigabytes
            start, end = starts[index], len(sequences[index])
            of_answer = logits[row, start - 1 - first : end - 1 - first].float().log_softmax(-1)
            said = torch.tensor(sequences[index][start:end], device=of_answer.device)
            results[index] = of_answer.gather(1, said[:, None])[:, 0]
    return results


def _encoded(model: PreTrainedModel, beginning: list[int]):
    """Keys and values of the common beginning; None if there is none."""
    if not beginning:
        return None
    ids = torch.tensor([beginning], device=model.device)
    return model(input_ids=ids, use_cache=True, logits_to_keep=1).past_key_values


def _repeated(prefix, count: int):
    """A copy of the keys and values of a beginning for each of `count` sequences; None if there is none."""
    if prefix is None:
        return None
    cache = copy.deepcopy(prefix)
    cache.batch_repeat_interleave(count)
    return cache


def _check_lengths(model: PreTrainedModel, sequences: Sequence[list[int]]) -> None:
    limit = context(model)
    longest = max(len(sequence) for sequence in sequences)
    if limit is not None and longest > limit:
        raise ScoringError(f"a prompt has {longest} tokens, the model's context {limit}")


def _common(sequences: Sequence[list[int]]) -> int:
    """Length of the longest common beginning that leaves every sequence at least one token."""
    low, high = min(sequences), max(sequences)  # all between these two share what they share
    longest = min(len(sequence) for sequence in sequences) - 1
    return next((place for place in range(longest) if low[place] != high[place]), longest)


def _after(model: PreTrainedModel, prefix, common: int, endings: list[list[int]]) -> torch.Tensor:
    """Next-token probabilities (endings, vocabulary) after prefix + ending.

    Endings are padded on the right: a token sees only what is before it, so no token that counts sees the padding, and
    no mask is needed. Only the positions where an ending ends go through the output layer.
    """
    device = model.device
    rows = torch.arange(len(endings), device=device)
    lengths = torch.tensor([len(ending) for ending in endings], device=device)
    width = int(lengths.max())
    ids = torch.zeros((len(endings), width), dtype=torch.long)
    for row, ending in enumerate(endings):
        ids[row, : len(ending)] = torch.tensor(ending)
    ends, place = (lengths - 1).unique(return_inverse=True)
    logits = model(
        input_ids=ids.to(device),
        position_ids=torch.arange(common, common + width, device=device).expand(len(endings), -1),
        attention_mask=torch.ones((len(endings), common + width), dtype=torch.long, device=device),
        past_key_values=_repeated(prefix, len(endings)),
        use_cache=prefix is not None,
        logits_to_keep=ends.tolist(),  # a tensor would have to be on the device of a sharded model's last layer
    ).logits
    return logits[rows, place].float().softmax(-1)
