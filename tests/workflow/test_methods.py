"""Every method with targets, and every filter, that tiny.yaml does not run, in a domain of each kind."""

from collections import Counter

import polars as pl
import pytest
import yaml
from runs import ROOT, TINY

METHODS = yaml.safe_load((ROOT / "config.yaml").read_text())["methods"]
RUN = yaml.safe_load((ROOT / TINY).read_text())["experiment"]["methods"]
OTHERS = [name for name, method in METHODS.items() if method["rewrite"] and name not in RUN]
DOMAINS = ["biography", "mathematics"]
PROBES = {"probe": "mathematics", "early-stop": "biography"}  # a program start each: one domain is enough


@pytest.fixture(scope="module")
def rewritten(finished_run, tmp_path_factory):
    """A copy of the finished run with the targets of the other methods, and what was planned for them."""
    run = finished_run.copy(tmp_path_factory.mktemp("methods"))
    wanted = {
        (name, domain): _targets(domain, name, "0.60" if METHODS[name]["threshold"] else "none")
        for name in OTHERS
        for domain in DOMAINS
    }
    planned = run.plan(None, "--", *wanted.values())
    run.snakemake("--", *wanted.values(), check=True)
    return planned, {key: pl.read_parquet(run.folder / path) for key, path in wanted.items()}


def _targets(domain, method, threshold):
    return f"results/targets/random-tiny/{domain}/{method}/{threshold}.parquet"


def test_another_method_costs_no_sample_and_no_judgement(rewritten):
    assert rewritten[0] == Counter(rewrite=len(OTHERS) * len(DOMAINS))


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("method", OTHERS)
def test_every_method_makes_targets(rewritten, method, domain):
    table = rewritten[1][method, domain]
    assert table["method"].unique().to_list() == [method]
    assert table["target"].str.strip_chars().str.len_chars().min() > 0
    assert (table["kept"] <= table["fragments"]).all()


@pytest.fixture(scope="module")
def probed(finished_run, tmp_path_factory):
    """A copy of the finished run in which both probes have filtered, and what was planned for it."""
    run = finished_run.copy(tmp_path_factory.mktemp("probed"))
    wanted = [_result("metrics", *probe, threshold) for probe in PROBES.items() for threshold in ("0.40", "1.00")]
    planned = run.plan(None, "--", *wanted)
    run.snakemake("--", *wanted, check=True)
    return run, planned, wanted


def _result(kind, method, domain, threshold):
    return f"results/{kind}/random-tiny/{domain}/{method}/{threshold}/seed0/{domain}.parquet"


def test_a_probe_costs_no_answer_and_no_judgement(probed):
    run, planned, wanted = probed
    assert planned == Counter(probe=2, filter=4, score=4)
    assert not run.plan(None, "--", *wanted)
    assert set(run.plan({"probe": {"folds": 3}}, "--", *wanted)) == {"probe", "filter", "score"}


@pytest.mark.parametrize("method", PROBES)
def test_a_probe_keeps_a_part_of_the_answers_and_at_the_largest_threshold_all(probed, method):
    run, domain = probed[0], PROBES[method]
    base, some, whole = (
        pl.read_parquet(run.folder / _result("assessments", name, domain, threshold)).select("id", "text", "label")
        for name, threshold in (("base", "none"), (method, "0.40"), (method, "1.00"))
    )
    assert sorted(whole.rows()) == sorted(base.rows())
    assert set(some.rows()) <= set(base.rows())
    confidences = pl.read_parquet(
        run.folder / f"results/confidences/random-tiny/{domain}/{method}/seed0/{domain}.parquet"
    )
    assert len(confidences.filter(pl.col("split") == "test")) == len(base)
    assert confidences["confidence"].is_between(0, 1).all()
