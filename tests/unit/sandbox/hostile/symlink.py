"""Reaches outside through links. Input: a folder with `secret`, and a link `way` in it that leads to /."""

import os

outside = input()
escaped = []
for make in (
    lambda: os.symlink(f"{outside}/secret", "link"),
    lambda: os.symlink("/", "/tmp/root"),
    lambda: os.link(os.__file__, "hard"),
    lambda: os.chroot("/"),
):
    try:
        make()
        escaped.append("made")
    except OSError:
        pass
library = os.path.dirname(os.__file__)
up = "../" * 12
for place in (
    f"{outside}/way/etc/passwd",
    f"{library}/{up}{outside}/secret",
    f"{library}/{up}etc/passwd",
    "/proc/self/root/etc/passwd",
    f"/proc/self/cwd/{up}etc/passwd",
    f"/proc/{os.getppid()}/root/etc/passwd",
):
    try:
        with open(place) as file:
            file.read(1)
        escaped.append(place)
    except OSError:
        pass
