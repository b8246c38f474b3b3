"""Completeness, correctness, F1, response rate and their intervals: worked by hand, and what must always hold."""

import numpy as np
import polars as pl
import pytest
import synthetic as made
from hypothesis import given, settings
from hypothesis import strategies as st

from halt import frames, metrics
from halt.report import equal

SCORING = metrics.Scoring(draws=200, seed=0, reading="wrong")
LENIENT = SCORING._replace(reading="ignore")
SCORE = {name: place for place, name in enumerate(metrics.SCORES)}


def per_prompt(answers, samples=(), wanted=4, dependent=False, add_on=(), worded=(), solved=None):
    """METRICS of answers {id: labels or (labels, facts)} and samples [(id, sample, labels, facts)]."""
    judged, replied = [], []
    for id, given_answer in answers.items():
        labels, facts = given_answer if isinstance(given_answer, tuple) else (given_answer, None)
        judged += made.judged(made.answer(id=id), labels, facts=facts, solved=solved)
        replied.append(made.response(made.answer(id=id)))
    sampled = []
    for id, sample, labels, facts in samples or ():
        sampled += made.judged(made.answer("samples", "none", id=id, sample=sample), labels, facts=facts)
    return metrics.per_prompt(
        made.responses(*replied),
        made.judgements(*judged),
        made.data(*(made.row(id, wanted=wanted) for id in answers)),
        None if samples is None else made.judgements(*sampled),
        dependent=dependent,
        add_on=add_on,
        worded=worded,
    )


def point(table, scoring=SCORING):
    return dict(zip(metrics.SCORES, metrics.estimate([table], scoring).point, strict=True))


def counted(*rows):
    """METRICS rows from (given, right, facts, n_all, n_capable[, cluster])."""
    names = ("given", "right", "facts", "n_all", "n_capable")
    return frames.build(
        [
            {
                **made.answer(id=f"p{place}"),
                "cluster": row[5] if len(row) > 5 else f"p{place}",
                **dict.fromkeys(("idle", "unverifiable", "unjudged"), 0),
                "solved": None,
                **dict(zip(names, row, strict=False)),
            }
            for place, row in enumerate(rows)
        ],
        frames.METRICS,
    )


def test_independent_answer_worked_by_hand():
    facts = ["a", "b", None, "c", None, None, None]
    table = per_prompt({"p0": ("rrwri?j", facts)}, [("p0", 0, "rr", ["a", "d"])], wanted=6)
    row = made.one(table)
    assert [row[name] for name in ("given", "right", "facts")] == [5, 3, 3]
    assert [row[name] for name in ("idle", "unverifiable", "unjudged")] == [1, 1, 1]
    assert (row["n_all"], row["n_capable"]) == (6, 2)
    strict, lenient = point(table), point(table, LENIENT)
    assert (strict["correctness"], lenient["correctness"]) == (3 / 6, 3 / 5)
    assert (strict["fragments_given"], lenient["fragments_given"]) == (6, 5)
    assert strict["completeness_all"] == 3 / 6
    assert strict["completeness_capable"] == 1.0  # three right, two within capability: no more than all of it
    assert strict["f1_all"] == pytest.approx(2 * 0.5 * 0.5 / 1)
    assert lenient["f1_all"] == pytest.approx(2 * 0.6 * 0.5 / 1.1)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text("rwi?j", max_size=6), min_size=1, max_size=5))
def test_both_readings_stand_in_every_row_whatever_the_config_s_is(answers):
    table = per_prompt({f"p{place}": labels for place, labels in enumerate(answers)})
    strict, lenient = point(table), point(table, LENIENT)
    for name in ("correctness_strict", "correctness_lenient"):
        np.testing.assert_equal(strict[name], lenient[name])
    np.testing.assert_equal(strict["correctness"], strict["correctness_strict"])
    np.testing.assert_equal(lenient["correctness"], lenient["correctness_lenient"])
    shares = [labels.count("r") / (len(labels) - labels.count("j")) for labels in answers if set(labels) - {"j"}]
    assert strict["correctness_strict"] == pytest.approx(np.mean(shares) if shares else np.nan, nan_ok=True)


