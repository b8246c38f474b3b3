"""Stands in for `python` or another program on a PATH of warm.py: `stand_in.py SOCKET PROGRAM [ARGUMENT ...]`.

PROGRAM: the script behind a command, or "" for `python` itself, whose first argument is the script. Started as
`python -IS`, isolated and without site: that takes a hundredth of a second.
"""

import json
import os
import signal
import socket
import sys

address, program, *arguments = sys.argv[1:]
script = arguments[1:] if arguments[:1] == ["-u"] else arguments  # what a program says is flushed at its end
if program:
    arguments = [program, *arguments]
elif script and not script[0].startswith("-"):
    arguments = script
else:
    os.execv(sys.executable, [sys.executable, *arguments])

request = json.dumps([arguments, os.getcwd(), dict(os.environ)]).encode()
line = socket.socket(socket.AF_UNIX)
line.connect(address)
socket.send_fds(line, [len(request).to_bytes(8, "big")], [0, 1, 2])
line.sendall(request)
said = line.makefile()
process = int(said.readline())
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, lambda number, _: os.kill(process, number))
status = int(said.readline())
if status < 0:
    if -status != signal.SIGKILL:
        signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
sys.exit(status)
