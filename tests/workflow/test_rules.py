"""The workflow as it is written: no threshold before rewrite, the paper's grid, no lint, readable faults."""

import re
import subprocess
from collections import Counter

import pytest
import yaml
from runs import ROOT, Run, environment

EDGE = re.compile(r"^\s*(\d+) -> (\d+)$", re.MULTILINE)
NODE = re.compile(r'^\s*(\d+)\[label = "(\w+)"', re.MULTILINE)
JOB = re.compile(r"^(?:local)?rule (\w+):\n((?:    .*\n)*)", re.MULTILINE)


@pytest.fixture(scope="module")
def fresh(random_tiny, tmp_path_factory):
    """A copy of the project without results."""
    return Run.of_project(tmp_path_factory.mktemp("fresh"), random_tiny)


def upstream(run, of):
    """Names of the rules that a rule depends on."""
    dot = run.snakemake("--rulegraph", check=True).stdout
    names = dict(NODE.findall(dot))
    above = {of}
    for _ in names:
        above |= {names[source] for source, target in EDGE.findall(dot) if names[target] in above}
    return above - {of}


def wildcards(run):
    """Rule -> names of the wildcards that its jobs have."""
    said = run.snakemake("--dry-run", "--forceall", check=True).stdout
    found = {}
    for rule, body in JOB.findall(said):
        [line] = re.findall(r"^    wildcards: (.*)$", body, re.MULTILINE) or [""]
        found[rule] = set(re.findall(r"(\w+)=", line))
    return found


def test_no_rule_before_rewrite_knows_the_threshold(fresh):
    above = upstream(fresh, "rewrite")
    assert above == {"fetch_model", "fetch_source", "data", "generate", "split", "judge"}
    of = wildcards(fresh)
    assert not any(of[rule] & {"threshold", "method", "seed"} for rule in above)
    assert all("threshold" in of[rule] for rule in ("rewrite", "finetune", "respond", "score"))


def test_the_paper_s_grid_is_planned(fresh):
    planned = Run(fresh.folder, ("config/paper.yaml",)).plan()
    models, domains, thresholds = 4, 4, 3
    targets = models * domains * (2 + 2 * thresholds)  # two unchanged methods; halt and add-on at each threshold
    answered = targets + models * domains  # and the base model
    results = answered + models * domains  # and the best constant answer
    assert planned == Counter(
        fetch_model=models,
        fetch_source=domains,
        data=2 * domains,  # train and test
        generate=2 * models * domains,  # train, and test for what the model is capable of
        split=models * domains,  # mathematics and code; claims of biographies and medicine
        extract=models * domains,
        extract_references=domains // 2,
        judge=2 * models * domains,
        rewrite=targets,
        finetune=targets,
        respond=answered,
        floor=models * domains,
        split_responses=results // 2,
        extract_responses=results // 2,
        judge_responses=results,
        score=results,
        tables=1,
        figures=1,
        page=1,
        all=1,
    )


@pytest.mark.parametrize("overlay", ["", "evidence", "methods", "joint", "truthfulqa"])
def test_every_shipped_config_is_planned(fresh, overlay):
    """Over the laptop run, as their heads say."""
    overlays = ("config/laptop.yaml", *([f"config/{overlay}.yaml"] if overlay else []))
    planned = Run(fresh.folder, overlays).plan()
    assert planned["score"] > 0
    assert planned["generate"] == 2 * planned["fetch_source"]  # samples of training and test prompts


def test_where_capability_is_not_shown_no_test_prompt_is_sampled(fresh):
    chosen = {"experiment": {"methods": ["base", "unchanged-own", "halt"]}}
    whole, short = fresh.plan(chosen), fresh.plan({**chosen, "score": {"capable": False}})
    for rule in ("generate", "split", "judge"):
        assert (whole.pop(rule), short.pop(rule)) == (8, 4)
    assert whole == short


def test_what_needs_samples_of_test_prompts_draws_them_all_the_same(fresh):
    chosen = {"experiment": {"methods": ["base", "self-consistency"]}}
    assert fresh.plan({**chosen, "score": {"capable": False}})["generate"] == 8


def test_domains_are_made_in_the_order_of_the_experiment(fresh):
    """By priority: models first, then all of the first domain before any of the next, the report at the end."""
    order = ["code", "biography", "mathematics", "medicine"]
    said = fresh.snakemake("--dry-run", "--forceall", config={"experiment": {"domains": order}}, check=True).stdout
    found = {}
    for rule, body in JOB.findall(said):
        domain = re.search(r"wildcards: .*?domain=([\w-]+)", body)
        priority = re.search(r"priority: (\d+)", body)
        found.setdefault(domain[1] if domain else rule, set()).add(int(priority[1]) if priority else 0)
    ranks = [found[name] for name in ("fetch_model", *order, "tables")]
    assert all(len(rank) == 1 for rank in ranks)
    flat = [rank for [rank] in ranks]
    assert flat == sorted(flat, reverse=True)
    assert len(set(flat)) == len(flat)


