"""The number format in which this machine computes a model, and the form in which it computes fast."""

import functools
import sys

import torch
from transformers import PreTrainedModel


@functools.cache  # prints once
def computed_in(dtype: str) -> str:
    """The format to compute in, for weights of the format `dtype` ("bfloat16", "float16", "float32").

    It is the same, except on a CPU without instructions for bfloat16 (none of AVX-512, AMX, Arm's BF16: most laptops).
    There torch multiplies bfloat16 matrices eight times slower than float32 ones, so float32 is used. The weights keep
    their bfloat16 values; results are rounded less.
    """
    if dtype != "bfloat16" or torch.cuda.is_available() or _multiplies_bfloat16():
        return dtype
    print("[halt] this CPU has no bfloat16 instructions: weights are computed with in float32", file=sys.stderr)
    return "float32"


def fitting(batch_size: int, dtype: str) -> int:
    """How many of `batch_size` examples to train on at once: half if another format takes twice the memory."""
    return batch_size if computed_in(dtype) == dtype else max(1, batch_size // 2)


def in_one_piece(model: PreTrainedModel) -> None:
    """Give the model's head a copy of its input that lies in one piece.

    The last positions of a batch (`logits_to_keep`) lie apart in memory. torch multiplies such a tensor row by row on a
    CPU: 10 times slower in float32 and 200 times in bfloat16, more than all layers before it.
    """
    if head := model.get_output_embeddings():
        head.register_forward_pre_hook(lambda module, arguments: (arguments[0].contiguous(),))


def _multiplies_bfloat16() -> bool:
    # torch has no public function for it; its own CPU compiler asks this
    return torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
