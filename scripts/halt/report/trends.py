"""Does a score rise or fall with the threshold? Rank correlation, and how often chance alone gives as strong a one.

The p-value is from a permutation test: the thresholds are permuted among the results of each seed, in every possible
way. The test counts how often the correlation is as far from 0, on either side. It is exact up to ENUMERATED
thresholds. With more, DRAWS permutations are drawn (seed 0), and the observed one counts as one of them.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np
import polars as pl

from halt import metrics
from halt.report import tables

SCORES = (*metrics.CORRECTNESS, "completeness_all")
TREND = (
    *("model", "domain", "method", "test_domain", "score", "points"),
    *("correlation", "p", "least_p", "permutations", "exact"),
)
ENUMERATED = 7  # thresholds of one seed: 7! = 5040 ways
DRAWS = 20_000


class Chance(NamedTuple):
    """p of the correlation, the smallest p of any order of these points, the number of permutations, all of them?"""

    p: float
    least: float
    permutations: int
    exact: bool


def trend(table: pl.DataFrame) -> pl.DataFrame:
    """Spearman's rank correlation of the threshold with each of SCORES, and its p-value (columns TREND).

    table: the main table; points are thresholds × seeds. Null if a score or the threshold does not vary.
    """
    single = table.filter((pl.col("threshold") != "none") & (pl.col("seed") != tables.ALL))
    rows = []
    for key, part in single.group_by(["model", "domain", "method", "test_domain"], maintain_order=True):
        for score in SCORES:
            points = part.select("seed", pl.col("threshold").cast(pl.Float64), score).drop_nulls()
            threshold, value = points["threshold"].to_numpy(), points[score].to_numpy()
            rho = spearman(threshold, value)
            chance = [None] * len(Chance._fields) if np.isnan(rho) else by_chance(threshold, value, points["seed"])
            rows.append(dict(zip(TREND, (*key, score, points.height, rho, *chance), strict=True)))
    return tables.frame(rows, TREND)


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation, ties sharing their mean rank; NaN for fewer than two points or a constant."""
    ranks = [_twice_ranks(array) for array in (first, second)]
    if len(first) < 2 or any(np.ptp(rank) == 0 for rank in ranks):
        return float("nan")
    return float(np.corrcoef(ranks)[0, 1])


def by_chance(first: np.ndarray, second: np.ndarray, blocks: Sequence) -> Chance:
    """How often Spearman's correlation of n points is as far from 0 if `first` is permuted within the blocks.

    first, second: (n,); blocks: n labels. Both vary.
    """
    one, other = _twice_ranks(first), _twice_ranks(second)
    blocks = np.asarray(blocks)
    parts = [(one[blocks == block], other[blocks == block]) for block in np.unique(blocks)]
    mean = len(one) * (len(one) + 1) ** 2  # of the sum below for unrelated ranks
    found = abs(int(one @ other) - mean)
    if max(len(part) for part, _ in parts) <= ENUMERATED:
        sums = _all_sums(parts)
        ways = sum(sums.values())
        most = max(abs(value - mean) for value in sums)
        return Chance(*(_at_least(sums, each, mean) / ways for each in (found, most)), ways, True)
    drawn = np.random.default_rng(0)
    total = sum(drawn.permuted(np.tile(part, (DRAWS, 1)), axis=1) @ its for part, its in parts)
    return Chance((1 + int((abs(total - mean) >= found).sum())) / (1 + DRAWS), 1 / (1 + DRAWS), DRAWS, False)


def _twice_ranks(array: np.ndarray) -> np.ndarray:
    """Ranks from 1, ties sharing their mean one, times two: whole numbers, so equal sums are equal."""
    return (2 * pl.Series(array, dtype=pl.Float64).rank(method="average").to_numpy()).astype(np.int64)


def _all_sums(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> Counter:
    """The number of ways to get each sum of products, if the first ranks are permuted within their part."""
    sums = Counter({0: 1})
    for own, its in parts:
        within = Counter((np.array(list(permutations(own))) @ its).tolist())
        combined: Counter = Counter()
        for value, ways in sums.items():
            for more, times in within.items():
                combined[value + more] += ways * times
        sums = combined
    return sums


def _at_least(sums: Counter, distance: int, mean: int) -> int:
    return sum(ways for value, ways in sums.items() if abs(value - mean) >= distance)
