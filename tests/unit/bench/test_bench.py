"""The benchmark's table says what was measured, and the workflow's overhead is counted as it is defined."""

import os
import subprocess
import sys

import pytest
from runs import ROOT

from halt import bench
from halt.bench import judging, workflow
from halt.domains import Row

LOG = """\
Building DAG of jobs...
Job stats:
job      count
-----  -------
all          1
data         2
total        3

Select jobs to execute...
Finished jobid: 0 (Rule: all)
3 of 3 steps (100%) done
Complete log(s): somewhere
Elapsed time: 0:20:00.500000
"""


def test_help_of_the_benchmark_answers_as_make_starts_it():
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools/bench.py"), "--help"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--demo-seconds" in done.stdout


def test_a_ratio_is_of_medians_and_to_the_fastest_bare_side():
    line = bench.beside("x", "t/s", {"halt": [9, 100, 11], "slow": [1, 2, 300], "fast": [10, 8, 12]}, 0.9)
    assert (line.ours, line.bare, line.bare_is, line.ratio) == (11, 10, "fast", 1.1)
    assert line.met


@pytest.mark.parametrize(("ours", "met"), [(9.0, True), (8.99, False)])
def test_a_speed_meets_what_is_required_from_the_limit_on(ours, met):
    assert bench.beside("x", "t/s", {"halt": [ours], "bare": [10.0]}, 0.9).met is met


@pytest.mark.parametrize(("stubbed", "met"), [(120.0, True), (121.0, False)])
def test_overhead_is_the_share_of_stubbed_programs_in_the_real_wall_time(stubbed, met):
    line = bench.overhead("x", stubbed, 1200.0, 0.1)
    assert line.ratio == stubbed / 1200
    assert line.met is met


def test_the_table_holds_every_line_and_leaves_empty_what_was_not_measured():
    lines = [bench.alone("judge", "fragments/s", [3.0, 1.0, 2.0]), bench.overhead("workflow", 30.0, 100.0, 0.1)]
    text = bench.markdown(bench.HEAD, [bench.row(line) for line in lines])
    shown = [[cell.strip() for cell in row.split("|")[1:-1]] for row in text.splitlines()]
    assert shown[0] == ["what", "ours", "bare", "ratio", "required", "met"]
    assert shown[2] == ["judge", "2 fragments/s", "", "", "", ""]
    assert shown[3] == ["workflow", "30 s", "100 (real run)", "0.30", "<= 0.10", "**no**"]


def test_a_finished_run_is_read_from_its_log():
    assert workflow.read_log(LOG) == workflow.Finished({"all": 1, "data": 2}, 1200.5)
    assert workflow.read_log(LOG.replace("0:20:00.500000", "1 day, 2:00:00")).seconds == 26 * 3600


@pytest.mark.parametrize("line", ["3 of 3 steps (100%) done\n", "Elapsed time: 0:20:00.500000\n", "total        3\n"])
def test_a_run_that_did_not_finish_has_no_wall_time(line):
    assert workflow.read_log(LOG.replace(line, "")) is None


def test_only_a_whole_run_stands_beside_the_instant_one_and_the_newest_counts(tmp_path):
    texts = {
        "1.log": LOG.replace("0:20:00.500000", "0:30:00"),
        "2.log": LOG,
        "3.log": LOG.replace("data         2\ntotal        3", "total        1").replace("3 of 3", "1 of 1"),
        "4.log": LOG.replace("3 of 3 steps (100%) done", "2 of 3 steps (67%) done"),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    assert workflow.real_seconds(tmp_path.iterdir(), {"all": 1, "data": 2}) == 1200.5
    assert workflow.real_seconds(tmp_path.iterdir(), {"all": 1, "data": 4}) is None


@pytest.mark.parametrize("start", [False, True])
def test_the_stub_makes_outputs_alone_and_touches_no_input(start, tmp_path):
    (tmp_path / "scripts").symlink_to(ROOT / "scripts")
    stub = tmp_path / "python"
    stub.write_text(workflow.stub(start))
    stub.chmod(0o755)
    (tmp_path / "results/adapters/qwen2.5/0.40").mkdir(parents=True)
    given = tmp_path / "results/in.csv"
    given.write_text("kept")
    os.utime(given, (1, 1))
    words = ["scripts/x.py", "--main", "results/in.csv", "--adapter", "--settings", '{"results/x.csv": 1}']
    words += ["--work", "results/work.d", "--output", "results/adapters/qwen2.5/0.40/seed0", "--png", "results/a b.png"]
    subprocess.run([str(stub), *words], cwd=tmp_path, check=True)
    made = {str(path.relative_to(tmp_path)): path for path in (tmp_path / "results").rglob("*") if path != given}
    assert made.keys() - {"results/adapters", "results/adapters/qwen2.5", "results/adapters/qwen2.5/0.40"} == {
        "results/adapters/qwen2.5/0.40/seed0",
        "results/a b.png",
    }
    assert made["results/adapters/qwen2.5/0.40/seed0"].is_dir()
    assert made["results/a b.png"].is_file()
    assert (given.read_text(), given.stat().st_mtime) == ("kept", 1)


def test_the_stub_imports_what_the_heavy_programs_need():
    assert all((ROOT / "scripts" / program).is_file() for program in workflow.HEAVY)
    assert all(f"{program}) modules='{modules}'" in workflow.stub(True) for program, modules in workflow.HEAVY.items())
    assert "import" not in workflow.stub(False)


def test_judged_answers_are_right_ones_beside_wrong_ones():
    from halt.domains import mathematics

    rows = {f"r{k}": Row(f"r{k}", f"r{k}", "", "?", f"1 + {k} = {1 + k}\nAnswer: {1 + k}", {}) for k in range(6)}
    cases = judging.cases(rows, mathematics, 2)
    assert [case.row.id for case in cases] == ["r0", "r1"]
    for case in cases:
        assert case.responses[0] == mathematics.split(case.row.reference)
        assert len(case.responses) == 1 + judging.WRONG
