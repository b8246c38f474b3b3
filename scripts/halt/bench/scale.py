"""What a large experiment costs the workflow itself: a graph of 30,000 jobs, and tables of a million fragments.

Sizes are those of a lab's widest grid, contents are made up: only their shape matters for time and memory.
"""

import copy
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from halt import frames

PROMPTS, SAMPLES, FRAGMENTS = 40_000, 5, 5  # together a million fragments
RESULTS = [("base", "none"), ("unchanged-own", "none"), ("unchanged-reference", "none")]
RESULTS += [("halt", f"0.{digit}0") for digit in range(1, 10)]
MODELS, TESTED = 8, 2_100  # models and test prompts of the results that `tables` reads: again a million fragments


class Cost(NamedTuple):
    """What a program took: wall and CPU seconds, its children's included, and the largest resident memory in MB.

    The memory is never told as less than that of the process which started it: a child of Linux begins with it.
    """

    what: str
    seconds: float
    cpu_seconds: float
    peak_mb: float


def grid(config: Mapping) -> dict:
    """An overlay: 8 models x 8 domains x 9 thresholds x 6 methods x 3 seeds, made of the entries of a config."""
    [model] = config["experiment"]["models"]
    domains = [config["domains"][name] for name in config["experiment"]["domains"]]
    models = {f"model-{number}": copy.deepcopy(config["models"][model]) for number in range(8)}
    copies = {f"domain-{number}": copy.deepcopy(domains[number % len(domains)]) for number in range(8)}
    return {
        "experiment": {
            "models": [*models],
            "domains": [*copies],
            "methods": ["base", "unchanged-reference", "unchanged-own", "halt", "add-on", "halt-again"],
            "thresholds": [digit / 10 for digit in range(1, 10)],
            "seeds": [0, 1, 2],
        },
        "generate": {"samples": 10},  # nine thresholds pick nine of them
        "models": models,
        "domains": copies,
        "methods": {"halt-again": copy.deepcopy(config["methods"]["halt"])},
    }


def cost(what: str, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Cost:
    """Run a program to its end; subprocess.CalledProcessError with what it said if it fails."""
    before = time.monotonic()
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)  # `wait` tells nothing of memory
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, said)
    return Cost(what, time.monotonic() - before, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6)


def tables(folder: Path) -> dict[str, Path]:
    """A million judged fragments in the tables that split, rewrite and score read, by name."""
    ids = pl.DataFrame({"id": [f"person-{number:06d}" for number in range(PROMPTS)]})
    samples = ids.join(pl.DataFrame({"sample": pl.Series(range(SAMPLES), dtype=pl.Int32)}), how="cross")
    run = {"model": "m", "domain": "biography", "method": "samples", "threshold": "none", "seed": 0}
    responses = _responses(samples, run)
    judgements = _judgements(samples, run)
    # one greedy answer a prompt: SAMPLES times as many prompts make as many fragments
    tested = pl.concat(
        [ids.with_columns(pl.col("id") + f"-{part}", sample=pl.lit(0, pl.Int32)) for part in range(SAMPLES)]
    )
    given = run | {"method": "halt", "threshold": "0.40"}
    made = {
        "data": (_data(ids, "train"), frames.DATA),
        "generations": (responses, frames.RESPONSES),
        "judgements": (judgements, frames.JUDGEMENTS),
        "test": (_data(tested, "test"), frames.DATA),
        "responses": (_responses(tested, given), frames.RESPONSES),
        "assessments": (_judgements(tested, given), frames.JUDGEMENTS),
        "capability": (_judgements(tested, run), frames.JUDGEMENTS),
    }
    for name, (table, schema) in made.items():
        frames.write(table, folder / f"{name}.parquet", schema)
    return {name: folder / f"{name}.parquet" for name in made}


