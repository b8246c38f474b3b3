"""Tables and figure from a made-up run: their columns, what they say, and that equal inputs give equal bytes."""

import json
import operator

import numpy as np
import polars as pl
import pytest
import synthetic as made
import yaml

import figures as figures_program
import score as score_program
import tables as tables_program
from halt import config, frames, metrics, report
from halt.report import controls, figures, main_table, tables, trends

MAIN = (
    "model,domain,method,threshold,seed,test_domain,prompts,unjudged,"
    "response_rate,response_rate_lo,response_rate_hi,fragments_given,fragments_given_lo,fragments_given_hi,"
    "correctness,correctness_lo,correctness_hi,correctness_strict,correctness_strict_lo,correctness_strict_hi,"
    "correctness_lenient,correctness_lenient_lo,correctness_lenient_hi,"
    "completeness_all,completeness_all_lo,completeness_all_hi,"
    "completeness_capable,completeness_capable_lo,completeness_capable_hi,f1_all,f1_all_lo,f1_all_hi,"
    "f1_capable,f1_capable_lo,f1_capable_hi"
)
PAIRED = "model,domain,method,threshold,seed,test_domain,against,score,difference,lo,hi,prompts"
EQUAL = (
    "model,domain,method,threshold,seed,test_domain,against,prompts,completeness_all,points,curve_from,curve_to,inside,"
    "reason,correctness,curve_correctness,difference,lo,hi,"
    "correctness_strict,curve_correctness_strict,difference_strict,lo_strict,hi_strict,"
    "correctness_lenient,curve_correctness_lenient,difference_lenient,lo_lenient,hi_lenient"
)
TREND = "model,domain,method,test_domain,score,points,correlation,p,least_p,permutations,exact"
KINDS = (
    "model,domain,method,threshold,seed,test_domain,kind,fragments,share,correctness,correctness_lo,correctness_hi,"
    "correctness_strict,correctness_strict_lo,correctness_strict_hi,"
    "correctness_lenient,correctness_lenient_lo,correctness_lenient_hi"
)
SCORING = metrics.Scoring(200, 0, "wrong")


def finish(folder, **options):
    """Write the tables of a run, score every result and make all tables of the report."""
    paths = made.write(folder, **options)
    paths["metrics"] = []
    for responses, judgements in zip(paths["responses"], paths["judgements"], strict=True):
        domain, method, *_ = responses.relative_to(folder / "responses").parts
        chosen = {name: next(path for path in paths[name] if path.stem == domain) for name in ("data", "tested")}
        settings = {f"domains/{domain}": made.DOMAINS[domain], f"methods/{method}": made.METHODS[method]} | made.JUDGES
        output = folder / "metrics" / responses.relative_to(folder / "responses")
        arguments = ["--responses", responses, "--judgements", judgements, "--data", chosen["data"]]
        arguments += ["--sample-judgements", chosen["tested"], "--settings", json.dumps(settings), "--output", output]
        score_program.main(score_program.parser().parse_args(list(map(str, arguments))))
        paths["metrics"].append(output)
    make_tables(folder, paths)
    return paths


def make_tables(folder, paths):
    arguments = ["--metrics", *paths["metrics"], "--judgements", *paths["judgements"]]
    arguments += ["--sample-judgements", *paths["training"], "--settings", json.dumps(made.SETTINGS)]
    for name in ("main", "paired", "equal", "trend", "kinds", "control", "confidence"):
        arguments += [f"--{name}", folder / f"{name}.csv"]
    arguments += ["--markdown", folder / "main.md"]
    tables_program.main(tables_program.parser().parse_args(list(map(str, arguments))))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    finish(folder, prompts=40, seeds=(0, 1))
    return folder


def read(run, name):
    columns = {name: getattr(tables, name.upper()) for name in ("main", "paired", "equal", "kinds")}
    columns["trend"] = trends.TREND
    return tables.read_csv(run / f"{name}.csv", columns.get(name, controls.CONTROL))