def test_an_idle_fragment_lowers_correctness_and_fills_nothing_in_either_reading():
    samples = [("p0", 0, "ir", ["a", "b"])]
    for scoring in (SCORING, LENIENT):
        scores = point(per_prompt({"p0": ("ri", ["b", "a"])}, samples), scoring)
        assert (scores["correctness"], scores["completeness_all"], scores["completeness_capable"]) == (1 / 2, 1 / 4, 1)
        assert point(per_prompt({"p0": "ii"}), scoring)["correctness"] == 0


def test_an_answer_that_was_not_judged_is_left_out_and_one_that_said_nothing_is_not():
    answers = {"p0": ("rw", ["a", None]), "p1": ("jj", [None] * 2), "p2": ("?j", [None] * 2), "p3": ("", [])}
    scores = point(per_prompt(answers), LENIENT)
    assert scores["response_rate"] == 1 / 2
    assert scores["correctness"] == 1 / 2
    assert scores["completeness_all"] == (1 / 4 + 0) / 2
    scores = point(per_prompt(answers))  # p2 has a fragment that counts
    assert scores["response_rate"] == 2 / 3
    assert scores["correctness"] == 1 / 4
    assert scores["completeness_all"] == pytest.approx((1 / 4 + 0 + 0) / 3)


def test_a_fact_stated_three_times_counts_once_for_completeness_and_thrice_for_correctness():
    scores = point(per_prompt({"p0": ("rrrw", ["a", "a", "a", None])}))
    assert scores["completeness_all"] == 1 / 4
    assert scores["correctness"] == 3 / 4


def test_a_judge_that_names_no_statement_has_equal_texts_count_once():
    key = made.answer(id="p0")
    judged = made.judged(key, "rrr", texts=["Born in 1815.", " born in 1815. ", "English"])
    tables = made.responses(made.response(key)), made.judgements(*judged), made.data(made.row()), made.judgements()
    worded = metrics.worded({"biography": "llm", "mathematics": "reference"})
    assert made.one(metrics.per_prompt(*tables, dependent=False, worded=worded))["facts"] == 2
    assert made.one(metrics.per_prompt(*tables, dependent=False))["facts"] == 0


def test_what_is_right_beside_the_reference_fills_no_completeness():
    samples = [("p0", 0, "rr", ["a", None])]
    for dependent in (False, True):
        row = made.one(per_prompt({"p0": ("rrrr", ["a", None, None, "a"])}, samples, dependent=dependent))
        assert (row["right"], row["facts"], row["n_capable"]) == (4, 1, 1)


@pytest.mark.parametrize("solved", [True, False, None])
def test_whether_an_answer_is_solved_is_counted_as_it_was_judged(solved):
    found = per_prompt({"p0": "rw", "p1": ""}, dependent=True, solved=solved)
    assert found["solved"].to_list() == [solved, False]  # who says nothing solves nothing
    assert per_prompt({"p0": "rw", "p1": ""})["solved"].to_list() == [None, None]


def test_dependent_answer_counts_its_right_prefix_and_a_step_written_twice_once():
    row = made.one(per_prompt({"p0": ("rrrww", ["a", "b", "b", None, None])}, dependent=True))
    assert (row["facts"], row["right"], row["given"]) == (2, 3, 5)


def test_capability_of_independent_prompts_is_the_union_over_samples():
    samples = [("p0", 0, "rw", ["a", None]), ("p0", 1, "rr", ["a", "b"]), ("p0", 2, "ww", None)]
    assert made.one(per_prompt({"p0": "r"}, samples))["n_capable"] == 2


def test_capability_of_dependent_prompts_is_the_longest_right_prefix():
    samples = [("p0", 0, "rww", ["a"] * 3), ("p0", 1, "rrw", ["a", "b", "c"]), ("p0", 2, "www", None)]
    assert made.one(per_prompt({"p0": "r"}, samples, dependent=True))["n_capable"] == 2


def test_capability_is_never_more_than_the_reference_holds():
    samples = [("p0", 0, "rrrr", ["a", "b", "c", "d"])]
    assert made.one(per_prompt({"p0": "r"}, samples, wanted=3))["n_capable"] == 3


