"""Is p(True) better after SK-Tuning? Ranking and calibration, on samples of prompts that it did not learn from."""

import polars as pl

from halt import metrics, paths, readings
from halt.report import tables
from halt.report.confidences import auroc, calibration_error

CALIBRATION = (
    *("model", "domain", "split", "evaluator"),
    *("fragments", "right", "auroc", "auroc_lo", "auroc_hi", "confidence", "ece"),
)
_PLACE = ("model", "domain", "split", "evaluator")
_FRAGMENT = ("model", "domain", "test_domain", "seed", "id", "sample", "fragment")


def table(
    ratings: pl.LazyFrame, judgements: pl.LazyFrame, clusters: pl.DataFrame, scoring: metrics.Scoring
) -> pl.DataFrame:
    """One row per model, domain and evaluator (columns CALIBRATION), over the samples' fragments that count.

    ratings: RATINGS; judgements: JUDGEMENTS of the same samples; clusters: (domain, id, cluster) of the prompts. The
    config's reading says which fragments count. `right` is the share of right ones, `confidence` the mean p(True),
    `ece` the expected calibration error. AUROC with a 95 % interval by bootstrap over clusters; null if all are right
    or none is. The pretrained model's row comes before the tuned one's. Both are about the same fragments.
    """
    rated = (
        ratings.collect()
        .join(
            judgements.filter(pl.col("label").cast(pl.String).is_in(readings.given(scoring.reading)))
            .select(*_FRAGMENT, right=pl.col("label") == "right")
            .collect(),
            on=_FRAGMENT,
        )
        .join(clusters, on=("domain", "id"))
        .sort(*_FRAGMENT, "evaluator")
    )
    rows = []
    for key, part in rated.partition_by(_PLACE, as_dict=True).items():
        values, right = part["confidence"].to_numpy(), part["right"].to_numpy()
        area, low, high = auroc(values, right, part["cluster"].to_numpy(), scoring)
        row = dict(zip(_PLACE, key, strict=True))
        row |= {"fragments": len(values), "right": right.mean(), "auroc": area, "auroc_lo": low, "auroc_hi": high}
        rows.append(row | {"confidence": values.mean(), "ece": calibration_error(values, right)})
    rank = {evaluator: place for place, evaluator in enumerate(paths.EVALUATORS)}
    rows.sort(key=lambda row: (row["model"], row["domain"], row["split"], rank[row["evaluator"]]))
    return tables.frame(rows, CALIBRATION)