@pytest.mark.parametrize(
    ("name", "columns"), [("main", MAIN), ("paired", PAIRED), ("equal", EQUAL), ("trend", TREND), ("kinds", KINDS)]
)
def test_columns_are_exactly_those_promised(run, name, columns):
    assert (run / f"{name}.csv").read_text().splitlines()[0] == columns


def test_main_table_has_a_row_per_result_and_one_over_the_seeds(run):
    table = read(run, "main")
    results = len(made.GIVES) + 1  # Add-On HALT is scored twice
    assert table.height == results * 2 * 3
    assert set(table["seed"]) == {"0", "1", "all"}
    assert set(table["prompts"]) == {40}
    for name in metrics.SCORES:
        assert (table[f"{name}_lo"] <= table[name] + 1e-9).all()
        assert (table[name] <= table[f"{name}_hi"] + 1e-9).all()


def test_what_was_not_judged_is_told_beside_the_numbers():
    key = made.answer("halt", "0.40")
    rows = [
        {**key, **made.NOTHING, "id": id, "cluster": id, "given": given, "right": given, "facts": given}
        | {"unjudged": unjudged, "n_all": 4, "n_capable": 4}
        for id, given, unjudged in (("a", 2, 0), ("b", 0, 2), ("c", 4, 0))
    ]
    main = tables.main(frames.build(rows, frames.METRICS), SCORING._replace(draws=9))
    assert main["unjudged"].to_list() == [0.25]
    assert main["response_rate"].to_list() == [1.0]  # of the two that anything is known of
    text = main_table._table(main.rows(named=True), [])
    assert "no usable verdict on up to 25 % of a method's fragments" in text
    assert "no usable verdict" not in main_table._table(main.with_columns(unjudged=0.0).rows(named=True), [])


def test_a_control_knows_no_more_of_an_answer_than_the_judge_did():
    own = made.answer("unchanged-own", "none")
    verdicts = made.judgements(
        *made.judged({**own, "id": "p0"}, "rr"),
        *made.judged({**own, "id": "p1"}, "jj"),
        *made.judged({**own, "id": "p2"}, "rj"),
    )
    counts = {"cluster": "c", "facts": 0, "n_all": 2, "n_capable": 2}
    table = frames.build(
        [
            {
                **own,
                **made.NOTHING,
                "method": method,
                "threshold": threshold,
                "id": id,
                "given": given,
                "right": given,
                "unjudged": unjudged,
            }
            | counts
            for method, threshold in (("unchanged-own", "none"), ("halt", "0.40"))
            for id, given, unjudged in (("p0", 2, 0), ("p1", 0, 2), ("p2", 1, 1))
        ],
        frames.METRICS,
    )
    for dependent in (False, True):
        trimmed = controls.random_trim(table, verdicts, ["halt"], {"biography": dependent}, SCORING)
        of = {row["id"]: (row["given"], row["unjudged"]) for row in trimmed.rows(named=True)}
        assert of == {"p0": (2, 0), "p1": (0, 2), "p2": (1, 0)}
        assert trimmed.select(metrics.is_judged("wrong")).to_series().to_list() == [True, False, True]


def test_a_judge_that_failed_on_everything_is_not_called_abstention():
    row = {"method": "halt", "threshold": "0.40", "response_rate": None, "correctness": None, "prompts": 2}
    told = main_table._finding(row, [row], {}, 0.5, "wrong")
    assert told == "**Open:** the judge gave no usable verdict on any answer of halt at α = 0.40."


def test_one_seed_has_no_row_over_the_seeds(tmp_path):
    finish(tmp_path, prompts=6, domains=("biography",))
    assert set(read(tmp_path, "main")["seed"]) == {"0"}


def test_every_other_method_is_paired_with_both_unchanged_ones(run):
    table = read(run, "paired").filter(pl.col("against").is_in(report.BASELINES))
    compared = set(table.select("method", "against").unique().iter_rows())
    assert {("halt", other) for other in report.BASELINES} <= compared
    assert ("base", "unchanged-own") in compared
    assert ("unchanged-own", "unchanged-own") not in compared
    assert set(table["score"]) == set(tables.PAIRED_SCORES)


