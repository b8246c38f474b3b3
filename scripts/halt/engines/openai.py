"""Any OpenAI-compatible chat endpoint (vLLM, SGLang, llama.cpp, a vendor's): replies over HTTP.

Requests run side by side up to a limit, are tried again with back-off where that can help, and every reply is written
to a file as it comes: a run that was killed asks for nothing that it has an answer to.

The API key is read from an environment variable whose name is configured. It is sent to the endpoint and goes nowhere
else: what the server says is cleaned of it before it becomes a text, a message or a line of a file.
"""

import email.utils
import hashlib
import json
import os
import random
import re
import threading
import time
import urllib.parse
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from json import JSONDecodeError
from pathlib import Path

import httpx

from halt.engines import Completion, EngineError, Prompt, Sampling, request_seed

LONGEST_WAIT = 600.0  # seconds; a server that asks to wait longer ends the run with its message
_LONGEST_BACKOFF = 60.0
_LONGEST_MESSAGE = 300  # characters of a server's message
_RETRIED = frozenset({408, 425, 429, *range(500, 600)})


class Engine:
    """One model behind one endpoint.

    endpoint: URL up to and with the version (http://host:8000/v1), without user, password or query. api_key_variable:
    NAME of the environment variable that holds the key, None for an open server. key: the key itself, of a server that
    the workflow started. concurrency: most requests in flight.
    retries: further tries of one request after the first. timeout: seconds without a byte until a try is given up.
    replies: file that keeps the replies (JSON lines). backoff: seconds before the first further try, doubled for each.
    """

    def __init__(
        self,
        endpoint: str,
        model: str,
        replies: Path | str,
        api_key_variable: str | None = None,
        concurrency: int = 8,
        retries: int = 6,
        timeout: float = 120.0,
        backoff: float = 1.0,
        key: str | None = None,
    ):
        self.endpoint, self.model = _checked(endpoint), model
        self.concurrency, self.retries, self.backoff = concurrency, retries, backoff
        self._replies = _Replies(Path(replies))
        self._key = key if api_key_variable is None else _read_key(api_key_variable)
        self._client = httpx.Client(
            headers={} if self._key is None else {"Authorization": f"Bearer {self._key}"},
            timeout=timeout,
            mounts={"all://127.0.0.1": None},  # what is on this machine is on no proxy's side of it
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
        )
        self._reached = False

    def close(self) -> None:
        """Close the connections and the file of replies."""
        self._client.close()
        self._replies.close()

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[list[Completion]]:
        """N completions of every prompt, in order. Equal requests, and those answered before, are asked once.

        `tokens` of a completion is 0 where the server reports no usage. EngineError at once on a status that another
        try cannot change, else after the last try; replies that came before it are kept.
        """
        bodies = [[self._body(prompt, sampling, sample) for sample in range(sampling.samples)] for prompt in prompts]
        missing = {_digest(body): body for row in bodies for body in row if _digest(body) not in self._replies}
        if missing:
            self._reach()
            self._ask_all(missing)
        return [[self._replies[_digest(body)] for body in row] for row in bodies]

    def _body(self, prompt: Prompt, sampling: Sampling, sample: int) -> dict:
        if prompt.messages is None:
            raise EngineError(f"{self.endpoint}: a chat endpoint takes messages, prompt '{prompt.id}' is plain text")
        body = {
            "model": self.model,
            "messages": prompt.messages,
            "temperature": sampling.temperature,
            "max_tokens": sampling.max_new_tokens,
        }
        if sampling.stop:
            body["stop"] = list(sampling.stop)
        if sampling.temperature > 0:
            body |= {"top_p": sampling.top_p, "seed": request_seed(sampling.seed, prompt.id, sample)}
        return body

    def _reach(self) -> None:
        """Ask for the list of models once, so that a wrong address or key is found before the first question."""
        if self._reached:
            return
        try:
            response = self._client.get(f"{self.endpoint}/models")
        except httpx.RequestError as error:
            raise EngineError(
                f"cannot reach {self.endpoint} ({self._clean(_name(error))}): is the server running, and is the "
                "judge's `endpoint` right?"
            ) from None
        if response.status_code in (401, 403):
            raise self._refused(response)
        self._reached = True

    def _ask_all(self, bodies: Mapping[str, dict]) -> None:
        stop = threading.Event()
        with ThreadPoolExecutor(self.concurrency) as pool:
            futures = [pool.submit(self._ask_one, digest, body, stop) for digest, body in bodies.items()]
            try:
                for future in as_completed(futures):
                    future.result()
            finally:  # also on a keyboard interrupt: what waits wakes up and nothing new is asked
                stop.set()

    def _ask_one(self, digest: str, body: dict, stop: threading.Event) -> None:
        """Ask unless another request has failed for good; the reply goes to the file."""
        if stop.is_set():
            return
        try:
            completion = self._ask(body, stop)
        except EngineError:
            stop.set()
            raise
        if completion is not None:
            self._replies.add(digest, completion)

    def _ask(self, body: dict, stop: threading.Event) -> Completion | None:
        """Try one request until it is answered; None if it was called off while it waited for its next try."""
        for attempt in range(self.retries + 1):
            asked_to_wait = 0.0
            try:
                response = self._client.post(f"{self.endpoint}/chat/completions", json=body)
            except httpx.RequestError as error:
                problem = self._clean(_name(error))
            else:
                if response.status_code in _RETRIED:
                    problem = f"status {response.status_code}: {self._message(response)}"
                    asked_to_wait = _retry_after(response.headers.get("Retry-After"))
                elif response.status_code != 200:
                    raise self._refused(response)
                else:
                    completion = self._completion(response)
                    if completion is not None:
                        return completion
                    problem = f"not a chat completion: {self._clean(response.text)}"
            if asked_to_wait > LONGEST_WAIT:
                raise EngineError(f"{self.endpoint} asks to wait {asked_to_wait:.0f} s ({problem})")
            if attempt < self.retries and stop.wait(max(asked_to_wait, self._pause(attempt))):
                return None
        raise EngineError(f"{self.endpoint} gave no answer in {self.retries + 1} tries; the last one: {problem}")

    def _pause(self, attempt: int) -> float:
        """Exponential back-off with jitter, so that requests turned away together do not come back together."""
        return min(self.backoff * 2**attempt, _LONGEST_BACKOFF) * random.SystemRandom().uniform(0.5, 1.0)

    def _completion(self, response: httpx.Response) -> Completion | None:
        """The reply in a response, None if the response is no chat completion."""
        try:
            answer = response.json()
            choice = answer["choices"][0]
            text = choice["message"]["content"]
            usage = answer.get("usage") or {}
            tokens = int(usage.get("completion_tokens") or 0)
            finished = choice.get("finish_reason") != "length"
        except (JSONDecodeError, UnicodeDecodeError, KeyError, IndexError, TypeError, AttributeError, ValueError):
            return None
        if not isinstance(text, str | None):
            return None
        text = (text or "").encode("utf-8", "replace").decode()  # JSON may hold half of a surrogate pair, files may not
        return Completion(self._without_key(text), tokens, finished)

    def _refused(self, response: httpx.Response) -> EngineError:
        return EngineError(f"{self.endpoint} refused: status {response.status_code}: {self._message(response)}")

    def _message(self, response: httpx.Response) -> str:
        """What the server says about an error: the `message` of an OpenAI error body, else the whole body."""
        try:
            said = response.json()["error"]
            said = said["message"] if isinstance(said, dict) else said
        except (JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
            said = response.text
        return self._clean(str(said)) or "no message"

    def _clean(self, text: str) -> str:
        """One short line without the key. The key goes first: cut in two it would not be recognised."""
        line = " ".join(self._without_key(text).split())
        return line if len(line) <= _LONGEST_MESSAGE else line[:_LONGEST_MESSAGE] + "..."

    def _without_key(self, text: str) -> str:
        """The text without the key, as it is, inside JSON, or inside a URL."""
        if self._key is None:
            return text
        inside_json = json.dumps(self._key)[1:-1]
        for form in (self._key, inside_json, inside_json.replace("/", "\\/"), urllib.parse.quote(self._key, safe="")):
            text = text.replace(form, "[API key]")
        return text


class _Replies:
    """Replies by the digest of their request, in memory and in a file that is only ever appended to."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._known = _load(path)
        self._file = path.open("a", encoding="utf-8")

    def __contains__(self, digest: str) -> bool:
        return digest in self._known

    def __getitem__(self, digest: str) -> Completion:
        return self._known[digest]

    def add(self, digest: str, completion: Completion) -> None:
        line = json.dumps({"request": digest, **completion._asdict()})
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()
            self._known[digest] = completion

    def close(self) -> None:
        self._file.close()


def _load(path: Path) -> dict[str, Completion]:
    """The replies of a file; a last line that a kill left unfinished is cut off."""
    if not path.exists():
        return {}
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        os.truncate(path, len(whole))
    known = {}
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            entry = json.loads(line)
            known[entry["request"]] = Completion(entry["text"], entry["tokens"], entry["finished"])
        except (JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
            raise EngineError(f"{path}: line {number} is not a reply ({error}); delete the file to ask anew") from None
    return known


def _digest(body: Mapping) -> str:
    """sha256 of model, messages and sampling; the endpoint is left out, so that a server may move."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _checked(endpoint: str) -> str:
    try:
        url = httpx.URL(endpoint)
    except httpx.InvalidURL:
        raise EngineError("the judge's `endpoint` is not a URL; expected e.g. http://host:8000/v1") from None
    if url.userinfo or url.query:
        raise EngineError(
            f"the judge's `endpoint` ({url.scheme}://{url.host}) has a user, password or query in it: it would show in "
            "logs and command lines; put the key into an environment variable and name it in `api_key_variable`"
        )
    if url.scheme not in ("http", "https") or not url.host:
        raise EngineError(f"the judge's `endpoint` is '{endpoint}', expected e.g. http://host:8000/v1")
    return endpoint.rstrip("/")


def _read_key(variable: str) -> str:
    key = os.environ.get(variable, "")
    if not re.fullmatch(r"[!-~]+", key):  # a space or line break in it would end up in httpx's error message
        state = "holds a character that no key has (a space or line break?)" if key else "is not set"
        raise EngineError(f"the environment variable {variable}, named by the judge's `api_key_variable`, {state}")
    return key


def _retry_after(value: str | None) -> float:
    """Seconds to wait by a Retry-After header (RFC 9110, 10.2.3): a number or a date; 0 without one."""
    if value is None:
        return 0.0
    if re.fullmatch(r"\d+(\.\d+)?", value.strip()):
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return 0.0


def _name(error: httpx.RequestError) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
