"""Completeness, correctness, F1 and response rate, with intervals (shared definitions: paper section "Metrics").

Two steps. `per_prompt` counts the fragments of every response: the METRICS table. `estimate`, `difference` and
`beside_curve` turn such rows into scores with 95 % percentile intervals by bootstrap over clusters of prompts.

Of one response: correctness = right / given, left out where nothing was given (0/0); completeness = n_correct /
n_desired, at most 1, with n_correct the *distinct* right ones: a fact stated or a step written three times
counts once (in dependent domains they are those of the right prefix). Fragments that are unverifiable or unjudged are
neither given nor right; an answer of which unjudged ones are all that could count is left out of every mean, since a
judge's failure is no abstention. Scores of a result are means over prompts; F1 is the harmonic mean of the two means.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

import numpy as np
import polars as pl

from halt.errors import HaltError

from . import frames
from .paths import FULL, MARKING

RUN = ("model", "domain", "method", "threshold", "seed", "test_domain")
ANSWER = (*RUN, "id", "sample")
MEANS = ("response_rate", "fragments_given", "correctness", "completeness_all", "completeness_capable")
SCORES = (*MEANS, "f1_all", "f1_capable")
LOW, HIGH = 0.025, 0.975

Table = TypeVar("Table", pl.DataFrame, pl.LazyFrame)

_COUNTS = ("given", "right", "facts", "unverifiable", "unjudged")


class MetricsError(HaltError):
    """Tables that do not belong together; the message says which and what was expected."""


class Bootstrap(NamedTuple):
    """How intervals are made: `draws` resamples of the clusters by numpy's default generator with `seed`."""

    draws: int
    seed: int


class Estimate(NamedTuple):
    """Three arrays of shape (7,) in the order of SCORES; NaN where a score is undefined."""

    point: np.ndarray
    low: np.ndarray
    high: np.ndarray


class Drawn(NamedTuple):
    """Scores in the order of SCORES, NaN where undefined: of the prompts as they are, and under every resample."""

    point: np.ndarray  # (7,)
    resampled: np.ndarray  # (draws, 7)


class Beside(NamedTuple):
    """A result beside a curve of others, correctness over completeness_all: see `beside_curve`. NaN where undefined."""

    there: float  # the curve's correctness at the result's completeness
    difference: float  # the result's correctness less that
    low: float
    high: float
    inside: float  # share of the resamples in which there is a difference
    points: int  # of the curve
    least: float  # the curve's range of completeness
    most: float


def fact_key() -> pl.Expr:
    """What makes two right fragments one fact: the reference statement, or, where the judge names none (an LLM judge of
    independent fragments), the fragment's own words, but for case, spacing and the full stop."""
    words = pl.col("text").str.replace_all(r"\s+", " ").str.strip_chars().str.strip_chars_end(".").str.to_lowercase()
    return pl.coalesce("fact", words)


def capability(samples: pl.DataFrame, *, dependent: bool) -> pl.DataFrame:
    """n_capable of every prompt: what the pretrained model got right in at least one of its samples.

    samples: JUDGEMENTS of the N samples of the pretrained model on these prompts. Independent: distinct reference
    statements right in any sample; dependent: the longest right prefix over the samples. Returns (id, n_capable);
    a prompt without a right fragment may be missing.
    """
    right = samples.filter(pl.col("label") == "right")
    if dependent:
        lengths = right.group_by("id", "sample").agg(fact_key().n_unique().alias("length"))
        counted = lengths.group_by("id").agg(pl.col("length").max().alias("n_capable"))
    else:
        counted = right.group_by("id").agg(fact_key().n_unique().alias("n_capable"))
    return counted.with_columns(pl.col("n_capable").cast(pl.Int32))


def count(prompts: pl.DataFrame, judgements: pl.DataFrame) -> pl.DataFrame:
    """METRICS: the judged fragments of every answer, counted.

    prompts: one row per answer with the ANSWER columns, cluster, n_all and n_capable (more columns are ignored);
    judgements: JUDGEMENTS rows of these answers, none for an answer that gave nothing.
    """
    right = pl.col("label") == "right"
    counted = judgements.group_by(ANSWER).agg(
        given=pl.col("label").is_in(["right", "wrong"]).sum(),
        right=right.sum(),
        facts=fact_key().filter(right).n_unique(),
        unverifiable=(pl.col("label") == "unverifiable").sum(),
        unjudged=(pl.col("label") == "unjudged").sum(),
    )
    return (
        prompts.select(*ANSWER, "cluster", "n_all", "n_capable")
        .join(counted, on=ANSWER, how="left")
        .with_columns(pl.col(_COUNTS).fill_null(0))
        .select(pl.col(name).cast(kind) for name, kind in frames.METRICS.items())
        .sort(ANSWER)
    )


