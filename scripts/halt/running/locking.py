"""One run at a time in one results folder.

Snakemake locks the folder that it is started in. Two clones with one `results` folder on scratch would not see each
other. So the results folder itself is locked. The kernel holds the lock while the process lives: a killed run leaves
none. Some file systems know locks of one machine only (Lustre's localflock, some network file systems). So the
file also says who holds it, and a holder on another machine is believed until a person removes the file.
"""

import atexit
import errno
import fcntl
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import IO

from halt.errors import HaltError

NAME = ".lock"
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)  # a file system without locks


class LockError(HaltError):
    """Another run works in this results folder, or it cannot be locked. The message says who and what to do."""


def hold(results: Path) -> IO[str]:
    """Lock a results folder until this process ends, or until the returned file is given to `release`. LockError."""
    path = results / NAME
    try:
        results.mkdir(exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise LockError(f"{path}: {error.strerror}, expected a writable folder, or a link to one") from error
    kernel = _lock(file)
    holder = _read(file)
    if kernel is False or (holder and not _dead(holder, certain=kernel is True)):
        file.close()
        raise LockError(_refusal(path, holder, alive=kernel is False))
    if holder:
        print(
            f"{results}: the run of process {holder['pid']} since {holder['since']} was killed: if it had sent jobs to"
            " a cluster, check that none still runs",
            file=sys.stderr,
        )
    since = time.strftime("%Y-%m-%d %H:%M:%S %z")
    _write(file, json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "since": since}) + "\n")
    atexit.register(release, file)
    return file


def release(file: IO[str]) -> None:
    """Release the lock; does nothing if it is released."""
    if not file.closed:
        _write(file, "")
        file.close()


def _lock(file: IO[str]) -> bool | None:
    """True: ours. False: another process of this machine, or of the file system, has it. None: no locks here."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return None
        raise LockError(f"{file.name}: cannot be locked ({error.strerror})") from error
    return True


def _dead(holder: dict, certain: bool) -> bool:
    """Whether a holder that the kernel does not know is gone. For another machine nobody can tell."""
    if holder["host"] != socket.gethostname():
        return False
    if certain:
        return True
    try:
        os.kill(holder["pid"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # it lives, as another user
        pass
    return False


def _refusal(path: Path, holder: dict, alive: bool) -> str:
    who = "another run"
    if holder:
        who = f"another run (process {holder['pid']} on {holder['host']}, since {holder['since']})"
    what = "wait for its end or stop it" if alive else f"wait for its end; if it is dead, remove {path}"
    return f"{path.parent}: {who} works in this folder: {what}"


def _read(file: IO[str]) -> dict:
    file.seek(0)
    try:
        return json.loads(file.read() or "{}")
    except json.JSONDecodeError:  # cut off by a full disk; the kernel's lock still counts
        return {}


def _write(file: IO[str], text: str) -> None:
    file.truncate(0)
    file.write(text)  # opened to append: at the new end
    file.flush()
