"""Two controls that look at no item, beside every claim: the kind filter and RandomTrim, from judgements alone.

Kind filter: keep the fragments of those kinds (nationality, birth year, ...) that are mostly right in the training
samples. If HALT is no better, it has learnt which kinds of statement to leave out and not which items it knows.
Random trim: drop from unchanged-own's answers as many fragments as HALT gave fewer, at random. If HALT is no better,
it only says less.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from .. import metrics
from . import tables

KIND_FILTER, RANDOM_TRIM = "kind-filter", "random-trim"
FILTERED = ("base", "unchanged-own")  # whose answers are filtered
TRIMMED = "unchanged-own"
CONTROL = (*tables.MAIN[:3], "of", "like", *tables.MAIN[3:6], "kinds", *tables.MAIN[6:])
MOSTLY = 0.5

_PLACE = ("model", "test_domain")


def kept_kinds(samples: pl.LazyFrame) -> pl.DataFrame:
    """(model, test_domain, kind) of the kinds that are right more often than not in the judged training samples.

    A domain in which no fragment has a kind has no rows: there the control says nothing.
    """
    share = (pl.col("label") == "right").mean()
    return (
        samples.filter(pl.col("label").is_in(["right", "wrong"]) & pl.col("kind").is_not_null())
        .group_by(*_PLACE, "kind")
        .agg(share.alias("share"))
        .filter(pl.col("share") > MOSTLY)
        .select(*_PLACE, "kind")
        .sort(*_PLACE, "kind")
        .collect()
    )


def sampled(samples: pl.LazyFrame) -> dict[tuple[str, str], float]:
    """Share of right fragments, of those right or wrong, in the judged training samples by (model, test domain)."""
    share = (pl.col("label") == "right").mean()
    rows = (
        samples.filter(pl.col("label").is_in(["right", "wrong"])).group_by(_PLACE).agg(share.alias("share")).collect()
    )
    return {(model, test_domain): value for model, test_domain, value in rows.iter_rows()}


def kind_filter(table: pl.DataFrame, judgements: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """METRICS (and the column `of`) of the answers of FILTERED with only the kept kinds of fragments left.

    table: METRICS; judgements: JUDGEMENTS of the same results; kept: see `kept_kinds`.
    """
    rows = table.filter(pl.col("method").is_in(FILTERED)).join(kept, on=_PLACE, how="semi")
    left = judgements.join(kept, on=(*_PLACE, "kind"), how="semi")
    return _counted(rows, left, judgements).with_columns(
        method=pl.lit(KIND_FILTER), of=pl.col("method"), like=pl.lit(None, pl.String)
    )


def _counted(rows: pl.DataFrame, left: pl.DataFrame, judgements: pl.DataFrame) -> pl.DataFrame:
    """METRICS of the answers `rows` with what is left of them; those of which nothing is known stay unknown."""
    unknown = judgements.join(rows.filter(~metrics.is_judged()), on=metrics.ANSWER, how="semi")
    return metrics.count(rows, pl.concat([left.join(unknown, on=metrics.ANSWER, how="anti"), unknown]))


def as_methods(controls: pl.DataFrame) -> pl.DataFrame:
    """METRICS of controls without the columns of their origin, which stands in the name: "kind-filter of base"."""
    return controls.with_columns(method=pl.format("{} of {}", "method", "of")).drop("of", "like")


def random_trim(
    table: pl.DataFrame, judgements: pl.DataFrame, halt: Sequence[str], dependent: Mapping, seed: int
) -> pl.DataFrame:
    """METRICS (and the columns `of`, `like`) of TRIMMED's answers with as many fragments dropped as HALT gave fewer.

    One set of rows for each result of the methods `halt`, whose threshold and seed it bears. Which fragments go is
    drawn from (seed) over all fragments of the result; dependent answers lose as many, but from their end. Nothing is
    dropped where HALT gave more.
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
            left = trim(own, seeds[label]["given"].sum(), dependent[key.test_domain], seed)
            trimmed.append(
                _counted(rows, left, own).with_columns(
                    method=pl.lit(RANDOM_TRIM),
                    of=pl.col("method"),
                    like=pl.lit(key.method),
                    threshold=pl.lit(key.threshold),
                )
            )
    empty = table.clear().with_columns(of=pl.lit(None, pl.String), like=pl.lit(None, pl.String))
    return pl.concat([empty, *trimmed])


def trim(judgements: pl.DataFrame, keep: int, dependent: bool, seed: int) -> pl.DataFrame:
    """JUDGEMENTS rows: `keep` of the given fragments at random; dependent answers keep as many each, the first ones."""
    given = judgements.filter(pl.col("label").is_in(["right", "wrong"])).sort(*metrics.ANSWER, "fragment")
    chosen = np.zeros(given.height, dtype=bool)
    chosen[np.random.default_rng(seed).permutation(given.height)[:keep]] = True
    given = given.with_columns(chosen=chosen)
    if dependent:
        rank, kept = pl.int_range(pl.len()).over(metrics.ANSWER), pl.col("chosen").sum().over(metrics.ANSWER)
        given = given.with_columns(chosen=rank < kept)
    return given.filter("chosen").drop("chosen")


def control(controls: pl.DataFrame, kept: pl.DataFrame, bootstrap: metrics.Bootstrap) -> pl.DataFrame:
    """The control table (columns CONTROL): the rows of `main` for METRICS of controls, with whose answers were cut
    (`of`), like which method (`like`) and which kinds were kept (`kinds`, joined by "; ")."""
    names = {key: "; ".join(part["kind"]) for key, part in kept.partition_by(_PLACE, as_dict=True).items()}
    rows = []
    for (of, like), part in _by_origin(controls):
        for key, seeds in tables.results(part).items():
            kinds = names[key.model, key.test_domain] if key.method == KIND_FILTER else None
            for seed, members in tables.with_all(seeds).items():
                place = {**key._asdict(), "of": of, "like": like, "kinds": kinds, "seed": seed}
                rows.append(tables.main_row(place, members, bootstrap))
    return tables.frame(rows, CONTROL).sort("model", "domain", "test_domain", "method", "of", "threshold", "seed")


def paired(
    table: pl.DataFrame, controls: pl.DataFrame, halt: Sequence[str], bootstrap: metrics.Bootstrap
) -> pl.DataFrame:
    """Differences of the methods `halt` to the controls, as further rows of the paired table.

    `against` reads "kind-filter of base", "random-trim of unchanged-own"; a trimmed result is compared with the
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
                rows += tables.paired_rows(place, members, compared, bootstrap)
    return tables.frame(rows, tables.PAIRED)


def _by_origin(controls):
    """((of, like), METRICS rows) of the controls, sorted."""
    parts = controls.partition_by("of", "like", as_dict=True)
    return sorted(parts.items(), key=lambda item: (item[0][0], item[0][1] or ""))
