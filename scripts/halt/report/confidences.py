"""How good is a confidence: does it rank right above wrong, and is it a probability?

Two kinds of rows. A filter's confidence is about single fragments. A model that learned to say whether it is sure
(R-Tuning, arXiv 2311.09677) speaks about whole answers; as in that paper, average precision ranks them.
"""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from halt import metrics, readings
from halt.report import tables

CONFIDENCE = (
    *("model", "domain", "method", "of", "by", "seed", "test_domain", "ranked", "number", "right"),
    *("auroc", "auroc_lo", "auroc_hi", "ap", "ap_lo", "ap_hi", "confidence", "ece"),
)
FRAGMENTS, ANSWERS = "fragments", "answers"  # what is ranked
SURE, RANKING = "sure", "sure and likelihood"  # what ranks answers: P(sure), and its mean with their likelihood
BINS = 10  # of equal width, for the calibration error

_ANSWER = ("model", "domain", "seed", "test_domain", "id", "sample")
_PLACE = ("model", "domain", "method", "of", "by", "seed", "test_domain")


def of_fragments(
    confidences: pl.LazyFrame,
    judgements: pl.LazyFrame,
    counted: pl.DataFrame,
    filters: Mapping[str, Mapping],
    scoring: metrics.Scoring,
) -> pl.DataFrame:
    """One row per filter, model, domain and seed (columns CONFIDENCE), over the fragments that count in the reading.

    confidences: CONFIDENCES; judgements: JUDGEMENTS of the answers before the filter; counted: METRICS, for the
    clusters of prompts; filters: entries of the config's methods that filter. `number` of fragments were ranked,
    `right` is the share of right ones, `confidence` the mean confidence, `ece` the expected calibration error. AUROC
    and average precision with 95 % intervals by bootstrap over clusters; null if all are right or all are wrong.
    """
    clusters = counted.select("test_domain", "id", "cluster").unique()
    methods = pl.DataFrame(
        [(name, entry["of"], entry["filter"]) for name, entry in filters.items()],
        schema=dict.fromkeys(("method", "of", "by"), pl.String),
        orient="row",
    )
    given = (
        confidences.filter(pl.col("split") != "train")
        .collect()
        .join(methods, on="method")
        .join(
            judgements.filter(pl.col("label").cast(pl.String).is_in(readings.given(scoring.reading)))
            .select(*_ANSWER, "fragment", of="method", right=pl.col("label") == "right")
            .collect(),
            on=(*_ANSWER, "fragment", "of"),
        )
        .join(clusters, on=("test_domain", "id"))
        .sort(*_ANSWER, "method", "fragment")
        .with_columns(ranked=pl.lit(FRAGMENTS))
    )
    return _table(given, scoring)


def of_answers(
    assurances: pl.LazyFrame,
    counted: pl.DataFrame,
    shares: Mapping[str, float],
    dependent: Mapping[str, bool],
    scoring: metrics.Scoring,
) -> pl.DataFrame:
    """Two rows per method that says whether it is sure, model, domain and seed (columns CONFIDENCE), over all answers.

    assurances: ASSURANCES; counted: METRICS of these answers in full. One row ranks by P(sure), one, as in the paper,
    by its mean with the likelihood of the answer; calibration is for P(sure) alone. An answer is right as in training:
    with independent fragments if something is given and at least the share `shares[method]` of it is right; a dependent
    answer (`dependent[test_domain]`) if it solves its task. metrics.MetricsError for an answer that was not counted.
    """
    sure = assurances.collect()
    if sure.is_empty():
        return tables.frame([], CONFIDENCE)
    full = pl.col("method") + metrics.FULL
    marked = counted.filter(pl.col("method").str.ends_with(metrics.FULL))
    sure = sure.with_columns(
        counted=pl.when(full.is_in(marked["method"].unique().implode())).then(full).otherwise("method")
    )
    place = [name for name in metrics.ANSWER if name != "method"]
    counts = ("given", "right", "unverifiable", "unjudged", "solved")
    numbers = counted.select(*place, "cluster", *counts, counted="method")
    joined = sure.join(numbers, on=[*place, "counted"], how="left")
    if missing := joined["given"].null_count():
        id = joined.filter(pl.col("given").is_null())["id"].sort()[0]
        raise metrics.MetricsError(f"{missing} answers have a confidence and were not counted, the first has id {id!r}")
    is_dependent = pl.col("test_domain").is_in([name for name, one in dependent.items() if one])
    least = pl.col("method").replace_strict(dict(shares), return_dtype=pl.Float64)
    given = metrics.given(scoring.reading)
    right = pl.when(is_dependent).then("solved").otherwise((given > 0) & (pl.col("right") / given >= least))
    answers = (
        joined.filter(is_dependent | metrics.is_judged(scoring.reading))
        .with_columns(right=right, of="method", ranked=pl.lit(ANSWERS))
        .filter(pl.col("right").is_not_null())
        .sort(*_ANSWER, "method")
    )
    both = [
        answers.with_columns(by=pl.lit(by), confidence=confidence)
        for by, confidence in ((SURE, pl.col("sure")), (RANKING, (pl.col("sure") + pl.col("likelihood")) / 2))
    ]
    return _table(pl.concat(both), scoring)


