"""The display of `make demo`: how many of all jobs are done, how long it takes, each result as soon as it exists.

A logger plugin of Snakemake, which finds it by its name on the Python path: `PYTHONPATH=tools/progress snakemake
--logger halt`. Snakemake reports every job that it starts and ends; a person wants one line. For a failed job the end
of its log is shown. Everything else is in .snakemake/log as usual.
"""

import logging
import shutil
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

SHOWN = "score"  # the rule whose log has a line with its result
MARK = "[halt] "  # such a line begins with it
EVERY = 30.0  # seconds between two lines without a terminal
LAST = 20  # lines of a failed job's log
# Relative duration of jobs, by rule: a guess until one job of the rule has ended.
TYPICAL = {"generate": 60, "finetune": 40, "prefer": 40, "sk_sample": 60, "sk_tune": 40, "sk_entail": 40, "data": 5}
TYPICAL |= dict.fromkeys(("respond", "vouch", "choose", "probe", "self_evaluate", "self_rate", "rate_choices"), 15)
OTHER = 2


class Estimate:
    """How far a run is: its jobs, and when each began and ended. Times are seconds of any clock."""

    def __init__(self, jobs: Mapping[str, int], now: float):
        self.jobs, self.began = Counter(jobs), now
        self.running: dict[int, tuple[str, float]] = {}
        self.took: dict[str, list[float]] = defaultdict(list)

    @property
    def done(self) -> int:
        return sum(map(len, self.took.values()))

    @property
    def total(self) -> int:
        return self.jobs.total()

    def start(self, job: int, rule: str, now: float) -> None:
        self.running[job] = rule, now

    def end(self, job: int, now: float, counted: bool = True) -> None:
        """counted: False for a failed job, whose time says nothing."""
        if job in self.running:
            rule, began = self.running.pop(job)
            if counted:
                self.took[rule].append(now - began)

    def left(self, now: float) -> float | None:
        """Seconds until the last job ends; None before any has ended.

        A job takes as long as finished jobs of its rule, or else its TYPICAL share of the others. As many run at once
        as so far.
        """
        guessed = sum(TYPICAL.get(rule, OTHER) * len(times) for rule, times in self.took.items())
        if not guessed or now <= self.began:
            return None
        spent = sum(map(sum, self.took.values()))
        speed = spent / guessed
        begun = sum(now - start for _, start in self.running.values())
        needed = 0.0
        for rule, count in self.jobs.items():
            times = self.took.get(rule)
            each = sum(times) / len(times) if times else TYPICAL.get(rule, OTHER) * speed
            ages = [now - start for other, start in self.running.values() if other == rule]
            waiting = max(0, count - len(times or ()) - len(ages))
            needed += each * waiting + sum(max(0.0, each - age) for age in ages)
        return needed / max(1.0, (spent + begun) / (now - self.began))

    def line(self, now: float) -> str:
        """`37 of 145 jobs, 26 %, 2:10 so far, about 6 min left`."""
        told = f"{self.done} of {self.total} jobs, {100 * self.done // max(self.total, 1)} %"
        told += f", {clock(now - self.began)} so far"
        left = self.left(now)
        if left is None or self.done == self.total:
            return told
        return f"{told}, about {clock(left) if left < 90 else f'{round(left / 60)} min'} left"


def clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