def test_prompt_outside_capability_is_left_out_of_completeness_capable_only():
    samples = [("p0", 0, "rr", ["a", "b"])]
    scores = point(per_prompt({"p0": ("r", ["a"]), "p1": ("w", None)}, samples))
    assert scores["completeness_capable"] == 1 / 2
    assert scores["completeness_all"] == pytest.approx((1 / 4 + 0) / 2)


def test_abstention_counts_nothing_in_completeness_and_is_left_out_of_correctness():
    scores = point(per_prompt({"p0": ("rr", ["a", "b"]), "p1": "", "p2": "??"}), LENIENT)
    assert scores["response_rate"] == pytest.approx(1 / 3)
    assert scores["correctness"] == 1.0
    assert scores["completeness_all"] == pytest.approx(0.5 / 3)


def test_a_method_that_only_abstains_has_no_correctness_and_no_f1():
    found = metrics.estimate([per_prompt({"p0": "", "p1": ""})], SCORING)
    assert np.isnan([part[SCORE["correctness"]] for part in found]).all()
    assert [part[SCORE["f1_all"]] for part in found] == [0, 0, 0]


def test_add_on_is_scored_without_and_with_its_marked_fragments():
    key = made.answer("add-on", "0.60")
    table = metrics.per_prompt(
        made.responses(made.response(key)),
        made.judgements(*made.judged(key, "rrwr", facts=list("abcd"), marked=(2, 3))),
        made.data(made.row()),
        made.judgements(),
        dependent=False,
        add_on=["add-on"],
    )
    found = {row["method"]: (row["given"], row["facts"]) for row in table.iter_rows(named=True)}
    assert found == {"add-on": (2, 2), "add-on-full": (4, 3)}


def test_methods_that_teach_doubt_are_scored_twice_and_a_refusal_is_not():
    modules = {"a": "add_on", "r": "r_tuning", "u": "r_tuning_u", "refuses": "r_tuning_r", "h": "halt"}
    assert metrics.add_on_methods({name: {"rewrite": module} for name, module in modules.items()}) == ["a", "r", "u"]


def test_other_methods_keep_marked_fragments_and_one_row():
    assert per_prompt({"p0": "rw"}, add_on=["add-on"])["method"].to_list() == ["halt"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"responses": []}, "nothing to score"),
        ({"data": [made.row("other")]}, "'p0'"),
        ({"data": [made.row(wanted=0)]}, "no fragment"),
        ({"judgements": made.judged(made.answer(id="p7"), "r")}, "'p7'"),
        ({"samples": made.judged(made.answer("samples", "none", model="another"), "r")}, "another"),
        ({"responses": [made.response(made.answer())] * 2}, "twice"),
    ],
)
def test_tables_that_do_not_belong_together_are_refused(change, message):
    tables = {
        "responses": [made.response(made.answer())],
        "judgements": [],
        "data": [made.row()],
        "samples": [],
    } | change
    with pytest.raises(metrics.MetricsError, match=message):
        metrics.per_prompt(
            made.responses(*tables["responses"]),
            made.judgements(*tables["judgements"]),
            made.data(*tables["data"]),
            made.judgements(*tables["samples"]),
            dependent=False,
        )


def test_rows_of_one_cluster_are_resampled_together():
    """Ten copies of two prompts tell no more than two prompts do."""
    alone = metrics.estimate([counted((1, 1, 1, 1, 1, "a"), (1, 0, 0, 1, 1, "b"))], SCORING)
    rows = [(1, 1, 1, 1, 1, "a")] * 10 + [(1, 0, 0, 1, 1, "b")] * 10
    copied = metrics.estimate([counted(*rows)], SCORING)
    np.testing.assert_allclose(copied.low, alone.low)
    np.testing.assert_allclose(copied.high, alone.high)
    place = SCORE["correctness"]
    assert (copied.low[place], copied.high[place]) == (0, 1)


