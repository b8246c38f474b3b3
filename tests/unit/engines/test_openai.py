"""The OpenAI-compatible engine against a real local HTTP server with every fault a real one has."""

import email.utils
import json
import logging
import socket
import time
import traceback

import pytest
from http_server import Reply, chat, error, serve

from halt.engines import Prompt, Sampling
from halt.engines.openai import Engine, EngineError

GREEDY = Sampling(1, 0.0, 1.0, 16, 0)
KEY = "sk-test/5up3r+s3cret=="


def prompts(count):
    return [Prompt(f"p{i}", [{"role": "user", "content": f"question {i}"}], None) for i in range(count)]


def engine(server, path, **changed):
    options = {"concurrency": 4, "retries": 4, "timeout": 5.0, "backoff": 0.01} | changed
    return Engine(server.endpoint, "tiny", path / "replies.jsonl", **options)


def echo(asked):
    return chat(f"answer to {asked.last}")


def texts(completions):
    return [[completion.text for completion in row] for row in completions]


def test_every_fault_is_survived_and_every_prompt_answered_in_order(tmp_path):
    faults = [
        error(500, "oops"),
        error(503, "busy"),
        error(429, "slow down"),
        Reply(drop=True),
        Reply(hang=True),
        Reply(body=b"<html>not json"),
        Reply(body=b'{"choices": []}'),
        Reply(body=b'{"choices": [{"message": {"content": 7}}]}'),
        Reply(body=b"\xff\xfe"),
    ]

    def answer(asked):
        number = int(asked.last.split()[-1])
        return faults[number % len(faults)] if asked.attempt == 0 else echo(asked)

    with serve(answer) as server:
        completions = engine(server, tmp_path, timeout=0.3).generate(prompts(18), GREEDY)
    assert texts(completions) == [[f"answer to question {i}"] for i in range(18)]
    assert len(server.asked) == 36


def test_never_more_requests_in_flight_than_configured(tmp_path):
    def answer(asked):
        return error(500, "again") if asked.attempt == 0 else chat("yes", delay=0.15)

    with serve(answer) as server:
        engine(server, tmp_path, concurrency=3).generate(prompts(12), GREEDY)
    assert server.most_in_flight == 3


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured(tmp_path, form):
    def answer(asked):
        if asked.attempt:
            return chat("yes")
        # a date has whole seconds: two from now are more than one away
        after = "1" if form == "seconds" else email.utils.formatdate(time.time() + 2, usegmt=True)
        return error(429, "rate limit", Retry_After=after)

    with serve(answer) as server:
        engine(server, tmp_path).generate(prompts(1), GREEDY)
    first, second = server.times
    assert second - first >= 0.9


def test_a_server_that_asks_to_wait_for_an_hour_ends_the_run(tmp_path):
    with (
        serve(lambda asked: error(429, "daily quota", Retry_After="3600")) as server,
        pytest.raises(EngineError, match=r"asks to wait 3600 s .*daily quota"),
    ):
        engine(server, tmp_path).generate(prompts(1), GREEDY)


def test_gives_up_after_the_configured_tries_and_says_why(tmp_path):
    with (
        serve(lambda asked: error(502, "no upstream")) as server,
        pytest.raises(EngineError, match="in 3 tries; the last one: status 502: no upstream"),
    ):
        engine(server, tmp_path, retries=2).generate(prompts(1), GREEDY)
    assert [asked.last for asked in server.asked].count("question 0") == 3
    assert len(server.asked) == 6  # and another question, which gets no answer either


def test_backs_off_longer_each_time(tmp_path):
    def answer(asked):
        return echo(asked) if asked.attempt == 3 else error(500, "oops")

    with serve(answer) as server:
        engine(server, tmp_path, backoff=0.1).generate(prompts(1), GREEDY)
    gaps = [later - earlier for earlier, later in zip(server.times, server.times[1:], strict=False)]
    assert all(gap >= least for gap, least in zip(gaps, (0.05, 0.1, 0.2), strict=True))