def test_every_rule_that_asks_a_model_knows_its_engine(fresh):
    needs = {"gpus": 1, "memory_mb": 1000, "minutes": 5, "processes": 1, "batch_size": 8}
    model = {"engine": "vllm", "needs": {"generate": needs, "finetune": needs, "respond": needs}}
    said = fresh.snakemake(
        "--dry-run", "--printshellcmds", config={"models": {"random-tiny": model}}, check=True
    ).stdout
    for rule in ("generate", "respond", "self_evaluate"):
        commands = [line for line in said.splitlines() if f"scripts/{rule}.py" in line]
        assert commands
        assert all('"engine":"vllm"' in command for command in commands)


@pytest.mark.parametrize(
    "result",
    [
        "targets/random-tiny/biography/base/none.parquet",
        "adapters/random-tiny/biography/p-true/0.40/seed0/training.json",
    ],
)
def test_a_result_that_cannot_be_is_not_planned(fresh, result):
    done = fresh.snakemake("--dry-run", f"results/{result}")
    assert done.returncode != 0
    assert f"No rule to produce results/{result}" in done.stdout


def test_faults_of_a_config_are_lines_and_nothing_else(fresh):
    faults = {"experiment": {"modls": ["x"], "thresholds": [0.333]}, "generate": {"samples": 0}}
    done = fresh.snakemake("--quiet", "all", config=faults)
    assert done.returncode != 0
    preamble = ("Using profile ", "Config file ")
    said = [line for line in done.stdout.splitlines() if not line.startswith(preamble)]
    head, *lines = said
    assert head == "the config is not sound:"
    assert [line.split(":")[0] for line in lines] == [
        "experiment.modls",
        "experiment.thresholds[0]",
        "generate.samples",
    ]


def test_a_key_twice_in_an_overlay_is_refused(fresh, tmp_path):
    (tmp_path / "twice.yaml").write_text("generate: {samples: 2}\ngenerate: {shots: 2}\n")
    done = Run(fresh.folder, (str(tmp_path / "twice.yaml"),)).snakemake("--dry-run")
    assert done.returncode != 0
    assert done.stdout.splitlines()[-1].endswith(
        "twice.yaml, line 2: generate is there twice, first in line 1, expected once"
    )


def test_a_run_without_what_it_needs_ends_before_its_first_job(fresh):
    """And is planned all the same, but for a domain without rows."""
    missing = {
        "models": {"random-tiny": {"source": {"path": "nowhere"}}},
        "domains": {"biography": {"judge": "far"}},
        "judges": {
            "far": {
                "type": "llm",
                "engine": "openai",
                "endpoint": "http://evaluator.invalid/v1",
                "model": "evaluator",
                "decide": "text",
                "needs": {"concurrency": 1, "timeout": 1, "retries": 0},
                "api_key_variable": "HALT_NO_SUCH_KEY",
            }
        },
    }
    done = fresh.snakemake("--", "results/judgements/random-tiny/biography/train.parquet", config=missing)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert "models.random-tiny.source.path: found 'nowhere', expected an existing model folder" in lines
    assert any(line.startswith("judges.far.api_key_variable: ") and "HALT_NO_SUCH_KEY" in line for line in lines)
    assert "Traceback" not in done.stdout
    assert not (fresh.folder / "results/sources").exists()
    assert fresh.plan(missing)["judge"]  # elsewhere than where it is to run
    typo = {"domains": {"biography": {"source": {"path": "data/people.tsv"}}}}
    done = fresh.snakemake("--dry-run", config=typo)
    assert "domains.biography.source.path: found 'data/people.tsv'" in done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "--no-cache", "."),
        ("ruff", "format", "--no-cache", "--check", "."),
        ("snakefmt", "--check", "Snakefile", "rules"),
        ("snakemake", "--lint"),
    ],
    ids=" ".join,
)
def test_linters_have_nothing_to_say(fresh, command):
    done = subprocess.run(
        command, cwd=fresh.folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout[-4000:]


def test_tiny_covers_every_packaged_domain():
    """And HALT's own methods; test_methods.py makes the targets of the others."""
    tiny = yaml.safe_load((ROOT / "config/tiny.yaml").read_text())
    assert {"base", "unchanged-reference", "unchanged-own", "halt", "add-on"} <= set(tiny["experiment"]["methods"])
    modules = {tiny["domains"][name].get("module", name) for name in tiny["experiment"]["domains"]}
    default = yaml.safe_load((ROOT / "config.yaml").read_text())
    assert modules == {default["domains"][name]["module"] for name in default["experiment"]["domains"]}
