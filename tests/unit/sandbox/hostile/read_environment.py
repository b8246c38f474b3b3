"""Reads the environment: Python's view, the C library's, the kernel's."""

import ctypes
import os

escaped = [name for name in (*os.environ, *os.environb)]
try:
    first = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
    number = 0
    while first and first[number]:
        escaped.append(first[number])
        number += 1
except (OSError, ValueError):
    pass
for process in ("self", "1", str(os.getppid())):
    try:
        with open(f"/proc/{process}/environ", "rb") as file:
            escaped.append(file.read())
    except OSError:
        pass
