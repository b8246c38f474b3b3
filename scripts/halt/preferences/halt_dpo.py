"""HALT by preference: the HALT target is preferred to the sample that it was made from, with its errors.

Wrong fragments become negatives, as a reviewer of the paper asked (OpenReview of arXiv 2506.04051).
"""

from halt.preferences import Pair
from halt.rewriting import Judged, Settings, halt


def pairs(prompt: Judged, settings: Settings, threshold: str) -> list[Pair]:
    target = halt.rewrite(prompt, settings, threshold)
    [sample] = [sample for sample in prompt.samples if sample.index == target.sample]
    answer = sample.text.strip()
    if not answer or target.kept == target.fragments > 0:
        return []
    return [Pair(target.target, answer, None, sample.index, None, None)]
