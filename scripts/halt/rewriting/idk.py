"""IDK (paper section 3, baselines): all or nothing. The whole answer where the model knows, else the `unsure` phrase.

The paper names the baseline and not its rule. Here (decision) the model knows what the alpha-percentile sample, the one
that HALT rewrites, gets wholly right; `idk_share` asks all samples instead.
"""

from halt.rewriting import Judged, Settings, Target, select, wholly_right

RANKED = True


def rewrite(prompt: Judged, settings: Settings, threshold: str) -> Target:
    sample = select(prompt.samples, threshold, settings.rank_base)
    total = len(sample.fragments)
    if wholly_right(sample, settings):
        return Target(settings.join(list(sample.fragments)), sample.index, total, total)
    return Target(settings.unsure, sample.index, total, 0)
