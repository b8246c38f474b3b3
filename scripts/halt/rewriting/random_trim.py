"""RandomTrim (paper section 3, the control): as much is removed as HALT removes, but at random, right or wrong.

Only the counts come from HALT; the exact rule is a decision. Independent fragments: from the alpha-percentile sample as
many are deleted, at random, as HALT deletes there. Dependent fragments: the same sample is cut to the share of
fragments that HALT kept of another, randomly chosen prompt's sample. So the shares are distributed as HALT's and say
nothing about this answer. The `unsure` phrase goes with the share. It also ends every answer that was cut off at the
longest allowed length, or lost everything.
"""

import random
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from halt.rewriting import Judged, Settings, Target, left, select, written

RANKED = True

OPTIONS = {
    "seed": {
        "type": "integer",
        "minimum": 0,
        "default": 0,
        "description": "with the prompt's id it decides what is removed (decision)",
    }
}


class Share(NamedTuple):
    """How much HALT keeps of a sample, and whether it writes the `unsure` phrase after it."""

    kept: Fraction
    unsure: bool


def survey(prompts: Sequence[Judged], settings: Settings, threshold: str) -> dict[str, Share]:
    """The share of its fragments that each prompt's sample keeps, by id; empty for independent fragments.

    HALT's shares, permuted over the prompts whose sample has fragments. The order of the prompts does not matter.
    """
    if not settings.dependent:
        return {}
    chosen = {prompt.id: select(prompt.samples, threshold, settings) for prompt in prompts}
    halted = {id: (left(sample, settings), len(sample.fragments)) for id, sample in chosen.items() if sample.fragments}
    shares = {id: Share(Fraction(len(kept.places), total), kept.unsure) for id, (kept, total) in halted.items()}
    ids = sorted(shares)
    dealt = sorted(ids, key=lambda id: _generator(id, settings).random())
    return {id: shares[other] for id, other in zip(ids, dealt, strict=True)}


def rewrite(prompt: Judged, settings: Settings, threshold: str, shares: Mapping[str, Share]) -> Target:
    sample = select(prompt.samples, threshold, settings)
    total = len(sample.fragments)
    if settings.dependent:
        share = shares.get(prompt.id, Share(Fraction(0), True))
        kept = list(sample.fragments[: _cut(total, share.kept)])
        unsure = share.unsure or not sample.finished or not kept
        return Target(written(kept, unsure, settings), sample.index, total, len(kept))
    count = len(left(sample, settings).places)
    places = sorted(_generator(prompt.id, settings).sample(range(total), count))
    return Target(
        written([sample.fragments[place] for place in places], not count, settings), sample.index, total, count
    )


def _cut(total: int, share: Fraction) -> int:
    """The share of `total` fragments as a number, halves up; less than `total` if the share is less than all."""
    return total if share == 1 else max(min(int(share * total + Fraction(1, 2)), total - 1), 0)


def _generator(id: str, settings: Settings) -> random.Random:
    return random.Random(f"{settings.options['seed']}/{id}")
