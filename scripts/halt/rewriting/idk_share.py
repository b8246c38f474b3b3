"""IDK (paper section 3, baselines) without a threshold: the model knows an answer if enough samples are wholly right.

The target is then the first of those samples, else the `unsure` phrase (decision: the paper names no rule). Half of
five samples means three. `idk` asks for as many at a threshold of 0.40 with `rank_base` 0.
"""

from fractions import Fraction

from halt.rewriting import Judged, Settings, Target, idk, wholly_right

OPTIONS = {
    "share": {
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 1,
        "default": 0.5,
        "description": "share of the N samples that must be wholly right for the model to know (decision)",
    }
}


def rewrite(prompt: Judged, settings: Settings, threshold: str) -> Target:
    right = [sample for sample in prompt.samples if wholly_right(sample, settings)]
    if Fraction(len(right), len(prompt.samples)) < Fraction(str(settings.options["share"])):
        return Target(settings.unsure, None, 0, 0)
    return idk.answered(right[0], settings)
