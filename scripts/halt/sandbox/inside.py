"""The program that runs inside the sandbox: one forked child per program, results as JSON.

It confines itself first (confine.py), then answers requests, one JSON line each, until its input ends. It trusts its
requests and never what a child writes: a child's bytes are passed on as a bounded string for the caller to parse.
Expected results are never in here: there is nothing to forge.
"""

import ast
import atexit
import builtins
import fcntl
import functools
import gc
import importlib
import importlib.machinery
import json
import os
import select
import signal
import sys
import time
import types

import confine
import values

_RESULTS = 3  # the child's pipe; 0, 1 and 2 are files in memory
_CPU_CLOCK = 2  # CPUCLOCK_SCHED: clock_gettime() of another process's CPU time, linux/posix-timers.h
_PROGRAM = "<program>"
_DIGITS = 100_000  # of an integer; tests of APPS have thousands


def main() -> None:
    """Confine, say so, then serve requests."""
    parent = os.getppid()
    settings = json.loads(sys.stdin.buffer.readline())
    os.environ.clear()
    del sys.path[0]
    if settings["mechanism"] != "bubblewrap":  # bwrap has done it, with --die-with-parent
        confine.die_with(parent)
        {"landlock": confine.landlock, "namespaces": confine.namespaces}[settings["mechanism"]](settings["readable"])
    confine.hide()
    os.chdir("/")
    for name in settings["imports"]:
        importlib.import_module(name)
    builtins.exit = builtins.quit = sys.exit  # the interpreter starts without `site`
    _say({"ready": True})
    seccomp = bytes.fromhex(settings["seccomp"])
    gc.freeze()
    sys.set_int_max_str_digits(_DIGITS)
    while line := sys.stdin.buffer.readline():
        request, line = [json.loads(line)], b""  # no frame of a child may hold the text of a program
        _say(_run(request.pop(), settings["limits"], seccomp))


@functools.lru_cache(maxsize=1024)
def _code(name: str, source: str) -> types.CodeType:
    return compile(source, f"<{name}>", "exec")


def _say(message: dict) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


class _Modules:
    """Imports modules from a mapping of name to code instead of from files."""

    def __init__(self, codes: dict):
        self.codes = codes

    def find_spec(self, name, path=None, target=None):
        if name not in self.codes:
            return None
        package = any(other.startswith(f"{name}.") for other in self.codes)
        return importlib.machinery.ModuleSpec(name, self, is_package=package)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(self.codes[module.__name__], module.__dict__)


def _run(program: dict, limits: dict, seccomp: bytes) -> dict:
    """Fork, wait within the limits, report: how it ended, what it wrote to its pipe and to its output."""
    codes = {name: _code(name, source) for name, source in program["modules"].items()}
    files = [os.memfd_create("halt") for _ in range(3)]
    data = memoryview(program["stdin"].encode())
    while data:
        data = data[os.write(files[0], data) :]
    os.lseek(files[0], 0, os.SEEK_SET)
    read, write = os.pipe()
    runner = os.getpid()
    child = os.fork()
    if not child:
        _child(runner, program, codes, limits, seccomp, files, write)
    os.close(write)
    most = 65536 + 8 * (limits["output"] + limits["value"] * len(program["steps"]))
    reason, received = _watch(child, read, limits, most)
    os.close(read)
    if reason is None and os.fstat(files[1]).st_size >= limits["output"]:
        reason = "output"
    output = os.pread(files[1], limits["output"], 0)
    for file in files:
        os.close(file)
    return {"reason": reason, "results": received.decode(errors="replace"), "output": output.decode(errors="replace")}


def _watch(child: int, pipe: int, limits: dict, most: int) -> tuple[str | None, bytes]:
    """Collect what the child writes; kill it when it writes or runs too long."""
    clock = (~child << 3) | _CPU_CLOCK
    deadline = time.monotonic() + limits["wall_seconds"]
    received, reason, is_open, ended = bytearray(), None, True, False
    while not ended:
        if is_open:
            if select.select([pipe], [], [], 0.02)[0]:
                chunk = os.read(pipe, 65536)
                is_open = bool(chunk)
                received += chunk
        else:
            time.sleep(0.0002)
        ended = bool(os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT))
        if ended:
            break
        if len(received) > most:
            reason = "output"
        elif time.clock_gettime(clock) > limits["cpu_seconds"] or time.monotonic() > deadline:
            reason = "timeout"
        if reason:
            os.kill(child, signal.SIGKILL)
            break
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if reason is None and status == -signal.SIGXCPU:
        reason = "timeout"
    while is_open and reason is None and len(received) <= most:
        chunk = os.read(pipe, 65536)
        is_open = bool(chunk)
        received += chunk
    return reason, bytes(received[:most])


