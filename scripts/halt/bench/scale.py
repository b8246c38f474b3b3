"""The cost of a large experiment for the workflow itself: a graph of 30,000 jobs, and tables of a million fragments.

Sizes are those of a lab's widest grid. The contents are made up: only their shape matters for time and memory.
"""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from halt import frames, metrics

PROMPTS, SAMPLES, FRAGMENTS = 40_000, 5, 5  # together a million fragments
RESULTS = [("base", "none"), ("unchanged-own", "none"), ("unchanged-reference", "none")]
RESULTS += [("halt", f"0.{digit}0") for digit in range(1, 10)]
MODELS, TESTED = 8, 2_100  # models and test prompts of the results that `tables` reads: again a million fragments


class Cost(NamedTuple):
    """The cost of a program: wall and CPU seconds, with its children's, and the largest resident memory in MB.

    The memory is at least that of the process that started it: on Linux a child begins with it.
    """

    what: str
    seconds: float
    cpu_seconds: float
    peak_mb: float


def grid(config: Mapping) -> dict:
    """An overlay: 8 models x 8 domains x 9 thresholds x 6 methods x 3 seeds, made of the entries of a config."""
    [model] = config["experiment"]["models"]
    domains = [config["domains"][name] for name in config["experiment"]["domains"]]
    models = {f"model-{number}": config["models"][model] for number in range(8)}
    copies = {f"domain-{number}": domains[number % len(domains)] for number in range(8)}
    return {
        "experiment": {
            "models": [*models],
            "domains": [*copies],
            "methods": ["base", "unchanged-reference", "unchanged-own", "halt", "add-on", "halt-again"],
            "thresholds": [digit / 10 for digit in range(1, 10)],
            "seeds": [0, 1, 2],
        },
        "generate": {"samples": 10},  # enough for nine thresholds
        "models": models,
        "domains": copies,
        "methods": {"halt-again": config["methods"]["halt"]},
    }


def cost(what: str, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Cost:
    """Run a program to its end. subprocess.CalledProcessError, with its output, if it fails."""
    before = time.monotonic()
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)  # `wait` does not report memory
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, said)
    return Cost(what, time.monotonic() - before, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6)


def tables(folder: Path) -> dict[str, Path]:
    """A million judged fragments in the tables that split, rewrite and score read, by name."""
    ids = _ids(PROMPTS)
    samples = ids.join(pl.DataFrame({"sample": range(SAMPLES)}), how="cross")
    tested = _ids(PROMPTS * SAMPLES)  # one answer per prompt, as many fragments
    made = {
        "data": (_data(ids), frames.DATA),
        "generations": (_responses(samples), frames.RESPONSES),
        "judgements": (_judgements(samples), frames.JUDGEMENTS),
        "test": (_data(tested), frames.DATA),
        "responses": (_responses(tested, method="halt"), frames.RESPONSES),
        "assessments": (_judgements(tested, method="halt"), frames.JUDGEMENTS),
        "capability": (_judgements(tested), frames.JUDGEMENTS),
    }
    for name, (table, schema) in made.items():
        frames.write(table, folder / f"{name}.parquet", schema)
    return {name: folder / f"{name}.parquet" for name in made}


def results(folder: Path) -> dict[str, list[Path]]:
    """The inputs of `tables` for MODELS x RESULTS: metrics, judgements (a million fragments) and training samples."""
    ids = _ids(TESTED)
    data, found = _data(ids), {"metrics": [], "judgements": [], "samples": []}

    def put(kind: str, name: str, table: pl.DataFrame, schema: Mapping) -> None:
        found[kind].append(folder / kind / f"{name}.parquet")
        frames.write(table, found[kind][-1], schema)

    for model in [f"m{number}" for number in range(MODELS)]:
        samples = _judgements(ids, model=model)
        put("samples", model, samples, frames.JUDGEMENTS)
        for shift, (method, threshold) in enumerate(RESULTS):
            name, run = f"{model}-{method}-{threshold}", {"model": model, "method": method, "threshold": threshold}
            judged = _judgements(ids, shift, **run)
            put("judgements", name, judged, frames.JUDGEMENTS)
            counted = metrics.per_prompt(_responses(ids, **run), judged, data, samples, dependent=False)
            put("metrics", name, counted, frames.METRICS)
    return found


def _ids(count: int) -> pl.DataFrame:
    return pl.DataFrame({"id": [f"person-{number:06d}" for number in range(count)], "sample": 0})


def _shaped(table: pl.DataFrame, schema: Mapping, **columns) -> pl.DataFrame:
    run = {"model": "m", "domain": "biography", "method": "samples", "threshold": "none", "seed": 0}
    run |= {"test_domain": "biography"} | columns
    fixed = {name: value if isinstance(value, pl.Expr) else pl.lit(value) for name, value in run.items()}
    return table.with_columns(**fixed).select(pl.col(name).cast(kind) for name, kind in schema.items())


def _data(ids: pl.DataFrame) -> pl.DataFrame:
    asked = {"split": "test", "cluster": pl.col("id"), "prompt": pl.format("Who was {}?", "id"), "truth": "{}"}
    reference = "\n".join(map(_statement, range(FRAGMENTS)))
    return _shaped(ids, frames.DATA, **asked, reference=reference, reference_fragments=FRAGMENTS)


def _responses(answers: pl.DataFrame, **run: str) -> pl.DataFrame:
    lines = [pl.format("{} " + _statement(number), "id") for number in range(FRAGMENTS)]
    text = pl.concat_str(lines, separator="\n")
    return _shaped(answers, frames.RESPONSES, text=text, tokens=60, finished=True, **run)


def _judgements(answers: pl.DataFrame, shift: int = 0, **run: str) -> pl.DataFrame:
    places = pl.DataFrame({"fragment": range(FRAGMENTS), "said": list(map(_statement, range(FRAGMENTS)))})
    luck = (pl.col("id").hash(shift) % 100 + 17 * pl.col("fragment") + 7 * pl.col("sample")) % 100
    return _shaped(
        answers.join(places, how="cross"),
        frames.JUDGEMENTS,
        text=pl.format("{} {}", "id", "said"),
        marked=False,
        label=pl.when(luck < 50).then(pl.lit("right")).otherwise(pl.lit("wrong")),
        kind=pl.format("kind {}", "fragment"),
        fact=pl.when(luck < 50).then(pl.format("fact {}", "fragment")),
        solved=None,
        score=None,
        **run,
    )


def _statement(number: int) -> str:
    return f"was known for statement number {number} of a life that was long."
