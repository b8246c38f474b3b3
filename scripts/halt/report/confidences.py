"""What a confidence is worth: does it rank right fragments above wrong ones, and is it a probability?"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from .. import metrics
from . import tables

CONFIDENCE = (
    *("model", "domain", "method", "of", "seed", "test_domain"),
    *("fragments", "right", "auroc", "auroc_lo", "auroc_hi", "confidence", "ece"),
)
BINS = 10  # of equal width, for the calibration error

_ANSWER = ("model", "domain", "seed", "test_domain", "id", "sample")


def table(
    confidences: pl.LazyFrame,
    judgements: pl.LazyFrame,
    counted: pl.DataFrame,
    of: Mapping[str, str],
    bootstrap: metrics.Bootstrap,
) -> pl.DataFrame:
    """One row per filter, model, domain and seed (columns CONFIDENCE), over the answers' right and wrong fragments.

    confidences: CONFIDENCES; judgements: JUDGEMENTS of the answers that are filtered; counted: METRICS, for the
    clusters of prompts; of: the method that each filter filters. `right` is the share of right fragments,
    `confidence` the mean confidence, `ece` the expected calibration error. AUROC with a 95 % interval by bootstrap
    over clusters; null where all fragments are right or all are wrong.
    """
    clusters = counted.select("test_domain", "id", "cluster").unique()
    methods = pl.DataFrame(list(of.items()), schema={"method": pl.String, "of": pl.String}, orient="row")
    given = (
        confidences.filter(pl.col("split") != "train")
        .collect()
        .join(methods, on="method")
        .join(
            judgements.filter(pl.col("label").is_in(["right", "wrong"]))
            .select(*_ANSWER, "fragment", of="method", right=pl.col("label") == "right")
            .collect(),
            on=(*_ANSWER, "fragment", "of"),
        )
        .join(clusters, on=("test_domain", "id"))
        .sort(*_ANSWER, "method", "fragment")
    )
    rows = []
    place = ("model", "domain", "method", "of", "seed", "test_domain")
    for key, part in given.partition_by(place, as_dict=True).items():
        values, right = part["confidence"].to_numpy(), part["right"].to_numpy()
        row = dict(zip(place, key, strict=True)) | {"seed": str(key[4])}
        area, low, high = auroc(values, right, part["cluster"].to_numpy(), bootstrap)
        row |= {"fragments": len(values), "right": right.mean(), "auroc": area, "auroc_lo": low, "auroc_hi": high}
        rows.append(row | {"confidence": values.mean(), "ece": calibration_error(values, right)})
    return tables.frame(rows, CONFIDENCE).sort(place)


def auroc(
    values: np.ndarray, right: np.ndarray, clusters: np.ndarray, bootstrap: metrics.Bootstrap
) -> tuple[float, float, float]:
    """P(a right fragment has more confidence than a wrong one), ties half, and its 95 % interval; NaN if undefined.

    values, right, clusters: of n fragments.
    """
    names, cluster = np.unique(clusters, return_inverse=True)
    resamples = np.vstack([np.ones(len(names)), metrics.weights(len(names), *bootstrap)])
    levels, level = np.unique(values, return_inverse=True)

    def counts(chosen: np.ndarray) -> np.ndarray:
        """Weighted number of the chosen fragments at each level of confidence: (1 + draws, levels)."""
        held = np.zeros((len(names), len(levels)))
        np.add.at(held, (cluster[chosen], level[chosen]), 1)
        return resamples @ held

    of_right, of_wrong = counts(right), counts(~right)
    below = np.cumsum(of_wrong, axis=1) - of_wrong
    with np.errstate(invalid="ignore", divide="ignore"):
        areas = (of_right * (below + of_wrong / 2)).sum(axis=1) / (of_right.sum(axis=1) * of_wrong.sum(axis=1))
    drawn = areas[1:][~np.isnan(areas[1:])]
    if np.isnan(areas[0]) or not drawn.size:
        return areas[0], float("nan"), float("nan")
    return areas[0], *np.quantile(drawn, [metrics.LOW, metrics.HIGH])


def calibration_error(values: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error (Guo et al., arXiv 1706.04599): mean distance of confidence and share of right ones,
    over BINS of equal width, weighted by what is in them."""
    place = np.minimum((values * BINS).astype(int), BINS - 1)
    held = [(values[place == number], right[place == number]) for number in np.unique(place)]
    return float(sum(abs(own.sum() - is_right.sum()) for own, is_right in held) / len(values))
