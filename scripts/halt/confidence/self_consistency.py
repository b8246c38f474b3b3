"""Self-consistency as a confidence: how many of the N samples of the same prompt say the same fragment.

After self-consistency (Wang et al., arXiv 2203.11171) and SelfCheckGPT (Manakul et al., arXiv 2303.08896), by the words
themselves: no model compares them (decision). Case, spacing and the punctuation at the end do not count. Nor does the
place in the sample, in dependent domains either (decision): samples take other ways.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

import polars as pl

from halt.confidence import TRAINING_SAMPLE, ConfidenceError, training_fragments

PROGRAM = "agree"
SAMPLES = 2  # with one there is nothing to compare


def normal(text: str) -> str:
    """A fragment without case, spacing and final punctuation."""
    return re.sub(r"\s+", " ", text).strip().rstrip(".,;:!? ").casefold()


def agreement(fragments: Sequence[str], samples: Sequence[Sequence[str]]) -> list[float]:
    """The share of the samples (each a list of fragments) that hold each fragment; at least one sample."""
    held = [{normal(fragment) for fragment in sample} for sample in samples]
    return [sum(normal(fragment) in sample for sample in held) / len(held) for fragment in fragments]


def of_answers(fragments: pl.DataFrame, samples: pl.DataFrame, count: int) -> list[float]:
    """Agreement of the answers' fragments with samples of the same prompts, in the order of the rows.

    An answer is compared with all samples except the first, as a training fragment is: both are shares of the same
    number. fragments: FRAGMENTS of one answer per prompt. samples: FRAGMENTS of the samples 0 to count - 1 of these
    prompts; a sample without fragments has no row and agrees with nothing. ConfidenceError on a sample beyond.
    """
    drawn = _drawn(samples, count)
    return [
        agreement([text], _others(drawn[id], TRAINING_SAMPLE))[0]
        for id, text in fragments.select("id", "text").iter_rows()
    ]


def of_training(samples: pl.DataFrame, count: int) -> tuple[pl.DataFrame, list[float]]:
    """The training fragments that set the bound, and their agreement with the *other* samples of the same prompts."""
    chosen, drawn = training_fragments(samples), _drawn(samples, count)
    values = []
    for id, own, text in chosen.select("id", "sample", "text").iter_rows():
        values += agreement([text], _others(drawn[id], own))
    return chosen, values


def _others(drawn: Mapping[int, list[str]], own: int) -> list[list[str]]:
    return [fragments for index, fragments in drawn.items() if index != own]


def _drawn(samples: pl.DataFrame, count: int) -> dict[str, dict[int, list[str]]]:
    """Texts of the fragments by prompt and sample, for all `count` samples of a prompt."""
    if samples.height and samples["sample"].max() >= count:
        raise ConfidenceError(f"sample {samples['sample'].max()} of a prompt, expected {count} samples from 0")
    drawn: dict[str, dict[int, list[str]]] = defaultdict(lambda: {index: [] for index in range(count)})
    for id, sample, text in samples.select("id", "sample", "text").iter_rows():
        drawn[id][sample].append(text)
    return drawn
