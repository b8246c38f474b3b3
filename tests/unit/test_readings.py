"""Two readings of what the ground truth says nothing about: beside each other in every table, and told in words."""

import json

import polars as pl
import pytest
import synthetic as made

import facts as facts_program
from halt import frames, metrics, readings, rewriting
from halt.report import confidences, controls, facts, main_table, tables, trends

STRICT = metrics.Scoring(100, 0, "wrong")
LENIENT = STRICT._replace(reading="ignore")
KINDS = ["born", "work", "work", "gloss"]


def verdicts(method, threshold, answers, seed=0):
    """JUDGEMENTS rows of answers {id: labels}; every right fragment is a fact of its own."""
    return [
        line
        for id, labels in answers.items()
        for line in made.judged(
            made.answer(method, threshold, seed, id=id),
            labels,
            facts=[f"fact {place}" for place in range(len(labels))],
            kinds=KINDS[: len(labels)],
        )
    ]


HALT = {"p0": "r", "p1": "rr", "p2": "", "p3": "ri"}
OWN = {"p0": "r??", "p1": "rw?i", "p2": "??", "p3": "rrj"}
METHODS = {("unchanged-own", "none"): OWN, ("unchanged-reference", "none"): OWN, ("base", "none"): OWN,
           ("halt", "0.40"): HALT, ("halt", "0.80"): OWN}  # fmt: skip


def counted(seeds=(0,)):
    """METRICS and JUDGEMENTS of METHODS."""
    judged, found = [], []
    for (method, threshold), answers in METHODS.items():
        for seed in seeds:
            lines = verdicts(method, threshold, answers, seed)
            replied = [made.response(made.answer(method, threshold, seed, id=id)) for id in answers]
            tables_of_it = made.responses(*replied), made.judgements(*lines), made.data(*map(made.row, answers))
            found.append(metrics.per_prompt(*tables_of_it, made.judgements(), dependent=False))
            judged += lines
    return pl.concat(found), made.judgements(*judged)


@pytest.mark.parametrize("scoring", [STRICT, LENIENT])
def test_every_table_has_both_readings_and_follows_the_config_s(scoring):
    table, judged = counted()
    main = tables.main(table, scoring)
    own = made.one(main.filter(pl.col("method") == "unchanged-own"))
    assert own["correctness_strict"] == pytest.approx((1 / 3 + 1 / 4 + 0 + 1) / 4)
    assert own["correctness_lenient"] == pytest.approx((1 + 1 / 3 + 1) / 3)
    read = {"wrong": "correctness_strict", "ignore": "correctness_lenient"}[scoring.reading]
    paired, equal = tables.paired(table, scoring), tables.equal(table, ["halt"], scoring)
    assert set(metrics.CORRECTNESS) <= set(paired["score"])
    assert set(metrics.CORRECTNESS) <= set(trends.trend(main)["score"])
    kept = controls.kept_kinds(judged.lazy(), scoring.reading)
    filtered = controls.kind_filter(table, judged.filter(pl.col("method") == "base"), kept, scoring)
    control = controls.control(filtered, kept, scoring)
    kinds = tables.kinds(judged.lazy(), table, scoring)
    for found in (main, equal, control, kinds):
        end = read.removeprefix("correctness")
        for name in (name for name in found.columns if f"{name}{end}" in found.columns):
            assert found[name].equals(found[f"{name}{end}"], null_equal=True), name
        assert {"correctness_strict", "correctness_lenient"} <= set(found.columns)


def test_what_is_mostly_right_is_so_in_the_reading():
    judged = made.judgements(*verdicts("samples", "none", {"p0": "r?", "p1": "rr", "p2": "r?"})).lazy()
    assert controls.kept_kinds(judged, "wrong")["kind"].to_list() == ["born"]
    assert controls.kept_kinds(judged, "ignore")["kind"].to_list() == ["born", "work"]
    [[strict], [lenient]] = (controls.sampled(judged, each).values() for each in readings.READINGS)
    assert (strict, lenient) == (4 / 6, 1)


def test_a_kind_that_the_truth_never_mentions_is_given_in_the_strict_reading_alone():
    table, judged = counted()
    for scoring, fragments, share in ((STRICT, 1, 1 / 11), (LENIENT, 1, 1 / 6)):
        rows = tables.kinds(judged.lazy(), table, scoring)
        row = made.one(rows.filter((pl.col("method") == "unchanged-own") & (pl.col("kind") == "gloss")))
        assert (row["fragments"], row["share"], row["correctness"]) == (fragments, pytest.approx(share), 0)
    only = made.judgements(*verdicts("halt", "0.40", {"p0": "?"}))
    silent = metrics.per_prompt(
        made.responses(made.response(made.answer(id="p0"))),
        only,
        made.data(made.row()),
        made.judgements(),
        dependent=False,
    )
    row = made.one(tables.kinds(only.lazy(), silent, LENIENT))
    assert (row["fragments"], row["share"], row["correctness"], row["correctness_strict"]) == (0, None, None, 0)


