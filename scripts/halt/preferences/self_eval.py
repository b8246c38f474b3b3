"""Self-Alignment for Factuality (arXiv 2402.09267): the score of a sample is the model's mean p(True) of its fragments.

No ground truth: the samples come with the model's own confidences and without verdicts. The best share of a prompt's
samples is preferred to each of the others. `rated_by` says whose p(True) it is: the pretrained model's
(Self-Eval-P(True)) or the SK-tuned one's (Self-Eval-SKT).
"""

import math
from fractions import Fraction
from statistics import fmean

from halt.preferences import Pair
from halt.rewriting import Judged, Sample, Settings

SAMPLES = 2
OPTIONS = {
    "top": {
        "description": (
            "Share of a prompt's samples that is preferred to the rest, rounded up, but for the last one at least"
            " (arXiv 2402.09267: 0.3, or 0.5)."
        ),
        "type": "number",
        "exclusiveMinimum": 0,
        "exclusiveMaximum": 1,
        "default": 0.3,
    }
}


def pairs(prompt: Judged, settings: Settings, threshold: str) -> list[Pair]:
    """All top x rest pairs, best first. Samples of equal score keep their order and make no pair.

    A sample that claims nothing scores 0 and an empty one is left out, as in FactTune (decision).
    """
    scored = [(_score(sample), sample) for sample in prompt.samples if sample.text.strip()]
    ranked = sorted(scored, key=lambda one: -one[0])
    # As the config writes it: 0.28 of 25 samples are 7, but the binary 0.28 is a little more than that.
    best = min(math.ceil(Fraction(str(settings.options["top"])) * len(ranked)), len(ranked) - 1)
    return [
        Pair(chosen.text.strip(), rejected.text.strip(), chosen.index, rejected.index, high, low)
        for high, chosen in ranked[:best]
        for low, rejected in ranked[best:]
        if high > low and chosen.text.strip() != rejected.text.strip()
    ]


def _score(sample: Sample) -> float:
    return fmean(sample.confidences) if sample.confidences else 0.0
