"""A hub on this machine: the part of the Hugging Face hub's HTTP interface that its client fetches files by.

HEAD and GET of [datasets/]OWNER/NAME/resolve/COMMIT/PATH. Small text is served at once, with its git blob id as ETag;
what the hub keeps in LFS is a redirect to another address, with size and sha256 in headers of their own. Errors carry
the hub's X-Error-Code. Point the client here with HF_ENDPOINT. `Hub.faults` says what goes wrong.
"""

import contextlib
import dataclasses
import hashlib
import re
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

_LFS = (".parquet", ".zip", ".safetensors", ".bin")
_ASKED = re.compile(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


class Repository(NamedTuple):
    """One repository at its only commit."""

    commit: str
    files: Mapping[str, bytes]  # by path


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    status: int
    range: str = ""
    token: str = ""


@dataclasses.dataclass
class Faults:
    """What goes wrong, from now on."""

    gated: bool = False  # without a token, and with that of a STRANGER
    status: int = 0  # the answer to everything
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)  # that go with it
    times: int = 10**6  # how often the answer is `status`, or a body is cut
    cut: int | None = None  # bytes of a body after which the connection ends
    reset: bool = False  # it ends by a reset
    altered: bool = False  # a bit of each body is another one
    commit: str = ""  # the commit that is named
    etag: str | None = None  # what the checksum is instead


STRANGER, UNKNOWN, NARROW = "hf_stranger", "hf_unknown", "hf_narrow"  # tokens: not let in, of nobody, with no right


class Hub:
    """What the tests look at: its address, and every request."""

    def __init__(self, datasets: Mapping[str, Repository], models: Mapping[str, Repository]):
        self.datasets, self.models = datasets, models
        self.asked: list[Asked] = []
        self.faults = Faults()
        self.endpoint = ""

    def environment(self, folder) -> dict[str, str]:
        """Variables that send the client here, with a cache of its own in `folder`, past any proxy."""
        return {
            "HF_ENDPOINT": self.endpoint,
            "HF_HOME": str(folder),
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }


@contextlib.contextmanager
def serve(datasets: Mapping[str, Repository], models: Mapping[str, Repository] | None = None) -> Iterator[Hub]:
    """Serve repositories, by OWNER/NAME, on a free local port while the block runs."""
    hub = Hub(datasets, models or {})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self):
            self._answer()

        def do_GET(self):
            self._answer()

        def _answer(self):
            path = unquote(urlsplit(self.path).path)
            if hub.faults.status and hub.faults.times > 0:
                hub.faults.times -= 1
                self._send(hub.faults.status, hub.faults.headers, b"no")
                return
            stored = path.removeprefix("/lfs")
            asked = _ASKED.fullmatch(stored)
            repository = (hub.datasets if asked and asked[1] else hub.models).get(asked[2]) if asked else None
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if token == UNKNOWN:
                self._refuse(401, None, "Invalid credentials in Authorization header")
            elif token == NARROW:
                self._refuse(403, None, "Please enable access to public gated repositories in your token settings")
            elif hub.faults.gated and token in ("", STRANGER) and stored == path:
                self._refuse(403 if token else 401, "GatedRepo", "Access to this repository is restricted.")
            elif repository is None:
                self._refuse(401, "RepoNotFound", "Repository not found")
            elif asked[3] != repository.commit:
                self._refuse(404, "RevisionNotFound", f"Invalid rev id: {asked[3]}")
            elif asked[4] not in repository.files:
                self._refuse(404, "EntryNotFound", "Entry not found", repository.commit)
            elif stored == path and path.endswith(_LFS):
                self._redirect(path, repository.files[asked[4]], repository.commit)
            else:
                self._give(repository.files[asked[4]], repository.commit, path.endswith(_LFS))

        def _refuse(self, status, code, message, commit=None):
            named = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
            self._send(status, named | ({"X-Repo-Commit": commit} if commit else {}), message.encode())

        def _redirect(self, path, data, commit):
            named = {
                "X-Repo-Commit": hub.faults.commit or commit,
                "X-Linked-Size": str(len(data)),
                "X-Linked-Etag": f'"{hashlib.sha256(data).hexdigest()}"',
                "Location": f"{hub.endpoint}/lfs{path}",
            }
            self._send(302, named, b"Found")

        def _give(self, data, commit, lfs):
            blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            etag = hashlib.sha256(data).hexdigest() if lfs else blob
            named = {"X-Repo-Commit": hub.faults.commit or commit, "ETag": f'"{etag}"'}
            if hub.faults.etag is not None:
                named["ETag"] = hub.faults.etag
            if hub.faults.altered:
                data = data[:-1] + bytes([data[-1] ^ 1])
            start = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            if start is None:
                self._send(200, named, data)
            else:
                place = f"bytes {start[1]}-{len(data) - 1}/{len(data)}"
                self._send(206, named | {"Content-Range": place}, data[int(start[1]) :])

        def _send(self, status, named, body):
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            hub.asked.append(Asked(self.command, self.path, status, self.headers.get("Range", ""), token))
            self.send_response(status)
            for name, value in named.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "GET":
                return
            cut = hub.faults.cut
            if cut is None or status >= 300 or len(body) <= cut or hub.faults.times <= 0:
                self.wfile.write(body)
                return
            hub.faults.times -= 1
            self.wfile.write(body[:cut])
            self.wfile.flush()
            if hub.faults.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