def per_prompt(
    responses: pl.DataFrame,
    judgements: pl.DataFrame,
    data: pl.DataFrame,
    samples: pl.DataFrame,
    *,
    dependent: bool,
    add_on: Sequence[str] = (),
) -> pl.DataFrame:
    """METRICS of one result: RESPONSES and their JUDGEMENTS, the DATA of the test split, JUDGEMENTS of the samples.

    add_on: methods that mark doubtful fragments. Their rows come twice: as `method` without the marked fragments, and
    as `method-full` with everything. n_capable is at most n_all. Raises MetricsError where the tables do not match.
    """
    _check(responses, judgements, data, samples)
    wanted = data.select("id", "cluster", n_all="reference_fragments").join(
        capability(samples, dependent=dependent), on="id", how="left"
    )
    wanted = wanted.with_columns(pl.min_horizontal(pl.col("n_capable").fill_null(0), "n_all"))
    prompts = responses.select(ANSWER).join(wanted, on="id")
    prompts = pl.concat([prompts, add_on_full(prompts, add_on)])
    return count(prompts, with_add_on(judgements, add_on))


def with_add_on(judgements: Table, methods: Sequence[str]) -> Table:
    """Judgements of Add-On methods twice: under their own name less the marked fragments, and all as `method-full`."""
    doubted = pl.col("method").is_in(list(methods)) & pl.col("marked")
    return pl.concat([judgements.filter(~doubted), add_on_full(judgements, methods)])


def add_on_full(table: Table, methods: Sequence[str]) -> Table:
    """The rows of Add-On methods, renamed to `method-full`."""
    return table.filter(pl.col("method").is_in(list(methods))).with_columns(pl.col("method") + FULL)


def add_on_methods(methods: Mapping[str, Mapping]) -> list[str]:
    """Names of the configured methods whose answers carry marked fragments."""
    return sorted(name for name, method in methods.items() if method["rewrite"] in MARKING)


def _check(responses, judgements, data, samples):
    if responses.is_empty():
        raise MetricsError("the responses table is empty: there is nothing to score")
    if responses.select(ANSWER).is_duplicated().any():
        raise MetricsError("the responses hold one (id, sample) twice: two tables of the same result were joined")
    missing = responses.join(data, on="id", how="anti")["id"].sort()
    if missing.len():
        raise MetricsError(f"{missing.len()} responses answer prompts that the data lack, the first is {missing[0]!r}")
    stray = judgements.join(responses, on=ANSWER, how="anti")["id"].sort()
    if stray.len():
        raise MetricsError(f"{stray.len()} judgements belong to no response, the first has id {stray[0]!r}")
    empty = data.filter(pl.col("reference_fragments") < 1)["id"].sort()
    if empty.len():
        raise MetricsError(f"{empty.len()} reference answers have no fragment, the first is {empty[0]!r}")
    for column in ("model", "test_domain"):
        found, expected = set(samples[column].unique()), set(responses[column].unique())
        if not found <= expected:
            raise MetricsError(f"the samples have {column} {sorted(found)}, the responses have {sorted(expected)}")


def is_judged() -> pl.Expr:
    """Of METRICS rows: whether the judge said anything of an answer that had something to judge."""
    return (pl.col("unjudged") == 0) | (pl.col("given") > 0)


def values(table: pl.DataFrame) -> np.ndarray:
    """The five per-prompt values (order of MEANS) of METRICS rows: float64, shape (rows, 5), NaN = left out."""
    given, unknown = pl.col("given"), pl.lit(None, pl.Float64)
    columns = table.select(
        response_rate=(given > 0).cast(pl.Float64),
        fragments_given=given.cast(pl.Float64),
        correctness=pl.when(given > 0).then(pl.col("right") / given),
        completeness_all=pl.min_horizontal("facts", "n_all") / pl.col("n_all"),
        completeness_capable=pl.when(pl.col("n_capable") > 0).then(
            pl.min_horizontal("facts", "n_capable") / pl.col("n_capable")
        ),
    )
    known = columns.select(pl.when(table.select(is_judged()).to_series()).then(pl.all()).otherwise(unknown))
    return known.select(pl.all().fill_null(float("nan"))).to_numpy()


