"""The tables of results: main, paired, equal and kinds. Frames in, frames out; no files.

`correctness` always follows the config's reading of unverifiable fragments; the strict and the lenient one stand beside
it.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from halt import metrics, readings
from halt.report import BASELINES, method_rank
from halt.report.equal import beside_curve

PLACE = ("model", "domain", "method", "threshold", "seed", "test_domain")
MAIN = (*PLACE, "prompts", "unjudged", *(name + end for name in metrics.SCORES for end in ("", "_lo", "_hi")))
PAIRED_SCORES = (*metrics.CORRECTNESS, *metrics.COMPLETENESS, "f1_all", "f1_capable", "response_rate")
PAIRED = (*PLACE, "against", "score", "difference", "lo", "hi", "prompts")
BESIDE = ("correctness", "curve_correctness", "difference", "lo", "hi")  # of each reading
EQUAL = (
    *(*PLACE, "against", "prompts", "completeness_all", "points", "curve_from", "curve_to", "inside", "reason"),
    *(name + end for end in ("", "_strict", "_lenient") for name in BESIDE),
)
KINDS = (
    *(*PLACE, "kind", "fragments", "share"),
    *(name + end for name in metrics.CORRECTNESS for end in ("", "_lo", "_hi")),
)

ALL = "all"  # in the column `seed`: the mean over the seeds
LESS, MORE, SILENT, NO_CURVE = "less complete", "more complete", "gave nothing", "the curve gave nothing"  # reasons


class Result(NamedTuple):
    """What one result is of, apart from its seeds."""

    model: str
    domain: str  # what the adapter was trained on
    method: str
    threshold: str
    test_domain: str


def results(table: pl.DataFrame) -> dict[Result, dict[str, pl.DataFrame]]:
    """METRICS rows by result and, within it, by seed (as text), in the order of the tables.

    A model trained on its own domain comes before the one trained on several.
    """
    found = {}
    for (*key, seed), members in table.partition_by(*Result._fields, "seed", as_dict=True).items():
        found.setdefault(Result(*key), {})[seed] = members
    order = sorted(
        found,
        key=lambda key: (
            *(key.model, key.domain != key.test_domain, key.domain, key.test_domain),
            *method_rank(key.method, key.threshold),
        ),
    )
    return {key: {str(seed): found[key][seed] for seed in sorted(found[key])} for key in order}


def main(table: pl.DataFrame, scoring: metrics.Scoring) -> pl.DataFrame:
    """One row per result (columns MAIN), from METRICS rows of any number of results.

    A result with more than one seed of finetuning also has a row with seed "all", the mean over the seeds.
    """
    rows = [
        main_row({**key._asdict(), "seed": seed}, members, scoring)
        for key, seeds in results(table).items()
        for seed, members in with_all(seeds).items()
    ]
    return frame(rows, MAIN)


def main_row(key: Mapping, members: Sequence[pl.DataFrame], scoring: metrics.Scoring) -> dict:
    """One row of `main`: the key and its scores; members are METRICS tables, one per seed.

    `unjudged` is the share of fragments without a usable verdict, 0 if there are no fragments.
    """
    found = metrics.estimate(members, scoring)
    judged, unjudged = (
        sum(table[name].sum() for table in members for name in names)
        for names in (("given", "unverifiable"), ("unjudged",))
    )
    row = {**key, "prompts": members[0].height, "unjudged": unjudged / max(judged + unjudged, 1)}
    for place, name in enumerate(metrics.SCORES):
        row[name], row[f"{name}_lo"], row[f"{name}_hi"] = (part[place] for part in found)
    return row


def paired(table: pl.DataFrame, scoring: metrics.Scoring, against: Sequence[str] = BASELINES) -> pl.DataFrame:
    """Differences of every result from the methods `against` with the same model, domain, test domain and seed.

    Columns PAIRED, one row per score; `prompts` is the number of prompts that count for both (for correctness: both
    gave something). Methods of `against` without rows in the table are left out; so are seeds that one of the two
    lacks.
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
                rows += paired_rows({**key._asdict(), "seed": seed, "against": other_method}, members, others, scoring)
    return frame(rows, PAIRED)


def paired_rows(key: Mapping, members: Sequence, others: Sequence, scoring: metrics.Scoring) -> list[dict]:
    """Rows of `paired` for one comparison; members and others are METRICS tables, one per seed."""
    difference, prompts = metrics.difference(members, others, scoring)
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


