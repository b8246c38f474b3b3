"""Writes, renames, removes and makes files wherever it can. Input: a folder with a file `secret`."""

import os

outside = input()
escaped = []
attempts = {
    "write": lambda: open(f"{outside}/new", "w"),
    "change": lambda: open(f"{outside}/secret", "a"),
    "truncate": lambda: os.truncate(f"{outside}/secret", 0),
    "remove": lambda: os.unlink(f"{outside}/secret"),
    "rename": lambda: os.rename(f"{outside}/secret", f"{outside}/moved"),
    "link": lambda: os.link(f"{outside}/secret", f"{outside}/linked"),
    "folder": lambda: os.mkdir(f"{outside}/folder"),
    "mode": lambda: os.chmod(f"{outside}/secret", 0o777),
    "time": lambda: os.utime(f"{outside}/secret", (0, 0)),
    "library": lambda: open(os.__file__, "a"),
    "root": lambda: open("/new", "w"),
    "temporary": lambda: open("/tmp/new", "w"),
}
for name, attempt in attempts.items():
    try:
        attempt()
        escaped.append(name)
    except OSError:
        pass
