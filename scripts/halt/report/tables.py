"""The tables of results: main, paired, trend and kinds. Frames in, frames out; no files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from .. import metrics
from . import BASELINES, method_rank

PLACE = ("model", "domain", "method", "threshold", "seed", "test_domain")
MAIN = (*PLACE, "prompts", *(name + end for name in metrics.SCORES for end in ("", "_lo", "_hi")))
PAIRED_SCORES = ("correctness", "completeness_all", "completeness_capable", "f1_all", "f1_capable", "response_rate")
PAIRED = (*PLACE, "against", "score", "difference", "lo", "hi", "prompts")
TREND = ("model", "domain", "method", "test_domain", "score", "points", "correlation")
KINDS = (*PLACE, "kind", "fragments", "share", "correctness", "correctness_lo", "correctness_hi")

ALL = "all"  # in the column `seed`: the mean over the seeds


class Result(NamedTuple):
    """What one result is of, apart from its seeds."""

    model: str
    domain: str  # what the adapter was trained on
    method: str
    threshold: str
    test_domain: str


def results(table: pl.DataFrame) -> dict[Result, dict[str, pl.DataFrame]]:
    """METRICS rows by result and, within it, by seed (as text), in the order in which tables list them."""
    found = {}
    for (*key, seed), members in table.partition_by(*Result._fields, "seed", as_dict=True).items():
        found.setdefault(Result(*key), {})[seed] = members
    order = sorted(found, key=lambda key: (key.model, key.domain, key.test_domain, *method_rank(*key[2:4])))
    return {key: {str(seed): found[key][seed] for seed in sorted(found[key])} for key in order}


def main(table: pl.DataFrame, bootstrap: metrics.Bootstrap) -> pl.DataFrame:
    """One row per result (columns MAIN), from METRICS rows of any number of results.

    Where a result has more than one seed of finetuning there is also a row with seed "all", the mean over the seeds.
    """
    rows = [
        main_row({**key._asdict(), "seed": seed}, members, bootstrap)
        for key, seeds in results(table).items()
        for seed, members in with_all(seeds).items()
    ]
    return frame(rows, MAIN)


def main_row(key: Mapping, members: Sequence[pl.DataFrame], bootstrap: metrics.Bootstrap) -> dict:
    """One row of `main`: the key and its scores; members are METRICS tables, one per seed."""
    found = metrics.estimate(members, bootstrap)
    row = {**key, "prompts": members[0].height}
    for place, name in enumerate(metrics.SCORES):
        row[name], row[f"{name}_lo"], row[f"{name}_hi"] = (part[place] for part in found)
    return row


def paired(table: pl.DataFrame, bootstrap: metrics.Bootstrap, against: Sequence[str] = BASELINES) -> pl.DataFrame:
    """Differences of every result to the methods `against` with the same model, domain, test domain and seed.

    Columns PAIRED, one row per score; `prompts` is the number of prompts that both count (for correctness: both gave
    something). Methods in `against` that the table lacks are left out; so are seeds that one of the two lacks.
    """
    rows = []
    found = results(table)
    for key, seeds in found.items():
        for other_method in against:
            other = found.get(key._replace(method=other_method, threshold="none"))
            if other is None or key.method == other_method:
                continue
            common = {seed: members for seed, members in seeds.items() if seed in other}
            for seed, members in with_all(common).items():
                others = [other[each] for each in common] if seed == ALL else [other[seed]]
                rows += paired_rows(
                    {**key._asdict(), "seed": seed, "against": other_method}, members, others, bootstrap
                )
    return frame(rows, PAIRED)


def paired_rows(key: Mapping, members: Sequence, others: Sequence, bootstrap: metrics.Bootstrap) -> list[dict]:
    """Rows of `paired` for one comparison; members and others are METRICS tables, one per seed."""
    difference, prompts = metrics.difference(members, others, bootstrap)
    places = [metrics.SCORES.index(score) for score in PAIRED_SCORES]
    return [
        {
            **key,
            "score": metrics.SCORES[place],
            "difference": difference.point[place],
            "lo": difference.low[place],
            "hi": difference.high[place],
            "prompts": round(prompts[place]),
        }
        for place in places
    ]


def trend(table: pl.DataFrame) -> pl.DataFrame:
    """Spearman's rank correlation of the threshold with correctness and completeness (columns TREND).

    table: the main table; points are thresholds × seeds. Null where a score or the threshold does not vary.
    """
    single = table.filter((pl.col("threshold") != "none") & (pl.col("seed") != ALL))
    rows = []
    for key, part in single.group_by(["model", "domain", "method", "test_domain"], maintain_order=True):
        for score in ("correctness", "completeness_all"):
            points = part.select(pl.col("threshold").cast(pl.Float64), score).drop_nulls()
            rho = spearman(points["threshold"].to_numpy(), points[score].to_numpy())
            rows.append(dict(zip(TREND, (*key, score, points.height, rho), strict=True)))
    return frame(rows, TREND)


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation, ties sharing their mean rank; NaN for fewer than two points or a constant."""
    ranks = [pl.Series(array, dtype=pl.Float64).rank(method="average").to_numpy() for array in (first, second)]
    if len(first) < 2 or any(np.ptp(rank) == 0 for rank in ranks):
        return float("nan")
    return float(np.corrcoef(ranks)[0, 1])


