"""What SK-Tuning learns from and what it is tried on: the training prompts are divided by their clusters; pure.

SK-Tuning (arXiv 2402.09267) sees verdicts, and the pairs of self-alignment must not. If a model had learned the
verdicts of the fragments that it rates, its p(True) would be the ground truth under another name. The paper takes its
questions from other data sets. Here a share of the training clusters is learned from, and pairs are made of the others
(decision).
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from halt import frames, readings
from halt.confidence import p_true
from halt.confidence.p_true import Question


class Item(NamedTuple):
    """One question of SK-Tuning and whether "true" is its right answer."""

    question: Question
    right: bool


def learnt(clusters: Mapping[str, str], share: float, seed: int) -> set[str]:
    """Ids of the prompts that SK-Tuning learns from: a share of the clusters, by hash, rounded to whole ones.

    clusters: of the training prompts, by id. Each side has at least one if there are two. The choice depends on the
    seed and the names of the clusters alone.
    """
    ordered = sorted(set(clusters.values()), key=lambda cluster: _drawn(seed, cluster))
    count = min(max(round(share * len(ordered)), 1), max(len(ordered) - 1, 1))
    chosen = set(ordered[:count])
    return {id for id, cluster in clusters.items() if cluster in chosen}


def items(
    judgements: pl.DataFrame,
    asked: Mapping[str, str],
    learnt: Collection[str],
    samples: int,
    dependent: bool,
    reading: str,
) -> list[Item]:
    """A question for every fragment that counts in a reading, of the first `samples` of each prompt in `learnt`.

    judgements: JUDGEMENTS of training samples; asked: prompts by id. Duplicates are kept: a model learns often about
    what it says often (arXiv 2402.09267). The right answer is "false" if a fragment counts and is not right.
    """
    chosen = judgements.filter(pl.col("id").is_in(list(learnt)) & (pl.col("sample") < samples)).sort(
        "id", "sample", "fragment"
    )
    labels = chosen["label"].cast(pl.String).to_list()
    return [
        Item(question, label == "right")
        for question, label in zip(p_true.questions(chosen, asked, dependent), labels, strict=True)
        if label in readings.given(reading)
    ]


def ratings(fragments: pl.DataFrame, confidences: Sequence[float], split: str, evaluator: str) -> pl.DataFrame:
    """RATINGS: one value per row of a FRAGMENTS table, in its order."""
    return fragments.with_columns(
        evaluator=pl.lit(evaluator),
        split=pl.lit(split),
        confidence=pl.Series(list(confidences), dtype=pl.Float64),
    ).select(list(frames.RATINGS))


def _drawn(seed: int, cluster: str) -> bytes:
    return hashlib.blake2b(f"{seed}\0{cluster}".encode(), digest_size=8).digest()
