"""IDK (paper section 3, baselines): all or nothing. The whole answer if the model knows it, else the `unsure` phrase.

The paper names the baseline and not its rule. Here (decision) the model knows an answer if the alpha-percentile sample,
the one that HALT rewrites, is wholly right; `idk_share` looks at all samples instead. A dependent answer is wholly
right if it solves the task without an error: true lines alone are no knowledge. The target keeps what HALT would keep.
"""

from halt.rewriting import Judged, Sample, Settings, Target, left, select, wholly_right

RANKED = True


def rewrite(prompt: Judged, settings: Settings, threshold: str) -> Target:
    sample = select(prompt.samples, threshold, settings)
    return answered(sample, settings)


def answered(sample: Sample, settings: Settings) -> Target:
    """What may stay of a wholly right sample; for any other sample the `unsure` phrase."""
    places = left(sample, settings).places if wholly_right(sample, settings) else []
    kept = [sample.fragments[place] for place in places]
    return Target(settings.join(kept) if kept else settings.unsure, sample.index, len(sample.fragments), len(kept))