def test_an_answered_request_is_never_asked_again(tmp_path):
    with serve(echo) as server:
        first = engine(server, tmp_path).generate(prompts(6), GREEDY)
        again = engine(server, tmp_path).generate(prompts(8), GREEDY)
    assert again[:6] == first
    assert sorted(asked.last for asked in server.asked) == sorted(f"question {i}" for i in range(8))


def test_replies_before_a_failure_are_kept(tmp_path):
    def broken(asked):
        return error(401, "no rights") if asked.last == "question 5" else echo(asked)

    with serve(broken) as server:
        with pytest.raises(EngineError, match="status 401: no rights"):
            engine(server, tmp_path, concurrency=1).generate(prompts(9), GREEDY)
        assert len(server.asked) == 6  # nothing is asked after the failure
        server.answer = echo
        engine(server, tmp_path, concurrency=1).generate(prompts(9), GREEDY)
    assert len(server.asked) == 6 + 4


def test_a_torn_last_line_costs_one_reply(tmp_path):
    with serve(echo) as server:
        engine(server, tmp_path, concurrency=1).generate(prompts(5), GREEDY)
        file = tmp_path / "replies.jsonl"
        file.write_bytes(file.read_bytes()[:-7])
        completions = engine(server, tmp_path).generate(prompts(5), GREEDY)
        assert texts(completions) == [[f"answer to question {i}"] for i in range(5)]
        assert len(server.asked) == 6
        engine(server, tmp_path).generate(prompts(5), GREEDY)
    assert len(server.asked) == 6
    assert len([json.loads(line) for line in file.read_text().splitlines()]) == 5


def test_a_damaged_file_of_replies_is_refused(tmp_path):
    (tmp_path / "replies.jsonl").write_text('{"request": "x"}\n{"request": "y", "text": "", "tokens": 0}\n')
    with serve(echo) as server, pytest.raises(EngineError, match="line 1 is not a reply"):
        engine(server, tmp_path)


def test_equal_requests_are_asked_once(tmp_path):
    same = [Prompt(name, [{"role": "user", "content": "one question"}], None) for name in ("a", "b", "c")]
    with serve(echo) as server:
        completions = engine(server, tmp_path).generate(same, GREEDY)
    assert len(completions) == 3
    assert len(server.asked) == 1


def test_another_model_or_sampling_is_asked_anew(tmp_path):
    with serve(echo) as server:
        engine(server, tmp_path).generate(prompts(1), GREEDY)
        engine(server, tmp_path).generate(prompts(1), GREEDY._replace(max_new_tokens=17))
        Engine(server.endpoint, "other", tmp_path / "replies.jsonl").generate(prompts(1), GREEDY)
    assert len(server.asked) == 3


def test_samples_have_seeds_of_their_own_and_keep_them(tmp_path):
    def answer(asked):
        return chat(f"{asked.last} {asked.body['seed']}")

    sampling = Sampling(3, 1.0, 0.9, 16, 0, ("\n\n",))
    with serve(answer) as server:
        both = engine(server, tmp_path / "a").generate(prompts(2), sampling)
        one = engine(server, tmp_path / "b", concurrency=1).generate(prompts(2)[1:], sampling)
    assert len({text for row in texts(both) for text in row}) == 6
    assert one == both[1:]
    assert server.asked[0].body["top_p"] == 0.9
    assert server.asked[0].body["stop"] == ["\n\n"]


def test_a_reply_cut_by_the_token_limit_is_unfinished(tmp_path):
    with serve(lambda asked: chat("cut off", finish="length")) as server:
        [[completion]] = engine(server, tmp_path).generate(prompts(1), GREEDY)
    assert (completion.text, completion.tokens, completion.finished) == ("cut off", 2, False)


def test_half_a_surrogate_pair_in_a_reply_is_no_crash(tmp_path):
    body = b'{"choices": [{"message": {"content": "a\\ud83d"}, "finish_reason": "stop"}]}'
    with serve(lambda asked: Reply(body=body)) as server:
        assert texts(engine(server, tmp_path).generate(prompts(1), GREEDY)) == [["a?"]]


def test_a_plain_text_prompt_is_refused(tmp_path):
    with serve(echo) as server, pytest.raises(EngineError, match="prompt 'x' is plain text"):
        engine(server, tmp_path).generate([Prompt("x", None, "text")], GREEDY)


