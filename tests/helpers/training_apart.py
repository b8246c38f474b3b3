"""`training_apart.py STAGE FOLDER ARGUMENTS INPUT...`: see trainings.apart, which starts it."""

import json
import os
import sys
import time
from pathlib import Path

import trainings

from halt.training import common


class Journal:
    """In place of the progress: what was done, for a test to count; slow, for it to kill in the middle."""

    def __init__(self, *_):
        self.file = (folder / "journal").open("a")

    def skip(self, count):
        print("skip", count, file=self.file, flush=True)

    def advance(self):
        print("step", file=self.file, flush=True)
        time.sleep(0.05)


if __name__ == "__main__":
    stage, folder, arguments, *inputs = sys.argv[1:]
    folder = Path(folder)
    (folder / "process").write_text(str(os.getpid()))
    common.Progress = Journal
    trainings.STAGES[stage](*map(Path, inputs), folder, **json.loads(arguments))