def test_paired_difference_of_completeness_is_that_of_the_main_table(run):
    place = (pl.col("domain") == "biography") & (pl.col("threshold") == "0.40") & (pl.col("seed") == "all")
    row = made.one(
        read(run, "paired").filter(
            place
            & (pl.col("method") == "halt")
            & (pl.col("score") == "completeness_all")
            & (pl.col("against") == "unchanged-own")
        )
    )
    main = read(run, "main").filter((pl.col("domain") == "biography") & (pl.col("seed") == "all"))
    own = made.one(main.filter(pl.col("method") == "unchanged-own"))
    halt = made.one(main.filter((pl.col("method") == "halt") & (pl.col("threshold") == "0.40")))
    assert row["difference"] == pytest.approx(halt["completeness_all"] - own["completeness_all"], abs=2e-6)
    assert row["prompts"] == 40


def test_every_other_method_and_the_kind_filter_stand_beside_halt_s_curve(run):
    table = read(run, "equal")
    methods = {"base", "unchanged-own", "unchanged-reference", "add-on", "add-on-full"}
    filters = {"kind-filter of base", "kind-filter of unchanged-own"}
    assert set(table.filter(pl.col("domain") == "biography")["method"]) == methods | filters
    assert set(table.filter(pl.col("domain") == "mathematics")["method"]) == methods  # which has no kinds
    assert set(table["against"]) == {"halt"}
    assert set(table["seed"]) == {"0", "1", "all"}
    assert set(table["points"]) == {3}


def test_a_row_has_a_difference_within_the_curve_and_else_a_reason(run):
    table = read(run, "equal")
    within = (pl.col("curve_from") <= pl.col("completeness_all")) & (pl.col("completeness_all") <= pl.col("curve_to"))
    assert table.filter(within).height
    assert table.filter(within)["reason"].null_count() == table.filter(within).height
    assert table.filter(within)["difference"].null_count() == 0
    outside = table.filter(~within)
    assert outside.select("curve_correctness", "difference", "lo", "hi").null_count().sum_horizontal().item() == (
        4 * outside.height
    )
    less = outside["completeness_all"] < outside["curve_from"]
    assert outside["reason"].to_list() == [tables.LESS if below else tables.MORE for below in less]


def test_a_difference_at_equal_completeness_is_that_to_the_line_between_two_thresholds(run):
    place = {"domain": "mathematics", "seed": "all"}
    table = read(run, "equal").filter(*(pl.col(name) == value for name, value in place.items()))
    row = made.one(table.filter(pl.col("method") == "unchanged-own"))
    main = read(run, "main").filter(*(pl.col(name) == value for name, value in place.items()))
    halt = main.filter(pl.col("method") == "halt").sort("completeness_all")
    x, y = halt["completeness_all"].to_numpy(), halt["correctness"].to_numpy()
    assert (row["curve_from"], row["curve_to"]) == (x[0], x[-1])
    assert row["curve_correctness"] == pytest.approx(np.interp(row["completeness_all"], x, y), abs=2e-6)
    assert row["difference"] == pytest.approx(row["correctness"] - row["curve_correctness"], abs=2e-6)
    assert row["lo"] <= row["difference"] <= row["hi"]
    assert 0.5 < row["inside"] <= 1


def test_why_a_result_is_not_compared():
    """HALT is 1/4 and 1/2 complete; then it gives nothing at all."""
    answers = {("less", "none"): ["r"] + [""] * 9, ("more", "none"): "rr", ("silent", "none"): ""}
    curve = {("halt", "0.40"): ["r"] * 5 + [""] * 5, ("halt", "0.80"): "r"}
    found = tables.equal(counted_of(answers | curve), ["halt"], SCORING)
    assert dict(found.select("method", "reason").iter_rows()) == {
        "less": tables.LESS,
        "more": tables.MORE,
        "silent": tables.SILENT,
    }
    text = main_table.equal(found, "wrong")
    assert "Less complete: less." in text
    assert "Gave nothing: silent." in text
    nothing = tables.equal(counted_of(answers | dict.fromkeys(curve, "")), ["halt"], SCORING)
    assert set(nothing["reason"]) == {tables.SILENT, tables.NO_CURVE}
    assert "The curve goes from" not in main_table.equal(nothing, "wrong")


