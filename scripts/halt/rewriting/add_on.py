"""Add-On HALT (paper section 1.7): no error is deleted; from the first wrong fragment on, the answer is marked.

The marker is a line of its own before the first wrong fragment: a reader sees what to doubt. The part before it is what
HALT would teach, without idle and unverifiable fragments if the settings say so. After the marker they stay.
"""

from halt.rewriting import Judged, Settings, Target, first_error, select, staying

RANKED = True
MARKS = True


def rewrite(prompt: Judged, settings: Settings, threshold: str) -> Target:
    sample = select(prompt.samples, threshold, settings)
    fragments, end = list(sample.fragments), first_error(sample)
    sure = [fragments[place] for place in staying(sample, sample.labels, range(end), settings)]
    parts = [settings.join(sure)] * bool(sure)
    if end < len(fragments):
        parts += [settings.uncertain, settings.join(fragments[end:])]
    return Target("\n".join(parts) or settings.unsure, sample.index, len(fragments), len(sure))