def test_random_trim_drops_what_is_unverifiable_as_soon_as_anything_else():
    judged = made.judgements(*verdicts("unchanged-own", "none", {f"p{place:02}": "r?" for place in range(40)}))
    left = controls.trim(judged, 40, dependent=False, seed=0)
    assert left.height == 40
    assert 10 < (left["label"] == "unverifiable").sum() < 30


@pytest.mark.parametrize("reading", readings.READINGS)
def test_facts_and_main_table_say_the_same(tmp_path, reading):
    table, _ = counted(seeds=(0, 1))
    scoring = STRICT._replace(reading=reading)
    frames.write(table, tmp_path / "metrics.parquet", frames.METRICS)
    arguments = ["--metrics", tmp_path / "metrics.parquet", "--output", tmp_path / "facts.csv"]
    arguments += ["--settings", json.dumps({"reading": {"unverifiable": reading}})]
    facts_program.main(facts_program.parser().parse_args(list(map(str, arguments))))
    found = tables.read_csv(tmp_path / "facts.csv", facts.FACTS)
    joined = tables.main(table, scoring).join(found, on=tables.PLACE, suffix="_of_facts")
    assert joined.height == len(METHODS) * 2
    for name, same in {
        "correctness": "factscore",
        "correctness_strict": "factscore_strict",
        "correctness_lenient": "factscore_lenient",
        "response_rate": "response_rate_of_facts",
    }.items():
        assert joined[name].to_list() == pytest.approx(joined[same].to_list(), abs=1e-6), name
    given = (joined["correct"] + joined["incorrect"]).to_list()
    assert joined["fragments_given"].to_list() == pytest.approx(given, abs=2e-6)


@pytest.mark.parametrize(("scoring", "named"), [(STRICT, "strict"), (LENIENT, "lenient")])
def test_the_report_shows_both_readings_and_says_which_one_its_sentences_follow(scoring, named):
    table, judged = counted(seeds=(0, 1))
    main = tables.main(table, scoring)
    told = tables.paired(table, scoring), trends.trend(main), tables.frame([], controls.CONTROL)
    sampled = controls.sampled(judged.lazy(), scoring.reading)
    text = main_table.report(main, *told, sampled, ["halt"], scoring.reading)
    assert "| correctness, strict | correctness, lenient |" in text
    assert f"right more often than both unchanged methods, in the {named} reading" in text
    assert f"read {named}ly (`reading.unverifiable: {scoring.reading}`)" in text
    beside = main_table.equal(tables.equal(table, ["halt"], scoring), scoring.reading)
    assert "difference, strict | difference, lenient" in beside
    assert f"are of the {named} one" in beside


def test_a_confidence_is_tried_on_the_fragments_that_count():
    key = {**made.answer("unchanged-own", "none", id="p0")}
    judged = made.judgements(*made.judged(key, "rwi?j"))
    rows = [{**key, "method": "p-true", "split": "test", "fragment": place, "confidence": 0.5} for place in range(5)]
    table = frames.build(rows, frames.CONFIDENCES)
    clusters = counted()[0]
    filters = {"p-true": {"of": "unchanged-own", "filter": "p_true"}}
    for scoring, number in ((STRICT, 4), (LENIENT, 3)):
        found = made.one(confidences.of_fragments(table.lazy(), judged.lazy(), clusters, filters, scoring))
        assert (found["number"], found["right"]) == (number, pytest.approx(1 / number))


def test_ranking_and_scores_call_the_same_fragments_right_and_given():
    for reading in readings.READINGS:
        settings = rewriting.Settings(False, "\n".join, 0, "drop", "drop", reading, "Unsure", "Uncertain")
        for labels in ("rw?i", "r??", "ii", "r", "rj?"):
            names = tuple(line["label"] for line in made.judged(made.answer(), labels))
            ranked = rewriting.correctness(rewriting.Sample(0, "", names, names), settings)
            table = metrics.per_prompt(
                made.responses(made.response(made.answer())),
                made.judgements(*made.judged(made.answer(), labels)),
                made.data(made.row()),
                made.judgements(),
                dependent=False,
            )
            [scored] = metrics.values(table, reading)[:, metrics.MEANS.index("correctness")]
            assert float(ranked) == pytest.approx(scored)