def results(folder: Path) -> dict[str, list[Path]]:
    """What `tables` reads of MODELS x RESULTS: metrics, judgements (a million fragments) and training samples."""
    ids = pl.DataFrame({"id": [f"person-{number:06d}" for number in range(TESTED)], "sample": [0] * TESTED})
    found: dict[str, list[Path]] = {"metrics": [], "judgements": [], "samples": []}

    def put(name: str, table: pl.DataFrame, schema: Mapping, *where: str) -> None:
        path = folder.joinpath(name, *where, "biography.parquet")
        frames.write(table, path, schema)
        found[name].append(path)

    for number in range(MODELS):
        run = {"model": f"m{number}", "domain": "biography", "method": "samples", "threshold": "none", "seed": 0}
        put("samples", _judgements(ids, run), frames.JUDGEMENTS, run["model"])
        for shift, (method, threshold) in enumerate(RESULTS):
            given = run | {"method": method, "threshold": threshold}
            judged = _judgements(ids, given, shift)
            put("judgements", judged, frames.JUDGEMENTS, run["model"], method, threshold)
            right = (pl.col("label") == "right").sum()
            counted = judged.group_by(*frames.RESPONSES.keys() - {"text", "tokens", "finished"}).agg(
                given=pl.len(), right=right, facts=right
            )
            counted = counted.with_columns(
                **dict.fromkeys(("idle", "unverifiable", "unjudged"), pl.lit(0)),
                **dict.fromkeys(("n_all", "n_capable"), pl.lit(FRAGMENTS)),
                cluster=pl.col("id"),
                solved=None,
            ).select(pl.col(name).cast(kind) for name, kind in frames.METRICS.items())
            put("metrics", counted.sort("id"), frames.METRICS, run["model"], method, threshold)
    return found


def _answers(answers: pl.DataFrame, run: Mapping) -> list[pl.Expr]:
    columns = [pl.lit(value).alias(name) for name, value in run.items()]
    return [*columns, pl.lit(run["domain"]).alias("test_domain")]


def _shaped(table: pl.DataFrame, schema: Mapping) -> pl.DataFrame:
    return table.select(pl.col(name).cast(kind) for name, kind in schema.items())


def _data(ids: pl.DataFrame, split: str) -> pl.DataFrame:
    reference = "\n".join(_statement(number) for number in range(FRAGMENTS))
    table = ids.with_columns(
        domain=pl.lit("biography"),
        split=pl.lit(split),
        cluster=pl.col("id"),
        prompt=pl.format("Who was {}?", "id"),
        reference=pl.lit(reference),
        reference_fragments=FRAGMENTS,
        truth=pl.lit("{}"),
    )
    return _shaped(table, frames.DATA)


def _responses(answers: pl.DataFrame, run: Mapping) -> pl.DataFrame:
    lines = [pl.format("{} " + _statement(number), "id") for number in range(FRAGMENTS)]
    text = pl.concat_str(lines, separator="\n")
    table = answers.with_columns(*_answers(answers, run), text=text, tokens=60, finished=True)
    return _shaped(table, frames.RESPONSES)


def _judgements(answers: pl.DataFrame, run: Mapping, shift: int = 0) -> pl.DataFrame:
    places = pl.DataFrame({"fragment": range(FRAGMENTS), "said": [_statement(place) for place in range(FRAGMENTS)]})
    table = answers.join(places, how="cross")
    luck = (pl.col("id").hash(shift) % 100 + 17 * pl.col("fragment") + 7 * pl.col("sample")) % 100
    table = table.with_columns(
        *_answers(answers, run),
        text=pl.format("{} {}", "id", "said"),
        marked=False,
        label=pl.when(luck < 50).then(pl.lit("right")).otherwise(pl.lit("wrong")),
        kind=pl.format("kind {}", "fragment"),
        fact=pl.when(luck < 50).then(pl.format("fact {}", "fragment")),
        solved=None,
        score=None,
    )
    return _shaped(table, frames.JUDGEMENTS)


def _statement(number: int) -> str:
    return f"was known for statement number {number} of a life that was long."


def markdown(costs: Sequence[Cost]) -> str:
    """The costs for people."""
    lines = ["| what | seconds | CPU-seconds | peak memory |", "|---|---:|---:|---:|"]
    lines += [f"| {one.what} | {one.seconds:.1f} | {one.cpu_seconds:.1f} | {one.peak_mb:,.0f} MB |" for one in costs]
    return "\n".join(lines) + "\n"
