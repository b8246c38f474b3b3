"""Measure what a large experiment costs the workflow itself: the graph of an 8 x 8 x 9 x 6 x 3 grid, the start of every
cluster job, and split, rewrite, score and tables on a million fragments. Seconds, CPU-seconds and peak memory of each
program, its start included, go into scale.csv and scale.md. Wall seconds are only worth something on an idle machine.
"""

import argparse
import csv
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
# What a cluster job pays before its program starts: Snakemake is imported and the Snakefile read.
PARSE = ("--list-rules", "--configfile", "config/paper.yaml")


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure; all by default")
    arguments.add_argument("--output", type=Path, default=ROOT / "results/bench", help="folder of the tables")
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt.bench import scale

    costs: list[Cost] = []
    with tempfile.TemporaryDirectory() as scratch:
        for part in args.parts:
            print(f"[halt] bench: {part}", file=sys.stderr, flush=True)
            costs += _graph(Path(scratch)) if part == "graph" else _tables(Path(scratch))
    args.output.mkdir(parents=True, exist_ok=True)
    with (args.output / "scale.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(scale.Cost._fields)
        writer.writerows(costs)
    (args.output / "scale.md").write_text(scale.markdown(costs))
    print(scale.markdown(costs), end="")


def _graph(scratch: Path) -> "list[Cost]":
    """In a folder without results, so that every job of the grid is planned."""
    from halt.bench import scale, workflow
    from halt.config import merged

    config = merged(ROOT)
    overlay = scratch / "grid.yaml"
    overlay.write_text(json.dumps(scale.grid(config)))  # JSON is YAML, and without aliases
    for name in ("config.yaml", "data", "scripts"):
        (scratch / name).symlink_to(ROOT / name)
    snakemake = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1"]
    plan = [sys.executable, str(ROOT / "tools/plan.py"), "--configfile", str(overlay)]
    dry = [*snakemake, "--dry-run", "--configfile", str(overlay)]
    environment = workflow.environment()
    (scratch / "config").symlink_to(ROOT / "config")
    return [
        scale.cost(
            "start of a cluster job: Snakefile with the paper's config", [*snakemake, *PARSE], scratch, environment
        ),
        scale.cost("8 x 8 x 9 x 6 x 3: snakemake -n --quiet", [*dry, "--quiet"], scratch, environment),
        scale.cost("8 x 8 x 9 x 6 x 3: snakemake -n, every job listed", dry, scratch, environment),
        scale.cost("8 x 8 x 9 x 6 x 3: make plan", plan, scratch, environment),
    ]


def _tables(scratch: Path) -> "list[Cost]":
    """The programs as the rules call them."""
    from halt.bench import scale, workflow
    from halt.config import merged

    # made elsewhere, because Linux counts what this process holds into the peak of those that it starts
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as maker:
        made, read = (maker.submit(make, scratch).result() for make in (scale.tables, scale.results))
    out = scratch / "out"
    config = merged(ROOT)
    domain = {"domains/biography": {"module": "biography"}}
    judge = {"judges/reference": {"type": "reference"}}
    rewriting = domain | {name: config[name] for name in ("reading", "rewrite", "phrases")}
    version = ["--version", "1"]

    def program(name: str, settings: dict, *arguments: str | Path, output: bool = True) -> "Cost":
        command = [sys.executable, f"scripts/{name}.py", "--settings", json.dumps(settings), *map(str, arguments)]
        command += ["--output", str(out / f"{name}.parquet")] if output else []
        return scale.cost(f"a million fragments: {name}", command, ROOT, workflow.environment())

    costs = [program("split", domain, "--responses", made["generations"], *version)]
    costs.append(
        program(
            "rewrite",
            rewriting | {"methods/halt": {"rewrite": "halt"}},
            *("--data", made["data"], "--generations", made["generations"], "--judgements", made["judgements"]),
            *("--method", "halt", "--threshold", "0.60", *version),
        )
    )
    costs.append(
        program(
            "score",
            domain | judge | {"methods/halt": {"rewrite": "halt"}},
            *("--responses", made["responses"], "--judgements", made["assessments"], "--data", made["test"]),
            *("--sample-judgements", made["capability"]),
        )
    )
    outputs = [
        part
        for name in ("main", "paired", "equal", "trend", "kinds", "control", "confidence", "markdown")
        for part in (f"--{name}", out / name)
    ]
    costs.append(
        program(
            "tables",
            {name: config[name] for name in ("score", "reading", "methods", "domains")} | judge,
            *("--metrics", *read["metrics"], "--judgements", *read["judgements"]),
            *("--sample-judgements", *read["samples"], *outputs),
            output=False,
        )
    )
    return costs


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