def test_without_halt_there_is_nothing_to_stand_beside(run):
    counted = report.scan(sorted((run / "metrics").rglob("*.parquet")), frames.METRICS).collect()
    assert tables.equal(counted, [], SCORING).is_empty()
    assert main_table.equal(tables.equal(counted, [], SCORING), "wrong") == ""


def test_markdown_names_those_that_are_not_within_the_curve_and_why(run):
    text = (run / "main.md").read_text()
    section = text.split("## At equal completeness")[1]
    biography, mathematics = (section.split(f"### {name}")[1].split("###")[0] for name in ("biography", "mathematics"))
    assert [line.split(" | ")[0] for line in mathematics.splitlines() if line.startswith("| ")] == [
        *("| method", "| unchanged-own", "| unchanged-reference", "| add-on", "| add-on-full")
    ]
    assert "More complete: base." in mathematics
    assert "More complete: base, kind-filter of base, " in biography
    assert "|" not in biography


def test_results_on_other_prompts_are_not_set_beside_the_curve(run):
    counted = report.scan(sorted((run / "metrics").rglob("*.parquet")), frames.METRICS).collect()
    fewer = counted.filter((pl.col("method") != "base") | (pl.col("id") != counted["id"][0]))
    with pytest.raises(metrics.MetricsError, match="different prompts"):
        tables.equal(fewer, ["halt"], SCORING)


def test_trend_counts_thresholds_times_seeds_and_has_the_sign_of_the_trade(run):
    rows = read(run, "trend").filter((pl.col("method") == "halt") & (pl.col("domain") == "biography"))
    found = {row["score"]: row for row in rows.iter_rows(named=True)}
    assert found["correctness"]["points"] == 6
    assert found["correctness"]["correlation"] < 0 < found["completeness_all"]["correlation"]


def test_kinds_are_counted_within_a_result(run):
    table = read(run, "kinds").filter((pl.col("method") == "base") & (pl.col("seed") == "0"))
    assert set(table["domain"]) == {"biography"}  # mathematics has no kinds
    assert set(table["kind"]) == set(made.KINDS)
    assert table["share"].sum() == pytest.approx(1, abs=1e-5)
    assert table["fragments"].to_list() == [40] * 4


def test_kind_filter_keeps_only_kinds_mostly_right_in_the_training_samples(run):
    table = read(run, "control").filter(pl.col("method") == controls.KIND_FILTER)
    assert set(table["domain"]) == {"biography"}
    assert set(table["of"]) == {"base", "unchanged-own"}
    [kinds] = set(table["kinds"])
    assert "nationality" in kinds
    assert "birth year" not in kinds
    assert (table["fragments_given"] <= 2).all()


def test_random_trim_gives_as_many_fragments_as_halt(run):
    place = (pl.col("seed") == "0") & (pl.col("test_domain") == "mathematics")
    control = read(run, "control").filter(place & (pl.col("method") == controls.RANDOM_TRIM))
    main = read(run, "main").filter(place & (pl.col("method") == "halt"))
    assert control["fragments_given"].to_list() == main["fragments_given"].to_list()
    assert control["threshold"].to_list() == main["threshold"].to_list()


def test_random_trim_of_dependent_answers_cuts_their_end():
    key = made.answer("unchanged-own", "none", domain="mathematics")
    rows = [line for id in "abcd" for line in made.judged({**key, "id": id}, "rrww")]
    left = controls.trim(made.judgements(*rows), 9, dependent=True, seed=0)
    assert left.height == 9
    for (_id,), part in left.group_by("id"):
        assert sorted(part["fragment"]) == list(range(part.height))


def test_halt_is_compared_with_its_controls(run):
    against = set(read(run, "paired").filter(pl.col("method") == "halt")["against"])
    assert {"kind-filter of base", "kind-filter of unchanged-own", "random-trim of unchanged-own"} <= against