def test_mean_over_seeds_is_the_mean_of_the_seeds():
    first, second = counted((2, 2, 2, 4, 2), (2, 1, 1, 4, 2)), counted((4, 1, 1, 4, 2), (0, 0, 0, 4, 2))
    both = metrics.estimate([first, second], SCORING)
    singles = [metrics.estimate([table], SCORING).point for table in (first, second)]
    np.testing.assert_allclose(both.point, np.mean(singles, axis=0))


def test_correctness_is_paired_on_prompts_where_both_gave_something():
    first = counted((2, 2, 2, 4, 2), (2, 1, 1, 4, 2), (0, 0, 0, 4, 2))
    second = counted((2, 1, 1, 4, 2), (0, 0, 0, 4, 2), (2, 2, 2, 4, 2))
    found, prompts = metrics.difference([first], [second], SCORING)
    assert found.point[SCORE["correctness"]] == 0.5  # the first prompt alone
    assert prompts[SCORE["correctness"]] == 1
    assert prompts[SCORE["completeness_all"]] == 3
    alone = [metrics.estimate([table], SCORING).point for table in (first, second)]
    for name in ("f1_all", "f1_capable", "completeness_all", "response_rate"):
        assert found.point[SCORE[name]] == pytest.approx(alone[0][SCORE[name]] - alone[1][SCORE[name]])


def test_pairing_sees_a_constant_advantage_that_the_spread_over_prompts_hides():
    rng = np.random.default_rng(3)
    base = rng.integers(0, 9, size=60)
    first = counted(*((10, right + 1, right + 1, 10, 10) for right in base))
    second = counted(*((10, right, right, 10, 10) for right in base))
    found, _ = metrics.difference([first], [second], SCORING)
    place = SCORE["correctness"]
    assert found.low[place] == pytest.approx(0.1)
    assert found.high[place] == pytest.approx(0.1)


def test_answers_to_other_prompts_cannot_be_paired():
    with pytest.raises(metrics.MetricsError, match="different prompts"):
        metrics.difference([counted((1, 1, 1, 1, 1))], [counted((1, 1, 1, 1, 1), (1, 1, 1, 1, 1))], SCORING)


def test_the_curve_is_straight_between_its_points_and_ends_with_them():
    places, heights = np.array([[0.6, 0.2, 0.4]]), np.array([[0.5, 0.9, 0.8]])  # in any order
    at = {0.2: 0.9, 0.25: 0.875, 0.3: 0.85, 0.4: 0.8, 0.5: 0.65, 0.6: 0.5}
    for x, height in at.items():
        assert equal.interpolated(np.array([x]), places, heights)[0] == pytest.approx(height, abs=1e-12)
    assert np.isnan(equal.interpolated(np.array([0.19, 0.61]), places.repeat(2, 0), heights.repeat(2, 0))).all()


def test_a_curve_of_one_point_is_that_point_and_of_none_nothing():
    one = np.array([[0.4]]), np.array([[0.7]])
    assert equal.interpolated(np.array([0.4]), *one)[0] == 0.7
    assert np.isnan(equal.interpolated(np.array([0.41]), *one)[0])
    assert np.isnan(equal.interpolated(np.array([0.4]), np.zeros((1, 0)), np.zeros((1, 0)))[0])


def test_points_at_one_place_count_as_their_mean_and_silent_ones_not_at_all():
    places = np.array([[0.2, 0.2, 0.4, 0.0]])
    heights = np.array([[0.9, 0.7, 0.6, np.nan]])
    assert equal.interpolated(np.array([0.2]), places, heights)[0] == pytest.approx(0.8)
    assert equal.interpolated(np.array([0.3]), places, heights)[0] == pytest.approx(0.7)
    assert np.isnan(equal.interpolated(np.array([0.1]), places, heights)[0])


def drawn(*rows):
    return metrics.draw([counted(*rows)], SCORING)


