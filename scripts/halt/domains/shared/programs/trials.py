"""Try the programs of one answer in a sandbox, within bounds: the common part of the judges of code."""

import contextlib
import time
from collections.abc import Callable
from typing import TypeVar

from halt import sandbox

_T = TypeVar("_T")

_PATIENCE = 3  # timeouts of one answer; its later programs are not tried
_SECONDS = 60.0  # for all programs of one answer: some sleep below the limit


class Trials:
    """One answer's programs, one by one. If a sandbox dies, the same program is tried once more in a new one.

    SandboxError if it dies again: then nothing is known of the answer.
    """

    def __init__(self, limits: sandbox.Limits, imports: list[str]):
        self._limits, self._imports = limits, imports
        self._stack = contextlib.ExitStack()
        self._session: sandbox.Session | None = None
        self._timeouts, self._end = 0, time.monotonic() + _SECONDS

    def run(self, program: sandbox.Program) -> sandbox.Outcome | None:
        """The outcome of a program; None if this answer has used up its timeouts or its time."""
        if self._timeouts >= _PATIENCE or time.monotonic() > self._end:
            return None
        try:
            outcome = self._run(program)
        except sandbox.SandboxUnavailable:
            raise
        except sandbox.SandboxError:
            self.close()
            outcome = self._run(program)
        self._timeouts += outcome.status == "timeout"
        return outcome

    def close(self) -> None:
        """End the sandbox; the next program starts another."""
        self._stack.close()
        self._session = None

    def _run(self, program: sandbox.Program) -> sandbox.Outcome:
        if self._session is None:
            self._session = self._stack.enter_context(sandbox.start(self._limits, self._imports))
        [outcome] = self._session.run([program])
        return outcome


def of_answer(limits: sandbox.Limits, imports: list[str], tell: Callable[[Trials], _T], otherwise: _T) -> _T:
    """The result of `tell`, which tries one answer's programs; `otherwise` if the sandbox fails on them for any reason.

    imports: standard library modules to import beforehand. SandboxUnavailable if this machine has no sandbox.
    """
    trials = Trials(limits, imports)
    try:
        return tell(trials)
    except sandbox.SandboxUnavailable:
        raise
    except sandbox.SandboxError:
        return otherwise
    finally:
        trials.close()
