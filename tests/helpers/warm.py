"""Programs that start warm: forked from a process that has imported torch and its kin, instead of importing them anew.

A tiny run starts two hundred programs, and imports are most of what each of them costs. `programs()` starts such a
process once, for all test processes of a session, and names a folder for the front of PATH, with stand-ins for
`python`, `snakemake` and `accelerate`. A stand-in hands
over its arguments, folder, environment and open files, passes signals on, and ends as the program ends; if it is
killed, so is the program, which has a session of its own. What a program imports of the project it imports itself,
from the copy of the project that it belongs to. `python -c` and `python -m` start as ever.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import runpy
import select
import selectors
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import NamedTuple, NoReturn

# No polars: it starts threads, which a fork would lack.
IMPORTS = (
    *("scipy.stats", "sklearn.linear_model", "matplotlib.pyplot", "jsonschema", "yaml"),
    *("transformers.models.llama.modeling_llama", "peft", "trl.trainer.sft_trainer", "trl.trainer.dpo_trainer"),
    *("snakemake.cli", "snakemake.linting", "snakemake.executors.local"),
)


class Request(NamedTuple):
    """A program to run: its file and arguments, the folder it runs in, and its environment."""

    arguments: list[str]
    folder: str
    environment: dict[str, str]

    def run(self) -> NoReturn:
        """Be this program, to its end: to be called in a process of its own."""
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.environment)
        program = self.arguments[0]
        sys.argv[:] = self.arguments
        paths = [path for path in self.environment.get("PYTHONPATH", "").split(os.pathsep) if path]
        sys.path[:1] = [str(Path(program).parent.resolve()), *paths]
        try:
            runpy.run_path(program, run_name="__main__")
        except SystemExit as end:
            status = end.code
        except BaseException:
            traceback.print_exc()
            status = 1
        else:
            status = 0
        _leave(status)


def _leave(status: int | str | None) -> NoReturn:
    """End as Python ends, but for the second that it takes to free all that was imported."""
    if isinstance(status, str):
        print(status, file=sys.stderr)
        status = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status or 0)


FOLDER = "HALT_TESTS_WARM"  # environment variable, to test processes that this one starts: the folder of the stand-ins


@functools.cache
def programs() -> Path:
    """Folder of the stand-ins. The process behind them, and what it has started, ends with the one that made it."""
    if FOLDER in os.environ:
        return Path(os.environ[FOLDER])
    folder = Path(tempfile.mkdtemp(prefix="halt-warm-"))
    address = str(folder / "line")
    for name in ("python", "snakemake", "accelerate"):
        script = "" if name == "python" else str(Path(sys.executable).parent / name)
        command = [sys.executable, "-IS", str(Path(__file__).with_name("stand_in.py")), address, script]
        (folder / name).write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
        (folder / name).chmod(0o755)
    fixed = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    process = subprocess.Popen(
        [sys.executable, __file__, address],
        env={**os.environ, **fixed, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,  # closed when this process ends, however it does
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout.read(1), "the process for warm programs did not start"  # it imports once it is asked
    atexit.register(_end, process, folder)
    return folder


def environment(path: str) -> dict[str, str]:
    """Variables with which programs start warm, and those too that torch's launcher starts. path: what PATH is else."""
    return {"PATH": f"{programs()}{os.pathsep}{path}", "PYTHON_EXEC": str(programs() / "python")}


def _end(process: subprocess.Popen, folder: Path) -> None:
    process.stdin.close()
    process.wait()
    shutil.rmtree(folder)


class Server:
    """Forks a process for every request that comes over a socket, and tells the stand-in how it ended."""

    def __init__(self, address: str):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(address)
        self.socket.listen(64)
        self.events = selectors.DefaultSelector()
        self.events.register(self.socket, selectors.EVENT_READ)
        self.running: dict[int, socket.socket] = {}  # process -> line to its stand-in

    def serve(self, until: int) -> Request | None:
        """In a forked process: what it is to run. In this one: None, when the descriptor `until` is at its end."""
        self.events.register(until, selectors.EVENT_READ)
        while True:
            for key, _ in self.events.select():
                if key.fileobj == until:
                    for pid in self.running:
                        _kill(pid)
                    return None
                if key.data:
                    self._look_after(key)
                elif request := self._fork():
                    return request

    def _fork(self) -> Request | None:
        """Read a request and fork for it: the request in the forked process, None in this one."""
        line, _ = self.socket.accept()
        length, files, _, _ = socket.recv_fds(line, 8, 3)
        with line.makefile("rb") as stream:
            text = stream.read(int.from_bytes(length, "big"))
        pid = os.fork()
        if pid == 0:
            os.setsid()
            for number, file in enumerate(files):
                os.dup2(file, number)
            for opened in (self.socket, line, self.events, *self.running.values()):
                opened.close()
        for file in files:
            os.close(file)
        if pid == 0:
            return Request(*json.loads(text))
        line.sendall(f"{pid}\n".encode())
        self.running[pid] = line
        self.events.register(line, selectors.EVENT_READ, pid)
        self.events.register(os.pidfd_open(pid), selectors.EVENT_READ, pid)
        return None

    def _look_after(self, key: selectors.SelectorKey) -> None:
        """A program has ended, or its stand-in was killed."""
        self.events.unregister(key.fileobj)
        pid = key.data
        if key.fileobj is self.running.get(pid):
            _kill(pid)
            return
        os.close(key.fileobj)
        line = self.running.pop(pid)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with contextlib.suppress(KeyError):
            self.events.unregister(line)
        with line, contextlib.suppress(BrokenPipeError):  # its stand-in is gone
            line.sendall(f"{status}\n".encode())


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)  # it may not lead its group yet
        os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    server = Server(sys.argv[1])
    os.write(1, b"+")
    if server.socket in select.select([server.socket, 0], [], [])[0]:  # else it ends, and nobody has needed it
        for name in IMPORTS:
            importlib.import_module(name)
        gc.collect()
        gc.freeze()  # what is there already is not looked through, and so not copied, in every fork
    request = server.serve(until=0)
    if request:
        request.run()
