"""Trying the programs of one answer in a sandbox, within bounds: what the judges of code share."""

import contextlib
import time
from collections.abc import Callable
from typing import TypeVar

from halt import sandbox

_T = TypeVar("_T")

_PATIENCE = 3  # programs of one answer that may run into a time limit; later ones are not tried
_SECONDS = 60.0  # for all programs of one answer: one that sleeps below the limit is no better


class Trials:
    """One answer's programs, one by one; a sandbox that dies is started once more for the same program.

    SandboxError if it dies of that program twice: then nothing is known of the answer.
    """

    def __init__(self, limits: sandbox.Limits, imports: list[str]):
        self._limits, self._imports = limits, imports
        self._stack = contextlib.ExitStack()
        self._session: sandbox.Session | None = None
        self._timeouts, self._end = 0, time.monotonic() + _SECONDS

    def run(self, program: sandbox.Program) -> sandbox.Outcome | None:
        """What a program did; None if this answer has used up its patience or its time."""
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
    """What `tell` finds by trying one answer's programs; `otherwise` where the sandbox fails on it, whoever broke it.

    imports: standard library modules to import beforehand. SandboxUnavailable where this machine has no sandbox.
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
