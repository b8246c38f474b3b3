"""How a process takes rights from itself: Landlock, namespaces, limits, capabilities, seccomp.

Runs inside the sandbox, before any program does; standard library only. Every function raises OSError, with the name of
the call that the kernel refused, if it cannot set its bound.
"""

import ctypes
import os
import resource
import signal
import struct

_libc = ctypes.CDLL(None, use_errno=True)

_CLONE = {"mount": 0x00020000, "uts": 0x04000000, "ipc": 0x08000000, "user": 0x10000000}
_CLONE |= {"pid": 0x20000000, "net": 0x40000000}
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = (1, 2, 4, 32, 4096, 16384, 1 << 18)
_MNT_DETACH = 2
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = (1, 4, 22, 38)
_SECCOMP_MODE_FILTER = 2
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = (444, 445, 446)  # the same on every architecture
_LANDLOCK_READ_FILE, _LANDLOCK_READ_DIR = 1 << 2, 1 << 3
_LANDLOCK_FILES = {1: 13, 2: 14, 3: 15, 4: 15}  # ABI: how many file rights it knows; 16 from ABI 5 on
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_CAPABILITY_VERSION_3 = 0x20080522


def _checked(name: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def _prctl(name: str, option: int, *values) -> None:
    padded = [ctypes.c_ulong(v) if isinstance(v, int) else v for v in (*values, 0, 0, 0, 0)[:4]]
    _checked(name, _libc.prctl(option, *padded))


def die_with(parent: int) -> None:
    """End this process as soon as `parent`, its parent process, ends."""
    _prctl("prctl(PR_SET_PDEATHSIG)", _PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def landlock(readable: list[str]) -> None:
    """From now on only files and folders under `readable` can be opened, and only for reading.

    If the kernel can, TCP is refused, and signals and abstract sockets reach only this process's own descendants.
    """
    abi = _checked("landlock", _libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1))
    files = (1 << _LANDLOCK_FILES.get(abi, 16)) - 1
    attributes = struct.pack("=QQQ", files, 0b11 if abi >= 4 else 0, 0b11 if abi >= 6 else 0)
    attributes = attributes[: 24 if abi >= 6 else 16 if abi >= 4 else 8]
    rules = _checked(
        "landlock_create_ruleset", _libc.syscall(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0)
    )
    for path in readable:
        if os.path.islink(path):  # its target is listed too, or must not be read
            continue
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rights = _LANDLOCK_READ_FILE | (_LANDLOCK_READ_DIR if os.path.isdir(path) else 0)
        _checked("landlock_add_rule", _libc.syscall(_LANDLOCK_ADD, rules, 1, struct.pack("=Qi", rights, handle), 0))
        os.close(handle)
    _prctl("prctl(PR_SET_NO_NEW_PRIVS)", _PR_SET_NO_NEW_PRIVS, 1)
    _checked("landlock_restrict_self", _libc.syscall(_LANDLOCK_RESTRICT, rules, 0))
    os.close(rules)


def namespaces(readable: list[str]) -> None:
    """Move into new user, mount, pid, network, ipc and uts namespaces whose only files are `readable`, read-only.

    Returns in a new process, the first of its pid namespace. The calling process waits for it and ends with its status.
    """
    user, group = os.geteuid(), os.getegid()
    _checked("unshare", _libc.unshare(sum(_CLONE.values())))
    for name, text in (("setgroups", "deny"), ("uid_map", f"65534 {user} 1"), ("gid_map", f"65534 {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    child = os.fork()
    if child:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)
    # getppid() is 0 across the border of a pid namespace
    _prctl("prctl(PR_SET_PDEATHSIG)", _PR_SET_PDEATHSIG, signal.SIGKILL)
    _new_root(readable)


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    encoded = [None if v is None else v.encode() for v in (source, target, kind)]
    result = _libc.mount(*encoded, ctypes.c_ulong(flags), None if data is None else data.encode())
    _checked(f"mount({target})", result)


def _new_root(readable: list[str]) -> None:
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", "/tmp", "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,mode=755")
    os.mkdir("/tmp/old")
    _checked("pivot_root", _libc.syscall(_PIVOT_ROOT[os.uname().machine], b"/tmp", b"/tmp/old"))
    os.chdir("/")
    for path in readable:
        outside = f"/old{path}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.islink(outside):
            os.symlink(os.readlink(outside), path)
            continue
        if os.path.isdir(outside):
            os.makedirs(path, exist_ok=True)
        else:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
        _mount(outside, path, None, _MS_BIND | _MS_REC)
        # a user namespace may not take away flags that the mount already has
        flags = os.statvfs(path).f_flag & (_MS_NOSUID | _MS_NODEV | 8 | 1024 | 2048)
        _mount("none", path, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV | flags)
    _checked("umount2", _libc.umount2(b"/old", _MNT_DETACH))
    os.rmdir("/old")
    _mount("none", "/", None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)


def limits(memory: int, cpu_seconds: int, file_bytes: int) -> None:
    """Bounds of this process and all it starts: address space (bytes), CPU (seconds), any one file (bytes)."""
    for kind, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_NPROC, 0),  # for an ordinary user; root is held by the seccomp filter
    ):
        resource.setrlimit(kind, (value, value))


def hide() -> None:
    """Close this process's /proc files (memory, open files) to other processes of the same user, its children too."""
    _prctl("prctl(PR_SET_DUMPABLE)", _PR_SET_DUMPABLE, 0)


def drop_capabilities() -> None:
    """Give up every capability: root becomes an ordinary user that owns root's files."""
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _checked("capset", _libc.capset(header, bytes(24)))


def seccomp(code: bytes) -> None:
    """Install the filter (seccomp.program) for the rest of this process's life."""
    array = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HP", len(code) // 8, ctypes.addressof(array))
    _prctl("prctl(PR_SET_NO_NEW_PRIVS)", _PR_SET_NO_NEW_PRIVS, 1)
    _prctl("prctl(PR_SET_SECCOMP)", _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.c_char_p(header))
