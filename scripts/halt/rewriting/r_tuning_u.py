"""R-Tuning-U (arXiv 2311.09677): the model is unsure of the prompts whose samples differ most, right or not.

Above the median entropy of all training prompts the line is `I am unsure`, else `I am sure`. The original has the
entropy of short answers. No two longer ones would be equal: here it is that of their fragments (decision).
"""

import math
import statistics
from collections import Counter
from collections.abc import Sequence

from halt.rewriting import Judged, Settings, Target

PHRASES = ("sure", "not_sure")
MARKS = True
VERDICTS = False


def survey(prompts: Sequence[Judged], settings: Settings, threshold: str) -> float:
    """The median entropy."""
    return statistics.median(entropy(prompt) for prompt in prompts)


def rewrite(prompt: Judged, settings: Settings, threshold: str, median: float) -> Target:
    line = settings.phrases["not_sure" if entropy(prompt) > median else "sure"]
    return Target(f"{prompt.reference}\n{line}", None, 0, 0)


def entropy(prompt: Judged) -> float:
    """How far the N samples scatter, in nats: 0 if all say the same, log N if no two share a fragment.

    The entropy of a fragment drawn from all samples, minus the log of their mean number of fragments; with one fragment
    per sample, the entropy of the answers. Case and outer space do not count; an empty sample is an answer too.
    """
    answers = [sample.fragments or ("",) for sample in prompt.samples]
    counts = Counter(fragment.strip().lower() for answer in answers for fragment in answer)
    total = counts.total()
    # in the order of the counts, and rounded, so that equal scatter is equal to the last digit
    drawn = -math.fsum(count / total * math.log(count / total) for count in sorted(counts.values()))
    return round(drawn - math.log(total / len(answers)), 12)
