"""One run at a time in a results folder, and a dead one is in nobody's way."""

import errno
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys

import pytest
from runs import ROOT

from halt.running import locking

_HOLD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from halt.running import locking
locking.hold(Path(sys.argv[2]))
print("held", flush=True)
sys.stdin.read()
"""
SCRIPTS = ROOT / "scripts"


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, SCRIPTS, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def said_by(folder, **holder):
    (folder / locking.NAME).write_text(json.dumps(holder))


def hold_and_release(folder):
    locking.release(locking.hold(folder))


def test_a_second_run_is_refused_in_one_line_that_names_the_first(holder, tmp_path):
    with pytest.raises(locking.LockError) as refused:
        locking.hold(tmp_path)
    message = str(refused.value)
    assert "\n" not in message
    assert f"process {holder.pid} on {socket.gethostname()}, since 20" in message
    assert "remove" not in message  # it lives


def test_after_the_end_the_folder_is_free_and_nothing_is_said(holder, tmp_path, capfd):
    holder.communicate()
    hold_and_release(tmp_path)
    assert capfd.readouterr().err == ""
    assert (tmp_path / locking.NAME).read_text() == ""


def test_a_killed_run_blocks_nobody_and_is_named(holder, tmp_path, capfd):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    hold_and_release(tmp_path)
    assert f"process {holder.pid} " in capfd.readouterr().err


def test_a_run_on_another_machine_is_believed_until_its_file_is_removed(tmp_path):
    said_by(tmp_path, host="login2", pid=12, since="2025-01-01")
    with pytest.raises(locking.LockError, match=r"process 12 on login2.*remove .*/\.lock"):
        locking.hold(tmp_path)
    (tmp_path / locking.NAME).unlink()
    hold_and_release(tmp_path)


@pytest.mark.parametrize("error", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_without_locks_in_the_file_system_a_living_process_is_still_seen(tmp_path, monkeypatch, error):
    def no_locks(*_):
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    first = locking.hold(tmp_path)
    with pytest.raises(locking.LockError, match=f"process {os.getpid()} on"):
        locking.hold(tmp_path)
    locking.release(first)
    dead = subprocess.Popen(["true"])
    dead.wait()
    said_by(tmp_path, host=socket.gethostname(), pid=dead.pid, since="2025-01-01")
    hold_and_release(tmp_path)


def test_a_link_to_nowhere_is_one_line(tmp_path):
    (tmp_path / "results").symlink_to(tmp_path / "scratch")
    with pytest.raises(locking.LockError, match="a link to one"):
        locking.hold(tmp_path / "results")


def test_two_links_to_one_folder_are_one_folder(holder, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(locking.LockError):
        locking.hold(tmp_path / "link")


def test_a_run_that_has_not_yet_said_who_it_is_is_seen(holder, tmp_path):
    (tmp_path / locking.NAME).write_text("")
    with pytest.raises(locking.LockError, match="another run works in this folder: wait for its end or stop it"):
        locking.hold(tmp_path)
