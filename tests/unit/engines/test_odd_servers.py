"""No odd reply ends a run: what a server says of one prompt is that prompt's, with the reason; the others are answered.

What ends a run is a wrong key, a missing model, or a server that answers nothing at all.
"""

import gzip
import json
import socketserver
import threading
import time
import zlib

import pytest
from http_server import Reply as Sent
from http_server import chat, error, serve

from halt.engines import EngineError, Prompt, Sampling, http
from halt.engines.openai import Engine

GREEDY = Sampling(1, 0.0, 1.0, 16, 0)
ODD = "the odd one"


def prompts(*texts):
    return [Prompt(text, [{"role": "user", "content": text}], None) for text in texts]


def engine(endpoint, path, **changed):
    return Engine(endpoint, "tiny", path / "replies.jsonl", **{"retries": 1, "timeout": 5.0, "backoff": 0.01} | changed)


def around(odd, path, **changed):
    """(replies, server) of a run whose one prompt in three gets the odd answer."""
    with serve(lambda asked: odd if asked.last == ODD else chat("fine")) as server:
        asking = engine(server.endpoint, path, **changed)
        replies = [reply for [reply] in asking.generate(prompts("a", ODD, "b"), GREEDY)]
        asking.close()
    return replies, server


def body(content, finish="stop", **message):
    choice = {"message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return Sent(body=json.dumps({"choices": [choice]}).encode())


def raw(status, said):
    return Sent(status, json.dumps(said).encode())


TOO_LONG = "This model's maximum context length is 4096 tokens. However, you requested 5016. Please reduce the length."
FILTERS = {
    "OpenAI": error(400, "Invalid prompt: your prompt was flagged as potentially violating our usage policy."),
    "OpenAI, by its code alone": error(400, "Bad request.", code="content_policy_violation"),
    "Azure": raw(
        400,
        {
            "error": {
                "message": "The response was filtered due to the prompt triggering content management policy.",
                "code": "content_filter",
                "innererror": {"code": "ResponsibleAIPolicyViolation"},
            }
        },
    ),
    "Anthropic": raw(
        400,
        {
            "type": "error",
            "error": {"type": "invalid_request_error", "message": "Output blocked by content filtering policy"},
        },
    ),
    "a router": error(403, "Your chosen model requires moderation and your input was flagged"),
    "vLLM behind a guard": raw(400, {"object": "error", "message": "content_filter", "code": 400}),
    "Alibaba": raw(400, {"code": "DataInspectionFailed", "message": "Input data may contain inappropriate content."}),
    "in a reply": body("supported", finish="content_filter"),
    "in a status 200": raw(200, {"error": {"message": "Blocked by content filter", "code": 400}}),
}
LONG = {
    "OpenAI": error(400, TOO_LONG, code="context_length_exceeded"),
    "vLLM": raw(400, {"object": "error", "message": TOO_LONG, "type": "BadRequestError", "code": 400}),
    "Anthropic": raw(400, {"error": {"message": "prompt is too long: 210000 tokens > 200000 maximum"}}),
    "llama.cpp": raw(400, {"error": {"code": 400, "message": "the request exceeds the available context size"}}),
    "TGI": raw(422, {"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 9"}),
    "a gateway": Sent(413, b"Payload Too Large"),
}
NOTHING = {
    "empty": (body(""), "empty reply"),
    "no content": (body(None), "empty reply"),
    "blank": (body(" \n "), "empty reply"),
    "thoughts in a field of their own": (body(None, reasoning_content="It is supported."), "empty reply"),
    "thoughts alone": (body("<think>supported</think>\n"), "empty reply"),
    "thoughts without an end": (body("<think>\nIt may be\nsupported"), "thoughts without an end"),
    "cut": (body("The trut", finish="length"), "cut off by the limit of reply tokens"),
    "cut, as Anthropic says it": (body("The trut", finish="max_tokens"), "cut off by the limit of reply tokens"),
    "cut while thinking": (body("<think>hm", finish="length"), "cut off by the limit of reply tokens"),
    "a refusal": (body(None, refusal="I cannot help with that."), "refused by the evaluator"),
    "a refusal in parts": (body([{"type": "refusal", "refusal": "No."}]), "refused by the evaluator"),
    "parts of thoughts alone": (body([{"type": "thinking", "thinking": "supported"}]), "empty reply"),
}
UNANSWERED = {
    "another 400": error(400, "messages: at least one is odd"),
    "another status": Sent(418, b"teapot"),
    "a firewall that takes a prompt for an attack": Sent(403, b"<html>Request blocked</html>"),
    "a redirect": Sent(302, b"", (("Location", "http://127.0.0.1:9/"),)),
    "server error": error(500, "oops"),
    "no reply": Sent(hang=True),
    "dropped": Sent(drop=True),
    "no JSON": Sent(body=b"<html>"),
    "deep JSON": Sent(body=b"[" * 200_000),
    "deep JSON of an error": Sent(500, b'{"error":' * 100_000),
    "no choices": raw(200, {"choices": []}),
    "a form that nobody knows": body({"answer": "supported"}),
    "an error of the model": body("supported", finish="error"),
    "packed otherwise than it says": Sent(body=b"fine", headers=(("Content-Encoding", "gzip"),)),
    "packed in a way not asked for": Sent(body=b"fine", headers=(("Content-Encoding", "br"),)),
    "a bomb": Sent(body=gzip.compress(b" " * (3 * http.LARGEST)), headers=(("Content-Encoding", "gzip"),)),
    "endless": Sent(body=b" " * (http.LARGEST + 1)),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_content_filter_stops_one_prompt(tmp_path, name):
    replies, server = around(FILTERS[name], tmp_path)
    assert [reply.reason for reply in replies] == ["", "content filter", ""]
    assert [asked.last for asked in server.asked].count(ODD) == 1


@pytest.mark.parametrize("name", LONG)
def test_a_prompt_beyond_the_context_is_said_to_be(tmp_path, name):
    replies, server = around(LONG[name], tmp_path)
    assert [reply.reason for reply in replies] == ["", "prompt too long for the context", ""]
    assert [asked.last for asked in server.asked].count(ODD) == 1


@pytest.mark.parametrize("name", NOTHING)
def test_a_reply_that_says_nothing_has_a_reason(tmp_path, name):
    odd, reason = NOTHING[name]
    replies, _ = around(odd, tmp_path)
    assert [reply.reason for reply in replies] == ["", reason, ""]


@pytest.mark.parametrize("name", UNANSWERED)
def test_a_prompt_without_an_answer_ends_nothing_while_another_is_answered(tmp_path, name):
    replies, _ = around(UNANSWERED[name], tmp_path, timeout=0.5)
    assert [reply.reason for reply in replies] == ["", "no answer to this prompt", ""]


def test_alone_it_is_told_from_a_server_that_is_gone_by_another_question(tmp_path):
    with serve(lambda asked: error(400, "odd") if asked.last == ODD else chat("yes")) as server:
        [[reply]] = engine(server.endpoint, tmp_path).generate(prompts(ODD), GREEDY)
        assert reply.reason == "no answer to this prompt"
        assert len(server.asked) == 2
        server.answer = lambda asked: error(400, "odd")
        with pytest.raises(EngineError, match="refused: status 400: odd"):
            engine(server.endpoint, tmp_path).generate(prompts(ODD), GREEDY)  # it was not kept: it may be answered now


@pytest.mark.parametrize(
    "end",
    [
        error(401, "bad key"),
        error(403, "not yours"),
        error(404, "The model `tiny` does not exist"),
        error(400, "model not there", code="model_not_found"),
    ],
)
def test_a_wrong_key_or_a_missing_model_ends_the_run_with_one_line(tmp_path, end):
    with serve(lambda asked: end) as server, pytest.raises(EngineError, match="refused: status 40") as caught:
        engine(server.endpoint, tmp_path, concurrency=1).generate(prompts("a", "b", "c"), GREEDY)
    assert len(server.asked) == (2 if end.status == 403 else 1)
    assert "\n" not in str(caught.value)


def test_what_is_said_in_parts_is_read_without_the_thoughts(tmp_path):
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "contradicted"}]},
        {"type": "text", "text": "<think>contradicted</think>supp"},
        {"type": "text", "text": "orted"},
    ]
    replies, _ = around(body(parts), tmp_path)
    assert [reply.text for reply in replies] == ["fine", "supported", "fine"]