def test_a_result_beside_the_curve_worked_by_hand():
    """Two prompts of four facts. The curve: 1/8 complete and right in 1, 4/8 and 1/2; the result: 2/8 and 3/4."""
    low = drawn((1, 1, 1, 4, 4), (0, 0, 0, 4, 4))
    high = drawn((4, 2, 2, 4, 4), (4, 2, 2, 4, 4))
    result = drawn((1, 1, 1, 4, 4), (2, 1, 1, 4, 4))
    found = equal.beside_curve(result, [high, low])
    assert (found.points, found.least, found.most) == (2, 1 / 8, 4 / 8)
    assert found.there == pytest.approx(1 - (1 / 8) / (3 / 8) * (1 / 2))
    assert found.difference == pytest.approx(3 / 4 - 5 / 6)
    # a resample is (a, a), (b, b) or (a, b); in (a, a) both are 1/4 complete and right in 1; in (b, b) the small one is
    # silent and the result, 1/4 complete, less than the curve that is left
    weights = metrics.weights(2, SCORING.draws, SCORING.seed)
    assert found.inside == (weights[:, 0] > 0).mean()
    assert (found.low, found.high) == (pytest.approx(3 / 4 - 5 / 6), 0)


def test_outside_the_curve_there_is_no_difference_and_no_interval():
    curve = [drawn((2, 2, 2, 8, 8), (2, 1, 2, 8, 8)), drawn((4, 2, 4, 8, 8), (4, 2, 4, 8, 8))]
    for facts in (1, 5):
        found = equal.beside_curve(drawn((5, 1, facts, 8, 8), (5, 3, facts, 8, 8)), curve)
        assert np.isnan([found.there, found.difference, found.low, found.high]).all()
        assert (found.inside, found.least, found.most) == (0, 1 / 4, 1 / 2)


def test_a_result_that_gave_nothing_and_a_curve_that_gave_nothing_have_no_difference():
    some, nothing = drawn((2, 2, 2, 8, 8)), drawn((0, 0, 0, 8, 8))
    assert np.isnan(equal.beside_curve(nothing, [some]).difference)
    found = equal.beside_curve(some, [nothing, nothing])
    assert np.isnan([found.difference, found.least, found.most]).all()
    assert found.points == 0


def test_every_resample_draws_as_many_clusters_as_there_are():
    drawn = metrics.weights(7, 50, 0)
    assert drawn.shape == (50, 7)
    assert (drawn.sum(axis=1) == 7).all()


def test_interval_covers_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(100):
        right = rng.binomial(5, 0.6, size=80)
        table = counted(*((5, int(value), int(value), 5, 5) for value in right))
        found = metrics.estimate([table], SCORING._replace(draws=300, seed=seed))
        covered += found.low[SCORE["correctness"]] <= 0.6 <= found.high[SCORE["correctness"]]
    assert covered >= 87


def test_nothing_given_has_no_pooled_share():
    table = pl.DataFrame({"cluster": ["a", "b"], "given": [0, 0], "right": [0, 0]})
    assert np.isnan(metrics.pooled(table, SCORING)).all()


def test_pooled_share_is_over_fragments_not_prompts():
    table = pl.DataFrame({"cluster": ["a", "b"], "given": [8, 2], "right": [8, 0]})
    share, low, high = metrics.pooled(table, SCORING)
    assert (share, low, high) == (0.8, 0.0, 1.0)


@st.composite
def tables(draw):
    """METRICS rows with any counts that can occur, some prompts sharing a cluster."""
    rows = []
    for _ in range(draw(st.integers(1, 12))):
        given_count = draw(st.integers(0, 8))
        right = draw(st.integers(0, given_count))
        n_all = draw(st.integers(1, 6))
        facts, capable = draw(st.integers(min(right, 1), right)), draw(st.integers(0, n_all))
        rows.append((given_count, right, facts, n_all, capable, f"c{draw(st.integers(0, 5))}"))
    return counted(*rows)


@settings(deadline=None, max_examples=60)
@given(tables())
def test_scores_lie_between_zero_and_one_and_inside_their_interval_where_all_is_equal(table):
    found = metrics.estimate([table], SCORING)
    for name, place in SCORE.items():
        if name == "fragments_given":
            continue
        for part in found:
            assert np.isnan(part[place]) or 0 <= part[place] <= 1 + 1e-12
        assert np.isnan(found.low[place]) or found.low[place] <= found.high[place]