class Display:
    """Lines on a stream; on a terminal the last one is the progress, rewritten each second."""

    def __init__(self, stream, now: Callable[[], float] = time.monotonic):
        self.stream, self.now = stream, now
        self.terminal = stream.isatty()
        self.estimate: Estimate | None = None
        self.jobs: dict[int, tuple[str, list[str]]] = {}  # name and logs
        self._told = -EVERY
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def event(self, kind: str | None, record: logging.LogRecord) -> None:
        """Handle one event of Snakemake."""
        with self._lock:
            match kind:
                case LogEvent.RUN_INFO:
                    self._begin({rule: count for rule, count in record.stats.items() if rule != "total"})
                case LogEvent.JOB_INFO:
                    self._start(record)
                case LogEvent.JOB_FINISHED:
                    self._end(record.job_id)
                case LogEvent.JOB_ERROR:
                    self._failed(record.jobid, record.rule_name, record.log)
                case LogEvent.GROUP_ERROR:
                    for job in record.job_error_info:
                        self._failed(job["jobid"], job["rule_name"], job["log"])
                case LogEvent.ERROR:
                    self._say(record.getMessage())
                case None:
                    self._other(record)

    def close(self) -> None:
        self._ended.set()
        with self._lock:
            if self.estimate and self.terminal:
                self.stream.write("\n")
                self.stream.flush()

    def _begin(self, jobs: Mapping[str, int]) -> None:
        if self.estimate is None and sum(jobs.values()):
            self.estimate = Estimate(jobs, self.now())
            self._say(f"{MARK}{self.estimate.total} jobs to run; logs: results/logs")
            if self.terminal:
                threading.Thread(target=self._tick, daemon=True).start()

    def _start(self, record: logging.LogRecord) -> None:
        name = " ".join([record.rule_name, *map(str, (record.wildcards or {}).values())])
        self.jobs[record.jobid] = name, list(record.log or ())
        if self.estimate:
            self.estimate.start(record.jobid, record.rule_name, self.now())

    def _end(self, job: int) -> None:
        if not self.estimate:
            return
        self.estimate.end(job, self.now())
        name, logs = self.jobs.pop(job, ("", []))
        if name.split(" ")[0] == SHOWN:
            for line in _lines(logs):
                if line.startswith(MARK):
                    self._say(line)
        self._progress()

    def _failed(self, job: int, rule: str, logs: list[str]) -> None:
        name, _ = self.jobs.pop(job, (rule, []))
        if self.estimate:
            self.estimate.end(job, self.now(), counted=False)
        self._say(f"{MARK}failed: {name}; log: {', '.join(logs or ()) or 'none'}")
        for line in _lines(logs or ())[-LAST:]:
            self._say(f"    {line}")

    def _other(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.levelno >= logging.WARNING or message.startswith("Nothing to be done"):
            self._say(message)

    def _say(self, line: str) -> None:
        self.stream.write(f"\r\x1b[K{line}\n" if self.terminal else f"{line}\n")
        self._progress()
        self.stream.flush()

    def _progress(self) -> None:
        if not self.estimate:
            return
        line, now = MARK + self.estimate.line(self.now()), self.now()
        if self.terminal:
            width = shutil.get_terminal_size().columns
            running = "; ".join(self.jobs[job][0] for job in self.estimate.running if job in self.jobs)
            self.stream.write(f"\r\x1b[K{f'{line}: {running}' if running else line}"[: width + 3])
            self.stream.flush()
        elif now - self._told >= EVERY or self.estimate.done == self.estimate.total:
            self._told = now
            self.stream.write(f"{line}\n")
            self.stream.flush()

    def _tick(self) -> None:
        while not self._ended.wait(1.0):
            with self._lock:
                self._progress()


def _lines(logs) -> list[str]:
    return [
        line
        for log in logs
        if Path(log).is_file()
        for line in Path(log).read_text(encoding="utf-8", errors="replace").splitlines()
    ]


class LogHandler(LogHandlerBase):
    """The only handler that writes to the terminal."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        self.display = Display(sys.stdout if self.common_settings.stdout else sys.stderr)

    def emit(self, record: logging.LogRecord) -> None:
        """Snakemake's own listener calls this, in one thread."""
        try:
            self.display.event(getattr(record, "event", None), record)
        except Exception:  # a fault of the display must not end the run, as in the standard library's handlers
            self.handleError(record)

    def close(self) -> None:
        self.display.close()
        super().close()