def test_markdown_says_in_plain_words_that_halt_won(run):
    text = (run / "main.md").read_text()
    section = text.split("## biography")[1].split("## ")[0]
    first = section.splitlines()[2]
    assert first.startswith("**Yes:** halt at α = 0.40 is right more often than both unchanged methods")
    assert "random-trim of unchanged-own" in section
    table = [line for line in section.splitlines() if line.startswith("|")]
    assert sum(line.count("**") for line in table) >= 2 * 3  # the best correctness and both best F1


def tell(labels_of_halt, without=(), then=None, reference="rr", floor=None):
    """The report on three methods over ten prompts: HALT's labels (one text, or one per prompt) against rw and rr.

    then: labels of HALT at a larger threshold; reference: those of unchanged-reference; floor: of a constant
    answer.
    """
    answers = {("unchanged-own", "none"): "rw", ("unchanged-reference", "none"): reference}
    answers["halt", "0.40"] = labels_of_halt
    if floor is not None:
        answers["floor", "none"] = floor
    if then is not None:
        answers["halt", "0.80"] = then
    counted = counted_of({key: labels for key, labels in answers.items() if key[0] not in without})
    main = tables.main(counted, SCORING)
    control = tables.frame([], controls.CONTROL)
    sampled = {("tiny", "biography"): 0.24}
    paired = tables.paired(counted, SCORING, (*report.BASELINES, "floor"))
    return main_table.report(main, paired, trends.trend(main), control, sampled, ["halt"], "wrong", ["floor"])


def counted_of(answers):
    """METRICS of ten prompts from {(method, threshold): labels, one text or one per prompt}; two facts are wanted."""
    rows = []
    for (method, threshold), labels in answers.items():
        for place in range(10):
            key = made.answer(method, threshold, id=f"p{place}")
            own = labels if isinstance(labels, str) else labels[place]
            wrong, right = own.count("w"), own.count("r")
            given = made.NOTHING | {"given": right + wrong, "right": right, "facts": right}
            rows.append({**key, "cluster": key["id"], **given, "n_all": 2, "n_capable": 2})
    return frames.build(rows, frames.METRICS)


def test_markdown_does_not_call_a_difference_whose_interval_holds_zero_a_win():
    text = tell(["r"] * 6 + ["w"] * 4, without=("unchanged-reference",))
    assert "+0.10 [-" in text  # better on average, by less than chance explains
    assert "**No:**" in text


def test_markdown_says_no_and_why_when_a_reference_method_is_as_good():
    text = tell("r")
    assert "**No:**" in text
    assert "it answered 100 % of 10 prompts" in text
    assert "fewer than 30 prompts" in text
    assert "24 % of the fragments of the training samples were right" in text


@pytest.mark.parametrize(
    ("floor", "verdict", "difference"),
    [
        ("r", "**Yes, but not shown to be right more often than a constant answer:**", "+0.00 [+0.00, +0.00]"),
        ("", "**Yes, but not shown to be right more often than a constant answer:**", "undefined"),
        ("w", "**Yes:**", "+1.00 [+1.00, +1.00]"),
    ],
)
def test_markdown_holds_halt_against_the_best_constant_answer(floor, verdict, difference):
    text = tell("r", reference="rw", floor=floor)
    assert f"{verdict} halt at α = 0.40 is right more often than both unchanged methods" in text
    assert f"Paired difference to the best constant answer: {difference}" in text


def test_markdown_says_so_when_halt_only_abstains():
    assert "**No.** halt at α = 0.40 gave no fragment to any of the 10 prompts" in tell("")


def test_markdown_leaves_the_question_open_without_a_baseline():
    text = tell("r", without=("unchanged-reference",))
    assert "**Open:**" in text
    assert "not compared with unchanged-reference" in text


def test_two_files_of_one_result_are_refused(run, tmp_path):
    [path] = [
        path for path in (run / "metrics").rglob("0.parquet") if "halt/0-40" in str(path) and "biography" in str(path)
    ]
    training = [run / "training" / "biography.parquet"]
    judgements = [run / "judgements" / path.relative_to(run / "metrics")]
    with pytest.raises(frames.FrameError, match="twice"):
        make_tables(tmp_path, {"metrics": [path, path], "judgements": judgements, "training": training})


