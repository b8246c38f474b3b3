"""`training_apart.py STAGE FOLDER ARGUMENTS INPUT...`: see trainings.apart, which starts it."""

import json
import sys
from pathlib import Path

import trainings

from halt.training import common


class Journal:
    """In place of the progress: what was done, for a test to count."""

    def __init__(self, *_):
        self.file = (folder / "journal").open("a")

    def skip(self, count):
        print("skip", count, file=self.file, flush=True)

    def advance(self):
        print("step", file=self.file, flush=True)


if __name__ == "__main__":
    stage, folder, arguments, *inputs = sys.argv[1:]
    folder = Path(folder)
    common.Progress = Journal
    trainings.STAGES[stage](*map(Path, inputs), folder, **json.loads(arguments))
