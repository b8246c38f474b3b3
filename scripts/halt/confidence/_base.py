"""How sure a model is of each fragment of an answer, and what stays if the unsure ones are dropped: no training.

A filter is one module of this folder; `methods.<name>.filter` of the config names it. It says which program computes
its confidences, and defines what that program calls. Names in capitals are literals.

    PROGRAM: str                 the program: self_evaluate, agree or probe

    self_evaluate                asks the pretrained model about every fragment, after confidence.shots examples
        ASKS: tuple[str, str]        prompt texts for fragments that stand alone, and for those that build on each other
        TEXTS: dict                  its prompt texts: file in scripts/prompts/ (without .txt) -> the fields it holds
        shots, questions, asker      as in `p_true`
    agree                        compares every fragment with the samples of its prompt
        of_answers, of_training      as in `self_consistency`
        SAMPLES: int                 optional, 1: least number of samples of a prompt (generate.samples)
    probe                        learns from hidden states at training fragments which are right
        fit                          as in `probe`
        POSITIONS: tuple[str, ...]   optional, probe.positions of the config: tokens of a fragment to choose from
        STOPS: bool                  optional, False: the answer ends at its first fragment below the bound

This module applies a threshold to confidences of any kind; pure.

A threshold is a share. At alpha, the bound is the confidence that a share alpha of the fragments of *training* samples
reach. So a small alpha gives less and is right more often, as in HALT. The fragments of the answers themselves never
set the bound. At 1.00 nothing is dropped.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from types import ModuleType

import polars as pl

from halt import frames, plugins
from halt.errors import HaltError
from halt.paths import NO_THRESHOLD

PROMPTS_PER_PART = 16  # a kill loses at most these; no setting: parts must fit any batch size
TRAINING = "train"
TRAINING_SAMPLE = 0  # its fragments set the bound; any sample would do, they are independent


class ConfidenceError(HaltError):
    """The tables do not match, or the model cannot be asked; the message says where or why."""


def chosen(settings: Mapping, otherwise: ModuleType) -> ModuleType:
    """The filter's module that a program's settings name (`methods/<m>`), else `otherwise`."""
    named = [entry["filter"] for key, entry in settings.items() if key.startswith("methods/")]
    return plugins.load("confidence", *named) if named else otherwise


def bound(training: Sequence[float], threshold: str) -> float:
    """The confidence that fragments must reach: the ceil(alpha * n)-th highest of n training fragments.

    training: their confidences, in any order; threshold: canonical label. At least a share alpha of them reaches it,
    more if several are equal to it. -inf at 1.00, which keeps everything. ConfidenceError without any.
    """
    alpha = Fraction(threshold)
    if alpha == 1:
        return -math.inf
    if not training:
        raise ConfidenceError("the training samples have no fragment: there is nothing to set the bound with")
    return sorted(training, reverse=True)[math.ceil(alpha * len(training)) - 1]


def kept(confidences: Sequence[float], least: float, dependent: bool) -> list[bool]:
    """Which fragments of one answer stay: those with at least the confidence `least`.

    In dependent domains the first one below it and all after it go, as HALT cuts at the first error (paper section
    1.4).
    """
    sure = [confidence >= least for confidence in confidences]
    if not dependent:
        return sure
    cut = sure.index(False) if False in sure else len(sure)
    return [place < cut for place in range(len(sure))]


def text(
    whole: str,
    fragments: Sequence[str],
    stays: Sequence[bool],
    unsure: str,
    dependent: bool,
    join: Callable[[list[str]], str],
) -> str:
    """What is left of one answer, in the form of HALT's targets. If nothing is dropped, `whole` as it is."""
    if all(stays):
        return whole
    left = [fragment for fragment, stay in zip(fragments, stays, strict=True) if stay]
    parts = [join(left)] * bool(left) + [unsure] * (dependent or not left)
    return "\n".join(parts)