def equal(table: pl.DataFrame, halt: Sequence[str], scoring: metrics.Scoring) -> pl.DataFrame:
    """Every result against HALT at the same completeness (columns EQUAL): its correctness minus that on HALT's curve.

    table: METRICS; halt: names of the methods that rewrite as HALT does. The curve of one of them (`against`) joins its
    thresholds with the same model, domain, test domain and seed, by completeness_all: see `beside.beside_curve`. For
    seed "all" it is the curve of its means over the seeds. `points` of the curve give anything, from `curve_from` to
    `curve_to`. `inside` is the share of resamples in the interval. Without a difference, `reason` is one of LESS and
    MORE (than the curve, which is not extended), SILENT and NO_CURVE. HALT is not compared with itself. Points, share
    and reason are those of the config's reading; null if the curve of another reading has no difference.
    """
    rows = []
    found = results(table)
    draw = cache(lambda key, names: metrics.draw([found[key][name] for name in names], scoring))
    for against in halt:
        curves: dict[Result, list[Result]] = {}
        for key in found:
            if key.method == against:
                curves.setdefault(key._replace(threshold="none"), []).append(key)
        for key, seeds in found.items():
            curve = curves.get(key._replace(method=against, threshold="none"), [])
            if key.method == against or not curve:
                continue
            common = [seed for seed in seeds if all(seed in found[other] for other in curve)]
            for seed, members in with_all({seed: seeds[seed] for seed in common}).items():
                names = tuple(common if seed == ALL else [seed])
                for other in curve:
                    for own, its in zip(members, (found[other][name] for name in names), strict=True):
                        metrics.check_same_prompts(own, its)
                result = metrics.draw(members, scoring)
                place = {**key._asdict(), "seed": seed, "against": against, "prompts": members[0].height}
                rows.append(place | _beside(result, [draw(other, names) for other in curve]))
    return frame(rows, EQUAL)


def _beside(result: metrics.Drawn, curve: Sequence[metrics.Drawn]) -> dict:
    """The numbers of one row of `equal`."""
    point = dict(zip(metrics.SCORES, result.point, strict=True))
    found = {score: beside_curve(result, curve, score) for score in metrics.CORRECTNESS}
    read = found["correctness"]
    if not np.isnan(read.difference):
        reason = None
    elif np.isnan(point["correctness"]):
        reason = SILENT
    elif not read.points:
        reason = NO_CURVE
    else:
        reason = LESS if point["completeness_all"] < read.least else MORE
    row = {
        "completeness_all": point["completeness_all"],
        "points": read.points,
        "curve_from": read.least,
        "curve_to": read.most,
        "inside": read.inside,
        "reason": reason,
    }
    for score, one in found.items():
        numbers = (point[score], one.there, one.difference, one.low, one.high)
        end = score.removeprefix("correctness")
        row |= {name + end: number for name, number in zip(BESIDE, numbers, strict=True)}
    return row


def kinds(judgements: pl.LazyFrame, table: pl.DataFrame, scoring: metrics.Scoring) -> pl.DataFrame:
    """Correctness within each kind of fragment (columns KINDS): pooled over fragments, seed by seed.

    judgements: JUDGEMENTS of the responses that `table` (METRICS) counts, Add-On methods already doubled. `fragments`
    are those that count in the config's reading, `share` is their share of all fragments of the result. A domain
    without kinds has no rows.
    """
    ways = (scoring.reading, readings.WRONG, readings.IGNORE)
    label, right = pl.col("label").cast(pl.String), pl.col("label") == "right"
    counted = (
        judgements.filter(pl.col("kind").is_not_null() & label.is_in(readings.given(readings.WRONG)))
        .group_by(*metrics.ANSWER, "kind")
        .agg(right=right.sum(), **{f"given_{way}": label.is_in(readings.given(way)).sum() for way in set(ways)})
        .collect()
        .join(table.select(*metrics.ANSWER, "cluster"), on=metrics.ANSWER)
        .sort(*metrics.ANSWER, "kind")
    )
    totals = table.group_by(PLACE).agg(total=metrics.given(scoring.reading).sum())
    rows = []
    for key, part in counted.join(totals, on=PLACE).partition_by(*PLACE, "kind", as_dict=True).items():
        fragments, total = part[f"given_{scoring.reading}"].sum(), part["total"][0]
        found = [each for way in ways for each in metrics.pooled(part, scoring, f"given_{way}")]
        share = fragments / total if total else None
        rows.append(dict(zip(KINDS, (*key[:4], str(key[4]), *key[5:], fragments, share, *found), strict=True)))
    return frame(rows, KINDS).sort(*PLACE, "kind")


def with_all(seeds: Mapping[str, pl.DataFrame]) -> dict[str, list[pl.DataFrame]]:
    """Members by seed, and all of them under "all" if there are several seeds."""
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


_TEXT = (*PLACE, "of", "like", "kinds", "against", "score", "kind", "reason", "by", "ranked", "split", "evaluator")
_WHOLE = ("prompts", "points", "fragments", "number", "permutations")
_TYPES = dict.fromkeys(_TEXT, pl.String) | dict.fromkeys(_WHOLE, pl.Int64) | {"exact": pl.Boolean}
