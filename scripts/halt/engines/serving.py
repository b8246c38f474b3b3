"""An evaluator as a server of the workflow's own: started for some jobs, found by them, and ended after them.

Snakemake ends a service with SIGTERM if its consumers are done, with SIGKILL if one of them fails, and not at all if it
is killed itself. So a second process watches the server. It ends the server if the first one, the service as Snakemake
knows it, is gone for any reason.

The address file is written before the server answers: Snakemake waits for the file only as long as its latency-wait,
and a large model takes minutes to load. The consumer waits for the server.
"""

import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

from halt.errors import HaltError

HOST = "127.0.0.1"  # consumers run in the same allocation, on the same machine
GRACE = 10.0  # seconds from SIGTERM to SIGKILL
_LOOK = 0.5  # seconds between two looks at what may have ended


class ServingError(HaltError):
    """The server cannot be started or has ended; the message says how and where its log is."""


class Address(NamedTuple):
    """Where a server answers (URL up to and with /v1), its key if it takes one, its log, its exit status once ended."""

    endpoint: str
    key: str | None
    log: str
    ended: int | None = None

    def write(self, path: Path) -> None:
        """Write it to a file that only its owner can read, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.unlink(missing_ok=True)
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(self._asdict(), file)
        os.replace(temporary, path)


def reserve_port() -> tuple[socket.socket, int]:
    """A free port, and a socket that keeps others from getting it. A server can still bind it by number.

    Linux lets two sockets with SO_REUSEADDR bind one address while neither listens, and gives a bound port to nobody
    who asks for any port. The server sets SO_REUSEADDR, as uvicorn and vLLM do.
    """
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind((HOST, 0))
    return kept, kept.getsockname()[1]


def command(server: str, model: Path, dtype: str, port: int, gpus: int) -> list[str]:
    """The command that starts a server of a model folder; the model's name is the folder as given here.

    server: transformers (`transformers serve`) or vllm (`vllm serve`, tensor parallel over `gpus`; without GPUs it is
    vLLM's CPU build, which gets what halt.engines.vllm gives it there).
    """
    where = ["--host", HOST, "--port", str(port)]
    if server == "transformers":
        return ["transformers", "serve", str(model), *where, "--dtype", dtype]
    named = ["--served-model-name", str(model), "--max-model-len", "auto", "--enable-prefix-caching"]
    on_cpu = [] if gpus else ["--no-enable-chunked-prefill", "--enforce-eager"]
    spread = ["--tensor-parallel-size", str(max(1, gpus))]
    return ["vllm", "serve", str(model), *where, "--dtype", dtype, *spread, *named, *on_cpu]


def hold(command: Sequence[str], environment: Mapping[str, str], address: Address, path: Path) -> int:
    """Run a server until this process gets SIGTERM or SIGINT, its parent or `path` is gone, or the server ends.

    Leaves no process of the server, even if this process is killed with SIGKILL. Returns 0 if the server was
    stopped, its own status (1 for 0) if it ended by itself; then `path` says so to those who wait.
    """
    parent = os.getppid()
    reader, writer = os.pipe()
    guard = os.fork()
    if guard == 0:
        os.close(writer)
        _guard(reader, command, environment, address, path)
    os.close(reader)
    stopped = False

    def stop(*_) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    # Snakemake removes the address if it gives up a group. It forgets the service if no consumer had started yet.
    while not stopped and os.getppid() == parent and path.exists():
        ended, status = os.waitpid(guard, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(_LOOK)
    os.close(writer)
    os.waitpid(guard, 0)
    return 0


def _guard(
    reader: int, command: Sequence[str], environment: Mapping[str, str], address: Address, path: Path
) -> NoReturn:
    """Run the server until the other end of the pipe is closed. In its own session: Ctrl-C and kills miss it."""
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    server = subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        restore_signals=True,
        preexec_fn=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL),
    )
    while server.poll() is None:
        if select.select([reader], [], [], _LOOK)[0]:
            _end(server)
            os._exit(0)
    _end(server)  # processes that it may have left
    status = server.returncode if server.returncode > 0 else 1
    address._replace(ended=status).write(path)
    print(f"[halt] the server ended by itself, status {server.returncode}", flush=True)
    os._exit(status)


def _end(server: subprocess.Popen) -> None:
    """SIGTERM to all processes of the server's group, after GRACE SIGKILL to the rest."""
    for number, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, None)):
        try:
            os.killpg(server.pid, number)
            server.wait(patience)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def told(address: Address) -> str:
    """That a server has ended, in words."""
    return f"the evaluator's server ended with status {address.ended}: see {address.log}"


def answering(path: Path) -> Address:
    """The address in a file, once the server answers there; waits as long as the server lives.

    ServingError if the server has ended or rejects its key.
    """
    import httpx

    begun = time.monotonic()
    # trust_env: no proxy lies between two processes of one machine
    with httpx.Client(trust_env=False, timeout=30) as client:
        while True:
            address = Address(**json.loads(path.read_text()))
            if address.ended is not None:
                raise ServingError(told(address))
            headers = {"Authorization": f"Bearer {address.key}"} if address.key else {}
            try:
                with client.stream("GET", f"{address.endpoint}/models", headers=headers) as response:
                    status = response.status_code  # the body is not read
            except httpx.RequestError:
                time.sleep(_LOOK)
                continue
            if status != 200:
                raise ServingError(f"the evaluator's server answers with status {status}: see {address.log}")
            print(f"[halt] the evaluator answers after {time.monotonic() - begun:.0f} s", flush=True)
            return address
