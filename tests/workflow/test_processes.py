"""Same samples on any number of processes: `generate` is launched as the rule does it."""

import json

import pytest
from runs import finish

from halt import frames


@pytest.mark.parametrize(("processes", "batch_size"), [(1, 2), (2, 16)])
def test_two_processes_write_the_same_table_as_one(served_run, tmp_path, processes, batch_size):
    folder = served_run.folder
    before = folder / "results/generations/random-tiny/biography/train.parquet"
    about = frames.provenance(before)
    table = tmp_path / "generations.parquet"
    program = ["scripts/launch.sh", str(tmp_path / "log"), str(processes), "scripts/generate.py"]
    inputs = {
        "data": "results/data/biography/train.parquet",
        "context": "results/data/biography/train.parquet",
        "model": "results/models/random-tiny/manifest.json",
        "settings": json.dumps(about["settings"]),
        "version": str(about["version"]),
        "work": str(tmp_path / "work"),
        "batch-size": str(batch_size),
        "output": str(table),
    }
    arguments = [word for name, value in inputs.items() for word in (f"--{name}", value)]
    done = finish([*program, *arguments], folder, seconds=180)
    assert done.returncode == 0, (tmp_path / "log").read_text()[-4000:]
    assert table.read_bytes() == before.read_bytes()
    assert not (tmp_path / "work").exists()
    log = (tmp_path / "log").read_text()
    shares = {1: {"100/100"}, 2: {"64/64", "36/36"}}  # parts of 32 prompts in turn: processes really shared them
    assert {share for share in shares[processes] if f": {share} prompts" in log} == shares[processes]