def scores(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The seven SCORES from sums and counts of the per-prompt values: (..., 5) twice → (..., 7), NaN = undefined.

    F1 is 0 where nothing is right, also where nothing at all was given (correctness undefined, completeness 0).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / counts
        correctness = np.nan_to_num(means[..., 2:3])
        completeness = means[..., 3:5]
        total = correctness + completeness
        f1 = np.where(total == 0, 0.0, 2 * correctness * completeness / total)
    return np.concatenate([means, f1], axis=-1)


def estimate(results: Sequence[pl.DataFrame], bootstrap: Bootstrap) -> Estimate:
    """Scores of one result, or the mean over the seeds of finetuning of several.

    results: METRICS rows, one table per seed. Clusters are resampled once for all seeds: the interval says how far
    the mean over seeds would move with other prompts, not with other seeds.
    """
    point, resampled = draw(results, bootstrap)
    return Estimate(point, *_interval(resampled))


def draw(results: Sequence[pl.DataFrame], bootstrap: Bootstrap) -> Drawn:
    """Scores as in `estimate`, under each resample; results on the same prompts are resampled alike."""
    clusters = _clusters(results)
    totals = [_totals(values(table), _index(table, clusters), len(clusters)) for table in results]
    return Drawn(*_draws([(sums, counts, None, None) for sums, counts in totals], bootstrap))


def difference(
    results: Sequence[pl.DataFrame], others: Sequence[pl.DataFrame], bootstrap: Bootstrap
) -> tuple[Estimate, np.ndarray]:
    """Scores of `results` minus scores of `others` (same seeds, same prompts), both under the same resamples.

    Correctness and completeness_capable are compared on the prompts where both are defined; each F1 is that of the
    main table. Returns the differences and the number of prompts compared, shape (7,), a mean over the seeds.
    Raises MetricsError where the two answered different prompts.
    """
    clusters = _clusters([*results, *others])
    parts, prompts = [], []
    for table, other in zip(results, others, strict=True):
        table, other = table.sort("id", "sample"), other.sort("id", "sample")
        check_same_prompts(table, other)
        index = _index(table, clusters)
        own, its = values(table), values(other)
        both = ~np.isnan(own) & ~np.isnan(its)
        paired = [_totals(np.where(both, array, np.nan), index, len(clusters)) for array in (own, its)]
        alone = [_totals(array, index, len(clusters)) for array in (own, its)]
        parts.append(((*paired[0], *alone[0]), (*paired[1], *alone[1])))
        compared = both.sum(axis=0)
        prompts.append(np.concatenate([compared, 2 * [compared[MEANS.index("response_rate")]]]))
    left = _draws([part[0] for part in parts], bootstrap)
    right = _draws([part[1] for part in parts], bootstrap)
    point = left[0] - right[0]
    return Estimate(point, *_interval(left[1] - right[1])), np.mean(prompts, axis=0)


def check_same_prompts(table: pl.DataFrame, other: pl.DataFrame) -> None:
    """MetricsError unless two METRICS tables are of answers to the same prompts."""
    place = ["id", "sample"]
    if not table.select(place).sort(place).equals(other.select(place).sort(place)):
        raise MetricsError(f"{_name(table)} and {_name(other)} answered different prompts: they cannot be paired")


def beside_curve(result: Drawn, curve: Sequence[Drawn]) -> Beside:
    """Correctness of a result less that of a curve at the same completeness_all, both on all their own answers.

    curve: results on the same prompts (`check_same_prompts`), resampled alike; those that gave nothing are left out.
    Between its points the curve is straight, beyond them it is not (`interpolated`). Under each resample result and
    curve are computed anew: the interval is over the resamples in which the result still lies within the curve.
    """
    correctness, completeness = SCORES.index("correctness"), SCORES.index("completeness_all")
    # The point is the row before the resamples: what is computed alike is equal to the last digit.
    whole = [np.vstack([drawn.point, drawn.resampled]) for drawn in (result, *curve)]
    x, y = whole[0][:, completeness], whole[0][:, correctness]
    shape = (len(x), len(curve))
    places, heights = (
        np.array([drawn[:, score] for drawn in whole[1:]]).T.reshape(shape) for score in (completeness, correctness)
    )
    there = interpolated(x, places, heights)
    differences = y - there
    low, high = _interval(differences[1:, None])
    if np.isnan(differences[0]):  # no interval around nothing
        low, high = [np.nan], [np.nan]
    held = places[0][~np.isnan(heights[0])]
    return Beside(
        there=there[0],
        difference=differences[0],
        low=low[0],
        high=high[0],
        inside=(~np.isnan(differences[1:])).mean(),
        points=len(held),
        least=held.min() if len(held) else np.nan,
        most=held.max() if len(held) else np.nan,
    )


def interpolated(x: np.ndarray, places: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Height of row n's own curve at x[n], linear between its points, NaN outside their range: (rows,).

    x: (rows,). places, heights: (rows, points), in any order; a point whose height is NaN is left out, and points at
    one place count as one of their mean height.
    """
    held, at = ~np.isnan(heights), x[:, None]
    left = np.where(held & (places <= at), places, -np.inf).max(axis=1, initial=-np.inf)
    right = np.where(held & (places >= at), places, np.inf).min(axis=1, initial=np.inf)

    def height(place: np.ndarray) -> np.ndarray:
        chosen = held & (places == place[:, None])
        with np.errstate(invalid="ignore"):
            return np.where(chosen, heights, 0).sum(axis=1) / chosen.sum(axis=1)

    low, high = height(left), height(right)
    with np.errstate(invalid="ignore"):
        share = np.where(right > left, (x - left) / (right - left), 0.0)
        return low + share * (high - low)


def pooled(table: pl.DataFrame, bootstrap: Bootstrap) -> tuple[float, float, float]:
    """Share of right among all given fragments (not a mean over prompts) with its interval.

    table: columns cluster, right, given; one row per answer.
    """
    clusters, index = np.unique(table["cluster"].to_numpy(), return_inverse=True)
    right, given = (
        np.bincount(index, weights=table[name].to_numpy(), minlength=len(clusters)) for name in ("right", "given")
    )
    resamples = weights(len(clusters), *bootstrap)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (resamples @ right) / (resamples @ given)
        low, high = _interval(share[:, None])
        return float(right.sum() / given.sum()), float(low[0]), float(high[0])


@lru_cache(maxsize=4)
def weights(clusters: int, draws: int, seed: int) -> np.ndarray:
    """How often each cluster is drawn in each resample: shape (draws, clusters), every row sums to `clusters`.

    Depends on nothing else, so that results on the same prompts are resampled alike, whoever asks.
    """
    chosen = np.random.default_rng(seed).integers(clusters, size=(draws, clusters))
    flat = (chosen + np.arange(draws)[:, None] * clusters).ravel()
    counts = np.bincount(flat, minlength=draws * clusters).reshape(draws, clusters).astype(np.float64)
    counts.flags.writeable = False
    return counts


def _clusters(results):
    return np.unique(np.concatenate([table["cluster"].to_numpy() for table in results]))


def _index(table, clusters):
    return np.searchsorted(clusters, table["cluster"].to_numpy())


def _totals(array, index, size):
    """Sums and counts per cluster, without NaN; rows are added in the order of their value, so that the order of the
    table changes no last digit."""
    sums, counts = [], []
    for column in array.T:
        order = np.argsort(column, kind="stable")
        value, place = column[order], index[order]
        present = ~np.isnan(value)
        sums.append(np.bincount(place[present], weights=value[present], minlength=size))
        counts.append(np.bincount(place[present], minlength=size))
    return np.stack(sums, axis=1), np.stack(counts, axis=1).astype(np.float64)


def _draws(parts, bootstrap):
    """Mean over the parts (seeds) of their scores: the point (7,) and under every resample (draws, 7).

    A part is (sums, counts, sums for F1, counts for F1); None where F1 comes from the same ones.
    """
    points, drawn = [], []
    for sums, counts, f1_sums, f1_counts in parts:
        resamples = weights(len(sums), *bootstrap)
        point = scores(sums.sum(axis=0), counts.sum(axis=0))
        draw = scores(resamples @ sums, resamples @ counts)
        if f1_sums is not None:
            point[5:] = scores(f1_sums.sum(axis=0), f1_counts.sum(axis=0))[5:]
            draw[:, 5:] = scores(resamples @ f1_sums, resamples @ f1_counts)[:, 5:]
        points.append(point)
        drawn.append(draw)
    return np.mean(points, axis=0), np.mean(drawn, axis=0)


def _interval(drawn):
    """2.5 and 97.5 % quantiles of each column; a resample in which a score is undefined is left out of it."""
    low = np.full(drawn.shape[1], np.nan)
    high = low.copy()
    defined = ~np.isnan(drawn).all(axis=0)
    if not defined.any():  # which quantile does not take
        return low, high
    low[defined], high[defined] = np.nanquantile(drawn[:, defined], [LOW, HIGH], axis=0)
    return low, high


def _name(table):
    return "/".join(str(table[column][0]) for column in RUN)
