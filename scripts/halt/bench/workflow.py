"""What the workflow itself costs: the same jobs with programs that compute nothing, compared with a real run.

Definition: overhead = wall seconds of Snakemake on the whole experiment with a stub in place of `python` / wall seconds
of a real run of the same jobs. The stub makes the declared outputs, empty. There are two stubs:

* instant: it does nothing else. What is left is the start of Snakemake, the graph of jobs, scheduling, the shell and
  launch.sh of every job, checksums and records of the outputs.
* started: it also starts Python and imports what the program would: the price of a program for every job. This strict
  one is what the requirement is about. Loading model weights counts as computing.

In a real run part of this time passes while other jobs compute: the share is an upper bound of what the workflow adds.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

SNAKEMAKE = (sys.executable, "-m", "snakemake", "--profile", "profiles/local")

# What a program imports before it computes; LIGHT if it loads no model.
HEAVY = {
    "generate.py": "accelerate, halt.prompting.answering, halt.engines.transformers",
    "respond.py": "accelerate, halt.prompting.answering, halt.engines.transformers",
    "finetune.py": "halt.prompting.few_shot, halt.frames, halt.training.sft",
    "judge.py": "halt.judges.llm, halt.engines.openai",
}
LIGHT = "halt.frames, halt.domains"

# Makes the outputs: arguments under results/ that do not exist. The inputs exist.
_STUB = """\
before=
for word in "$@"; do
    case $word in
        results/*)
            if [ "$before" != --work ] && [ ! -e "$word" ]; then
                case ${word##*/} in
                    *.*) : > "$word" ;;
                    *) mkdir "$word" ;;
                esac
            fi ;;
    esac
    before=$word
done
"""
_COUNT = re.compile(r"^(\w+) +(\d+)$", re.MULTILINE)
_ELAPSED = re.compile(r"^Elapsed time: (?:(\d+) days?, )?(\d+):(\d+):(\d+(?:\.\d+)?)$", re.MULTILINE)


class Finished(NamedTuple):
    """A finished run of Snakemake: jobs per rule and wall seconds."""

    jobs: dict[str, int]
    seconds: float


def environment(*first: Path) -> dict[str, str]:
    """The environment of a Snakemake process: PATH begins with these folders and then this interpreter's."""
    return os.environ | {"PATH": os.pathsep.join(map(str, [*first, Path(sys.executable).parent, os.environ["PATH"]]))}


def stub(start: bool) -> str:
    """The shell script in place of `python`. start: it also starts Python and runs the program's imports."""
    if not start:
        return f"#!/bin/sh\n{_STUB}"
    imports = "".join(f"    {program}) modules='{modules}' ;;\n" for program, modules in HEAVY.items())
    chosen = f"case ${{1##*/}} in\n{imports}    *) modules='{LIGHT}' ;;\nesac\n"
    return f'#!/bin/sh\nset -e\n{chosen}PYTHONPATH=scripts {shlex.quote(sys.executable)} -c "import $modules"\n{_STUB}'


def stubbed(project: Path, scratch: Path, start: bool) -> Finished:
    """Run the default experiment with the stub, in a copy of the project under `scratch`, which must be empty.

    The seconds are those of the whole process, its start included. subprocess.CalledProcessError if a job fails: its
    log is on stderr.
    """
    copy, programs = scratch / "project", scratch / "bin"
    shutil.copytree(
        project, copy, symlinks=True, ignore=shutil.ignore_patterns("results", "tests", ".*", "__pycache__")
    )
    programs.mkdir()
    (programs / "python").write_text(stub(start))
    (programs / "python").chmod(0o755)
    before = time.monotonic()
    subprocess.run([*SNAKEMAKE], cwd=copy, env=environment(programs), stdout=sys.stderr, check=True)
    seconds = time.monotonic() - before
    [log] = (copy / ".snakemake/log").iterdir()
    return Finished(read_log(log.read_text()).jobs, seconds)


def read_log(text: str) -> Finished | None:
    """The run in a log of Snakemake; None if it did not finish, or had nothing to do."""
    elapsed = _ELAPSED.search(text)
    jobs = {rule: int(count) for rule, count in _COUNT.findall(text.partition("\nJob stats:\n")[2].split("\n\n")[0])}
    total = jobs.pop("total", 0)
    if not elapsed or not jobs or f"{total} of {total} steps (100%) done" not in text:
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in elapsed.groups())
    return Finished(jobs, 86400 * days + 3600 * hours + 60 * minutes + seconds)


def real_seconds(logs: Iterable[Path], jobs: Mapping[str, int]) -> float | None:
    """Wall seconds of the newest finished run of exactly these jobs; None if no log has one.

    A run that was continued, or that found earlier results, has other jobs and does not count.
    """
    found = (read_log(log.read_text()) for log in sorted(logs, key=lambda path: path.name, reverse=True))  # by time
    return next((run.seconds for run in found if run and run.jobs == dict(jobs)), None)
