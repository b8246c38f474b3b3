"""Which of N sorted samples a threshold picks. A module of its own: the check of a config must not load polars."""

import math
from fractions import Fraction


def place(threshold: str, count: int, rank_base: int) -> int:
    """Index, from 0, of the alpha-percentile of `count` samples in ascending order: number ceil(alpha * N).

    threshold: canonical label; rank_base: 0 (the paper's gloss) or 1 (its printed formula), see paper section 1.5. The
    rank is clamped to the last sample.
    """
    return min(math.ceil(Fraction(threshold) * count) - rank_base, count - 1)
