"""HALT (paper sections 1.4 and 1.5): the alpha-percentile sample without its errors.

Independent fragments: wrong ones are deleted. If none is left, the answer is the `unsure` phrase. Dependent fragments:
the answer is cut at the first error, and the phrase stands there once. Idle and unverifiable fragments are left out of
both (settings `rewrite.idle`, `rewrite.unverifiable`) and cut nothing.
"""

from halt.rewriting import Judged, Settings, Target, left, select, written

RANKED = True


def rewrite(prompt: Judged, settings: Settings, threshold: str) -> Target:
    sample = select(prompt.samples, threshold, settings)
    places, unsure = left(sample, settings)
    kept = [sample.fragments[place] for place in places]
    return Target(written(kept, unsure, settings), sample.index, len(sample.fragments), len(kept))