@settings(deadline=None, max_examples=60)
@given(tables(), st.integers(0, 1000))
def test_order_of_rows_changes_no_digit(table, seed):
    first, second = (metrics.estimate([each], SCORING) for each in (table, made.shuffled(table, seed)))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_order_of_rows_changes_no_digit_where_addition_would_round_differently():
    rows = [(given_count, 1, 1, given_count, given_count, "one cluster") for given_count in range(1, 60)]
    table = counted(*rows)
    expected = metrics.estimate([table], SCORING).point
    for seed in range(10):
        np.testing.assert_array_equal(metrics.estimate([made.shuffled(table, seed)], SCORING).point, expected)


@settings(deadline=None, max_examples=60)
@given(tables())
def test_a_method_differs_from_itself_by_exactly_zero(table):
    found, _ = metrics.difference([table], [made.shuffled(table)], SCORING)
    for part in found:
        assert (part[~np.isnan(part)] == 0).all()


@settings(deadline=None, max_examples=60)
@given(tables(), st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_a_curve_differs_from_itself_at_its_own_points_by_exactly_zero(table, steps):
    """Each point is more complete than the one before on every prompt, so that no two are equal in any resample."""
    table = table.with_columns(n_all=pl.lit(50, pl.Int32))
    curve = [table]
    for step in steps:
        last = curve[-1]
        curve.append(last.with_columns(facts=pl.col("facts") + step, given=pl.col("given") + step * 2))
    drawn = [metrics.draw([each], SCORING) for each in curve]
    for one in drawn:
        found = equal.beside_curve(one, drawn)
        if np.isnan(one.point[SCORE["correctness"]]):
            assert np.isnan(found.difference)
        else:
            assert (found.difference, found.low, found.high) == (0, 0, 0)


@settings(deadline=None, max_examples=60)
@given(tables(), tables(), tables())
def test_what_is_read_off_a_curve_lies_between_its_points(table, one, other):
    drawn = [metrics.draw([each], SCORING) for each in (one, other)]
    found = equal.beside_curve(metrics.draw([table], SCORING), drawn)
    if not np.isnan(found.there):
        heights = [each.point[SCORE["correctness"]] for each in drawn]
        assert np.nanmin(heights) - 1e-12 <= found.there <= np.nanmax(heights) + 1e-12
        assert found.low <= found.high or found.inside == 0


@settings(deadline=None, max_examples=60)
@given(tables(), st.data())
def test_a_wrong_fragment_never_raises_correctness_where_something_was_given(table, data):
    place = data.draw(st.integers(0, table.height - 1))
    before = metrics.values(table, "wrong")[place, SCORE["correctness"]]
    more = table.with_columns(pl.col("given") + (pl.int_range(pl.len()) == place).cast(pl.Int32))
    after = metrics.values(more, "wrong")[place, SCORE["correctness"]]
    assert after == 0 if np.isnan(before) else after <= before


def test_without_samples_capability_is_unknown_and_nothing_else_changes():
    answers = {"p0": "rrw", "p1": ""}
    known, unknown = per_prompt(answers, [("p0", 0, "rr", ["a", "b"])]), per_prompt(answers, None)
    assert unknown["n_capable"].to_list() == [None, None]
    assert unknown.drop("n_capable").equals(known.drop("n_capable"))
    for name, value in point(unknown).items():
        assert np.isnan(value) if name.endswith("_capable") else value == point(known)[name]
    assert not np.isnan(point(known)["f1_capable"])


def test_without_samples_results_can_be_paired():
    table = per_prompt({"p0": "rrw", "p1": "r"}, None)
    difference, prompts = metrics.difference([table], [table], SCORING)
    assert difference.point[SCORE["correctness"]] == 0
    assert np.isnan(difference.point[SCORE["completeness_capable"]])
    assert prompts[SCORE["completeness_capable"]] == 0


def test_a_result_in_a_line_is_read_strictly_and_says_on_how_many_prompts():
    [line] = metrics.summary(per_prompt({"p0": ("rw?", ["a", None, None]), "p1": ("r", ["b"]), "p2": ""}, None))
    assert "correctness 0.67, completeness 0.17, 2 of 3 prompts answered" in line
    [silent] = metrics.summary(per_prompt({"p0": ""}, None))
    assert "correctness –, completeness 0.00, 0 of 1 prompts answered" in silent
