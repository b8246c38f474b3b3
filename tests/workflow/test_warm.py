"""A program that starts warm is, from outside, the program: what it is given, says, and ends with; and it ends."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import warm
from runs import environment


@pytest.fixture
def start(tmp_path):
    """Start a program of these lines warm, in a folder of its own."""

    def started(lines, *arguments):
        (tmp_path / "program.py").write_text(f"import os, signal, sys, time\n{lines}\n")
        command = ["python", "program.py", *arguments]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        env = environment(**warm.environment(environment()["PATH"]), GIVEN="here", PYTHONPATH=str(tmp_path / "more"))
        return subprocess.Popen(command, cwd=tmp_path, env=env, text=True, **pipes)

    return started


def wait_for(file: Path) -> str:
    end = time.monotonic() + 60
    while not (file.is_file() and file.read_text()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return file.read_text()


def test_it_has_its_arguments_folder_environment_and_pipes(start, tmp_path):
    said, _ = start(
        "print(sys.argv, os.getcwd(), os.environ['GIVEN'], __name__, *sys.path[:2], input())", "a b"
    ).communicate("in\n", timeout=60)
    assert said == f"['program.py', 'a b'] {tmp_path} here __main__ {tmp_path} {tmp_path}/more in\n"


@pytest.mark.parametrize(
    ("last", "status", "error"),
    [
        ("pass", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("sys.exit('one line')", 1, "one line\n"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero\n"),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
        ("import atexit; atexit.register(print, 'over', file=sys.stderr)", 0, "over\n"),
    ],
)
def test_it_ends_as_the_program_does(start, last, status, error):
    process = start(f"print('said')\n{last}" if "KILL" not in last else f"print('said', flush=True)\n{last}")
    said, complaint = process.communicate(timeout=60)
    assert (said, process.returncode) == ("said\n", status)
    assert complaint.endswith(error)
    assert bool(complaint) == bool(error)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_it(start, tmp_path, signum):
    process = start(
        f"signal.signal({int(signum)}, lambda *_: sys.exit(7))\nopen('ready', 'w').write('yes')\ntime.sleep(60)"
    )
    wait_for(tmp_path / "ready")
    process.send_signal(signum)
    assert process.wait(60) == 7


def test_it_and_what_it_started_are_gone_when_it_is_killed(start, tmp_path):
    process = start(
        "import subprocess\nchild = subprocess.Popen(['sleep', '600'])\n"
        "open('ids', 'w').write(f'{os.getpid()} {child.pid}')\ntime.sleep(600)"
    )
    ids = [int(pid) for pid in wait_for(tmp_path / "ids").split()]
    process.kill()
    process.wait()
    end = time.monotonic() + 30
    while any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in ids):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_without_a_program_python_is_python():
    said = subprocess.run(
        ["python", "-c", "import sys; print(sys.executable, 'torch' in sys.modules)"],
        env=environment(**warm.environment(environment()["PATH"])),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said == f"{sys.executable} False\n"
