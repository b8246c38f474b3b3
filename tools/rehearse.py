"""Rehearse the paper's grid: its config and its data sets' own form, in small, through a hub on this machine.

The run is killed once in the middle and started again, as a cluster would. tests/helpers has the hub and made-up rows
in the form of the four data sets. Everything else is what a lab runs: the hub's client, the rules, a served evaluator.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from halt import cli, errors

ROOT = Path(__file__).parents[1]
PAPER = ("config/paper.yaml", "config/rehearsal.yaml")
_DONE = re.compile(r"(\d+) of (\d+) steps")


def parser() -> argparse.ArgumentParser:
    arguments = cli.parser(__doc__, "")
    arguments.add_argument("--configfile", nargs="*", default=[], help="overlays on config/rehearsal.yaml")
    arguments.add_argument(
        "--kill-at", type=float, default=0.4, help="share of the jobs after which the run is killed; 1: never"
    )
    return arguments


def main(args: argparse.Namespace) -> None:
    sys.path.insert(0, str(ROOT / "tests/helpers"))
    from local_hub import serve

    from halt.config import merged

    overlays = [*PAPER, *args.configfile]
    config = merged(ROOT, map(Path, overlays))
    with serve(_repositories(config)) as hub:
        environment = {**os.environ, **hub.environment(Path("results/work/hub").absolute())}
        command = ["snakemake", "--profile", "profiles/local", "--configfile", *overlays]
        began = time.monotonic()
        done, jobs = _run(command, environment, args.kill_at)
        if done < jobs:
            print(f"[halt] killed after {done} of {jobs} jobs, {_minutes(began)}; it starts again", flush=True)
            subprocess.run([*command, "--unlock", "--quiet"], env=environment, check=True)
            again, left = _run(command, environment, 1)
            if again < left:
                raise errors.HaltError(f"the rehearsal ended after {again} of the {left} jobs that were left")
            print(f"[halt] {left} jobs were left, {max(0, done + left - jobs)} of them begun before")
    print(f"[halt] {len(hub.asked)} requests to the hub; {_minutes(began)} in all")
    print(Path("results/tables/main.md").read_text(), end="")


def _repositories(config: Mapping) -> dict:
    """The data sets of the config's domains as the hub has them, by OWNER/NAME, each at the config's commit."""
    import paper_sets
    from local_hub import Repository

    files = {
        "wikibios": paper_sets.wikibio,
        "competition_math": paper_sets.math,
        "medexqa": paper_sets.medexqa,
        "apps": paper_sets.apps,
    }
    domains = [config["domains"][name] for name in config["experiment"]["domains"]]
    return {
        domain["source"]["repository"]: Repository(domain["source"]["revision"], files[domain["module"]]())
        for domain in domains
    }


def _run(command: Sequence[str], environment: Mapping[str, str], kill_at: float) -> tuple[int, int]:
    """Run Snakemake; (jobs done, jobs in all). Once the share `kill_at` is done, all its processes get SIGKILL."""
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    done = jobs = 0
    try:
        for line in process.stdout:
            print(line, end="", flush=True)
            if found := _DONE.search(line):
                done, jobs = int(found[1]), int(found[2])
                if kill_at < 1 and done >= kill_at * jobs:
                    break
    finally:
        if process.poll() is None and done < jobs:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if not jobs and process.returncode:
        raise errors.HaltError("Snakemake made nothing: see above")
    return done, jobs


def _minutes(began: float) -> str:
    return f"{(time.monotonic() - began) / 60:.1f} min"


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
