"""HALT (paper sections 1.4 and 1.5): the alpha-percentile sample without its errors.

Independent fragments: wrong ones are deleted, and where none is left the answer is the `unsure` phrase. Dependent
fragments: the answer is cut at the first error and the phrase stands in its place, once.
"""

from halt.rewriting import Judged, Settings, Target, first_error, keeps, select, written

RANKED = True


def rewrite(prompt: Judged, settings: Settings, threshold: str) -> Target:
    sample = select(prompt.samples, threshold, settings.rank_base)
    total = len(sample.fragments)
    if settings.dependent:
        end = first_error(sample, settings)
        kept = list(sample.fragments[:end])
        unsure = end < total or not total
    else:
        kept = [
            fragment for fragment, label in zip(sample.fragments, sample.labels, strict=True) if keeps(label, settings)
        ]
        unsure = not kept
    return Target(written(kept, unsure, settings), sample.index, total, len(kept))