def test_a_table_of_another_kind_is_refused_by_name_and_column(tmp_path):
    path = tmp_path / "data.parquet"
    frames.write(made.data(made.row()), path, frames.DATA)
    with pytest.raises(frames.FrameError, match=r"data\.parquet.*given"):
        report.scan([path], frames.METRICS)


def test_equal_inputs_give_equal_tables(run, tmp_path):
    again = finish(tmp_path, prompts=40, seeds=(0, 1))
    again["metrics"].reverse()
    again["judgements"].reverse()
    make_tables(tmp_path, again)
    for name in ("main.csv", "paired.csv", "equal.csv", "trend.csv", "kinds.csv", "control.csv", "main.md"):
        assert (tmp_path / name).read_bytes() == (run / name).read_bytes(), name


def draw(run, folder):
    arguments = ["--main", run / "main.csv", "--settings", json.dumps(made.SETTINGS)]
    arguments += ["--png", folder / "figure.png", "--svg", folder / "figure.svg"]
    figures_program.main(figures_program.parser().parse_args(list(map(str, arguments))))
    return (folder / "figure.png").read_bytes(), (folder / "figure.svg").read_bytes()


def test_figure_has_the_same_bytes_each_time(run, tmp_path):
    first, second = draw(run, tmp_path / "a"), draw(run, tmp_path / "b")
    assert first == second
    assert first[0].startswith(b"\x89PNG")
    assert b"<svg" in first[1]


def test_figure_has_a_panel_per_domain_and_a_look_per_threshold_of_halt(run):
    figure = figures.tradeoff(read(run, "main").iter_rows(named=True), ["halt"])
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["biography", "mathematics"]
    [legend] = figure.legends
    looks = dict(zip([text.get_text() for text in legend.get_texts()], legend.legend_handles, strict=True))
    halt = [looks[f"halt, α {threshold}"].get_markerfacecolor() for threshold in ("0.40", "0.60", "0.80")]
    assert halt == sorted(halt, reverse=True)  # the larger the darker
    assert len(set(halt)) == 3


def test_figure_has_a_row_of_panels_per_model(run):
    rows = read(run, "main").to_dicts()
    figure = figures.tradeoff(rows + [{**row, "model": "other"} for row in rows], ["halt"])
    assert len(figure.axes) == 4


def test_figure_names_what_gave_nothing(run):
    rows = read(run, "main").filter(pl.col("domain") == "biography").to_dicts()
    silent = [
        {**row, "correctness": None, "correctness_lo": None, "correctness_hi": None}
        if row["threshold"] == "0.40"
        else row
        for row in rows
    ]
    [axes] = figures.tradeoff(silent, ["halt"]).axes
    assert "gave nothing: halt 0.40" in [text.get_text() for text in axes.texts]


def test_the_model_of_all_domains_changes_no_look(run):
    rows = read(run, "main").filter((pl.col("domain") == "biography") & (pl.col("seed") == "all")).to_dicts()
    joint = [{**row, "domain": "all"} for row in rows if row["method"] != "base"]
    alone, both = (legend_of(figures.tradeoff(shown, ["halt"])) for shown in (rows, joint + rows))
    look = operator.methodcaller("get_color"), operator.methodcaller("get_marker")
    assert {name: [of(handle) for of in look] for name, handle in both.items()} == {
        name: [of(handle) for of in look] for name, handle in alone.items()
    }


def test_the_model_of_all_domains_is_listed_behind_the_others():
    counts = {
        "cluster": "c",
        **made.NOTHING,
        **dict.fromkeys(("given", "right", "facts", "n_all"), 1),
    }
    table = frames.build(
        [
            {**made.answer("halt", "0.40"), **counts, "n_capable": 1, "domain": domain, "test_domain": tested}
            for domain, tested in (("all", "code"), ("medicine", "medicine"), ("code", "code"))
        ],
        frames.METRICS,
    )
    assert [(key.domain, key.test_domain) for key in tables.results(table)] == [
        ("code", "code"),
        ("medicine", "medicine"),
        ("all", "code"),
    ]


