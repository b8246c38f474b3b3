"""A real HTTP server on this machine that answers chat requests as a test tells it to, faults included."""

import contextlib
import json
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Asked(NamedTuple):
    """One POST request; attempt counts from 0 how often the very same body was asked before."""

    body: dict
    attempt: int
    authorization: str | None

    @property
    def last(self) -> str:
        """The newest message of the conversation."""
        return self.body["messages"][-1]["content"]


class Reply(NamedTuple):
    """What the server does: an answer, or a fault (drop: close without a word; hang: say nothing)."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    drop: bool = False
    hang: bool = False


NO_MODELS = Reply(404)  # many servers have no list of models


def chat(text: str | None, finish: str = "stop", delay: float = 0.0) -> Reply:
    """A well-formed chat completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    usage = {"prompt_tokens": 1, "completion_tokens": len((text or "").split()), "total_tokens": 1}
    return Reply(body=json.dumps({"choices": [choice], "usage": usage}).encode(), delay=delay)


def error(status: int, message: str, code: str | None = None, **headers: str) -> Reply:
    """An error in OpenAI's form."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    said = {"message": message, "type": "test", "code": code}
    return Reply(status, json.dumps({"error": said}).encode(), named)


class Server:
    """What the tests look at: every request, when it came, and how many were in flight at once."""

    def __init__(self, answer: Callable[[Asked], Reply], models: Reply):
        self.answer, self.models = answer, models
        self.asked: list[Asked] = []
        self.times: list[float] = []
        self.in_flight = self.most_in_flight = 0
        self.endpoint = ""
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def begin(self, raw: bytes, authorization: str | None) -> Asked:
        with self._lock:
            asked = Asked(json.loads(raw), self._seen[raw.decode()], authorization)
            self._seen[raw.decode()] += 1
            self.asked.append(asked)
            self.times.append(time.monotonic())
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        return asked

    def end(self) -> None:
        with self._lock:
            self.in_flight -= 1


@contextlib.contextmanager
def serve(answer: Callable[[Asked], Reply], models: Reply = NO_MODELS) -> Iterator[Server]:
    """Serve on a free local port while the block runs; `models` answers GET .../models."""
    state = Server(answer, models)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self._send(state.models)

        def do_POST(self):
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            reply = state.answer(state.begin(raw, self.headers["Authorization"]))
            try:
                if reply.hang:
                    self._wait_for_the_client_to_leave()
                time.sleep(reply.delay)
            finally:
                state.end()  # before the answer is out: the client may ask again as soon as it has it
            if reply.drop or reply.hang:
                self.close_connection = True
                return
            self._send(reply)

        def _wait_for_the_client_to_leave(self):
            readable, _, _ = select.select([self.connection], [], [], 10)
            left = bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)
            assert left, "the client did not give up"

        def _send(self, reply):
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        state.endpoint = f"http://127.0.0.1:{server.server_address[1]}/v1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
