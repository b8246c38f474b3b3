"""A finished run: every table is what its path and the schemas say, and nothing was learnt from what is tested."""

import re
from itertools import combinations

import polars as pl
import pytest

from halt import frames, paths

SCHEMAS = {
    paths.DATA: frames.DATA,
    paths.GENERATIONS: frames.RESPONSES,
    paths.FRAGMENTS: frames.FRAGMENTS,
    paths.JUDGEMENTS: frames.JUDGEMENTS,
    paths.TARGETS: frames.TARGETS,
    paths.RESPONSES: frames.RESPONSES,
    paths.RESPONSE_FRAGMENTS: frames.FRAGMENTS,
    paths.ASSESSMENTS: frames.JUDGEMENTS,
    paths.METRICS: frames.METRICS,
    paths.CONFIDENCES: frames.CONFIDENCES,
}
DOMAINS = {"biography", "medicine", "mathematics", "functions"}
RESULTS = len(DOMAINS) * 9  # six methods at no or at one threshold, p-true at two, and the floor
FILTERS = {"p-true", "self-consistency"}
SCORES = ("response_rate", "correctness", "completeness_all", "completeness_capable", "f1_all", "f1_capable")


def tables(run, template):
    """(wildcards of the path, table) of every file of one kind, held to its schema."""
    pattern = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template)))
    found = []
    for file in sorted((run.folder / "results").rglob("*.parquet")):
        match = pattern.fullmatch(file.relative_to(run.folder).as_posix())
        if match:
            found.append((match.groupdict(), frames.read(file, SCHEMAS[template])))
    return found


def column(run, template, name):
    return set(pl.concat(table for _, table in tables(run, template))[name])


@pytest.mark.parametrize("template", SCHEMAS)
def test_every_table_holds_to_its_schema_and_its_path_stands_in_its_columns(finished_run, template):
    found = tables(finished_run, template)
    assert found
    for wildcards, table in found:
        assert len(table) or wildcards.get("method") in FILTERS, wildcards  # which may leave nothing
        for name, value in wildcards.items():
            if name in table.columns:
                scored_twice = {f"{value}-full"} if template == paths.METRICS and value == "add-on" else set()
                assert set(table[name].cast(pl.String)) == {value} | scored_twice, (wildcards, name)
            else:
                assert name == "split", f"{template}: {name} is no column"


def test_every_result_of_the_grid_is_there_once(finished_run):
    assert len(tables(finished_run, paths.METRICS)) == RESULTS
    main = pl.read_csv(finished_run.folder / "results/tables/main.csv")
    assert main.select("model", "domain", "method", "threshold", "seed", "test_domain").is_unique().all()
    assert set(main["domain"]) == DOMAINS
    assert set(main["method"]) >= {"base", "unchanged-reference", "unchanged-own", "halt", "add-on", "floor"}


def test_the_main_table_has_the_promised_columns(finished_run):
    main = pl.read_csv(finished_run.folder / "results/tables/main.csv")
    assert main.columns[:6] == ["model", "domain", "method", "threshold", "seed", "test_domain"]
    assert {"prompts", "fragments_given"} < set(main.columns)
    for score in SCORES:
        assert {score, f"{score}_lo", f"{score}_hi"} <= set(main.columns)


def test_what_people_look_at_is_there(finished_run):
    results = finished_run.folder / "results"
    for name in ("tables/main.csv", "tables/paired.csv", "tables/main.md", "report/answers.html"):
        assert (results / name).stat().st_size > 100
    assert (results / "figures/tradeoff.png").read_bytes().startswith(b"\x89PNG")


def test_no_cluster_of_rows_is_in_two_splits(finished_run, tmp_path):
    run = finished_run.copy(tmp_path / "copy")
    unused = [paths.DATA.format(domain=domain, split="validation") for domain in ("biography", "medicine")]
    run.snakemake("--", *unused, check=True)
    for domain in DOMAINS:
        found = [run.folder / paths.DATA.format(domain=domain, split=split) for split in paths.SPLITS]
        splits = [frames.read(path, frames.DATA) for path in found if path.exists()]
        assert len(splits) >= 2
        for one, other in combinations(splits, 2):
            for key in ("id", "cluster", "prompt"):
                assert set(one[key]).isdisjoint(other[key]), domain


def test_targets_are_of_training_prompts_alone(finished_run):
    for wildcards, targets in tables(finished_run, paths.TARGETS):
        data = frames.read(finished_run.folder / f"results/data/{wildcards['domain']}/train.parquet", frames.DATA)
        known = set(data.select("id", "prompt").iter_rows())
        assert set(targets.select("id", "prompt").iter_rows()) <= known, wildcards


def test_answers_are_to_every_prompt_of_the_tested_split(finished_run):
    for wildcards, answers in tables(finished_run, paths.RESPONSES):
        data = frames.read(finished_run.folder / f"results/data/{wildcards['test_domain']}/test.parquet", frames.DATA)
        assert answers["id"].to_list() == data["id"].to_list(), wildcards


def test_halt_targets_hold_nothing_but_what_the_model_said(finished_run):
    """No ground truth enters: every line of a target is a fragment of a sample of that prompt, or the phrase."""
    for domain in DOMAINS:
        folder = f"random-tiny/{domain}"
        fragments = frames.read(finished_run.folder / f"results/fragments/{folder}/train.parquet", frames.FRAGMENTS)
        said = set(fragments.select("id", "sample", "text").iter_rows())
        targets = frames.read(finished_run.folder / f"results/targets/{folder}/halt/0.60.parquet", frames.TARGETS)
        assert len(targets)
        for target in targets.iter_rows(named=True):
            of_sample = {text for id_, sample, text in said if (id_, sample) == (target["id"], target["sample"])}
            rest = target["target"].replace("Unsure from here", "")
            for fragment in sorted(of_sample, key=len, reverse=True):
                rest = rest.replace(fragment, "")
            assert not rest.strip(), (domain, target["target"])


def test_what_a_filter_keeps_is_a_part_of_the_answers_and_at_the_largest_threshold_all(finished_run):
    key = ["test_domain", "id", "sample", "text", "label", "kind", "fact"]
    judged = {
        (wildcards["method"], wildcards["threshold"]): [] for wildcards, _ in tables(finished_run, paths.ASSESSMENTS)
    }
    for wildcards, table in tables(finished_run, paths.ASSESSMENTS):
        judged[wildcards["method"], wildcards["threshold"]] += table.select(key).rows()
    whole = sorted(judged["base", "none"], key=str)
    assert sorted(judged["p-true", "1.00"], key=str) == whole
    for place in (("p-true", "0.40"), ("self-consistency", "0.40")):
        assert set(judged[place]) <= set(whole)
    assert len(judged["p-true", "0.40"]) < len(whole)


def test_a_bound_is_set_by_training_prompts_alone(finished_run):
    for wildcards, table in tables(finished_run, paths.CONFIDENCES):
        folder = finished_run.folder / f"results/data/{wildcards['test_domain']}"
        for split in ("train", "test"):
            known = set(frames.read(folder / f"{split}.parquet", frames.DATA)["id"])
            assert set(table.filter(pl.col("split") == split)["id"]) <= known, wildcards
        assert set(table["split"]) <= {"train", "test"}
