"""One line for a whole run: how far it is, how long it takes, what came out, and what went wrong."""

import io
import logging

import pytest
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_logger_plugin_halt import EVERY, LAST, Display, Estimate, clock


class Stream(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal


class Run:
    """A display that is told of jobs, on a clock of its own."""

    def __init__(self, jobs, terminal=False):
        self.stream, self.time = Stream(terminal), 0.0
        self.display = Display(self.stream, lambda: self.time)
        self.tell(LogEvent.RUN_INFO, stats={**jobs, "total": sum(jobs.values())})

    def tell(self, event, message="", level=logging.INFO, **values):
        record = logging.LogRecord("snakemake", level, "", 0, message, (), None)
        vars(record).update(values)
        self.display.event(event, record)

    def start(self, job, rule, log=(), **wildcards):
        self.tell(LogEvent.JOB_INFO, jobid=job, rule_name=rule, wildcards=wildcards, log=[str(file) for file in log])

    def end(self, job, after=1.0):
        self.time += after
        self.tell(LogEvent.JOB_FINISHED, job_id=job)

    @property
    def shown(self):
        return self.stream.getvalue()


def test_a_run_is_told_in_jobs_per_cent_and_time():
    run = Run({"split": 4})
    for job in range(4):
        run.start(job, "split")
        run.end(job, EVERY)
    assert run.shown.splitlines() == [
        "[halt] 4 jobs to run; logs: results/logs",
        "[halt] 0 of 4 jobs, 0 %, 0:00 so far",
        "[halt] 1 of 4 jobs, 25 %, 0:30 so far, about 2 min left",
        "[halt] 2 of 4 jobs, 50 %, 1:00 so far, about 1:00 left",
        "[halt] 3 of 4 jobs, 75 %, 1:30 so far, about 0:30 left",
        "[halt] 4 of 4 jobs, 100 %, 2:00 so far",
    ]


def test_without_a_terminal_a_log_file_is_not_filled():
    run = Run({"split": 100})
    for job in range(100):
        run.start(job, "split")
        run.end(job, 1.0)
    assert 4 <= len(run.shown.splitlines()) <= 7
    assert "\x1b" not in run.shown
    assert run.shown.splitlines()[-1].startswith("[halt] 100 of 100 jobs, 100 %")


def test_on_a_terminal_one_line_is_written_anew_and_says_what_runs():
    run = Run({"finetune": 2, "split": 1}, terminal=True)
    run.start(1, "finetune", domain="biography", method="halt")
    run.end(1)
    run.start(2, "finetune", domain="medicine", method="halt")
    run.start(3, "split", domain="code")
    run.end(3)
    assert run.shown.count("\n") == 1  # how many jobs there are
    last = run.shown.split("\r\x1b[K")[-1]
    assert last.startswith("[halt] 2 of 3 jobs, 66 %, 0:02 so far, about ")
    assert "finetune medicine halt"[:10] in last


def test_time_left_is_that_of_the_rules_that_are_left():
    """Ten short jobs are done and a long one is not: it is not taken for a short one."""
    estimate = Estimate({"split": 10, "finetune": 1}, 0.0)
    for job in range(10):
        estimate.start(job, "split", job)
        estimate.end(job, job + 1)
    assert estimate.left(10.0) > 10
    measured = Estimate({"finetune": 4}, 0.0)
    measured.start(0, "finetune", 0.0)
    measured.end(0, 50.0)
    assert measured.left(50.0) == pytest.approx(150.0)


def test_jobs_side_by_side_halve_the_time_left_and_running_ones_count_as_begun():
    estimate = Estimate({"finetune": 4}, 0.0)
    for job in (0, 1):
        estimate.start(job, "finetune", 0.0)
    for job in (0, 1):
        estimate.end(job, 40.0)
    assert estimate.left(40.0) == pytest.approx(40.0)
    for job in (2, 3):
        estimate.start(job, "finetune", 40.0)
    assert estimate.left(70.0) == pytest.approx(10.0)
    assert estimate.left(500.0) == 0.0  # longer than expected: never less than nothing


def test_nothing_is_guessed_before_a_job_has_ended():
    estimate = Estimate({"split": 2}, 0.0)
    assert estimate.left(5.0) is None
    assert estimate.line(5.0) == "0 of 2 jobs, 0 %, 0:05 so far"


def test_a_result_is_shown_as_soon_as_it_is_scored(tmp_path):
    run = Run({"score": 1, "split": 1})
    (tmp_path / "score.log").write_text("a warning\n[halt] biography: halt 0.40: correctness 0.62\n")
    (tmp_path / "split.log").write_text("[halt] not a result\n")
    run.start(1, "score", [tmp_path / "score.log"])
    run.start(2, "split", [tmp_path / "split.log"])
    run.end(2)
    run.end(1)
    assert "[halt] biography: halt 0.40: correctness 0.62\n" in run.shown
    assert "not a result" not in run.shown
    assert "a warning" not in run.shown


@pytest.mark.parametrize("terminal", [False, True])
def test_a_failed_job_is_named_with_its_log_and_the_end_of_it(tmp_path, terminal):
    run = Run({"finetune": 2}, terminal)
    log = tmp_path / "finetune.log"
    log.write_text("\n".join(f"line {number}" for number in range(100)) + "\nfinetune.global_batch: found 3\n")
    run.start(1, "finetune", [log], domain="biography")
    run.tell(LogEvent.JOB_ERROR, jobid=1, rule_name="finetune", log=[str(log)])
    assert f"[halt] failed: finetune biography; log: {log}\n" in run.shown
    assert "    finetune.global_batch: found 3\n" in run.shown
    assert run.shown.count("    line ") == LAST - 1
    run.start(2, "finetune", [log])
    run.end(2, 40.0)
    assert run.display.estimate.done == 1  # a failed job is not done


def test_a_failed_job_without_a_log_and_one_of_a_group_are_named():
    run = Run({"serve": 1})
    run.tell(LogEvent.GROUP_ERROR, job_error_info=[{"jobid": 1, "rule_name": "serve", "log": []}])
    assert "[halt] failed: serve; log: none\n" in run.shown


def test_errors_and_warnings_are_shown_and_the_rest_is_not():
    run = Run({"split": 1})
    run.tell(None, "Building DAG of jobs...")
    run.tell(None, "Nothing to be done (all requested files are present and up to date).")
    run.tell(None, "The disk is full", level=logging.WARNING)
    run.tell(LogEvent.ERROR, "No rule to produce x", level=logging.ERROR)
    assert "Building" not in run.shown
    for told in ("Nothing to be done", "The disk is full", "No rule to produce x"):
        assert told in run.shown


def test_times_are_written_for_people():
    assert [clock(seconds) for seconds in (5, 65, 3725)] == ["0:05", "1:05", "1:02:05"]
