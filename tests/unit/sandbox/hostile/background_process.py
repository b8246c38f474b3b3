"""Leaves a process behind: double fork, own session, all signals ignored."""

import os
import signal
import time

escaped = []
try:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            time.sleep(120)
        os._exit(0)
    escaped.append("fork")
except OSError:
    pass
for attempt in (os.setsid, lambda: os.posix_spawn("/bin/sleep", ["sleep", "120"], {})):
    try:
        attempt()
        escaped.append("session or spawn")
    except OSError:
        pass