def test_no_server_is_one_clear_line_before_any_question(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(EngineError, match=r"cannot reach http://127.0.0.1.*is the server running") as caught:
        Engine(endpoint, "tiny", tmp_path / "replies.jsonl").generate(prompts(3), GREEDY)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("where", ["models", "chat"])
def test_a_refused_key_ends_at_once_and_is_nowhere_to_be_read(tmp_path, monkeypatch, caplog, capfd, where):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("JUDGE_KEY", KEY)
    refusal = error(401, f"Incorrect API key provided: {KEY}. " + "x" * 1000)
    models = refusal if where == "models" else Reply(404)
    with serve(lambda asked: refusal, models) as server:
        refused = engine(server, tmp_path, api_key_variable="JUDGE_KEY")
        with pytest.raises(EngineError, match="refused: status 401: Incorrect API key") as caught:
            refused.generate(prompts(3), GREEDY)
    assert len(server.asked) <= (0 if where == "models" else 3)  # each once at most: no second try
    assert all(asked.authorization == f"Bearer {KEY}" for asked in server.asked)
    assert len(str(caught.value)) < 500
    said = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(refused) + caplog.text
    said += "".join(capfd.readouterr()) + "".join(file.read_text() for file in tmp_path.rglob("*") if file.is_file())
    assert KEY not in said
    assert KEY.replace("/", "\\/") not in said


@pytest.mark.parametrize(
    "fault",
    [error(500, f"bad key {KEY}"), Reply(500, KEY.encode()), Reply(body=json.dumps({"key": KEY}).encode())],
)
def test_an_echoed_key_is_not_repeated_after_the_last_try(tmp_path, monkeypatch, fault):
    monkeypatch.setenv("JUDGE_KEY", KEY)
    with serve(lambda asked: fault) as server, pytest.raises(EngineError, match=r"\[API key\]") as caught:
        engine(server, tmp_path, retries=1, api_key_variable="JUDGE_KEY").generate(prompts(1), GREEDY)
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_an_echoed_key_reaches_no_reply_and_no_file(tmp_path, monkeypatch):
    monkeypatch.setenv("JUDGE_KEY", KEY)
    with serve(lambda asked: chat(f"your key is {asked.authorization}")) as server:
        completions = engine(server, tmp_path, api_key_variable="JUDGE_KEY").generate(prompts(1), GREEDY)
    assert texts(completions) == [["your key is Bearer [API key]"]]
    assert KEY not in (tmp_path / "replies.jsonl").read_text()


@pytest.mark.parametrize(("value", "problem"), [(None, "is not set"), ("sk-abc\ndef", "line break")])
def test_a_missing_or_broken_key_names_the_variable_and_not_the_key(tmp_path, monkeypatch, value, problem):
    monkeypatch.delenv("JUDGE_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("JUDGE_KEY", value)
    with pytest.raises(EngineError, match=f"JUDGE_KEY.*{problem}") as caught:
        Engine("https://judge.invalid/v1", "tiny", tmp_path / "replies.jsonl", api_key_variable="JUDGE_KEY")
    assert "sk-abc" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_server_of_this_machine_needs_no_key(tmp_path, monkeypatch, host):
    monkeypatch.delenv("JUDGE_KEY", raising=False)
    with serve(lambda asked: chat(f"key: {asked.authorization}")) as server:
        port = server.endpoint.rpartition(":")[2]
        judge = Engine(f"http://{host}:{port}", "tiny", tmp_path / "replies.jsonl", api_key_variable="JUDGE_KEY")
        assert texts(judge.generate(prompts(1), GREEDY)) == [["key: None"]]


@pytest.mark.parametrize("endpoint", ["http://me:hunter2@host/v1", "http://host/v1?api-key=hunter2"])
def test_credentials_in_the_endpoint_are_refused_unseen(tmp_path, endpoint):
    with pytest.raises(EngineError, match="api_key_variable") as caught:
        Engine(endpoint, "tiny", tmp_path / "replies.jsonl")
    assert "hunter2" not in str(caught.value)
