"""Print what the configured experiment will cost before it runs (jobs, GPU-hours, wall time, tokens, judge requests,
disk), and planned against used if benchmark files exist. Nothing is fetched and no job is started."""

import argparse
import csv
import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from halt import cli, errors

if TYPE_CHECKING:
    from halt.planning import Job, Measured

ROOT = Path(__file__).resolve().parents[1]
PROFILE = ROOT / "profiles/local/config.yaml"


def parser() -> argparse.ArgumentParser:
    arguments = cli.parser(__doc__, "configfile+", default={"configfile": []})
    arguments.add_argument(
        "--gpus", type=_count, nargs="+", default=[8, 16, 32], help="numbers of GPUs to print the wall time for"
    )
    arguments.add_argument(
        "--cpus", type=_count, help="CPUs at once; default: as many as wanted, or this machine's if no job wants a GPU"
    )
    return arguments


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number >= 1")
    return int(text)


def main(args: argparse.Namespace) -> None:
    from halt import planning
    from halt.config import merged
    from halt.planning import text

    merged(ROOT, args.configfile)  # reports faults at which Snakemake would end in a traceback, or hang
    jobs, config = graph([path.resolve() for path in args.configfile])
    measured = benchmarks(jobs)
    times = planning.times(jobs, config, measured)
    lines = planning.bill(jobs, times)
    if any(job.needed for job in jobs):
        print(text.plan(lines, *planning.totals(jobs, config)))
        print(_walls(jobs, [time.seconds for time in times], config, args))
        print(text.too_short(planning.too_short(jobs, times)), end="")
        print(text.notes(lines))
    else:
        print(f"All {len(jobs)} jobs are done.\n")
    print(text.disk(*planning.disk(jobs, config)))
    if measured:
        print(text.used(planning.used(jobs, config, measured)))


def _walls(jobs: "list[Job]", seconds: list[float], config: dict, args: argparse.Namespace) -> str:
    from halt import planning
    from halt.planning import schedule, text

    evaluators = [planning.served(job, config) for job in jobs]
    turns: dict[str, float] = {}
    for job, evaluator, one in zip(jobs, evaluators, seconds, strict=True):
        if job.needed and evaluator is not None:
            turns[evaluator] = turns.get(evaluator, 0) + one
    on_gpus = any(job.gpus for job in jobs if job.needed)
    cpus = args.cpus or (math.inf if on_gpus else os.cpu_count())
    found: dict[int, float | str] = {}
    for gpus in args.gpus if on_gpus else [0]:
        try:
            found[gpus] = schedule.wall(jobs, seconds, evaluators, gpus, cpus)
        except planning.PlanError as error:
            found[gpus] = str(error)
    return text.walls(found, cpus, schedule.longest_chain(jobs, seconds), turns)


def graph(overlays: list[Path]) -> "tuple[list[Job], dict]":
    """Every job of Snakemake's own graph that makes something, finished ones included, and the merged config.

    By Snakemake's API: a dry run that stops before it lists the jobs. The graph itself has no public access (9.27).
    """
    import yaml
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings

    profile = yaml.safe_load(PROFILE.read_text())
    output = OutputSettings(quiet={Quietness.RULES, Quietness.PROGRESS}, dryrun=True)
    with SnakemakeApi(output) as api:
        try:
            workflow = api.workflow(
                ResourceSettings(cores=1),
                ConfigSettings(configfiles=overlays),
                snakefile=ROOT / "Snakefile",
            )
            # as in a run with the profile: a new date reruns nothing, an unfinished output does
            dag = workflow.dag(
                DAGSettings(force_incomplete=True, max_checksum_file_size=profile["max-checksum-file-size"])
            )
            dag.execute_workflow(executor="dryrun")
        except Exception as error:  # from Snakemake, which has the best words for it
            api.print_exception(error)
            sys.exit(1)
        return _jobs(workflow._workflow.dag), workflow._workflow.globals["config"]


def _jobs(dag) -> "list[Job]":
    from halt.planning import Job

    order = {rule: place for place, rule in enumerate(dag.workflow.rules)}
    run = sorted((job for job in dag.jobs if job.output), key=lambda job: (order[job.rule], job.output))
    places = {job: place for place, job in enumerate(run)}
    return [
        Job(
            job.rule.name,
            job.wildcards_dict,
            job.resources.get("gpu", 0),
            max(job.threads, job.resources.get("cpus_per_task", 1)),
            _number(job.resources.get("mem_mb")),
            _number(job.resources.get("runtime")),
            job.benchmark and str(job.benchmark),
            job.is_service,
            dag.needrun(job),
            tuple(places[before] for before in dag.dependencies[job]),
        )
        for job in places
    ]


def _number(resource) -> int | None:
    return resource if isinstance(resource, int) else None  # not asked for, or not known before the job is submitted


def benchmarks(jobs: "list[Job]") -> "dict[str, Measured]":
    """The benchmark files of these jobs; a job that ended too soon for a measurement has no memory."""
    from halt.planning import Measured

    found = {}
    for path in filter(None, (job.benchmark for job in jobs)):
        try:
            text = Path(path).read_text()
        except FileNotFoundError:
            continue
        try:
            row = list(csv.DictReader(text.splitlines(), delimiter="\t"))[-1]
            peak = row["max_rss"]
            found[path] = Measured(float(row["s"]), None if peak in ("NA", "-") else float(peak))
        except (IndexError, KeyError, ValueError):
            raise errors.HaltError(
                f"{path}: not a benchmark file of Snakemake, expected columns s and max_rss"
            ) from None
    return found


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