def filtered(
    responses: pl.DataFrame,
    judgements: pl.DataFrame,
    confidences: pl.DataFrame,
    *,
    method: str,
    threshold: str,
    unsure: str,
    dependent: bool,
    join: Callable[[list[str]], str],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """RESPONSES and JUDGEMENTS of the filtered answers, under the name of the method that filters.

    responses, judgements: of the answers before the filter; confidences: CONFIDENCES of their fragments and of those of
    the training samples (`split` says which). A fragment that stays keeps its verdict: an independent one was judged by
    itself, a dependent one only with those before it. A dependent answer that loses a fragment no longer solves its
    task. ConfidenceError if a fragment has no confidence.
    """
    training = confidences.filter(pl.col("split") == TRAINING)["confidence"].to_list()
    least = bound(training, threshold)
    place = ["id", "sample", "fragment"]
    given = confidences.filter(pl.col("split") != TRAINING).select(*place, "confidence")
    joined = judgements.join(given, on=place, how="left").sort(place)
    without = joined.filter(pl.col("confidence").is_null())
    if len(without):
        raise ConfidenceError(
            f"{len(without)} fragments have no confidence, the first of prompt '{without['id'][0]}': "
            "confidences and judgements are of different runs"
        )
    of_answer = {
        key: (part["text"].to_list(), kept(part["confidence"].to_list(), least, dependent), part)
        for key, part in joined.partition_by("id", "sample", as_dict=True, maintain_order=True).items()
    }
    nothing: tuple = ([], [])
    texts = [
        text(row["text"], *of_answer.get((row["id"], row["sample"]), nothing)[:2], unsure, dependent, join)
        for row in responses.iter_rows(named=True)
    ]
    left = [_left(part, stays, dependent) for _, stays, part in of_answer.values()]
    renamed = {"method": pl.lit(method), "threshold": pl.lit(threshold)}
    answers = responses.with_columns(text=pl.Series(texts, dtype=pl.String), **renamed)
    verdicts = pl.concat([joined.clear(), *left]).with_columns(
        **renamed, fragment=pl.int_range(pl.len(), dtype=pl.Int32).over("id", "sample")
    )
    return answers, verdicts.select(list(frames.JUDGEMENTS))


def _left(judged: pl.DataFrame, stays: Sequence[bool], dependent: bool) -> pl.DataFrame:
    """JUDGEMENTS rows of one answer that stay. A dependent answer is cut, so it solves nothing."""
    if dependent and not all(stays):
        judged = judged.with_columns(solved=pl.lit(False))
    return judged.filter(pl.Series(list(stays), dtype=pl.Boolean))


def training_fragments(fragments: pl.DataFrame) -> pl.DataFrame:
    """The rows of the one sample that sets the bound, from FRAGMENTS or JUDGEMENTS of the training samples."""
    return fragments.filter(pl.col("sample") == TRAINING_SAMPLE)


def keys(responses: pl.DataFrame, method: str) -> dict:
    """The run's columns of a CONFIDENCES table: those of the filtered RESPONSES, with the method that filters."""
    row = responses.row(0, named=True)
    return {name: row[name] for name in ("model", "domain", "seed", "test_domain")} | {
        "method": method,
        "threshold": NO_THRESHOLD,
    }


def check(fragments: pl.DataFrame, responses: pl.DataFrame, training: pl.DataFrame) -> None:
    """ConfidenceError if a fragment belongs to none of the RESPONSES, or a training fragment to none of the samples."""
    strays = fragments.join(responses, on=["method", "seed", "id", "sample"], how="anti")
    if len(strays):
        raise ConfidenceError(
            f"{len(strays)} fragments belong to no response, the first of prompt '{strays['id'][0]}': "
            "fragments and responses are of different runs"
        )
    both = sorted(set(training["id"]) & set(responses["id"]))
    if both:
        raise ConfidenceError(f"{len(both)} answered prompts are training prompts too, the first is '{both[0]}'")


def parts(tables: Mapping[str, pl.DataFrame]) -> list[list[tuple[str, pl.DataFrame]]]:
    """Units of work: a few prompts each, every prompt as (split, its rows). tables: FRAGMENTS by split."""
    single = [(split, part) for split, rows in tables.items() for part in rows.partition_by("id", maintain_order=True)]
    return [single[start : start + PROMPTS_PER_PART] for start in range(0, len(single), PROMPTS_PER_PART)]


def table(fragments: pl.DataFrame, confidences: Sequence[float], split: str, run: Mapping) -> pl.DataFrame:
    """CONFIDENCES: one value per row of a FRAGMENTS table, in its order.

    split: where the fragments' prompts come from; run: see `keys`.
    """
    columns = [pl.lit(value, frames.CONFIDENCES[name]).alias(name) for name, value in run.items()]
    return fragments.with_columns(
        *columns,
        split=pl.lit(split),
        confidence=pl.Series(list(confidences), dtype=pl.Float64),
    ).select(list(frames.CONFIDENCES))