def _table(given: pl.DataFrame, scoring: metrics.Scoring) -> pl.DataFrame:
    """Columns CONFIDENCE from one row per fragment or answer: _PLACE, ranked, confidence, right, cluster."""
    rows = []
    for key, part in given.partition_by(_PLACE, as_dict=True).items():
        values, right = part["confidence"].to_numpy(), part["right"].to_numpy()
        row = dict(zip(_PLACE, key, strict=True)) | {"ranked": part["ranked"][0]}
        row |= {"seed": str(row["seed"]), "number": len(values), "right": right.mean()}
        for name, score in (("auroc", auroc), ("ap", average_precision)):
            row[name], row[f"{name}_lo"], row[f"{name}_hi"] = score(values, right, part["cluster"].to_numpy(), scoring)
        probability = row["by"] != RANKING  # the mean of two different things is no probability
        row["confidence"] = values.mean() if probability else None
        row["ece"] = calibration_error(values, right) if probability else None
        rows.append(row)
    return tables.frame(rows, CONFIDENCE).sort(_PLACE)


def auroc(
    values: np.ndarray, right: np.ndarray, clusters: np.ndarray, scoring: metrics.Scoring
) -> tuple[float, float, float]:
    """P(a right one has more confidence than a wrong one), ties half, and its 95 % interval; NaN if undefined.

    values, right, clusters: of n fragments or answers.
    """
    counts = _by_level(values, clusters, scoring)
    of_right, of_wrong = counts(right), counts(~right)
    below = np.cumsum(of_wrong, axis=1) - of_wrong
    with np.errstate(invalid="ignore", divide="ignore"):
        areas = (of_right * (below + of_wrong / 2)).sum(axis=1) / (of_right.sum(axis=1) * of_wrong.sum(axis=1))
    return _with_interval(areas)


def average_precision(
    values: np.ndarray, right: np.ndarray, clusters: np.ndarray, scoring: metrics.Scoring
) -> tuple[float, float, float]:
    """Mean precision over the right ones, ranked by confidence, and its 95 % interval; NaN if nothing is right.

    Precision at a right one: the share of right ones among all with at least its confidence. Equal ones are included,
    so their order does not matter. values, right, clusters: as in `auroc`.
    """
    counts = _by_level(values, clusters, scoring)
    of_right, of_all = counts(right), counts(np.ones(len(values), dtype=bool))
    from_here = [np.cumsum(found[:, ::-1], axis=1)[:, ::-1] for found in (of_right, of_all)]
    with np.errstate(invalid="ignore", divide="ignore"):
        # a level that a resample does not draw counts nothing, whatever the share there
        precision = np.where(from_here[1] > 0, from_here[0] / from_here[1], 0)
        return _with_interval((of_right * precision).sum(axis=1) / of_right.sum(axis=1))


def _by_level(values: np.ndarray, clusters: np.ndarray, scoring: metrics.Scoring) -> Callable[[np.ndarray], np.ndarray]:
    """A function: chosen ones (boolean) -> their number at each level of confidence, ascending, in the data and in
    every resample: (1 + draws, levels)."""
    names, cluster = np.unique(clusters, return_inverse=True)
    resamples = np.vstack([np.ones(len(names)), metrics.weights(len(names), scoring.draws, scoring.seed)])
    levels, level = np.unique(values, return_inverse=True)

    def counts(chosen: np.ndarray) -> np.ndarray:
        held = np.zeros((len(names), len(levels)))
        np.add.at(held, (cluster[chosen], level[chosen]), 1)
        return resamples @ held

    return counts


def _with_interval(found: np.ndarray) -> tuple[float, float, float]:
    """The first, and the 95 % interval of the others that are defined."""
    drawn = found[1:][~np.isnan(found[1:])]
    if np.isnan(found[0]) or not drawn.size:
        return found[0], float("nan"), float("nan")
    return found[0], *np.quantile(drawn, [metrics.LOW, metrics.HIGH])


def calibration_error(values: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error (Guo et al., arXiv 1706.04599): mean distance of confidence and share of right ones,
    over BINS of equal width, weighted by their size."""
    place = np.minimum((values * BINS).astype(int), BINS - 1)
    held = [(values[place == number], right[place == number]) for number in np.unique(place)]
    return float(sum(abs(own.sum() - is_right.sum()) for own, is_right in held) / len(values))