def test_a_filter_is_one_curve_with_one_name(run):
    rows = read(run, "main").filter((pl.col("domain") == "biography") & (pl.col("seed") == "all")).to_dicts()
    halt = [row for row in rows if row["method"] == "halt"]
    curve = [{**row, "method": "p-true", "correctness": None if place == 0 else row["correctness"]}
             for place, row in enumerate(halt)]  # fmt: skip
    figure = figures.tradeoff(rows + curve, ["halt"], ["p-true"])
    [legend], [axes] = figure.legends, figure.axes
    names = [text.get_text() for text in legend.get_texts()]
    assert names.count("p-true") == 1
    assert not any(name.startswith("p-true,") for name in names)
    assert "gave nothing: p-true to 0.40" in [text.get_text() for text in axes.texts]
    assert len(figures.tradeoff(rows + curve, ["halt"]).axes[0].lines) > len(axes.lines)  # there with intervals


def many(run):
    """Rows of the default registry's methods in two domains, and the arguments that the figure has of that registry."""
    methods = yaml.safe_load((config.SCHEMA.parents[1] / "config.yaml").read_text())["methods"]
    rows = [
        row
        for row in read(run, "main").filter(pl.col("seed") == "all").to_dicts()
        if row["method"] in ("base", "unchanged-own", "unchanged-reference", "halt")
    ]
    of_halt = [row for row in rows if row["method"] == "halt"]
    for name, method in methods.items():
        if name not in {row["method"] for row in rows}:
            like = of_halt if method["threshold"] else of_halt[::3]
            rows += [{**row, "method": name} | ({} if method["threshold"] else {"threshold": "none"}) for row in like]
    floors = report.floor_methods(methods)
    return rows, (report.halt_methods(methods), report.filter_methods(methods), report.families(methods), floors)


def legend_of(figure):
    [legend] = figure.legends
    return dict(zip([text.get_text() for text in legend.get_texts()], legend.legend_handles, strict=True))


def test_every_method_of_the_registry_has_a_family():
    methods = yaml.safe_load((config.SCHEMA.parents[1] / "config.yaml").read_text())["methods"]
    found = report.families(methods)
    assert report.OTHERS not in found.values()
    assert set(found.values()) == set(report.FAMILIES) - {report.OTHERS}
    assert found["add-on-full"] == found["add-on"] == report.VARIANTS
    assert report.families({"mine": {"rewrite": "mine", "threshold": False}})["mine"] == report.OTHERS


def test_many_methods_have_a_colour_a_family_and_a_look_each(run):
    rows, arguments = many(run)
    looks = legend_of(figures.tradeoff(rows, *arguments))
    names = {row["method"] for row in rows}
    assert names <= looks.keys()
    drawn = {name: (looks[name].get_color(), looks[name].get_marker(), looks[name].get_linestyle()) for name in names}
    assert len(set(drawn.values())) == len(names)
    for name in names - {"floor"}:
        same = {other for other in names if drawn[other][0] == drawn[name][0]}
        assert {arguments[2][other] for other in same} == {arguments[2][name]}
    assert drawn["p-true"][2] != drawn["self-consistency"][2]
    assert {"HALT", "preferences", "filters"} <= looks.keys()  # the names of families stand above


@pytest.mark.parametrize("crowded", [False, True])
def test_the_floor_is_a_cross_without_intervals_and_a_dotted_line_of_its_f1(run, crowded):
    """It takes no colour of another method, and a floor that earns nothing has no line."""
    rows, arguments = many(run)
    floor = {"completeness_all": 0.25, "correctness": 0.5, "f1_all": 1 / 3}
    rows = [row | (floor if row["method"] == "floor" else {}) for row in rows]
    if not crowded:
        rows = [row for row in rows if row["method"] in ("base", "unchanged-own", "halt", "floor")]
    without = [row for row in rows if row["method"] != "floor"]
    figure, bare = (figures.tradeoff(some, *arguments) for some in (rows, without))
    looks, others = legend_of(figure), legend_of(bare)
    assert looks["floor"].get_marker() == "x"
    assert all(others[name].get_color() == looks[name].get_color() for name in others if name)
    more = len(figure.axes[0].lines) - len(bare.axes[0].lines)
    assert more == 3  # the point, the line that would join several, the line of its F1
    [dotted] = [line for line in figure.axes[0].lines if line.get_linestyle() == ":" and len(line.get_xdata()) == 200]
    x, y = dotted.get_data()
    assert 2 * x * y / (x + y) == pytest.approx(1 / 3)
    worthless = [row | ({"f1_all": 0.0} if row["method"] == "floor" else {}) for row in rows]
    assert len(figures.tradeoff(worthless, *arguments).axes[0].lines) == len(figure.axes[0].lines) - 1