def _child(runner: int, program: dict, codes: dict, limits: dict, seccomp: bytes, files: list, results: int) -> None:
    """The forked process: becomes small, then runs the program; never returns."""
    try:
        moved = [fcntl.fcntl(file, fcntl.F_DUPFD, _RESULTS + 1) for file in (*files, results)]
        for target, file in enumerate(moved):
            os.dup2(file, target)
        os.closerange(_RESULTS + 1, 256)
        try:
            confine.die_with(runner)
            confine.drop_capabilities()
            confine.limits(limits["memory"], int(limits["cpu_seconds"]) + 2, limits["output"])
            confine.seccomp(seccomp)
        except OSError as error:
            _tell({"status": "refused", "type": str(error), "line": None})
            return
        _execute(program, codes, limits)
    finally:
        os._exit(0)


def _execute(program: dict, codes: dict, limits: dict) -> None:
    """Source, then steps; a JSON line about each as it ends."""
    sys.stdin = open(0, encoding="utf-8", closefd=False)
    sys.stdout = open(1, "w", encoding="utf-8", errors="replace", closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="replace", closefd=False)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    sys.meta_path.append(_Modules(codes))
    home = types.ModuleType("__main__")
    sys.modules["__main__"] = home
    report = {"status": "ok"}
    atexit._clear()
    try:
        if program["home"] is not None:
            home = importlib.import_module(program["home"])
        exec(compile(program.pop("prelude"), "<prelude>", "exec"), home.__dict__)
        code = compile(program.pop("source"), _PROGRAM, "exec")
        before = dict(home.__dict__)
        exec(code, home.__dict__)
        _replace(before, home.__dict__, codes)
        if not program["steps"]:  # the program is at its end
            atexit._run_exitfuncs()
    except BaseException as error:  # a program may raise anything, and all of it is its result
        report = _failure(error)
    _tell(report)
    position = _output(0, limits)[1]
    if report["status"] == "ok":
        for step in program["steps"]:
            result = _step(step, home.__dict__, limits)
            result["output"], position = _output(position, limits)
            _tell(result)
    _tell({"status": "done"})


def _replace(before: dict, after: dict, codes: dict) -> None:
    """What the program redefines replaces the original in every module that has it."""
    changed = {id(old): after[name] for name, old in before.items() if callable(old) and after.get(name) is not old}
    for name in codes.keys() & sys.modules.keys() if changed else ():
        space = sys.modules[name].__dict__
        for key, value in list(space.items()):
            if id(value) in changed:
                space[key] = changed[id(value)]


def _step(step: str, space: dict, limits: dict) -> dict:
    try:
        tree = ast.parse(step, "<step>")
        if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
            value = eval(compile(ast.Expression(tree.body[0].value), "<step>", "eval"), space)
            return {"status": "ok", "value": values.shown(value, limits["value"])}
        exec(compile(tree, "<step>", "exec"), space)
        return {"status": "ok", "value": None}
    except values.TooLong:
        return {"status": "error", "type": "ValueTooLong", "line": None}
    except BaseException as error:
        return _failure(error)


def _failure(error: BaseException) -> dict:
    if isinstance(error, SyntaxError) and error.filename == _PROGRAM:
        return {"status": "syntax", "type": type(error).__name__, "line": error.lineno}
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _PROGRAM:
            line = trace.tb_lineno
        trace = trace.tb_next
    return {"status": "error", "type": type(error).__name__, "line": line}


def _output(start: int, limits: dict) -> tuple[str, int]:
    """What was printed since `start`, and where it ends."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):  # full, closed or replaced by the program: nothing more to see
        return "", start
    text = os.pread(1, limits["output"], start)
    return text.decode(errors="replace"), start + len(text)


def _tell(message: dict) -> None:
    data = memoryview(json.dumps(message).encode() + b"\n")
    while data:
        data = data[os.write(_RESULTS, data) :]


if __name__ == "__main__":
    main()
