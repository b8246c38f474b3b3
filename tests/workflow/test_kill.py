"""A kill -9 at any moment costs one part of the work at most, and no result differs for it."""

import shutil
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from evaluator import CONCURRENCY, Evaluator
from runs import Run

from halt import frames

SAMPLES = "random-tiny/biography/train"
TRAINED = "random-tiny/biography/halt/0.60/seed0"
# Results that are not there yet when a stage begins, its own first.
AFTER_FINETUNE = (
    "fragments/random-tiny/biography/halt",
    "fragments/random-tiny/biography/unchanged-own",
    *("responses", "assessments", "metrics", "tables", "figures", "report"),
)
FROM_FINETUNE = (f"adapters/{TRAINED}/training.json", "adapters", *AFTER_FINETUNE)
FROM_JUDGE = (f"judgements/{SAMPLES}.parquet", "targets", "adapters", *AFTER_FINETUNE)
FROM_GENERATE = (f"generations/{SAMPLES}.parquet", f"fragments/{SAMPLES}.parquet", *FROM_JUDGE)
PARTS = 4  # of the samples: 100 prompts


class Watch(threading.Thread):
    """Looks, while a run goes on, whether what a killed run had finished is kept as it is."""

    def __init__(self, survivors: list[Path]):
        super().__init__(daemon=True)
        self.known = {path: self._identity(path) for path in survivors}
        self.made_again: set[Path] = set()
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.002):
            for path, identity in self.known.items():
                if self._identity(path) not in (identity, None):
                    self.made_again.add(path)

    @staticmethod
    def _identity(path: Path):
        try:
            stat = path.stat()
        except FileNotFoundError:
            return None
        return stat.st_ino, stat.st_mtime_ns

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def kill_and_finish(run: Run, lost: Sequence[str], finished: Callable[[], list[Path]], enough: int) -> list[Path]:
    """Take results away, start, kill when `enough` pieces of the first of them are finished, start again to the end.

    What was finished when it was killed, none of which is made again.
    """
    for name in lost:
        path = run.folder / "results" / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    run.kill_when(lambda: len(finished()) >= enough)
    survivors = finished()
    assert not (run.folder / "results" / lost[0]).exists(), "killed too late"
    stamps = list((run.folder / "results/work").rglob("fingerprint"))
    run.snakemake("--unlock", check=True)
    with Watch([*survivors, *stamps]) as watch:
        run.snakemake(check=True)
    assert not watch.made_again
    return survivors


def test_a_kill_while_generating(served_run, tmp_path):
    run = served_run.copy(tmp_path / "copy")
    work = run.folder / "results/work/generate" / SAMPLES
    survived = kill_and_finish(run, FROM_GENERATE, lambda: sorted(work.glob("part-*.parquet")), enough=1)
    assert len(survived) < PARTS
    assert run.tables() == served_run.tables()


def test_a_kill_while_judging(served_run, evaluator: Evaluator, tmp_path):
    run = served_run.copy(tmp_path / "copy")
    work = run.folder / "results/work/judge" / SAMPLES
    shutil.rmtree(work, ignore_errors=True)
    shutil.rmtree(run.folder / "results/work/replies")  # of the first run
    begin = len(evaluator.server.asked)
    evaluator.delay = 0.02
    try:
        kill_and_finish(run, FROM_JUDGE, lambda: sorted(work.glob("parts/part-*.parquet")), enough=3)
    finally:
        evaluator.delay = 0.0
    prompts = frames.read(run.folder / "results/data/biography/train.parquet", frames.DATA)["prompt"]
    places = tuple(f"Question: {prompt}\n" for prompt in prompts)
    asked = Counter(text for text in evaluator.questions(begin) if any(place in text for place in places))
    assert len(asked) > 100
    assert asked.total() - len(asked) <= CONCURRENCY  # in flight when killed
    assert run.tables() == served_run.tables()


def test_a_kill_while_finetuning(served_run, tmp_path):
    run = served_run.copy(tmp_path / "copy")
    work = run.folder / "results/work/finetune" / TRAINED
    kill_and_finish(run, FROM_FINETUNE, lambda: sorted(work.glob("checkpoint-*/whole")), enough=1)
    assert run.tables() == served_run.tables()
    for file in ("adapter_model.safetensors", "loss.csv", "training.json"):
        path = Path("results/adapters", TRAINED, file)
        assert (run.folder / path).read_bytes() == (served_run.folder / path).read_bytes()
