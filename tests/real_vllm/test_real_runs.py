"""The workflow on a real vLLM: it samples, answers and serves an evaluator, and leaves no process behind."""

from pathlib import Path

import pytest
from runs import Run, finish

from halt import frames

NEEDS = {"gpus": 0, "memory_mb": 3000, "minutes": 20, "processes": 1, "batch_size": 8}
MODEL = "random-tiny"
RUN = {
    "experiment": {"domains": ["biography"], "methods": ["base", "halt"]},
    "models": {MODEL: {"engine": "vllm", "needs": {"generate": NEEDS, "respond": NEEDS, "judge": NEEDS}}},
    "domains": {"biography": {"rows": {"train": 8, "validation": 2, "test": 2}}},
    "score": {"capable": False},
}
SERVED = {
    "experiment": {"domains": ["biography"], "methods": ["base"]},
    "domains": {"biography": {"judge": "own", "rows": {"train": 3, "validation": 2, "test": 2}}},
    "generate": {"samples": 2, "shots": 1},
    "respond": {"shots": 1},
    "judges": {
        "own": {
            "type": "llm",
            "engine": "served",
            "server": "vllm",
            "model": MODEL,
            "decide": "text",
            "ask": "response",
            "needs": {"concurrency": 2, "timeout": 120, "retries": 3},
        }
    },
}
FINETUNE = "--until=finetune"


def living(folder: Path) -> list[str]:
    """Commands of living processes that work in a run's folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").resolve() == folder:
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return [command for command in found if command]


@pytest.fixture(scope="module")
def run(model, tmp_path_factory) -> Run:
    return Run.of_project(tmp_path_factory.mktemp("run"), model, RUN)


def test_a_run_samples_and_answers_with_vllm(run, trained):
    run.snakemake("--until=rewrite", check=True)
    # jobs find the programs of the environment that finetunes; the Snakefile runs in this one
    here = finish(["which", "snakemake"], run.folder).stdout.strip()
    command = [here, "--profile", "profiles/local", "--configfile", *run.configs, FINETUNE]
    done = finish(["env", f"PATH={trained}", *command], run.folder)
    assert done.returncode == 0, done.stdout[-4000:]
    run.snakemake(check=True)
    assert not run.plan()
    table = (run.folder / "results/tables/main.csv").read_text()
    assert "halt" in table
    for log in (
        "generate/random-tiny/biography/train.log",
        "respond/random-tiny/biography/halt/0.60/seed0/biography.log",
    ):
        assert "vllm" in (run.folder / "results/logs" / log).read_text().lower()
    assert not living(run.folder)


def test_an_evaluator_is_served_and_gone_afterwards(model, tmp_path_factory):
    served = Run.of_project(tmp_path_factory.mktemp("served"), model, {**RUN, **SERVED})
    served.snakemake(check=True)
    table = frames.read(served.folder / f"results/judgements/{MODEL}/biography/train.parquet", frames.JUDGEMENTS)
    assert len(table) > 0
    log = (served.folder / f"results/logs/serve/judge/{MODEL}/biography.log").read_text()
    assert "POST /v1/chat/completions" in log
    assert not living(served.folder)
    assert not list((served.folder / "results/work/serve").rglob("*.json"))
