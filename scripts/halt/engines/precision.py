"""The number format in which a model is computed on the machine at hand."""

import functools
import sys

import torch


@functools.cache  # says it once
def computed_in(dtype: str) -> str:
    """The format to compute in, of a model whose weights have the format `dtype` ("bfloat16", "float16", "float32").

    It is the same, but on a CPU that has no instructions for bfloat16 (none of AVX-512, AMX, Arm's BF16: most laptops):
    there torch multiplies bfloat16 matrices eight times slower than float32 ones, so float32 is taken. The weights keep
    the values they have in bfloat16, and what is computed with them is rounded less.
    """
    if dtype != "bfloat16" or torch.cuda.is_available() or _multiplies_bfloat16():
        return dtype
    print("[halt] this CPU has no bfloat16 instructions: weights are computed with in float32", file=sys.stderr)
    return "float32"


def fitting(batch_size: int, dtype: str) -> int:
    """How many of `batch_size` examples to train on at once: half where another format takes twice the memory."""
    return batch_size if computed_in(dtype) == dtype else max(1, batch_size // 2)


def _multiplies_bfloat16() -> bool:
    # torch has no public question for it; this is what its own CPU compiler asks
    return torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
