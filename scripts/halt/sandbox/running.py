"""Model-written code runs only here.

A sandboxed program has no network, no files except the interpreter's own (read-only; there is nowhere to write), no
environment, no way to make processes or threads or to signal any, and bounds on time, memory and output. Two layers
hold it: an outer one that hides the machine (the *mechanism*: bubblewrap, Landlock, or namespaces, the first that
passes a probe) and, in every forked child, a seccomp allow-list with resource limits.

    with sandbox.start(limits) as session:        one start (some 50 ms), any number of runs (some 3 ms each)
        outcomes = session.run([Program("def f(x): return x + 1", ("f(1)", "f(2)"))])

Programs never see the expected results: the caller compares. A program can lie about itself, but not about another.
"""

import contextlib
import functools
import json
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from halt.errors import HaltError
from halt.sandbox import seccomp

MECHANISMS = ("bubblewrap", "landlock", "namespaces")
_LIBRARY = re.compile(r"\.so(\.|$)|^python3|-linux-(gnu|musl)")  # a name in a folder `lib`
_PACKAGES = ("site-packages", "dist-packages", "ensurepip")
_STARTUP_SECONDS = 30  # long, for a busy node; only a broken sandbox takes longer


class SandboxError(HaltError):
    """The sandbox itself failed; nothing is known about the programs."""


class SandboxUnavailable(SandboxError):
    """No mechanism can hold model-written code on this machine; the message says what was tried."""


class Limits(NamedTuple):
    """Bounds of one program; the defaults suit short functions."""

    cpu_seconds: float = 1.0  # CPU time: a busy machine changes no verdict
    wall_seconds: float = 10.0  # for programs that sleep
    memory: int = 512 << 20  # bytes of address space
    output: int = 64 << 10  # bytes printed, in all
    value: int = 4096  # characters of one value (halt.sandbox.values)


DEFAULT = Limits()


class Program(NamedTuple):
    """Source code, then statements or expressions that are evaluated in its namespace, in order."""

    source: str
    steps: tuple[str, ...] = ()
    stdin: str = ""
    modules: Mapping[str, str] = MappingProxyType({})  # name -> source of what it may import besides Python's library
    prelude: str = ""  # code that runs before the source, in the same namespace
    home: str | None = None  # the one of `modules` in which the source runs; what it redefines is replaced everywhere


class Step(NamedTuple):
    """The result of one step."""

    value: str | None  # an expression's value as halt.sandbox.values shows it; None for a statement or an error
    output: str  # what it printed
    error: str | None  # type of the exception; "ValueTooLong" for a repr beyond the limit


class Outcome(NamedTuple):
    """status: ok | syntax | error (the source raised) | timeout | killed (died, left early) | output (wrote too much).

    A step that raises does not end the program and is no `error`. `steps` has the steps that ended, in order.
    """

    status: str
    steps: tuple[Step, ...]
    output: str  # all that was printed
    error: str | None  # type of the exception of the source
    line: int | None  # line of the source where a syntax error or that exception was


def run(programs: Iterable[Program], limits: Limits = DEFAULT, imports: Iterable[str] = ()) -> list[Outcome]:
    """Run programs one by one, each in a fresh process; see `start` for the arguments and errors."""
    with start(limits, imports) as session:
        return session.run(programs)


@contextlib.contextmanager
def start(limits: Limits = DEFAULT, imports: Iterable[str] = (), mechanism: str | None = None) -> Iterator["Session"]:
    """A running sandbox.

    imports: standard library modules to import once for all programs (they are trusted: never taken from a program).
    mechanism: one of MECHANISMS; by default the first that holds.
    Raises SandboxUnavailable, SandboxError.
    """
    session = Session(mechanism or chosen(), limits, list(imports))
    try:
        yield session
    finally:
        session.close()


