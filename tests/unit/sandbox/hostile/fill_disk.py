"""Writes files until the disk, or the memory that stands for one, is full."""

import os

escaped = []
for folder in (os.getcwd(), "/", "/tmp", "/var/tmp", "/dev/shm", "/run", os.path.expanduser("~")):
    for number in range(100):
        try:
            with open(f"{folder}/halt-fill-{number}", "wb") as file:
                escaped.append(f"{folder}/{number}")
                file.write(bytes(1 << 20))
        except OSError:
            pass
try:
    memory = os.memfd_create("fill")
    while os.write(memory, bytes(1 << 20)):
        escaped.append("memory file")
except OSError:
    pass
for number in range(3):
    try:
        os.ftruncate(number, 1 << 40)
        escaped.append(number)
    except OSError:
        pass
