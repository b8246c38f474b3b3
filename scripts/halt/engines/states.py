"""Hidden states of a model at chosen tokens of a text: one forward pass, nothing is generated."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import torch
from transformers import PreTrainedModel

from halt.engines import EngineError, scoring


def layers_at(model: PreTrainedModel, depths: Sequence[float]) -> list[int]:
    """The layers at shares of the model's depth, each once: the first that reaches the share; 1.0 is the last one."""
    count = model.config.get_text_config().num_hidden_layers
    return sorted({math.ceil(Fraction(str(depth)) * count) for depth in depths})


@torch.inference_mode()
def read(
    model: PreTrainedModel,
    sequences: Sequence[list[int]],
    places: Sequence[Sequence[int]],
    layers: Sequence[int],
    batch_size: int,
) -> list[np.ndarray]:
    """float32 arrays (places, layers, width), one for each sequence of token ids.

    places: for each sequence, the indices of the tokens whose states are wanted, at least one. layers: 1 is the output
    of the first layer; the last one is read after the final norm. batch_size: sequences per forward pass; it changes
    speed and memory, not the result beyond floating point. EngineError if a sequence is longer than the context.
    """
    limit = scoring.context(model)
    longest = max(map(len, sequences), default=0)
    if limit is not None and longest > limit:
        raise EngineError(f"a prompt with its answer has {longest} tokens, the model's context {limit}")
    results: list[np.ndarray] = [np.empty(0)] * len(sequences)
    by_length = sorted(range(len(sequences)), key=lambda index: len(sequences[index]))
    for start in range(0, len(sequences), batch_size):
        batch = by_length[start : start + batch_size]
        width = len(sequences[batch[-1]])
        # padded on the right, unseen by tokens that count: see halt.engines.scoring
        ids = torch.zeros((len(batch), width), dtype=torch.long)
        for row, index in enumerate(batch):
            ids[row, : len(sequences[index])] = torch.tensor(sequences[index])
        found = model(
            input_ids=ids.to(model.device),
            attention_mask=torch.ones_like(ids).to(model.device),
            output_hidden_states=True,
            use_cache=False,
            logits_to_keep=1,
        ).hidden_states
        for row, index in enumerate(batch):
            chosen = [found[layer][row, list(places[index])].float().cpu() for layer in layers]
            results[index] = torch.stack(chosen, dim=1).numpy()
    return results