LIMITS = [
    error(400, "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."),
    raw(400, {"error": {"message": "Bad parameter, unsupported", "param": "max_tokens"}}),
    raw(422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "max_tokens"], "msg": "Extra inputs are bad"}]}),
]


@pytest.mark.parametrize("refusal", LIMITS)
def test_the_name_of_the_token_limit_is_learnt_once(tmp_path, capfd, refusal):
    def answer(asked):
        return refusal if "max_tokens" in asked.body else chat("fine")

    with serve(answer) as server:
        asking = engine(server.endpoint, tmp_path, concurrency=1)
        assert [reply.text for [reply] in asking.generate(prompts("a", "b", "c"), GREEDY)] == ["fine"] * 3
    assert [asked.body.get("max_completion_tokens") for asked in server.asked] == [None, 16, 16, 16]
    assert capfd.readouterr().err.count("max_completion_tokens instead of max_tokens") == 1


def test_fields_that_a_server_does_not_know_are_left_out_one_after_the_other(tmp_path):
    def answer(asked):
        for name in ("seed", "temperature", "top_p"):
            if name in asked.body:
                return error(400, f"Unsupported value: '{name}' does not support 0 with this model.")
        return chat("fine")

    with serve(answer) as server:
        asking = engine(server.endpoint, tmp_path, concurrency=1)
        [[reply]] = asking.generate(prompts("a"), GREEDY._replace(temperature=1.0, top_p=0.9))
    assert reply.text == "fine"
    assert sorted(server.asked[-1].body) == ["max_tokens", "messages", "model"]


