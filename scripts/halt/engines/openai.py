"""Any OpenAI-compatible chat endpoint (vLLM, SGLang, llama.cpp, a vendor's): replies over HTTP.

Requests run in parallel up to a limit and are tried again, with back-off, if that can help. Every reply is written to a
file at once: a run that was killed does not ask again for replies that it has. One odd reply ends no run:

| the server                                             | what is done                                               |
|--------------------------------------------------------|------------------------------------------------------------|
| answers (200)                                          | the reply is kept                                          |
| answers nothing, only thoughts, half a reply, refuses  | kept with the reason: it says nothing                      |
| stops the prompt or reply with a content filter        | kept with the reason, whatever the status                  |
| finds the prompt too long for its context (400, 413)   | kept with the reason                                       |
| does not know a field of the request (400, 422)        | learned: from now on the field is left out or renamed      |
| 408, 425, 429, 5xx, no connection, no whole reply in   | asked again with back-off; after the last try as the next  |
| time, more than 8 MiB, 200 without a completion        | row                                                        |
| any other status                                       | another question is asked. If it is answered, this prompt  |
|                                                        | has no answer (not kept). If not, the run ends             |
| 401 (403 is any other status): wrong key               | the run ends                                               |
| 404, model_not_found: no such model or address         | the run ends                                               |
| asks to wait longer than LONGEST_WAIT                  | the run ends                                               |

The API key is read from an environment variable whose name is configured. It is sent to the endpoint and nowhere else:
it is removed from the server's words before they become a text, a message or a line of a file.
"""

import asyncio
import email.utils
import hashlib
import json
import os
import random
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from halt.engines import EngineError, Prompt, Sampling, asked, request_seed, server_errors
from halt.engines import http as transport
from halt.engines.http import Answer, ExchangeError
from halt.engines.redaction import Redaction
from halt.engines.replies import FILTERED, NO_ANSWER, TOO_LONG, Kept, Reply, read

LONGEST_WAIT = 600.0  # seconds; if a server asks to wait longer, the run ends with its message
_LONGEST_BACKOFF = 60.0
_LONGEST_MESSAGE = 300  # characters of a server's message
_RETRIED = frozenset({408, 425, 429, *range(500, 600)})
_HARMLESS = "Answer with one word: yes."


class _GivenUp(Exception):
    """A request without an answer; the fault may be its prompt's or the server's."""


