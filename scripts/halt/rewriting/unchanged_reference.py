"""Unchanged, on the references: ordinary supervised finetuning (paper section 3)."""

from halt.rewriting import Judged, Settings, Target

VERDICTS = False


def rewrite(prompt: Judged, settings: Settings, threshold: str) -> Target:
    return Target(prompt.reference, None, 0, 0)
