"""Answers counted as FActScore counts them: right and wrong facts of a response, and the share that is right.

FActScore (arXiv 2305.14251) is the mean, over the prompts that were answered, of supported facts / all facts given; a
response of few facts is worth less with the length penalty exp(1 - 10 / n) for n < 10 facts. What the ground truth does
not mention is not supported, and counts as incorrect here; what was not judged counts for nothing, and an answer of
nothing else is left out.
"""

import polars as pl

from . import method_rank, tables

FACTS = (
    *("model", "domain", "method", "threshold", "seed", "test_domain"),
    *("prompts", "correct", "incorrect", "response_rate", "factscore", "factscore_penalty"),
)
ENOUGH = 10  # facts from which on a response is not too short (gamma in arXiv 2305.14251)
_PLACE = ("model", "domain", "method", "threshold", "seed", "test_domain")


def table(metrics: pl.LazyFrame) -> pl.DataFrame:
    """One row per result (columns FACTS) of METRICS tables.

    `correct` and `incorrect` are mean numbers of facts over all prompts, an unanswered one gives none; the two scores
    are means over the answered prompts, null where there is none.
    """
    given = pl.col("given") + pl.col("unverifiable")
    answered = given > 0
    share = pl.col("right") / given
    penalty = pl.when(given < ENOUGH).then((1 - ENOUGH / given).exp()).otherwise(1.0)
    counted = (
        metrics.filter((pl.col("unjudged") == 0) | (given > 0))
        .group_by(_PLACE)
        .agg(
            prompts=pl.len().cast(pl.Int64),
            correct=pl.col("right").mean(),
            incorrect=(given - pl.col("right")).mean(),
            response_rate=answered.mean(),
            factscore=share.filter(answered).mean(),
            factscore_penalty=(share * penalty).filter(answered).mean(),
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