class Engine:
    """One model at one endpoint.

    endpoint: URL up to and with the version (http://host:8000/v1), without user, password or query. api_key_variable:
    NAME of the environment variable that holds the key, None for an open server. key: the key itself, of a server that
    the workflow started. concurrency: most requests in flight.
    retries: further tries of one request after the first. timeout: seconds that a whole reply may take in one try.
    replies: file that keeps the replies (JSON lines); others: files of other engines, see `Kept`. backoff: seconds
    before the first further try, doubled for each. asked, known: requests that were sent, and that had a reply before.
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
        others: Sequence[Path] = (),
    ):
        self.endpoint, self.model = _checked(endpoint), model
        self.concurrency, self.retries, self.timeout, self.backoff = concurrency, retries, timeout, backoff
        key = key if api_key_variable is None else _read_key(api_key_variable, self.endpoint)
        self._redaction = Redaction(key)
        authorization = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._client = transport.client(self.endpoint, authorization, concurrency)
        self._kept = Kept(Path(replies), others)
        self.asked = self.known = 0
        self._loop = asyncio.Runner()
        self._reached = False
        self._unknown: set[str] = set()  # fields that this server does not take
        self._answered = float("-inf")  # when it last answered
        self._asking_another = asyncio.Lock()

    def close(self) -> None:
        """Close the connections and the file of replies."""
        self._loop.run(self._client.aclose())
        self._loop.close()
        self._kept.close()

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[list[Reply]]:
        """N replies to every prompt, in order. Equal requests, and those answered before, are asked once.

        `tokens` of a reply is 0 if the server reports no usage. `reason` says why a reply counts for nothing.
        EngineError as in the table above; earlier replies are kept.
        """
        bodies = [[self._body(prompt, sampling, sample) for sample in range(sampling.samples)] for prompt in prompts]
        every = {_digest(body): body for row in bodies for body in row}
        missing = {digest: body for digest, body in every.items() if digest not in self._kept}
        self.asked, self.known = self.asked + len(missing), self.known + len(every) - len(missing)
        new = self._loop.run(self._ask_all(missing)) if missing else {}
        return [[new.get(_digest(body)) or self._kept[_digest(body)] for body in row] for row in bodies]

    def _body(self, prompt: Prompt, sampling: Sampling, sample: int) -> dict:
        if prompt.messages is None:
            raise EngineError(f"{self.endpoint}: a chat endpoint takes messages, prompt '{prompt.id}' is plain text")
        body = {
            "model": self.model,
            "messages": prompt.messages,
            "temperature": sampling.temperature,
            server_errors.LIMIT: sampling.max_new_tokens,
        }
        if sampling.stop:
            body["stop"] = list(sampling.stop)
        if sampling.temperature > 0:
            body |= {"top_p": sampling.top_p, "seed": request_seed(sampling.seed, prompt.id, sample)}
        return body

    async def _ask_all(self, bodies: Mapping[str, dict]) -> dict[str, Reply]:
        """The replies by digest. Those without an answer because of their prompt are kept in the file too."""
        await self._reach()
        found: dict[str, Reply] = {}
        free = asyncio.Semaphore(self.concurrency)

        async def ask(digest: str, body: dict) -> None:
            async with free:
                found[digest] = reply = await self._reply(body)
            if reply.reason != NO_ANSWER:
                self._kept.add(digest, reply)

        try:
            async with asyncio.TaskGroup() as tasks:  # the first final failure cancels the others
                for digest, body in bodies.items():
                    tasks.create_task(ask(digest, body))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return found

    async def _reach(self) -> None:
        """Ask for the list of models once, to find a wrong address or key before the first question."""
        if self._reached:
            return
        try:
            answer = await transport.exchange(self._client, "GET", f"{self.endpoint}/models", self.timeout)
        except ExchangeError as error:
            raise EngineError(
                f"cannot reach {self.endpoint} ({self._clean(str(error))}): is the server running, and is the "
                "judge's `endpoint` right?"
            ) from None
        if answer.status in (401, 403):
            raise self._refused(answer)
        self._reached = True

    async def _reply(self, body: dict) -> Reply:
        """The reply to one request. If there is none, another question shows whose fault it is."""
        begun = time.monotonic()
        try:
            return await self._ask(body)
        except _GivenUp as failure:
            async with self._asking_another:  # one question for all that failed meanwhile
                if self._answered < begun:
                    try:
                        await self._ask({**body, "messages": [{"role": "user", "content": _HARMLESS}]})
                    except _GivenUp:
                        raise EngineError(str(failure)) from None
            return Reply("", 0, False, NO_ANSWER)

    async def _ask(self, body: dict) -> Reply:
        """Try one request until it is answered. _GivenUp if it is not, EngineError if it never will be."""
        attempt, wait = 0, 0.0
        while True:
            sent = self._as_taken(body)
            try:
                answer = await transport.exchange(
                    self._client, "POST", f"{self.endpoint}/chat/completions", self.timeout, sent
                )
            except ExchangeError as error:
                problem, wait = self._clean(str(error)), 0.0
            else:
                reply = self._read(answer, sent)
                if isinstance(reply, Reply):
                    self._answered = time.monotonic()
                    return reply
                if reply is None:  # the next try is as the server wants it
                    continue
                problem, wait = reply, _retry_after(answer.headers.get("Retry-After"))
            if wait > LONGEST_WAIT:
                raise EngineError(f"{self.endpoint} asks to wait {wait:.0f} s ({problem})")
            if attempt == self.retries:
                tries = self.retries + 1
                raise _GivenUp(f"{self.endpoint} gave no answer in {tries} tries; the last one: {problem}")
            await asyncio.sleep(max(wait, self._pause(attempt)))
            attempt += 1

    def _as_taken(self, body: Mapping) -> dict:
        """A request without the fields that this server does not take."""
        sent = {name: value for name, value in body.items() if name not in self._unknown}
        if server_errors.LIMIT in self._unknown:
            sent[server_errors.NEW_LIMIT] = body[server_errors.LIMIT]
        return sent

    def _read(self, answer: Answer, sent: Mapping) -> Reply | str | None:
        """The reply in an answer; or the problem, if another try may solve it; or None, if something was learned.

        _GivenUp and EngineError as in `_ask`.
        """
        body = transport.parsed(answer.body)
        if answer.status == 200 and (reply := read(body, self._redaction.cleaned)):
            return reply
        words = server_errors.words(body, answer.body[:100_000].decode("utf-8", "replace"))
        if server_errors.filtered(answer.status, words):
            return Reply("", 0, False, FILTERED)
        if server_errors.too_long(answer.status, words):
            return Reply("", 0, False, TOO_LONG)
        if answer.status == 200:
            return f"not a chat completion: {self._message(body, answer)}"
        if answer.status in _RETRIED:
            return f"status {answer.status}: {self._message(body, answer)}"
        if server_errors.fatal(answer.status, words):
            raise self._refused(answer)
        if name := server_errors.unknown_field(answer.status, words, sent):
            self._unknown.add(name)
            told = f"gets {server_errors.NEW_LIMIT} instead of" if name == server_errors.LIMIT else "does not get"
            print(f"[halt] {self.endpoint} {told} {name} from now on: it does not take it", file=sys.stderr)
            return None
        raise _GivenUp(str(self._refused(answer)))

    def _pause(self, attempt: int) -> float:
        """Exponential back-off with jitter: requests that were rejected together do not come back together."""
        return min(self.backoff * 2**attempt, _LONGEST_BACKOFF) * random.SystemRandom().uniform(0.5, 1.0)

    def _refused(self, answer: Answer) -> EngineError:
        said = self._message(transport.parsed(answer.body), answer)
        return EngineError(f"{self.endpoint} refused: status {answer.status}: {said}")

    def _message(self, body: Any, answer: Answer) -> str:
        """The server's words about an error: the `message` of an OpenAI error body, else the whole body."""
        said = body.get("error") if isinstance(body, dict) else None
        said = said.get("message") if isinstance(said, dict) else said
        if not isinstance(said, str):
            said = answer.body[:100_000].decode("utf-8", "replace")
        return self._clean(said) or "no message"

    def _clean(self, text: str) -> str:
        """One short line without the key. The key goes first: half of it would not be recognized."""
        cleaned = self._redaction.cleaned(text)
        if cleaned is None:
            return "its words are left out, they may hold the API key"
        line = " ".join(cleaned.split())
        return line if len(line) <= _LONGEST_MESSAGE else line[:_LONGEST_MESSAGE] + "..."


def _digest(body: Mapping) -> str:
    """sha256 of model, messages and sampling, without the endpoint: a server may move."""
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


def _read_key(variable: str, endpoint: str) -> str | None:
    key = os.environ.get(variable, "")
    if not key and asked.is_local(endpoint):
        return None
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
    except (ValueError, OverflowError):
        return 0.0