def kinds(judgements: pl.LazyFrame, table: pl.DataFrame, bootstrap: metrics.Bootstrap) -> pl.DataFrame:
    """Correctness within each kind of fragment (columns KINDS): pooled over fragments, seed by seed.

    judgements: JUDGEMENTS of the responses that `table` (METRICS) counts, Add-On methods already doubled. `fragments`
    are right + wrong ones, `share` is of all that the result gave. A domain without kinds has no rows.
    """
    given = (
        judgements.filter(pl.col("kind").is_not_null() & pl.col("label").is_in(["right", "wrong"]))
        .group_by(*metrics.ANSWER, "kind")
        .agg(given=pl.len(), right=(pl.col("label") == "right").sum())
        .collect()
        .join(table.select(*metrics.ANSWER, "cluster"), on=metrics.ANSWER)
        .sort(*metrics.ANSWER, "kind")
    )
    totals = table.group_by(PLACE).agg(total=pl.col("given").sum())
    rows = []
    for key, part in given.join(totals, on=PLACE).partition_by(*PLACE, "kind", as_dict=True).items():
        fragments = part["given"].sum()
        share = (fragments / part["total"][0], *metrics.pooled(part, bootstrap))
        rows.append(dict(zip(KINDS, (*key[:4], str(key[4]), *key[5:], fragments, *share), strict=True)))
    return frame(rows, KINDS).sort(*PLACE, "kind")


def with_all(seeds: Mapping[str, pl.DataFrame]) -> dict[str, list[pl.DataFrame]]:
    """Members by seed, and all of them under "all" where there are several seeds."""
    single = {seed: [members] for seed, members in seeds.items()}
    return single | ({ALL: list(seeds.values())} if len(seeds) > 1 else {})


def frame(rows: Sequence[Mapping], columns: Sequence[str]) -> pl.DataFrame:
    """Rows as a table with these columns in this order; NaN, an undefined score, becomes null."""
    table = pl.DataFrame(rows, schema=_schema(columns), orient="row")
    return table.with_columns(pl.selectors.float().fill_nan(None))


def read_csv(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    """A table that `report.write_csv` wrote; thresholds and seeds are text ("0.40", "all")."""
    return pl.read_csv(path, schema=_schema(columns))


def _schema(columns):
    return {name: _TYPES.get(name, pl.Float64) for name in columns}


_TEXT = (*PLACE, "of", "like", "kinds", "against", "score", "kind", "split", "evaluator")
_TYPES = dict.fromkeys(_TEXT, pl.String) | dict.fromkeys(("prompts", "points", "fragments"), pl.Int64)
