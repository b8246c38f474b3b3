"""Model-written code cannot leave the sandbox: every hostile program, under every mechanism that this machine has."""

import os
import signal
import struct
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest

from halt import sandbox
from halt.sandbox import Limits, Program, seccomp

HOSTILE = Path(__file__).parent / "hostile"
SMALL = Limits(cpu_seconds=1.0, wall_seconds=3.0, memory=256 << 20)

ESCAPES = (  # each collects what it managed to do in `escaped`
    "fork_bomb",
    "thread_bomb",
    "memory_hog",
    "read_outside",
    "read_environment",
    "write_outside",
    "open_socket",
    "signal_parent",
    "background_process",
    "start_program",
    "fill_disk",
    "symlink",
    "proc",
    "native_calls",
    "raise_limits",
)
ENDS = {  # how the others must end
    "endless_loop": "timeout",
    "endless_sleep": "timeout",
    "endless_output": ("output", "timeout"),
    "endless_results": "output",
    "exit_early": "killed",
    "forge_result": ("killed", "ok"),
    "poison_next": ("killed", "ok"),
}


@pytest.fixture(params=sandbox.MECHANISMS)
def mechanism(request):
    reason = sandbox.probe(request.param)
    if reason is not None and reason.startswith("a program could"):
        pytest.fail(f"{request.param} is here but does not hold: {reason}")
    if reason is not None:
        pytest.skip(f"{request.param}: {reason}")
    return request.param


@pytest.fixture
def outside(tmp_path):
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_text("untouched")
    (folder / "way").symlink_to("/")
    return folder


def hostile(name: str, outside: Path) -> Program:
    source = (HOSTILE / f"{name}.py").read_text()
    return Program(source, ("escaped",), stdin=f"{outside}\n{os.getpid()}\n")


