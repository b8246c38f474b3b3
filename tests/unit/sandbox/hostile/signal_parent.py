"""Signals its parent and everyone else, directly and by way of files that send signals. Input: folder, a process id."""

import fcntl
import os
import signal
import sys

_, process = sys.stdin.read().split("\n")[:2]
escaped = []
for target in (os.getppid(), int(process), 1, 0, -1, -int(process)):
    for number in (0, signal.SIGUSR1):
        try:
            os.kill(target, number)
            escaped.append((target, number))
        except OSError:
            pass
for command in (fcntl.F_SETOWN, fcntl.F_SETSIG):
    try:
        fcntl.fcntl(1, command, int(process) if command == fcntl.F_SETOWN else signal.SIGUSR1)
        escaped.append(command)
    except OSError:
        pass
for attempt in (lambda: os.pidfd_open(int(process)), lambda: os.killpg(0, 0)):
    try:
        attempt()
        escaped.append("pidfd or group")
    except OSError:
        pass
