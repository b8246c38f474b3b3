"""Every method with targets that tiny.yaml does not run: they are made in a dependent and in an independent domain."""

from collections import Counter

import polars as pl
import pytest
import yaml
from runs import ROOT, TINY

METHODS = yaml.safe_load((ROOT / "config.yaml").read_text())["methods"]
RUN = yaml.safe_load((ROOT / TINY).read_text())["experiment"]["methods"]
OTHERS = [name for name, method in METHODS.items() if method["rewrite"] and name not in RUN]
DOMAINS = ["biography", "mathematics"]


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
