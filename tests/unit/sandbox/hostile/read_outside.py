"""Reads what is not its own. Input: a folder with a file `secret`."""

import glob
import os

outside = input()
escaped = []
places = [f"{outside}/secret", "/etc/passwd", "/etc/shadow", "/etc/hostname", "/root/.bashrc", "/root/.ssh/id_rsa"]
places += glob.glob("/home/*/.*") + glob.glob(os.path.expanduser("~/.*"))
for place in places:
    try:
        with open(place, "rb") as file:
            file.read(1)
        escaped.append(place)
    except OSError:
        pass
for folder in (outside, os.path.dirname(outside), "/var", "/proc", "/sys", "/dev", "/boot"):
    try:
        if os.listdir(folder):
            escaped.append(folder)
    except OSError:
        pass
