"""Whether two answers in LaTeX have the same value, by math-verify in a process of its own.

A model's LaTeX can ask for more than a machine has (`9^{9^{9^{9}}}`), in code that no exception interrupts. So the
other process has limited time and memory. It ends when they are used up, and is started again for the next answer. Run
as a program, this file is that process: it reads a pair in JSON from each line and writes true or false.
"""

import json
import logging
import os
import resource
import signal
import subprocess
import sys
import threading

SECONDS = 3  # of a processor per pair, and at most a minute by the clock
LONGEST = 2000  # characters; no answer of the data set is longer
_BYTES = 4 << 30  # address space

_helpers: dict[int, subprocess.Popen] = {}  # one per comparing process: a fork would share the pipes
_lock = threading.Lock()


def same(gold: str, said: str) -> bool:
    """Whether two answers have the same value; False where that is not found out within SECONDS."""
    if gold == said:
        return True
    if max(len(gold), len(said)) > LONGEST:
        return False
    with _lock:
        helper = _helpers.get(os.getpid())
        if helper is None:
            helper = _helpers[os.getpid()] = subprocess.Popen(
                [sys.executable, "-P", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        try:
            helper.stdin.write(json.dumps([gold, said]) + "\n")
            helper.stdin.flush()
            reply = helper.stdout.readline()
        except BrokenPipeError:
            reply = ""
        except BaseException:  # a late reply would be taken for the next one's
            helper.kill()
            del _helpers[os.getpid()]
            raise
        if not reply:  # it has ended
            helper.communicate()
            del _helpers[os.getpid()]
    return reply == "true\n"


def _compare(gold: str, said: str) -> bool:
    from math_verify import parse, verify

    try:
        known, found = (parse(text, parsing_timeout=None) for text in (gold, said))
        return bool(verify(known, found, timeout_seconds=None))
    except (Exception, RecursionError, MemoryError):  # whatever a parser cannot read is not the same
        return False


def _serve() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # prints of a library are no reply
    logging.disable()  # math-verify warns for every pair that its time is not limited
    _compare("\\boxed{1}", "\\boxed{1}")  # loads everything before the first time limit
    for line in sys.stdin:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # not handled: it ends the process
        signal.alarm(60)
        print(json.dumps(_compare(*json.loads(line))), file=replies, flush=True)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)


if __name__ == "__main__":
    _serve()
