"""What /proc gives away: other processes' memory, files, environment; its own limits. Input: folder, a process id."""

import os
import sys

_, process = sys.stdin.read().split("\n")[:2]
escaped = []
for owner in ("self", "1", str(os.getppid()), process):
    for name in ("environ", "cmdline", "maps", "mem", "root/etc/passwd", "fd/0", "fd/1", "auxv", "status"):
        for mode in ("rb", "r+b"):
            try:
                open(f"/proc/{owner}/{name}", mode)
                if (owner, mode) != ("self", "rb") or not name.startswith("fd/"):  # its own input is its own
                    escaped.append((owner, name, mode))
            except OSError:
                pass
for name in ("/proc/self/oom_score_adj", "/proc/self/uid_map", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger"):
    try:
        open(name, "w")
        escaped.append(name)
    except OSError:
        pass
