"""Past Python, straight at the kernel: tracing, other processes' memory, namespaces, mounts, modules, io_uring.

Input: folder, a process id.
"""

import ctypes
import os
import platform
import sys

_, process = sys.stdin.read().split("\n")[:2]
libc = ctypes.CDLL(None, use_errno=True)
escaped = []
if platform.machine() == "x86_64":
    buffer = ctypes.create_string_buffer(4096)
    calls = {
        "ptrace attach": (101, 16, os.getppid(), 0, 0),
        "process_vm_readv": (310, os.getppid(), buffer, 1, buffer, 1, 0),
        "process_vm_writev": (311, os.getppid(), buffer, 1, buffer, 1, 0),
        "unshare user": (272, 0x10000000),
        "setns": (308, 0, 0),
        "mount": (165, b"none", b"/", None, 1 << 18, None),
        "pivot_root": (155, b"/", b"/"),
        "setrlimit": (160, 9, buffer),
        "prlimit": (302, 0, 9, None, buffer),
        "prctl": (157, 4, 1, 0, 0, 0),
        "seccomp": (317, 1, 0, buffer),
        "clone": (56, 17, 0, 0, 0, 0),
        "clone3": (435, buffer, 88),
        "vfork by x32": (0x40000000 | 58,),
        "io_uring_setup": (425, 8, buffer),
        "userfaultfd": (323, 0),
        "perf_event_open": (298, buffer, 0, -1, -1, 0),
        "bpf": (321, 0, buffer, 72),
        "keyctl": (250, 0, 0, 0),
        "shmget": (29, 0, 1 << 20, 0o1600),
        "pidfd_send_signal": (424, 0, 0, None, 0),
        "tgkill": (234, os.getppid(), os.getppid(), 0),
        "openat2": (437, -100, b"/etc/passwd", buffer, 24),
        "setuid": (105, 0),
        "signal-driven ioctl": (16, 0, 0x8901, buffer),
    }
    for name, arguments in calls.items():
        ctypes.set_errno(0)
        result = libc.syscall(*(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
        # EPERM and ENOTTY are the filter's own words: anything else came from further in
        if result >= 0 or ctypes.get_errno() not in (1, 25):
            escaped.append((name, result, ctypes.get_errno()))
