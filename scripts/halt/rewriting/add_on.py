"""Add-On HALT (paper section 1.7): nothing is deleted; from the first wrong fragment on, the answer is marked.

The marker is a line of its own before the first wrong fragment, so that a reader sees what to doubt.
"""

from halt.rewriting import Judged, Settings, Target, first_error, select

RANKED = True


def rewrite(prompt: Judged, settings: Settings, threshold: str) -> Target:
    sample = select(prompt.samples, threshold, settings.rank_base)
    fragments = list(sample.fragments)
    if not fragments:
        return Target(settings.unsure, sample.index, 0, 0)
    end = first_error(sample, settings)
    parts = [settings.join(fragments[:end])] * (end > 0)
    if end < len(fragments):
        parts += [settings.uncertain, settings.join(fragments[end:])]
    return Target("\n".join(parts), sample.index, len(fragments), end)
