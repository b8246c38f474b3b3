"""Which of the N judged samples a threshold takes: sorted by correctness, the one at the percentile alpha."""

import math
from fractions import Fraction

from halt import readings
from halt.rewriting._base import Sample, Settings


def place(threshold: str, count: int, rank_base: int) -> int:
    """Index, from 0, of the alpha-percentile of `count` samples in ascending order: number ceil(alpha * N).

    threshold: canonical label; rank_base: 0 (the paper's gloss) or 1 (its printed formula), see paper section 1.5. The
    rank is clamped to the last sample.
    """
    return min(math.ceil(Fraction(threshold) * count) - rank_base, count - 1)


def correctness(sample: Sample, settings: Settings) -> Fraction:
    """Share of right fragments among those that count in the config's reading; 0 without any."""
    counted = sum(map(sample.labels.count, readings.given(settings.reading)))
    return Fraction(sample.labels.count("right"), counted) if counted else Fraction(0)


def select(samples: tuple[Sample, ...], threshold: str, settings: Settings) -> Sample:
    """The alpha-percentile sample, in ascending order of correctness: see `place`.

    Equal samples keep the order in which they were drawn.
    """
    ordered = sorted(samples, key=lambda sample: (correctness(sample, settings), sample.index))
    return ordered[place(threshold, len(ordered), settings.rank_base)]
