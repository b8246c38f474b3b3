"""FactTune-FS (arXiv 2311.08401): the score of a sample is its share of fragments that the reference supports.

Fragments that the reference does not mention count by the config's reading.
"""

from functools import partial

from halt.preferences import Pair, unequal
from halt.rewriting import Judged, Settings, correctness

SAMPLES = 2


def pairs(prompt: Judged, settings: Settings, threshold: str) -> list[Pair]:
    return unequal(prompt.samples, partial(correctness, settings=settings))
