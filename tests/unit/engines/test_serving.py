"""A server of the workflow's own: a port to itself, an address for its consumers, and no process left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from runs import ROOT

from halt.engines import serving

# Answers any GET with 200 once it has started; refuses other keys than KEY; starts a process of its own.
SERVER = """
import http.server, os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[2], "w").write(f"{os.getpid()} {child.pid}")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        right = self.headers["Authorization"] == f"Bearer {os.environ['KEY']}"
        self.send_response(200 if right else 401)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
HOLD = """
import json, os, sys
from pathlib import Path
from halt.engines import serving
kept, port = serving.reserve_port()
address = serving.Address(f"http://127.0.0.1:{port}/v1", "right", "the.log")
path = Path(sys.argv[1])
address.write(path)
command = [sys.executable, "-c", sys.argv[2], str(port), sys.argv[3]]
sys.exit(serving.hold(command, {**os.environ, "KEY": "right"}, address, path))
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(what, seconds=60):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def start(folder: Path, server: str = SERVER, through: str | None = None) -> subprocess.Popen:
    """A held server; `through`: a shell command that starts it, for a parent of its own."""
    command = [sys.executable, "-c", HOLD, str(folder / "address.json"), server, str(folder / "pids")]
    if through:
        command = ["bash", "-c", through, "bash", *command]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")})


def pids(folder: Path) -> list[int]:
    wait_until(lambda: (folder / "pids").is_file() and " " in (folder / "pids").read_text())
    return [int(pid) for pid in (folder / "pids").read_text().split()]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_server_and_its_children_end_with_the_service(tmp_path, signum):
    service = start(tmp_path)
    address = (wait_until((tmp_path / "address.json").is_file), serving.answering(tmp_path / "address.json"))[1]
    assert address.endpoint.startswith("http://127.0.0.1:")
    started = pids(tmp_path)
    assert all(map(alive, started))
    service.send_signal(signum)
    assert service.wait(30) == (-signum if signum == signal.SIGKILL else 0)
    wait_until(lambda: not any(map(alive, started)), 30)
    assert serving.Address(**json.loads((tmp_path / "address.json").read_text())).ended is None


def test_the_server_ends_when_what_started_the_service_is_killed(tmp_path):
    parent = start(tmp_path, through='"$@"; true')  # bash stays as the parent
    started = pids(tmp_path)
    parent.kill()
    parent.wait()
    wait_until(lambda: not any(map(alive, started)), 30)


def test_the_server_ends_when_its_address_is_taken_away(tmp_path):
    service = start(tmp_path)
    started = pids(tmp_path)
    (tmp_path / "address.json").unlink()
    assert service.wait(30) == 0
    assert not any(map(alive, started))


def test_those_who_wait_hear_that_the_server_ended(tmp_path):
    service = start(tmp_path, server="import sys; sys.exit(3)")
    assert service.wait(60) == 3
    with pytest.raises(serving.ServingError, match=r"ended with status 3: see the\.log"):
        serving.answering(tmp_path / "address.json")


def test_a_wrong_key_is_an_error_and_not_waited_for(tmp_path):
    service = start(tmp_path)
    path = tmp_path / "address.json"
    wait_until(path.is_file)
    address = serving.answering(path)
    address._replace(key="wrong").write(path)
    with pytest.raises(serving.ServingError, match="answers with status 401"):
        serving.answering(path)
    service.terminate()
    service.wait(30)


def test_an_address_is_its_owner_s_to_read(tmp_path):
    path = tmp_path / "folder" / "address.json"
    serving.Address("http://127.0.0.1:1/v1", "key", "log").write(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["address.json"]


def test_a_reserved_port_is_given_to_nobody_else_and_can_be_bound_by_its_number():
    kept, port = serving.reserve_port()
    others = [serving.reserve_port() for _ in range(300)]
    assert len({port, *(other for _, other in others)}) == 301
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((serving.HOST, port))
        server.listen()
    for socket_, _ in [(kept, port), *others]:
        socket_.close()


def test_no_key_is_on_a_command_line():
    for name in ("transformers", "vllm"):
        command = serving.command(name, Path("results/models/m"), "bfloat16", 8000, 2)
        assert command[:3] == [name, "serve", "results/models/m"]
        assert command[command.index("--host") + 1] == "127.0.0.1"
        assert not any("key" in word for word in command)
    assert command[command.index("--tensor-parallel-size") + 1] == "2"
    assert command[command.index("--served-model-name") + 1] == "results/models/m"
    assert not {"--enforce-eager", "--no-enable-chunked-prefill"} & set(command)


def test_the_cpu_build_of_vllm_serves_without_a_gpu():
    command = serving.command("vllm", Path("results/models/m"), "bfloat16", 8000, 0)
    assert command[command.index("--tensor-parallel-size") + 1] == "1"
    assert {"--enforce-eager", "--no-enable-chunked-prefill"} <= set(command)
