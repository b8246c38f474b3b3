"""Two controls that ignore what is asked about, for every claim: the kind filter and RandomTrim, from judgements alone.

Kind filter: keep the fragments of those kinds (nationality, birth year, ...) that are mostly right in the training
samples. If HALT is no better, it learned which kinds of statement to leave out, not which items it knows. Random trim:
drop fragments of unchanged-own's answers at random, until as few are left as with HALT. If HALT is no better, it only
says less.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import polars as pl

from halt import metrics, readings
from halt.report import tables

KIND_FILTER, RANDOM_TRIM = "kind-filter", "random-trim"
FILTERED = ("base", "unchanged-own")  # whose answers are filtered
TRIMMED = "unchanged-own"
CONTROL = (*tables.MAIN[:3], "of", "like", *tables.MAIN[3:6], "kinds", *tables.MAIN[6:])
MOSTLY = 0.5

_PLACE = ("model", "test_domain")


def kept_kinds(samples: pl.LazyFrame, reading: str) -> pl.DataFrame:
    """(model, test_domain, kind) of the kinds that are right more often than not in the judged training samples.

    A domain in which no fragment has a kind has no rows: there this control is missing.
    """
    share = (pl.col("label") == "right").mean()
    return (
        samples.filter(_counts(reading) & pl.col("kind").is_not_null())
        .group_by(*_PLACE, "kind")
        .agg(share.alias("share"))
        .filter(pl.col("share") > MOSTLY)
        .select(*_PLACE, "kind")
        .sort(*_PLACE, "kind")
        .collect()
    )


def sampled(samples: pl.LazyFrame, reading: str) -> dict[tuple[str, str], float]:
    """Share of right fragments, of those that count, in the judged training samples by (model, test domain)."""
    share = (pl.col("label") == "right").mean()
    rows = samples.filter(_counts(reading)).group_by(_PLACE).agg(share.alias("share")).collect()
    return {(model, test_domain): value for model, test_domain, value in rows.iter_rows()}


def _counts(reading: str) -> pl.Expr:
    """For JUDGEMENTS rows: whether the fragment counts in a reading."""
    return pl.col("label").cast(pl.String).is_in(readings.given(reading))


def kind_filter(
    table: pl.DataFrame,
    judgements: pl.DataFrame,
    kept: pl.DataFrame,
    scoring: metrics.Scoring,
    worded: Collection[str] = (),
) -> pl.DataFrame:
    """METRICS (and the column `of`) of the answers of FILTERED with only the kept kinds of fragments left.

    table: METRICS; judgements: JUDGEMENTS of the same results; kept: see `kept_kinds`; worded: see `metrics.fact_key`.
    """
    rows = table.filter(pl.col("method").is_in(FILTERED)).join(kept, on=_PLACE, how="semi")
    left = judgements.join(kept, on=(*_PLACE, "kind"), how="semi")
    return _counted(rows, left, judgements, scoring.reading, worded).with_columns(
        method=pl.lit(KIND_FILTER), of=pl.col("method"), like=pl.lit(None, pl.String)
    )


def _counted(
    rows: pl.DataFrame, left: pl.DataFrame, judgements: pl.DataFrame, reading: str, worded: Collection[str]
) -> pl.DataFrame:
    """METRICS of the answers `rows` with the fragments that are left; unknown answers stay unknown."""
    unknown = judgements.join(rows.filter(~metrics.is_judged(reading)), on=metrics.ANSWER, how="semi")
    return metrics.count(rows, pl.concat([left.join(unknown, on=metrics.ANSWER, how="anti"), unknown]), worded)


def as_methods(controls: pl.DataFrame) -> pl.DataFrame:
    """METRICS of controls without the columns of their origin, which the name gives: "kind-filter of base"."""
    return controls.with_columns(method=pl.format("{} of {}", "method", "of")).drop("of", "like")


def random_trim(
    table: pl.DataFrame,
    judgements: pl.DataFrame,
    halt: Sequence[str],
    dependent: Mapping,
    scoring: metrics.Scoring,
    worded: Collection[str] = (),
) -> pl.DataFrame:
    """METRICS (and the columns `of`, `like`) of TRIMMED's answers, cut to as few fragments as HALT gave.

    One set of rows for each result of the methods `halt`, with its threshold and seed. The seed decides which fragments
    go, over all fragments of the result, unverifiable ones too: no verdict is used. Dependent answers lose as many, but
    from their end. Nothing is dropped if HALT gave more.
    """
    trimmed = []
    found = tables.results(table)
    for key, seeds in found.items():
        others = found.get(key._replace(method=TRIMMED, threshold="none"), {})
        for label in seeds if key.method in halt else ():
            if label not in others:
                continue
            rows = others[label]
            own = judgements.join(rows, on=metrics.ANSWER, how="semi")
            keep = seeds[label].select(metrics.given(readings.WRONG)).to_series().sum()
            left = trim(own, keep, dependent[key.test_domain], scoring.seed)
            trimmed.append(
                _counted(rows, left, own, scoring.reading, worded).with_columns(
                    method=pl.lit(RANDOM_TRIM),
                    of=pl.col("method"),
                    like=pl.lit(key.method),
                    threshold=pl.lit(key.threshold),
                )
            )
    empty = table.clear().with_columns(of=pl.lit(None, pl.String), like=pl.lit(None, pl.String))
    return pl.concat([empty, *trimmed])


def trim(judgements: pl.DataFrame, keep: int, dependent: bool, seed: int) -> pl.DataFrame:
    """JUDGEMENTS rows: `keep` of the judged fragments at random; for dependent answers the first ones."""
    given = judgements.filter(_counts(readings.WRONG)).sort(*metrics.ANSWER, "fragment")
    chosen = np.zeros(given.height, dtype=bool)
    chosen[np.random.default_rng(seed).permutation(given.height)[:keep]] = True
    given = given.with_columns(chosen=chosen)
    if dependent:
        rank, kept = pl.int_range(pl.len()).over(metrics.ANSWER), pl.col("chosen").sum().over(metrics.ANSWER)
        given = given.with_columns(chosen=rank < kept)
    return given.filter("chosen").drop("chosen")


def control(controls: pl.DataFrame, kept: pl.DataFrame, scoring: metrics.Scoring) -> pl.DataFrame:
    """The control table (columns CONTROL): the rows of `main` for METRICS of controls, with the method whose answers
    were cut (`of`), the method it was cut like (`like`) and the kinds kept (`kinds`, joined by "; ")."""
    names = {key: "; ".join(part["kind"]) for key, part in kept.partition_by(_PLACE, as_dict=True).items()}
    rows = []
    for (of, like), part in _by_origin(controls):
        for key, seeds in tables.results(part).items():
            kinds = names[key.model, key.test_domain] if key.method == KIND_FILTER else None
            for seed, members in tables.with_all(seeds).items():
                place = {**key._asdict(), "of": of, "like": like, "kinds": kinds, "seed": seed}
                rows.append(tables.main_row(place, members, scoring))
    return tables.frame(rows, CONTROL).sort("model", "domain", "test_domain", "method", "of", "threshold", "seed")


def paired(table: pl.DataFrame, controls: pl.DataFrame, halt: Sequence[str], scoring: metrics.Scoring) -> pl.DataFrame:
    """Differences of the methods `halt` from the controls, as further rows of the paired table.

    `against` reads "kind-filter of base", "random-trim of unchanged-own". A trimmed result is compared with the
    threshold and seed that it was cut like.
    """
    rows = []
    own = tables.results(table.filter(pl.col("method").is_in(list(halt))))
    for (of, like), part in _by_origin(controls):
        others = tables.results(part)
        for key, seeds in own.items():
            if like not in (None, key.method):
                continue
            method, threshold = (KIND_FILTER, "none") if like is None else (RANDOM_TRIM, key.threshold)
            other = others.get(key._replace(method=method, threshold=threshold), {})
            common = [seed for seed in seeds if seed in other]
            for seed, members in tables.with_all({seed: seeds[seed] for seed in common}).items():
                place = {**key._asdict(), "seed": seed, "against": f"{method} of {of}"}
                compared = [other[each] for each in common] if seed == tables.ALL else [other[seed]]
                rows += tables.paired_rows(place, members, compared, scoring)
    return tables.frame(rows, tables.PAIRED)


def _by_origin(controls):
    """((of, like), METRICS rows) of the controls, sorted."""
    parts = controls.partition_by("of", "like", as_dict=True)
    return sorted(parts.items(), key=lambda item: (item[0][0], item[0][1] or ""))