@pytest.mark.parametrize("count", ["1e999", "NaN", "9" * 30, "9" * 5000, "-3", '"many"', "[]", "true"])
def test_a_count_of_tokens_that_is_none_costs_no_reply(tmp_path, count):
    said = '{"choices":[{"message":{"content":"fine"},"finish_reason":"stop"}],"usage":{"completion_tokens":%s}}'
    [_, reply, _], _ = around(Sent(body=(said % count).encode()), tmp_path)
    assert reply.text == "fine"
    assert reply.tokens in (0, 1)


def test_a_packed_reply_is_read(tmp_path):
    plain = chat("packed").body
    for packed in (gzip.compress(plain), zlib.compress(plain)):
        replies, _ = around(Sent(body=packed, headers=(("Content-Encoding", "gzip"),)), tmp_path / str(len(packed)))
        assert [reply.text for reply in replies] == ["fine", "packed", "fine"]


def test_a_bomb_is_not_unpacked_beyond_what_is_read():
    packed = gzip.compress(chat("fine").body + b" " * (3 * http.LARGEST))
    with pytest.raises(http.ExchangeError, match="more than 8 MiB"):
        http._unpacked(packed, {"Content-Encoding": "gzip"})


def slowly(piece, first=b""):
    """A server that sends `first` and then one piece every tenth of a second; its endpoint, as a context manager."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            asked = self.rfile.readline()
            length = 0
            while line := self.rfile.readline().strip():
                if line.lower().startswith(b"content-length"):
                    length = int(line.split(b":")[1])
            self.rfile.read(length)
            if asked.startswith(b"GET"):
                self.wfile.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            try:
                self.wfile.write(first)
                while True:
                    self.wfile.write(piece)
                    self.wfile.flush()
                    time.sleep(0.1)
            except OSError:
                return

    return socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)


@pytest.mark.parametrize(
    ("piece", "first"),
    [
        (b" ", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"),
        (b"1\r\n \r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (b"X-A: b\r\n", b"HTTP/1.1 200 OK\r\n"),
        (b"H", b""),
    ],
)
def test_a_reply_that_drips_is_given_up_after_the_time_for_a_whole_one(tmp_path, piece, first):
    with slowly(piece, first) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        begun = time.monotonic()
        with pytest.raises(EngineError, match="gave no answer in 2 tries; the last one: "):
            engine(f"http://127.0.0.1:{server.server_address[1]}/v1", tmp_path, timeout=0.5).generate(
                prompts("a"), GREEDY
            )
        assert time.monotonic() - begun < 6
        server.shutdown()


@pytest.mark.parametrize("proxy", ["socks://127.0.0.1:7890", "socks4://127.0.0.1:1", "ftp://127.0.0.1:1"])
def test_a_proxy_that_cannot_be_used_is_one_line_without_its_password_and_none_for_this_machine(
    tmp_path, monkeypatch, proxy
):
    monkeypatch.setenv("ALL_PROXY", proxy.replace("//", "//me:hunter2@"))
    with serve(lambda asked: chat("fine")) as server:
        for host in ("127.0.0.1", "localhost"):
            asking = engine(server.endpoint.replace("127.0.0.1", host), tmp_path / host)
            assert asking.generate(prompts("a"), GREEDY)[0][0].text == "fine"
    with pytest.raises(http.HttpError, match=r"environment's proxy .* cannot be used") as caught:
        engine("https://vendor.example/v1", tmp_path)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)
