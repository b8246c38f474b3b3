"""Whether a score follows the threshold: told only where chance would seldom give as much."""

from itertools import permutations, product

import numpy as np
import polars as pl
import pytest
import synthetic as made
from hypothesis import given, settings
from hypothesis import strategies as st

from halt import frames, metrics
from halt.report import controls, main_table, tables, trends

SCORING = metrics.Scoring(50, 0, "wrong")
ALPHAS = ("0.20", "0.40", "0.60", "0.80")


def test_rank_correlation_shares_ranks_of_ties():
    assert trends.spearman(np.array([1, 1, 2, 2]), np.array([1, 2, 3, 4])) == pytest.approx(0.894427, abs=1e-6)
    assert np.isnan(trends.spearman(np.array([1, 2]), np.array([5, 5])))


def by_hand(alphas, values, seeds):
    """p by trying every order within the seeds, one by one."""
    places = [[place for place, seed in enumerate(seeds) if seed == each] for each in sorted(set(seeds))]
    found = []
    for orders in product(*(permutations(part) for part in places)):
        dealt = np.array(alphas, dtype=float)
        for part, order in zip(places, orders, strict=True):
            dealt[part] = np.array(alphas, dtype=float)[list(order)]
        found.append(abs(trends.spearman(dealt, np.array(values))))
    own = abs(trends.spearman(np.array(alphas), np.array(values)))
    return np.mean([one >= own - 1e-9 for one in found]), len(found)


@settings(deadline=None, max_examples=12)  # an example tries 720 orders
@given(st.lists(st.integers(0, 4), min_size=6, max_size=6), st.sampled_from([(0,) * 6, (0, 0, 0, 1, 1, 1)]))
def test_the_exact_p_is_that_of_trying_every_order(values, seeds):
    alphas = [0.4, 0.6, 0.8] * 2
    if len(set(values)) == 1:
        return
    found = trends.by_chance(np.array(alphas), np.array(values, dtype=float), seeds)
    share, orders = by_hand(alphas, values, seeds)
    assert (found.p, found.permutations) == (pytest.approx(share), orders)
    assert found.exact
    assert 0 < found.least <= found.p <= 1


def test_the_least_p_of_three_thresholds_and_two_seeds_is_one_in_eighteen():
    alphas, seeds = np.array([0.4, 0.6, 0.8] * 2), [0, 0, 0, 1, 1, 1]
    found = trends.by_chance(alphas, np.array([1.0, 2, 3, 1, 2, 3]), seeds)
    assert found == (2 / 36, 2 / 36, 36, True)
    assert trends.by_chance(alphas[:3], np.array([1.0, 2, 3]), seeds[:3]) == (2 / 6, 2 / 6, 6, True)


def test_of_many_thresholds_some_orders_are_drawn_and_the_same_ones_each_time():
    alphas, seeds = np.arange(11.0), [0] * 11
    rises = trends.by_chance(alphas, alphas, seeds)
    assert rises == (1 / 20_001, 1 / 20_001, 20_000, False)
    values = np.array([3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5])
    assert trends.by_chance(alphas, values, seeds) == trends.by_chance(alphas, values, seeds)
    assert trends.by_chance(alphas, values, seeds).p == pytest.approx(0.18, abs=0.02)  # scipy's, by a t distribution


def told(*labels, halves=2):
    """What the report says of HALT's labels at each of ALPHAS, on ten prompts with two facts each, with two seeds."""
    rows = []
    for alpha, own in zip(ALPHAS, labels, strict=True):
        for seed, place in product(range(halves), range(10)):
            key = made.answer("halt", alpha, seed=seed, id=f"p{place}")
            right, given_ones = own.count("r"), len(own)
            counts = {"given": given_ones, "right": right, "facts": right, "n_all": 4, "n_capable": 4}
            rows.append({**key, **made.NOTHING, **counts, "cluster": key["id"]})
    counted = frames.build(rows, frames.METRICS)
    main = tables.main(counted, SCORING)
    control, trend = tables.frame([], controls.CONTROL), trends.trend(main)
    text = main_table.report(main, tables.paired(counted, SCORING), trend, control, {}, ["halt"], "wrong")
    return text, trend


def test_what_is_said_to_rise_or_fall_has_a_small_p():
    text, trend = told("r", "rr", "rrr", "rrrr")
    rises = made.one(trend.filter(pl.col("score") == "completeness_all"))
    assert (rises["correlation"], rises["p"]) == (pytest.approx(1), 2 / 576)
    assert "with completeness +1.00 (over 8, p = 0.003, exact)" in text
    assert "Completeness rises with α." in text
    assert "Whether correctness falls as α grows is not shown either way" in text  # it does not vary
    assert made.one(trend.filter(pl.col("score") == "correctness"))["p"] is None


def test_correctness_is_said_not_to_fall_only_where_it_rises_beyond_chance():
    assert "Correctness does not fall as α grows" in told("rwww", "rrww", "rrrw", "rrrr")[0]
    text = told("rrrr", "rrrw", "rrww", "rwww")[0]
    assert "Correctness falls as α grows." in text
    assert "Completeness falls as α grows." in text


def test_what_chance_does_as_often_is_not_shown():
    text = told("rrww", "rrrr", "rwww", "rrrw", halves=1)[0]
    assert "That completeness rises with α is not shown: of 4 points no order has a smaller p than 0.083." in text
    assert "Completeness rises" not in text
    assert "Correctness does not fall" not in text


def test_every_reading_has_its_trend():
    assert set(told("r", "rr", "rrr", "rrrr")[1]["score"]) == {*metrics.CORRECTNESS, "completeness_all"}
