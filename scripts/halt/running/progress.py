"""Progress of long stages, one line at a time: what, how many of how many, rate, time left."""

import sys
import time

_EVERY_SECONDS = 5.0


class Progress:
    """Prints `[halt] generate biography: 40/160 prompts, 3.1/s, 0:38 left` to stderr, at most every few seconds.

    Lines and not a bar: two jobs share a terminal, and on a cluster the lines go to a log file. launch.sh passes lines
    that start with `[halt]` to the terminal. shown: False counts and prints nothing, in every process of a stage except
    the first.
    """

    def __init__(self, what: str, total: int, unit: str, shown: bool = True):
        self.what, self.total, self.unit, self.shown = what, total, unit, shown
        self.done = 0
        self.skipped = 0
        self._start = self._last = time.monotonic()

    def skip(self, count: int) -> None:
        """Count units that an interrupted run finished before. They do not count in the rate."""
        self.done += count
        self.skipped += count

    def advance(self, count: int = 1) -> None:
        """Count units just finished. Print if it is time, or if all are done."""
        self.done += count
        now = time.monotonic()
        if not self.shown or (now - self._last < _EVERY_SECONDS and self.done < self.total):
            return
        self._last = now
        rate = (self.done - self.skipped) / max(now - self._start, 1e-9)
        left = (self.total - self.done) / rate if rate else 0.0
        print(
            f"[halt] {self.what}: {self.done}/{self.total} {self.unit}, {rate:.2g}/s, {_clock(left)} left",
            file=sys.stderr,
            flush=True,
        )


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
