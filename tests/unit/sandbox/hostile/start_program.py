"""Becomes another program."""

import os
import subprocess
import sys

escaped = []
for attempt in (
    lambda: subprocess.run(["/bin/sh", "-c", "true"]),
    lambda: os.system("true") and 1 / 0,
    lambda: os.popen("true"),
    lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),
    lambda: os.execv("/bin/sh", ["sh", "-c", "true"]),
):
    try:
        attempt()
        escaped.append("a program")
    except (OSError, ZeroDivisionError):
        pass