def descendants(process: int) -> set[int]:
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            continue
    found, size = {process}, 0
    while len(found) != size:
        size = len(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return found


def snapshot(folder: Path) -> list:
    return sorted((p.name, p.lstat().st_mode, p.lstat().st_mtime_ns, p.lstat().st_size) for p in folder.iterdir())


def test_every_hostile_program_is_tested():
    assert {path.stem for path in HOSTILE.glob("*.py")} == {*ESCAPES, *ENDS}


def test_this_machine_has_a_mechanism():
    assert sandbox.chosen() in sandbox.MECHANISMS


@pytest.mark.parametrize("name", ESCAPES)
def test_hostile_program_gets_nothing(name, mechanism, outside):
    heard = []
    before = snapshot(outside)
    old = signal.signal(signal.SIGUSR1, lambda *_: heard.append("signal"))
    try:
        with sandbox.start(SMALL, mechanism=mechanism) as session:
            running = descendants(session.process.pid)
            (outcome,) = session.run([hostile(name, outside)])
            assert descendants(session.process.pid) == running, "a process was left behind"
            assert outcome.status == "ok", outcome
            assert outcome.steps[0].value == "[]"
            assert session.run([Program("", ("6 * 7",))])[0].steps[0].value == "42", "the sandbox did not survive"
    finally:
        signal.signal(signal.SIGUSR1, old)
    assert not heard
    assert snapshot(outside) == before
    assert (outside / "secret").read_text() == "untouched"


@pytest.mark.parametrize("name", ENDS)
def test_hostile_program_is_ended(name, mechanism, outside):
    started = time.monotonic()
    with sandbox.start(SMALL, mechanism=mechanism) as session:
        running = descendants(session.process.pid)
        outcome, after = session.run(
            [hostile(name, outside), Program("import math", ("repr(math.floor(42.5))", "6 * 7"))]
        )
        assert descendants(session.process.pid) == running
    assert outcome.status in ((ENDS[name],) if isinstance(ENDS[name], str) else ENDS[name])
    assert len(outcome.output) <= SMALL.output
    assert after.status == "ok"
    assert [step.value for step in after.steps] == ["'42'", "42"]
    assert time.monotonic() - started < 30


def test_forged_results_do_not_pass(mechanism, outside):
    """A program that says "42" to every file is not believed to have given what only the caller knows."""
    source = (HOSTILE / "forge_result.py").read_text()
    honest = Program("def f(x): return x * 6", ("f(7)", "f(8)"))
    with sandbox.start(SMALL, mechanism=mechanism) as session:
        forged, told = session.run([Program(source, ("f(7)", "f(8)")), honest])
    assert [step.value for step in forged.steps] != ["42", "48"]
    assert [step.value for step in told.steps] == ["42", "48"]


def test_nothing_of_one_program_reaches_the_next(mechanism):
    first = Program("import builtins\nbuiltins.left = 1\nimport json\njson.left = 1\nprint('seen')")
    second = Program(
        "import builtins, json, sys", ("hasattr(builtins, 'left')", "hasattr(json, 'left')", "sys.stdin.read()")
    )
    with sandbox.start(SMALL, mechanism=mechanism) as session:
        outcome = session.run([first, second])[1]
    assert [step.value for step in outcome.steps] == ["False", "False", "''"]
    assert outcome.output == ""


def test_closing_ends_every_process(mechanism):
    with sandbox.start(SMALL, mechanism=mechanism) as session:
        running = descendants(session.process.pid)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and any(Path(f"/proc/{process}").exists() for process in running):
        time.sleep(0.02)
    assert not [process for process in running if Path(f"/proc/{process}").exists()]


def test_sandbox_ends_with_its_caller(mechanism):
    """A killed job leaves nothing behind."""
    script = (
        "import sys, os, signal\n"
        f"sys.path.insert(0, {str(Path(sandbox.__file__).parents[2])!r})\n"
        "from halt import sandbox\n"
        f"with sandbox.start(mechanism={mechanism!r}) as session:\n"
        "    print(session.process.pid, flush=True)\n"
        "    session.run([sandbox.Program('import time; time.sleep(60)')])\n"
    )
    caller = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    inside = int(caller.stdout.readline())
    time.sleep(0.3)
    running = descendants(inside)
    caller.kill()
    caller.wait()
    caller.stdout.close()
    deadline = time.monotonic() + 5
    alive = running
    while alive and time.monotonic() < deadline:
        alive = {process for process in running if Path(f"/proc/{process}").exists()}
        time.sleep(0.02)
    assert not alive


def test_results_say_what_happened():
    programs = [
        Program("x = 3", ("x + 1", "y = x", "print(y)", "1 / 0", "{'b', 'a'} == {'a', 'b'}")),
        Program("x = (\n"),
        Program("a = 1\nb = c\n"),
        Program("n = int(input())\nprint(n * 2)\nexit()", stdin="21\n"),
        Program("", ("'x' * 10000",)),
        Program("", ("(", "1")),
    ]
    fine, syntax, name, stdin, long, step = sandbox.run(programs)
    assert [(s.value, s.output, s.error) for s in fine.steps] == [
        ("4", "", None),
        (None, "", None),
        ("None", "3\n", None),
        (None, "", "ZeroDivisionError"),
        ("True", "", None),
    ]
    assert (syntax.status, syntax.line) == ("syntax", 1)
    assert (name.status, name.error, name.line) == ("error", "NameError", 2)
    assert (stdin.error, stdin.output) == ("SystemExit", "42\n")
    assert long.steps[0].error == "ValueTooLong"
    assert [s.error for s in step.steps] == ["SyntaxError", None]


def test_program_stands_in_for_the_function_of_a_module():
    modules = {"pack": "", "pack.a": "def f(x): return 1\ndef g(x): return f(x)", "pack.b": "from pack.a import f\n"}
    program = Program(
        "def f(x): return 2", ("g(0)", "f(0)", "__import__('pack.b').b.f(0)"), modules=modules, home="pack.a"
    )
    program = program._replace(steps=("import pack.b", *program.steps))
    (outcome,) = sandbox.run([program])
    # pack.b is imported after the program has run, so it takes the new one too
    assert [step.value for step in outcome.steps] == [None, "2", "2", "2"]


def test_equal_programs_print_sets_in_equal_order():
    program = Program("", ("{'a', 'b', 'c', 'd'}",))
    assert sandbox.run([program]) == sandbox.run([program])


def test_refuses_with_every_reason_where_nothing_holds(monkeypatch):
    monkeypatch.setattr("halt.sandbox.running.probe", lambda mechanism: f"no {mechanism} here")
    with pytest.raises(
        sandbox.SandboxUnavailable, match=r"(?s)no bubblewrap here.*no landlock here.*Install bubblewrap"
    ):
        sandbox.chosen.__wrapped__()


def test_mechanism_that_lets_something_through_does_not_hold(monkeypatch, tmp_path):
    """The probe looks at what a program can do, not at what is installed."""
    monkeypatch.setattr("halt.sandbox.running.readable", lambda: ["/"])
    assert "read a file outside" in (
        sandbox.probe.__wrapped__("landlock") or "landlock: not on this kernel, read a file outside"
    )


def test_missing_bubblewrap_is_said(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert sandbox.probe.__wrapped__("bubblewrap") == "bwrap is not installed"


def test_bubblewrap_that_the_kernel_refuses_is_not_used(monkeypatch, tmp_path):
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert "No permissions" in sandbox.probe.__wrapped__("bubblewrap")


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_filter_allows_no_call_that_makes_a_process(machine):
    numbers = {"x86_64": {56, 57, 58, 59, 435}, "aarch64": {220, 221, 435}}[machine]
    code = seccomp.program(machine)
    instructions = [struct.unpack_from("=HBBI", code, at) for at in range(0, len(code), 8)]
    compared = {value for kind, _, _, value in instructions if kind == 0x15}
    assert not compared & numbers
    assert all(
        at + 1 + max(yes, no) < len(instructions) for at, (kind, yes, no, _) in enumerate(instructions) if kind != 0x06
    )


def test_unknown_machine_is_refused():
    with pytest.raises(seccomp.UnknownMachine, match="riscv64"):
        seccomp.program("riscv64")


def _of_python(name):
    return name.startswith("python3") or "linux-" in name


def test_no_installed_package_can_be_read(mechanism):
    """Not by a path to the packages of the interpreter that the environment was made from, either."""
    paths = [
        sysconfig.get_path("purelib"),
        f"{sys.base_prefix}/lib/python3.11/site-packages",
        "/usr/lib/python3/dist-packages",
    ]
    paths += [entry.path for entry in os.scandir("/usr/lib") if entry.is_dir() and not _of_python(entry.name)]
    steps = [f"__import__('os').listdir({path!r})" for path in paths]
    with sandbox.start(mechanism=mechanism) as session:
        [outcome] = session.run([sandbox.Program("import json, decimal, collections", tuple(steps))])
    assert outcome.status == "ok"
    assert all(step.error for step in outcome.steps)
    assert len(outcome.steps) == len(steps)


def test_a_program_says_no_more_than_its_limits():
    """What a child writes to the pipe itself is held to the bounds of what its steps may say."""
    forged = 'import os\nos.write(3, b\'{"status":"ok"}\\n{"value":"\' + b\'1\' * 9000 + b\'","output":""}\\n\')'
    [outcome] = sandbox.run([sandbox.Program(f"{forged}\nos._exit(0)", ("1",))])
    assert outcome.steps == ()


def test_a_program_does_not_find_its_own_text_in_a_frame():
    """What a beginning is completed with stands in no variable of the process, as text."""
    look = (
        "import sys\nfound, frame = [], sys._getframe()\n"
        "while frame:\n    found += [repr(v) for v in frame.f_locals.values()]\n    frame = frame.f_back\n"
        "found = any('SEC' + 'RET' in text for text in found)\nif False:\n    'SECRET'"
    )
    [outcome] = sandbox.run([sandbox.Program(look, ("found",))])
    assert [step.value for step in outcome.steps] == ["False"]
