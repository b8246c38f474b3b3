"""IDK (paper section 3, baselines): all or nothing. The whole answer where the model knows, else the `unsure` phrase.

The paper names the baseline and not its rule. Here (decision) the model knows what the alpha-percentile sample, the one
that HALT rewrites, gets wholly right; `idk_share` asks all samples instead. A dependent answer is wholly right if it
solves the task without an error: that no line of it is false is no knowledge. Of the answer stays what HALT would keep.
"""

from halt.rewriting import Judged, Sample, Settings, Target, left, select, wholly_right

RANKED = True


def rewrite(prompt: Judged, settings: Settings, threshold: str) -> Target:
    sample = select(prompt.samples, threshold, settings)
    return answered(sample, settings)


def answered(sample: Sample, settings: Settings) -> Target:
    """What may stay of a wholly right sample, the `unsure` phrase in place of any other."""
    places = left(sample, settings).places if wholly_right(sample, settings) else []
    kept = [sample.fragments[place] for place in places]
    return Target(settings.join(kept) if kept else settings.unsure, sample.index, len(sample.fragments), len(kept))