@functools.cache
def chosen() -> str:
    """The first mechanism that passes a probe. SandboxUnavailable with all the reasons if none does."""
    reasons = {}
    for mechanism in MECHANISMS:
        reasons[mechanism] = probe(mechanism)
        if reasons[mechanism] is None:
            return mechanism
    raise SandboxUnavailable(
        "model-written code cannot be run safely on this machine, so it is not run.\n"
        + "".join(f"  {name}: {reason}\n" for name, reason in reasons.items())
        + "Install bubblewrap (Debian and Fedora: package bubblewrap; conda-forge: bubblewrap), or use a kernel with "
        "Landlock (5.13 or newer) or with unprivileged user namespaces enabled."
    )


@functools.cache
def probe(mechanism: str) -> str | None:
    """None if the mechanism holds, else the reason: a program tries to break out of it."""
    with tempfile.TemporaryDirectory() as folder:
        canary = Path(folder, "canary")
        canary.write_text("x")
        attempts = {
            "read a file outside": f"open({str(canary)!r}).read()",
            "list a folder outside": f"__import__('os').listdir({folder!r})",
            "write a file": f"open({str(canary)!r}, 'w')",
            "see the environment": "__import__('os').environ['PYTHONHASHSEED']",
            "open a socket": "__import__('socket').socket()",
            "signal its parent": "__import__('os').kill(__import__('os').getppid(), 0)",
            "start a process": "__import__('os').fork() or __import__('os')._exit(0)",
        }
        try:
            with start(mechanism=mechanism) as session:
                (outcome,) = session.run([Program("", ("6 * 7", *attempts.values()))])
        except SandboxError as error:
            return str(error)
    if not outcome.steps or outcome.steps[0].value != "42":
        return f"cannot run a program ({outcome.status}: {outcome.error})"
    if len(outcome.steps) != 1 + len(attempts):
        return f"a probe ended early ({outcome.status})"
    for (attempt, _), step in zip(attempts.items(), outcome.steps[1:], strict=True):
        if step.error is None:
            return f"a program could {attempt}"
    return None


