"""A result against a curve of others: how often each is right at the same completeness."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from halt.metrics import SCORES, Drawn, interval


class Beside(NamedTuple):
    """A result against a curve of others, by a correctness over completeness_all. NaN if undefined."""

    there: float  # the curve's correctness at the result's completeness
    difference: float  # the result's correctness minus that
    low: float
    high: float
    inside: float  # share of the resamples with a difference
    points: int  # of the curve
    least: float  # the curve's range of completeness
    most: float


def beside_curve(result: Drawn, curve: Sequence[Drawn], score: str = "correctness") -> Beside:
    """A correctness of a result minus that of a curve at the same completeness_all, both on all their own answers.

    score: which of metrics.CORRECTNESS. curve: results on the same prompts (`check_same_prompts`), with the same
    resamples; those that gave nothing are left out. Between its points the curve is straight; it is not extended
    (`interpolated`). Each resample computes result and curve again: the interval is over the resamples in which the
    result still lies within the curve.
    """
    correctness, completeness = SCORES.index(score), SCORES.index("completeness_all")
    # The point is the row before the resamples: equal computations are equal to the last digit.
    whole = [np.vstack([drawn.point, drawn.resampled]) for drawn in (result, *curve)]
    x, y = whole[0][:, completeness], whole[0][:, correctness]
    shape = (len(x), len(curve))
    places, heights = (
        np.array([drawn[:, each] for drawn in whole[1:]]).T.reshape(shape) for each in (completeness, correctness)
    )
    there = interpolated(x, places, heights)
    differences = y - there
    low, high = interval(differences[1:, None])
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
