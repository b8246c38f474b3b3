"""FactTune-MC (arXiv 2311.08401): the score of a sample is the model's own confidence in its fragments; no ground
truth.

The paper asks each claim as a question, 20 times, and takes the share of the most frequent answer. Here a fragment's
confidence is the share of the prompt's other samples that say the same fragment: those samples exist already.
"""

from statistics import fmean

from halt.confidence.self_consistency import normal
from halt.preferences import Pair, unequal
from halt.rewriting import Judged, Sample, Settings

SAMPLES = 2
VERDICTS = False


def pairs(prompt: Judged, settings: Settings, threshold: str) -> list[Pair]:
    said = {sample.index: {normal(fragment) for fragment in sample.fragments} for sample in prompt.samples}

    def confidence(sample: Sample) -> float:
        others = [fragments for index, fragments in said.items() if index != sample.index]
        if not (sample.fragments and others):
            return 0.0
        return fmean(sum(normal(fragment) in other for other in others) / len(others) for fragment in sample.fragments)

    return unequal(prompt.samples, confidence)
