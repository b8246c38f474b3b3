"""Takes memory until there is none, in every way that Python has."""

import mmap

taken = []


def lists():
    while True:
        taken.append([0] * 10_000_000)


def maps():
    while True:
        taken.append(mmap.mmap(-1, 1 << 28))


def text():
    value = "x"
    while True:
        value += value


escaped = []
for way in (lists, maps, text):
    try:
        way()
    except (MemoryError, OSError):
        pass
    if sum(len(part) * (8 if isinstance(part, list) else 1) for part in taken) > 1 << 30:
        escaped.append(way.__name__)
    taken.clear()
