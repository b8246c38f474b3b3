"""Same samples and same verdicts on any number of processes: the programs are launched as the rules do it."""

import json
from pathlib import Path

import pytest
from runs import finish

from halt import frames

MODEL = "results/models/random-tiny/manifest.json"
TRAIN = "results/data/biography/train.parquet"


def _launch(run, tmp_path: Path, processes: int, program: str, **options) -> str:
    """Run a program of the finished run's folder through launch.sh; its log."""
    log = tmp_path / f"log{processes}"
    command = ["scripts/launch.sh", str(log), str(processes), f"scripts/{program}.py"]
    arguments = [str(word) for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    done = finish([*command, *arguments], run.folder, seconds=600, **run.programs())
    assert done.returncode == 0, log.read_text()[-4000:]
    return log.read_text()


@pytest.mark.parametrize(("processes", "batch_size"), [pytest.param(1, 2, marks=pytest.mark.slow), (2, 16)])
def test_two_processes_write_the_same_samples_as_one(served_run, tmp_path, processes, batch_size):
    before = served_run.folder / "results/generations/random-tiny/biography/train.parquet"
    about = frames.provenance(before)
    table = tmp_path / "generations.parquet"
    log = _launch(
        served_run,
        tmp_path,
        processes,
        "generate",
        data=TRAIN,
        context=TRAIN,
        model=MODEL,
        settings=json.dumps(about["settings"]),
        version=about["version"],
        work=tmp_path / "work",
        batch_size=batch_size,
        output=table,
    )
    assert table.read_bytes() == before.read_bytes()
    assert not (tmp_path / "work").exists()
    assert log.count(": 100/100 prompts") == 1  # of two that did not know of each other, both would say so


def test_two_processes_give_the_same_verdicts_as_one(served_run, tmp_path):
    """A local evaluator whose threshold is calibrated: by one process, for both."""
    judge = {"type": "llm", "engine": "transformers", "model": "random-tiny", "decide": "probability", "calibration": 8}
    settings = {
        "judges/local": judge,
        "domains/biography": {"module": "biography"},
        "models/random-tiny": {"chat": True, "dtype": "float32"},
    }
    logs, tables = {}, {}
    for processes in (1, 2):
        tables[processes] = tmp_path / f"judgements{processes}.parquet"
        logs[processes] = _launch(
            served_run,
            tmp_path,
            processes,
            "judge",
            fragments="results/fragments/random-tiny/biography/train.parquet",
            responses="results/generations/random-tiny/biography/train.parquet",
            data=TRAIN,
            training_data=TRAIN,
            judge_model=MODEL,
            settings=json.dumps(settings),
            version=1,
            work=tmp_path / f"work{processes}",
            batch_size=4,
            output=tables[processes],
        )
    assert tables[1].read_bytes() == tables[2].read_bytes()
    assert len(set(frames.read(tables[1], frames.JUDGEMENTS)["label"])) == 2  # right and wrong
    for log in logs.values():
        assert log.count("judge calibrated on") == log.count("[halt] judged biography") == 1
