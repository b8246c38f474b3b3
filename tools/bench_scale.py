"""Measure what a large experiment costs the workflow itself: the graph of an 8 x 8 x 9 x 6 x 3 grid, the start of every
cluster job, and split, rewrite, score and tables on a million fragments. Seconds, CPU-seconds and peak memory of each
program, its start included, go into scale.md. Wall seconds need an idle machine."""

import argparse
import json
import multiprocessing
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from halt import errors

if TYPE_CHECKING:
    from halt.bench.scale import Cost

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("graph", "tables")
HEAD = ("what", "seconds", "CPU-seconds", "peak memory")
GRID = "8 x 8 x 9 x 6 x 3"
TABLES = ("main", "paired", "equal", "trend", "kinds", "control", "confidence", "markdown")


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure; all by default")
    arguments.add_argument("--output", type=Path, default=ROOT / "results/bench", help="folder of the table")
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt import bench

    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for part in args.parts:
            print(f"[halt] bench: {part}", file=sys.stderr, flush=True)
            rows += [
                (one.what, f"{one.seconds:.1f}", f"{one.cpu_seconds:.1f}", f"{one.peak_mb:,.0f} MB")
                for one in (_graph if part == "graph" else _tables)(Path(scratch))
            ]
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "scale.md").write_text(bench.markdown(HEAD, rows))
    print(bench.markdown(HEAD, rows), end="")


def _graph(scratch: Path) -> "list[Cost]":
    """In a folder without results: every job of the grid is planned."""
    from halt.bench import scale, workflow
    from halt.config import merged

    overlay = scratch / "grid.yaml"
    overlay.write_text(json.dumps(scale.grid(merged(ROOT))))  # JSON is YAML, and without aliases
    for name in ("config.yaml", "config", "data", "scripts"):
        (scratch / name).symlink_to(ROOT / name)
    snakemake = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1"]
    dry = [*snakemake, "--dry-run", "--configfile", str(overlay)]
    commands = {
        # a cluster job pays this before its program starts: Snakemake is imported and the Snakefile read
        "start of a cluster job: Snakefile with the paper's config": [
            *(*snakemake, "--list-rules", "--configfile", "config/paper.yaml")
        ],
        f"{GRID}: snakemake -n --quiet": [*dry, "--quiet"],
        f"{GRID}: snakemake -n, every job listed": dry,
        f"{GRID}: make plan": [sys.executable, str(ROOT / "tools/plan.py"), "--configfile", str(overlay)],
    }
    environment = workflow.environment() | {"PYTHONPATH": str(ROOT / "scripts")}
    return [scale.cost(what, command, scratch, environment) for what, command in commands.items()]


def _tables(scratch: Path) -> "list[Cost]":
    """The programs as the rules call them."""
    from halt.bench import scale, workflow
    from halt.config import merged

    # made in another process: Linux counts the memory of this one into the peak of its children
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as maker:
        made, read = (maker.submit(make, scratch).result() for make in (scale.tables, scale.results))
    config = merged(ROOT)
    domain = {"domains/biography": {"module": "biography"}}
    judge, method = {"judges/reference": {"type": "reference"}}, {"methods/halt": {"rewrite": "halt"}}
    several = {name: config[name] for name in ("score", "reading", "methods", "domains")}
    version, out = ["--version", "1"], ["--output", scratch / "out.parquet"]
    programs = {
        "split": (domain, ["--responses", made["generations"], *version, *out]),
        "rewrite": (
            domain | method | {name: config[name] for name in ("reading", "rewrite", "phrases")},
            [
                *("--data", made["data"], "--generations", made["generations"], "--judgements", made["judgements"]),
                *("--method", "halt", "--threshold", "0.60", *version, *out),
            ],
        ),
        "score": (
            domain | method | judge,
            [
                *("--responses", made["responses"], "--judgements", made["assessments"], "--data", made["test"]),
                *("--sample-judgements", made["capability"], *out),
            ],
        ),
        "tables": (
            several | judge,
            [
                *("--metrics", *read["metrics"], "--judgements", *read["judgements"]),
                *("--sample-judgements", *read["samples"]),
                *(part for name in TABLES for part in (f"--{name}", scratch / name)),
            ],
        ),
    }
    costs = []
    for name, (settings, arguments) in programs.items():
        command = [sys.executable, f"scripts/{name}.py", "--settings", json.dumps(settings), *map(str, arguments)]
        costs.append(scale.cost(f"a million fragments: {name}", command, ROOT, workflow.environment()))
    return costs


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
