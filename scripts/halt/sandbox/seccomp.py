"""The system calls that a sandboxed program may make, as a seccomp filter.

An allow-list: what a computation in Python needs and nothing else. No process or thread can be made: a fork bomb or a
background process cannot start, for root either. Nothing can be signaled, traced, connected or mounted. Files can be
opened for reading only. Everything else fails with EPERM, which a program sees as an ordinary PermissionError.
"""

import errno
import fcntl
import os
import platform
import struct

from halt.errors import HaltError

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_*, linux/audit.h
_X32 = 0x40000000  # the x86_64 table's second calling convention

# name:number on x86_64/on aarch64 (-: not there); asm/unistd_64.h and asm-generic/unistd.h
_NAMED = """
read:0/63 write:1/64 close:3/57 stat:4/- fstat:5/80 lstat:6/- poll:7/- lseek:8/62 mmap:9/222 mprotect:10/226
munmap:11/215 brk:12/214 rt_sigaction:13/134 rt_sigprocmask:14/135 rt_sigreturn:15/139 pread64:17/67 readv:19/65
writev:20/66 access:21/- select:23/- sched_yield:24/124 mremap:25/216 madvise:28/233 dup:32/23 nanosleep:35/101
getpid:39/172 exit:60/93 uname:63/160 getcwd:79/17 readlink:89/- readlinkat:267/78 gettimeofday:96/169
getrusage:98/165 sysinfo:99/179 times:100/153 getuid:102/174 getgid:104/176 geteuid:107/175 getegid:108/177
getppid:110/173 sigaltstack:131/132 gettid:186/178 time:201/- futex:202/98 sched_getaffinity:204/123
getdents64:217/61 restart_syscall:219/128 clock_gettime:228/113 clock_getres:229/114 clock_nanosleep:230/115
exit_group:231/94 newfstatat:262/79 faccessat:269/48 pselect6:270/72 ppoll:271/73 set_robust_list:273/99
getrandom:318/278 statx:332/291 rseq:334/293 faccessat2:439/439
"""
_ALLOWED = [call.partition(":")[2].split("/") for call in _NAMED.split()]
_OPENAT = (257, 56)
_FCNTL = (72, 25)
_IOCTL = (16, 29)
# F_SETOWN and F_SETSIG could send any signal to any process: only the commands of Python's own files are allowed
_FCNTL_ALLOWED = (fcntl.F_GETFD, fcntl.F_SETFD, fcntl.F_GETFL, fcntl.F_DUPFD_CLOEXEC)
_OPEN_REFUSED = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

# linux/bpf_common.h, linux/seccomp.h
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data


def _argument(index: int) -> int:
    return 16 + 8 * index  # its low half: both architectures are little-endian


class UnknownMachine(HaltError):
    """System calls have other numbers on this kind of machine, and this module does not know them."""


def program(machine: str | None = None) -> bytes:
    """The filter as an array of struct sock_filter, for this machine or the one named.

    UnknownMachine for a machine other than x86_64 and aarch64.
    """
    machine = machine or platform.machine()
    if machine not in _ARCHITECTURES:
        raise UnknownMachine(f"no seccomp filter for {machine}: known are {', '.join(_ARCHITECTURES)}")
    column = list(_ARCHITECTURES).index(machine)
    code = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
    ]
    for numbers in _ALLOWED:
        if numbers[column] != "-":
            code += [(_EQUAL, 0, 1, int(numbers[column])), (_RETURN, 0, 0, _ALLOW)]
    code += [
        (_EQUAL, 0, 4, _OPENAT[column]),
        (_LOAD, 0, 0, _argument(2)),
        (_ANY_BIT, 0, 1, _OPEN_REFUSED),
        (_RETURN, 0, 0, _ERRNO | errno.EACCES),
        (_RETURN, 0, 0, _ALLOW),
        # Python takes "not a terminal" as an answer and goes on
        (_EQUAL, 0, 1, _IOCTL[column]),
        (_RETURN, 0, 0, _ERRNO | errno.ENOTTY),
        (_EQUAL, 0, 1 + 2 * len(_FCNTL_ALLOWED), _FCNTL[column]),
        (_LOAD, 0, 0, _argument(1)),
    ]
    for command in _FCNTL_ALLOWED:
        code += [(_EQUAL, 0, 1, command), (_RETURN, 0, 0, _ALLOW)]
    code.append((_RETURN, 0, 0, _ERRNO | errno.EPERM))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)
