"""Answers counted as FActScore counts them: right and wrong facts of a response, and the share that is right.

FActScore (arXiv 2305.14251) is the mean, over the answered prompts, of supported facts / all given facts. With the
length penalty exp(1 - 10 / n) a response of n < 10 facts is worth less. In FActScore a fact that the ground truth does
not mention is not supported and counts as incorrect: the strict reading. Here the config's reading counts (section
`reading`), as in the main table, which has these numbers; both readings stand beside it. Unjudged facts count for
nothing, and an answer of them alone is left out.
"""

import polars as pl

from halt import metrics as scores
from halt import readings
from halt.report import method_rank, tables

FACTS = (
    *("model", "domain", "method", "threshold", "seed", "test_domain"),
    *("prompts", "correct", "incorrect", "response_rate"),
    *("factscore", "factscore_strict", "factscore_lenient", "factscore_penalty"),
)
ENOUGH = 10  # facts of a response that is long enough (gamma in arXiv 2305.14251)
_PLACE = ("model", "domain", "method", "threshold", "seed", "test_domain")


def table(metrics: pl.LazyFrame, reading: str) -> pl.DataFrame:
    """One row per result (columns FACTS) of METRICS tables.

    `correct` and `incorrect` are mean numbers of facts over all prompts, 0 for an unanswered one. The scores are means
    over the answered prompts, null if there are none.
    """
    given = scores.given(reading)
    penalty = pl.when(given < ENOUGH).then((1 - ENOUGH / given).exp()).otherwise(1.0)
    counted = (
        metrics.filter(scores.is_judged(reading))
        .group_by(_PLACE)
        .agg(
            prompts=pl.len().cast(pl.Int64),
            correct=pl.col("right").mean(),
            incorrect=(given - pl.col("right")).mean(),
            response_rate=(given > 0).mean(),
            factscore=_share(given),
            factscore_strict=_share(scores.given(readings.WRONG)),
            factscore_lenient=_share(scores.given(readings.IGNORE)),
            factscore_penalty=_share(given, penalty),
        )
        .with_columns(pl.col("seed").cast(pl.String))
        .collect()
    )
    rows = sorted(
        counted.rows(named=True),
        key=lambda row: (
            *(row["model"], row["domain"], row["test_domain"]),
            *(*method_rank(row["method"], row["threshold"]), row["seed"]),
        ),
    )
    return tables.frame(rows, FACTS)


def _share(given: pl.Expr, weight: pl.Expr | float = 1.0) -> pl.Expr:
    """The mean over the answered prompts of right / given, weighted."""
    return (pl.col("right") / given * weight).filter(given > 0).mean()
