"""Completeness, correctness, F1 and response rate, with intervals (shared definitions: paper section "Metrics").

Two steps. `per_prompt` counts the fragments of every response: the METRICS table. `estimate` and `difference` turn such
rows into scores with 95 % percentile intervals by bootstrap over clusters of prompts.

For one response, correctness = right / given. It is left out if nothing was given (0/0). Completeness = n_correct /
n_desired, at most 1. n_correct counts the *distinct* right fragments that the reference has too: a fact stated three
times counts once, and a right fact that the reference lacks counts nothing. In dependent domains only the right prefix
counts.

Idle fragments are given and not right. Unverifiable ones are given in the strict reading and ignored in the lenient
one: `correctness_strict` and `correctness_lenient`. `correctness`, and all that is computed from it, follows the
config's reading. Unjudged fragments are never given. An answer with nothing else to count is left out of every mean,
since a judge's failure is no abstention. Scores of a result are means over prompts; F1 is the harmonic mean of the two
means.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

import numpy as np
import polars as pl

from halt import frames, plugins, readings
from halt.errors import HaltError
from halt.paths import FULL

RUN = ("model", "domain", "method", "threshold", "seed", "test_domain")
ANSWER = (*RUN, "id", "sample")
CORRECTNESS = ("correctness", "correctness_strict", "correctness_lenient")  # in the config's reading, in both
COMPLETENESS = ("completeness_all", "completeness_capable")
MEANS = ("response_rate", "fragments_given", *CORRECTNESS, *COMPLETENESS)
SCORES = (*MEANS, "f1_all", "f1_capable")
F1 = slice(len(MEANS), None)  # of SCORES
LOW, HIGH = 0.025, 0.975

Table = TypeVar("Table", pl.DataFrame, pl.LazyFrame)

_COUNTS = ("given", "right", "facts", "idle", "unverifiable", "unjudged")


class MetricsError(HaltError):
    """Tables that do not belong together; the message says which and what was expected."""


class Scoring(NamedTuple):
    """How counts become scores: the reading of unverifiable fragments, and the bootstrap (`draws` resamples of the
    clusters, by numpy's default generator with `seed`)."""

    draws: int
    seed: int
    reading: str  # of halt.readings


class Estimate(NamedTuple):
    """Three arrays of shape (9,) in the order of SCORES; NaN where a score is undefined."""

    point: np.ndarray
    low: np.ndarray
    high: np.ndarray


class Drawn(NamedTuple):
    """Scores in the order of SCORES, NaN if undefined: for the prompts as they are, and for every resample."""

    point: np.ndarray  # (9,)
    resampled: np.ndarray  # (draws, 9)


def scoring_of(settings: Mapping) -> Scoring:
    """From the config's sections `score` and `reading`."""
    return Scoring(settings["score"]["bootstrap"], settings["score"]["seed"], settings["reading"]["unverifiable"])


def fact_key(worded: Collection[str] = ()) -> pl.Expr:
    """The key of a right fragment's fact; equal keys are one fact. Null if the reference does not have it.

    worded: the test domains whose judge names no statement (an LLM judge). There the key is the fragment's own words,
    without case, spacing and the full stop.
    """
    words = pl.col("text").str.replace_all(r"\s+", " ").str.strip_chars().str.strip_chars_end(".").str.to_lowercase()
    return pl.when(pl.col("test_domain").is_in(list(worded))).then(pl.coalesce("fact", words)).otherwise("fact")


def worded(judges: Mapping[str, str]) -> list[str]:
    """The test domains whose judge names no statement of the reference. judges: the type of each domain's judge."""
    return sorted(name for name, kind in judges.items() if not plugins.literal("judges", kind, "FACTS", False))


def capability(samples: pl.DataFrame, *, dependent: bool, worded: Collection[str] = ()) -> pl.DataFrame:
    """n_capable of every prompt: what the pretrained model got right in at least one of its samples.

    samples: JUDGEMENTS of the N samples of the pretrained model on these prompts. Independent: distinct reference
    statements right in any sample; dependent: the most steps of the reference in the right prefix of one sample.
    worded: see `fact_key`. Returns (id, n_capable); a prompt without such a fragment may be missing.
    """
    right = samples.filter(pl.col("label") == "right")
    distinct = fact_key(worded).drop_nulls().n_unique()
    if dependent:
        lengths = right.group_by("id", "sample").agg(distinct.alias("length"))
        counted = lengths.group_by("id").agg(pl.col("length").max().alias("n_capable"))
    else:
        counted = right.group_by("id").agg(distinct.alias("n_capable"))
    return counted.with_columns(pl.col("n_capable").cast(pl.Int32))


def count(prompts: pl.DataFrame, judgements: pl.DataFrame, worded: Collection[str] = ()) -> pl.DataFrame:
    """METRICS: the judged fragments of every answer, counted.

    prompts: one row per answer with the ANSWER columns, cluster, n_all, n_capable and, if known, solved (other columns
    are ignored). judgements: JUDGEMENTS rows of these answers, none for an answer that gave nothing. worded: see
    `fact_key`. `solved` of `prompts` holds for answers without a row.
    """
    right = pl.col("label") == "right"
    if "solved" not in prompts.columns:
        prompts = prompts.with_columns(solved=pl.lit(None, pl.Boolean))
    counted = judgements.group_by(ANSWER).agg(
        given=pl.col("label").is_in(readings.given(readings.IGNORE)).sum(),
        right=right.sum(),
        facts=fact_key(worded).filter(right).drop_nulls().n_unique(),
        judged=pl.col("solved").first(),
        **{label: (pl.col("label") == label).sum() for label in ("idle", "unverifiable", "unjudged")},
    )
    return (
        prompts.select(*ANSWER, "cluster", "solved", "n_all", "n_capable")
        .join(counted, on=ANSWER, how="left")
        .with_columns(
            pl.col(_COUNTS).fill_null(0), solved=pl.when(pl.col("right").is_null()).then("solved").otherwise("judged")
        )
        .select(pl.col(name).cast(kind) for name, kind in frames.METRICS.items())
        .sort(ANSWER)
    )


def per_prompt(
    responses: pl.DataFrame,
    judgements: pl.DataFrame,
    data: pl.DataFrame,
    samples: pl.DataFrame | None,
    *,
    dependent: bool,
    add_on: Sequence[str] = (),
    worded: Collection[str] = (),
) -> pl.DataFrame:
    """METRICS of one result: RESPONSES and their JUDGEMENTS, the DATA of the test split, JUDGEMENTS of the samples.

    samples: None if none was drawn; then n_capable is null, and all that is computed from it is undefined.

    add_on: methods that mark doubtful fragments. Their rows come twice: as `method` without the marked fragments, and
    as `method-full` with all of them. worded: see `fact_key`. n_capable is at most n_all. An answer of a dependent
    domain without fragments solves nothing. MetricsError if the tables do not match.
    """
    _check(responses, judgements, data, samples)
    wanted = data.select("id", "cluster", n_all="reference_fragments")
    if samples is None:
        wanted = wanted.with_columns(n_capable=pl.lit(None, pl.Int32))
    else:
        capable = capability(samples, dependent=dependent, worded=worded)
        wanted = wanted.join(capable, on="id", how="left")
        wanted = wanted.with_columns(pl.min_horizontal(pl.col("n_capable").fill_null(0), "n_all"))
    wanted = wanted.with_columns(
        solved=pl.lit(False if dependent else None, pl.Boolean),
    )
    prompts = responses.select(ANSWER).join(wanted, on="id")
    prompts = pl.concat([prompts, add_on_full(prompts, add_on)])
    return count(prompts, with_add_on(judgements, add_on), worded)


def with_add_on(judgements: Table, methods: Sequence[str]) -> Table:
    """Judgements of Add-On methods twice: under their own name without marked fragments, and all as `method-full`."""
    doubted = pl.col("method").is_in(list(methods)) & pl.col("marked")
    return pl.concat([judgements.filter(~doubted), add_on_full(judgements, methods)])


def add_on_full(table: Table, methods: Sequence[str]) -> Table:
    """The rows of Add-On methods, renamed to `method-full`."""
    return table.filter(pl.col("method").is_in(list(methods))).with_columns(pl.col("method") + FULL)


def add_on_methods(methods: Mapping[str, Mapping]) -> list[str]:
    """Names of the configured methods whose answers carry marked fragments."""
    return sorted(name for name, method in methods.items() if plugins.flag("rewriting", method["rewrite"], "MARKS"))


def _check(responses, judgements, data, samples):
    if responses.is_empty():
        raise MetricsError("the responses table is empty: there is nothing to score")
    if responses.select(ANSWER).is_duplicated().any():
        raise MetricsError("the responses hold one (id, sample) twice: two tables of the same result were joined")
    missing = responses.join(data, on="id", how="anti")["id"].sort()
    if missing.len():
        raise MetricsError(f"{missing.len()} responses are to prompts not in the data, the first is {missing[0]!r}")
    stray = judgements.join(responses, on=ANSWER, how="anti")["id"].sort()
    if stray.len():
        raise MetricsError(f"{stray.len()} judgements belong to no response, the first has id {stray[0]!r}")
    empty = data.filter(pl.col("reference_fragments") < 1)["id"].sort()
    if empty.len():
        raise MetricsError(f"{empty.len()} reference answers have no fragment, the first is {empty[0]!r}")
    for column in ("model", "test_domain") if samples is not None else ():
        found, expected = set(samples[column].unique()), set(responses[column].unique())
        if not found <= expected:
            raise MetricsError(f"the samples have {column} {sorted(found)}, the responses have {sorted(expected)}")


def given(reading: str) -> pl.Expr:
    """For METRICS rows: how many fragments count in a reading."""
    return pl.col("given") + pl.col("unverifiable") if reading == readings.WRONG else pl.col("given")


def is_judged(reading: str) -> pl.Expr:
    """For METRICS rows: whether the judge gave any verdict, if there was something to judge."""
    return (pl.col("unjudged") == 0) | (given(reading) > 0)


def values(table: pl.DataFrame, reading: str) -> np.ndarray:
    """The seven per-prompt values (order of MEANS) of METRICS rows: float64, shape (rows, 7), NaN = left out."""
    counted, unknown = given(reading), pl.lit(None, pl.Float64)
    shares = (
        pl.when(each > 0).then(pl.col("right") / each)
        for each in (counted, given(readings.WRONG), given(readings.IGNORE))
    )
    columns = table.select(
        response_rate=(counted > 0).cast(pl.Float64),
        fragments_given=counted.cast(pl.Float64),
        **dict(zip(CORRECTNESS, shares, strict=True)),
        completeness_all=pl.min_horizontal("facts", "n_all") / pl.col("n_all"),
        completeness_capable=pl.when(pl.col("n_capable") > 0).then(
            pl.min_horizontal("facts", "n_capable") / pl.col("n_capable")
        ),
    )
    judged = pl.when(table.select(is_judged(reading)).to_series())
    known = columns.select(
        pl.col(name) if name in CORRECTNESS else judged.then(pl.col(name)).otherwise(unknown).alias(name)
        for name in MEANS
    )
    return known.select(pl.all().fill_null(float("nan"))).to_numpy()


def summary(table: pl.DataFrame) -> list[str]:
    """A line for each method in METRICS rows of one result, in the strict reading, for a person who waits.

    The tables have the intervals and the other reading.
    """
    lines = []
    for (method,), rows in table.partition_by("method", as_dict=True, maintain_order=True).items():
        first = rows.row(0, named=True)
        columns = values(rows, readings.WRONG)
        found = {name: columns[~np.isnan(columns[:, place]), place] for place, name in enumerate(MEANS)}
        told = {name: f"{column.mean():.2f}" if len(column) else "–" for name, column in found.items()}
        name = method if first["threshold"] == "none" else f"{method} {first['threshold']}"
        where = first["test_domain"]
        where += "" if first["domain"] == where else f", trained on {first['domain']}"
        answered = int(found["response_rate"].sum())
        lines.append(
            f"{where}: {name} ({first['model']}, seed {first['seed']}): correctness {told['correctness']}, completeness"
            f" {told['completeness_all']}, {answered} of {len(rows)} prompts answered"
        )
    return lines


def scores(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The nine SCORES from sums and counts of the per-prompt values: (..., 7) twice → (..., 9), NaN = undefined.

    F1 is 0 if nothing is right, also if nothing at all was given (correctness undefined, completeness 0).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / counts
        correctness = np.nan_to_num(means[..., [MEANS.index("correctness")]])
        completeness = means[..., [MEANS.index(name) for name in COMPLETENESS]]
        total = correctness + completeness
        f1 = np.where(total == 0, 0.0, 2 * correctness * completeness / total)
    return np.concatenate([means, f1], axis=-1)


def estimate(results: Sequence[pl.DataFrame], scoring: Scoring) -> Estimate:
    """Scores of one result, or the mean over the seeds of finetuning of several.

    results: METRICS rows, one table per seed. Clusters are resampled once for all seeds: the interval says how far
    the mean over seeds would move with other prompts, not with other seeds.
    """
    point, resampled = draw(results, scoring)
    return Estimate(point, *interval(resampled))


def draw(results: Sequence[pl.DataFrame], scoring: Scoring) -> Drawn:
    """Scores as in `estimate`, for each resample. Results on the same prompts get the same resamples."""
    clusters = _clusters(results)
    totals = [_totals(values(table, scoring.reading), _index(table, clusters), len(clusters)) for table in results]
    return Drawn(*_draws([(sums, counts, None, None) for sums, counts in totals], scoring))


def difference(
    results: Sequence[pl.DataFrame], others: Sequence[pl.DataFrame], scoring: Scoring
) -> tuple[Estimate, np.ndarray]:
    """Scores of `results` minus scores of `others` (same seeds, same prompts), both under the same resamples.

    Each correctness and completeness_capable are compared on the prompts where both are defined; each F1 is that of the
    main table. Returns the differences and the number of prompts compared (a mean over the seeds), shape (9,).
    MetricsError if the two answered different prompts.
    """
    clusters = _clusters([*results, *others])
    parts, prompts = [], []
    for table, other in zip(results, others, strict=True):
        table, other = table.sort("id", "sample"), other.sort("id", "sample")
        check_same_prompts(table, other)
        index = _index(table, clusters)
        own, its = values(table, scoring.reading), values(other, scoring.reading)
        both = ~np.isnan(own) & ~np.isnan(its)
        paired = [_totals(np.where(both, array, np.nan), index, len(clusters)) for array in (own, its)]
        alone = [_totals(array, index, len(clusters)) for array in (own, its)]
        parts.append(((*paired[0], *alone[0]), (*paired[1], *alone[1])))
        compared = both.sum(axis=0)
        prompts.append(np.concatenate([compared, 2 * [compared[MEANS.index("response_rate")]]]))
    left = _draws([part[0] for part in parts], scoring)
    right = _draws([part[1] for part in parts], scoring)
    point = left[0] - right[0]
    return Estimate(point, *interval(left[1] - right[1])), np.mean(prompts, axis=0)


def check_same_prompts(table: pl.DataFrame, other: pl.DataFrame) -> None:
    """MetricsError unless two METRICS tables answer the same prompts."""
    place = ["id", "sample"]
    if not table.select(place).sort(place).equals(other.select(place).sort(place)):
        raise MetricsError(f"{_name(table)} and {_name(other)} answered different prompts: they cannot be paired")


def pooled(table: pl.DataFrame, scoring: Scoring, counted: str = "given") -> tuple[float, float, float]:
    """Share of right fragments among all given ones (not a mean over prompts) with its interval; NaN if none was given.

    table: columns cluster, right and `counted` (how many were given); one row per answer.
    """
    clusters, index = np.unique(table["cluster"].to_numpy(), return_inverse=True)
    right, given = (
        np.bincount(index, weights=table[name].to_numpy(), minlength=len(clusters)) for name in ("right", counted)
    )
    resamples = weights(len(clusters), scoring.draws, scoring.seed)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (resamples @ right) / (resamples @ given)
        low, high = interval(share[:, None])
        return float(right.sum() / given.sum()), float(low[0]), float(high[0])


@lru_cache(maxsize=4)
def weights(clusters: int, draws: int, seed: int) -> np.ndarray:
    """How often each cluster is drawn in each resample: shape (draws, clusters), every row sums to `clusters`.

    Depends on the arguments alone: results on the same prompts get the same resamples.
    """
    chosen = np.random.default_rng(seed).integers(clusters, size=(draws, clusters))
    flat = (chosen + np.arange(draws)[:, None] * clusters).ravel()
    counts = np.bincount(flat, minlength=draws * clusters).reshape(draws, clusters).astype(np.float64)
    counts.flags.writeable = False
    return counts


def interval(drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """2.5 and 97.5 % quantiles of each column. Resamples with an undefined score are left out of that column."""
    low = np.full(drawn.shape[1], np.nan)
    high = low.copy()
    defined = ~np.isnan(drawn).all(axis=0)
    if not defined.any():  # which quantile does not take
        return low, high
    low[defined], high[defined] = np.nanquantile(drawn[:, defined], [LOW, HIGH], axis=0)
    return low, high


def _clusters(results):
    return np.unique(np.concatenate([table["cluster"].to_numpy() for table in results]))


def _index(table, clusters):
    return np.searchsorted(clusters, table["cluster"].to_numpy())


def _totals(array, index, size):
    """Sums and counts per cluster, without NaN. Rows are added in the order of their value: the order of the table then
    changes not even the last digit."""
    sums, counts = [], []
    for column in array.T:
        order = np.argsort(column, kind="stable")
        value, place = column[order], index[order]
        present = ~np.isnan(value)
        sums.append(np.bincount(place[present], weights=value[present], minlength=size))
        counts.append(np.bincount(place[present], minlength=size))
    return np.stack(sums, axis=1), np.stack(counts, axis=1).astype(np.float64)


def _draws(parts, scoring):
    """Mean over the parts (seeds) of their scores: the point (9,) and every resample (draws, 9).

    A part is (sums, counts, sums for F1, counts for F1); None if F1 uses the same ones.
    """
    points, drawn = [], []
    for sums, counts, f1_sums, f1_counts in parts:
        resamples = weights(len(sums), scoring.draws, scoring.seed)
        point = scores(sums.sum(axis=0), counts.sum(axis=0))
        draw = scores(resamples @ sums, resamples @ counts)
        if f1_sums is not None:
            point[F1] = scores(f1_sums.sum(axis=0), f1_counts.sum(axis=0))[F1]
            draw[:, F1] = scores(resamples @ f1_sums, resamples @ f1_counts)[:, F1]
        points.append(point)
        drawn.append(draw)
    return np.mean(points, axis=0), np.mean(drawn, axis=0)


def _name(table):
    return "/".join(str(table[column][0]) for column in RUN)
