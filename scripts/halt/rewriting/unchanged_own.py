"""Unchanged, on the model's own answers: ordinary finetuning on one random sample of each prompt (paper section 3).

The first sample is the random one: samples are drawn independently.
"""

from halt.rewriting import Judged, Settings, Target

VERDICTS = False


def rewrite(prompt: Judged, settings: Settings, threshold: str) -> Target | None:
    sample = prompt.samples[0]
    if not sample.text.strip():
        return None
    return Target(sample.text.strip(), sample.index, len(sample.fragments), len(sample.fragments))