def test_many_methods_have_intervals_for_halt_alone_and_one_name_each(run):
    rows, arguments = many(run)
    figure = figures.tradeoff(rows, *arguments)
    names = list(legend_of(figure))
    assert not any("α 0" in name for name in names)
    few = figures.tradeoff([row for row in rows if row["method"] == "halt"], *arguments)
    crosses = [
        [line for line in one.axes[0].lines if len(line.get_xdata()) == 2 and line.get_alpha() is not None]
        for one in (figure, few)
    ]
    assert len(crosses[0]) == len(crosses[1]) == 2 * 3


def test_of_many_methods_a_silent_one_is_named_once_with_its_thresholds(run):
    rows, arguments = many(run)
    silent = {"correctness": None, "correctness_lo": None, "correctness_hi": None}
    rows = [row | (silent if row["method"] in ("halt", "idk-share") else {}) for row in rows]
    [text] = [
        text.get_text() for text in figures.tradeoff(rows, *arguments).axes[0].texts if "nothing" in text.get_text()
    ]
    assert text.replace("\N{NO-BREAK SPACE}", " ") == "gave nothing: idk-share, halt 0.40–0.80"


def test_many_methods_give_the_same_bytes_each_time(run, tmp_path):
    rows, arguments = many(run)
    for name in ("a", "b"):
        figures.save(figures.tradeoff(rows, *arguments), tmp_path / f"{name}.png", tmp_path / f"{name}.svg")
    for kind in ("png", "svg"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def short(labels_of_halt, domains=("biography", "code")):
    """The text of a run without samples of its test prompts."""
    answers = {("unchanged-own", "none"): "rw", ("unchanged-reference", "none"): "rw", ("halt", "0.40"): labels_of_halt}
    counted = counted_of(answers).with_columns(n_capable=pl.lit(None, pl.Int32))
    counted = pl.concat([counted.with_columns(domain=pl.lit(name), test_domain=pl.lit(name)) for name in domains])
    main, control = tables.main(counted, SCORING), tables.frame([], controls.CONTROL)
    paired = tables.paired(counted, SCORING)
    return main_table.report(main, paired, trends.trend(main), control, {}, ["halt"], "wrong", [], capable=False)


def test_a_run_without_samples_of_test_prompts_begins_with_how_little_it_rests_on():
    head = short("r").split("\n\n")[1]
    assert head.startswith("**A small run: 10 test prompts a domain, one seed of finetuning.**")
    assert "`halt` at α = 0.40 is shown to be right more often" in head
    assert "in 2 of 2 domains (biography, code)" in head
    assert "`make laptop`" in head
    assert "in 0 of 2 domains." in short("rw").split("\n\n")[1]


def test_what_was_not_measured_is_a_dash_and_said_to_be_none():
    text = short("r")
    assert "Completeness within capability is not measured in this run (`score.capable: false`)" in text
    [row] = [line for line in text.splitlines() if line.startswith("| halt | 0.40")][:1]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    named = next(line for line in text.splitlines() if line.startswith("| method"))
    head = [cell.strip() for cell in named.strip("|").split("|")]
    told = dict(zip(head, cells, strict=True))
    assert told["completeness within capability"] == told["F1 within capability"] == "–"
    assert told["completeness"] != "–"


def test_the_text_of_a_whole_run_says_nothing_of_it():
    text = tell("r")
    assert "small run" not in text
    assert "not measured" not in text