class Session:
    """One started sandbox; use `start`."""

    def __init__(self, mechanism: str, limits: Limits, imports: list[str]):
        try:
            code = seccomp.program()
        except seccomp.UnknownMachine as error:
            raise SandboxUnavailable(str(error)) from error
        self.limits = limits
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            _command(mechanism),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            bufsize=0,
            env={"PYTHONHASHSEED": "0"},  # equal programs print sets in equal order
            cwd="/",
            start_new_session=True,
        )
        os.set_blocking(self.process.stdout.fileno(), False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        settings = {
            "mechanism": mechanism,
            "readable": readable(),
            "limits": limits._asdict(),
            "imports": imports,
            "seccomp": code.hex(),
        }
        try:
            self._ask(settings, _STARTUP_SECONDS)
        except SandboxError:
            self.close()
            raise

    def run(self, programs: Iterable[Program]) -> list[Outcome]:
        """Run programs one by one; SandboxError if the sandbox dies."""
        seconds = _STARTUP_SECONDS + self.limits.wall_seconds
        return [
            _outcome(self._ask(program._asdict() | {"modules": dict(program.modules)}, seconds), self.limits)
            for program in programs
        ]

    def close(self) -> None:
        """End everything that runs in the sandbox, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.selector.close()
        for file in (self.process.stdin, self.process.stdout, self.errors):
            file.close()

    def _ask(self, message: dict, seconds: float) -> dict:
        """Send one line, wait for one line."""
        data = memoryview(json.dumps(message).encode() + b"\n")
        try:
            while data:
                data = data[self.process.stdin.write(data) :]
        except BrokenPipeError:
            self._fail("ended")
        deadline = time.monotonic() + seconds
        parts = []
        while not (parts and parts[-1].endswith(b"\n")):
            left = deadline - time.monotonic()
            if left <= 0 or not self.selector.select(left):
                self._fail(f"gave no answer in {seconds:.0f} s")
            parts.append(os.read(self.process.stdout.fileno(), 1 << 20))
            if not parts[-1]:
                self._fail("ended")
        return json.loads(b"".join(parts))

    def _fail(self, what: str) -> None:
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").strip().splitlines()
        raise SandboxError(f"the sandbox {what}" + (f": {lines[-1]}" if lines else ""))


def readable() -> list[str]:
    """All files and folders of this machine that sandboxed code can read: interpreter, its library, C library.

    In a folder `lib` only the shared libraries and Python's own, since whole programs lie there too. Packages beside
    the standard library are left out: the other members of their folder are listed one by one.
    """
    here = Path(__file__).parent
    executable = Path(_interpreter())
    wanted = [executable, executable.resolve(), here, sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]
    wanted += [Path(sys.base_prefix, "lib"), Path(sys.base_exec_prefix, "lib")]
    wanted += ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"]
    roots: list[str] = []
    there = [Path(path) for path in wanted if Path(path).exists()]
    for path in sorted({str(place) for name in there for place in (name.absolute(), name.resolve())}):
        if not any(path.startswith(f"{other}/") for other in roots):
            roots.append(path)
    return [kept for path in roots for member in _libraries(path) for kept in _without_packages(member)]


def _libraries(path: str) -> list[str]:
    """The shared libraries and Python's own files in a folder `lib`; any other path as it is."""
    if os.path.basename(path) != "lib" or os.path.islink(path):
        return [path]
    return sorted(entry.path for entry in os.scandir(path) if _LIBRARY.search(entry.name))


@functools.cache
def _without_packages(path: str, depth: int = 3) -> tuple[str, ...]:
    """A path, or its members if packages are installed in it or up to `depth` folders below."""
    if os.path.islink(path) or not os.path.isdir(path) or not _has_packages(path, depth):
        return (path,)
    members = sorted(entry.path for entry in os.scandir(path) if entry.name not in _PACKAGES)
    return tuple(kept for member in members for kept in _without_packages(member, depth - 1))


def _has_packages(path: str, depth: int) -> bool:
    if depth < 0:
        return False
    with contextlib.suppress(PermissionError), os.scandir(path) as entries:
        for entry in entries:
            if entry.name in _PACKAGES:
                return True
            if entry.is_dir(follow_symlinks=False) and _has_packages(entry.path, depth - 1):
                return True
    return False


def _interpreter() -> str:
    # not the virtual environment's, whose site-packages stay outside
    return os.path.realpath(sys._base_executable)


def _command(mechanism: str) -> list[str]:
    python = [_interpreter(), "-s", "-S", str(Path(__file__).parent.resolve() / "inside.py")]
    if mechanism != "bubblewrap":
        return python
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise SandboxUnavailable("bwrap is not installed")
    command = [bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--chdir", "/"]
    for path in readable():
        if os.path.islink(path):
            command += ["--symlink", os.readlink(path), path]
        else:
            command += ["--ro-bind", path, path]
    return [*command, "--remount-ro", "/", *python]


def _outcome(answer: dict, limits: Limits) -> Outcome:
    """What the runner saw and what the child said, whose words are checked against types and limits."""
    messages = []
    for line in answer["results"].splitlines():
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            break
        if not isinstance(message, dict):
            break
        messages.append(message)
    first = messages[0] if messages else {}
    status = _text(first, "status")
    steps = []
    for message in messages[1:]:
        if "output" not in message:
            break
        value, output = _text(message, "value"), _text(message, "output") or ""
        if len(value or "") > limits.value or len(output) > limits.output:
            break  # an honest child says less
        steps.append(Step(value, output, _text(message, "type")))
    ended = len(messages) > 1 and _text(messages[-1], "status") == "done"
    line = first.get("line")
    return Outcome(
        answer["reason"] or (status if ended and status in ("ok", "syntax", "error") else "killed"),
        tuple(steps),
        answer["output"],
        _text(first, "type"),
        line if isinstance(line, int) else None,
    )


def _text(message: dict, key: str) -> str | None:
    value = message.get(key)
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None
