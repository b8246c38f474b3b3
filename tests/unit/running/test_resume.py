"""What is finished survives a kill, and nothing stale is continued."""

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import polars as pl

from halt.running import resume
from halt.running.processes import ALONE, Processes
from halt.running.progress import Progress

SCHEMA = {"value": pl.Int64}


def run(work: Path, units, compute, fingerprint="f", processes=ALONE):
    total = sum(len(unit) for unit in units)
    return resume.run_parts(
        work, fingerprint, units, compute, SCHEMA, Progress("test", total, "rows", processes.first), processes
    )


def table(unit) -> pl.DataFrame:
    return pl.DataFrame({"value": list(unit)}, schema=SCHEMA)


def test_units_come_back_in_order(tmp_path):
    assert run(tmp_path / "w", [[3, 1], [2]], table)["value"].to_list() == [3, 1, 2]


def test_finished_units_are_not_computed_again(tmp_path):
    run(tmp_path / "w", [[1], [2]], table)
    (tmp_path / "w/part-00001.parquet").unlink()
    asked = []
    run(tmp_path / "w", [[1], [2]], lambda unit: asked.append(unit) or table(unit))
    assert asked == [[2]]


def test_another_fingerprint_starts_afresh(tmp_path):
    run(tmp_path / "w", [[1]], table, fingerprint="old")
    assert run(tmp_path / "w", [[1]], lambda unit: table([7]), fingerprint="new")["value"].to_list() == [7]


def test_a_kill_loses_at_most_the_unit_in_work(tmp_path):
    program = textwrap.dedent("""
        import os, signal, sys
        import polars as pl
        from halt.running import resume
        from halt.running.progress import Progress
        def compute(unit):
            if unit == [3]:
                os.kill(os.getpid(), signal.SIGKILL)
            return pl.DataFrame({"value": unit}, schema={"value": pl.Int64})
        resume.run_parts(sys.argv[1], "f", [[1], [2], [3]], compute, {"value": pl.Int64}, Progress("t", 3, "rows"))
    """)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "w")], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    asked = []
    result = run(tmp_path / "w", [[1], [2], [3]], lambda unit: asked.append(unit) or table(unit))
    assert asked == [[3]]
    assert result["value"].to_list() == [1, 2, 3]


def _second_process(work, barrier):
    run(work, [[1], [2], [3]], table, processes=Processes(1, 2, barrier.wait))


def test_two_processes_share_the_units_and_the_first_tells_of_all(tmp_path, capfd):
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(2)
    other = spawn.Process(target=_second_process, args=(tmp_path / "w", barrier))
    other.start()
    asked = []
    units = [[1], [2], [3]]
    first = Processes(0, 2, barrier.wait)
    result = run(tmp_path / "w", units, lambda u: asked.append(u) or table(u), processes=first)
    other.join(timeout=60)
    assert other.exitcode == 0
    assert asked == [[1], [3]]
    assert result["value"].to_list() == [1, 2, 3]
    assert capfd.readouterr().err.count("[halt] test: 3/3 rows") == 1


def test_a_process_that_comes_late_to_finished_units_neither_waits_nor_computes(tmp_path):
    units = [[1], [2], [3]]
    run(tmp_path / "w", units, table)
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(2)
    other = spawn.Process(target=_second_process, args=(tmp_path / "w", barrier))
    other.start()
    assert run(tmp_path / "w", units, None, processes=Processes(0, 2, barrier.wait)).height == 3
    resume.remove(tmp_path / "w")
    other.join(timeout=60)
    assert other.exitcode == 0
    assert not (tmp_path / "w").exists()


def test_the_fingerprint_changes_with_inputs_settings_and_version(tmp_path):
    file = tmp_path / "input"
    file.write_text("a")
    first = resume.fingerprint({"x": file}, {"k": 1}, 1)
    assert first == resume.fingerprint({"x": file}, {"k": 1}, 1)
    assert first != resume.fingerprint({"x": file}, {"k": 2}, 1)
    assert first != resume.fingerprint({"x": file}, {"k": 1}, 2)
    file.write_text("b")
    assert first != resume.fingerprint({"x": file}, {"k": 1}, 1)
