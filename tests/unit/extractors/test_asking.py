"""An extractor's model that is loaded in the job: what it said is kept, and what is too long is said."""

import shutil

import pytest
from http_server import chat, serve

from halt import paths
from halt.engines import EngineError, asked, replies
from halt.engines.asked import Asked
from halt.engines.transformers import Engine
from halt.extractors import Means, asking

ENTRY = {"engine": "transformers", "model": "tiny", "reply_tokens": 4}


@pytest.fixture(scope="module")
def folder(random_tiny, tmp_path_factory):
    """The random model as the model stage leaves it."""
    made = tmp_path_factory.mktemp("model") / "tiny"
    shutil.copytree(random_tiny, made)
    (made / "manifest.json").write_text("{}")
    return made


@pytest.fixture
def generated(monkeypatch):
    """The prompts of every call of the engine; it raises KeyboardInterrupt after as many calls as `stop` says."""
    calls, whole = [], Engine.generate

    def generate(self, prompts, sampling, batch_size):
        if len(calls) == generate.stop:
            raise KeyboardInterrupt
        calls.append([prompt.id for prompt in prompts])
        return whole(self, prompts, sampling, batch_size)

    generate.stop = None
    monkeypatch.setattr(Engine, "generate", generate)
    calls_and_stop = type("Calls", (), {"calls": calls, "generate": generate})
    return calls_and_stop


def turns(text):
    return [{"role": "user", "content": text}]


def means(work, folder, **more):
    return Means(work, Asked(folder, True, "float32", **more), 1, None)


def test_equal_questions_are_asked_once_and_replies_outlive_a_rerun(folder, tmp_path, generated):
    questions = [turns("one"), turns("two"), turns("one")]
    with asking.opened(ENTRY, means(tmp_path, folder)) as ask:
        first = ask(questions)
    assert first[0] == first[2]
    assert [len(names) for names in generated.calls] == [2]
    with asking.opened(ENTRY, means(tmp_path, folder)) as ask:
        assert ask(questions) == first
    assert len(generated.calls) == 1


def test_a_kill_loses_at_most_the_replies_of_some_batches(folder, tmp_path, generated):
    questions = [turns(f"question {number}") for number in range(3 * asking.BATCHES)]
    generated.generate.stop = 2
    with pytest.raises(KeyboardInterrupt), asking.opened(ENTRY, means(tmp_path, folder)) as ask:
        ask(questions)
    generated.generate.stop = None
    with asking.opened(ENTRY, means(tmp_path, folder)) as ask:
        assert len(ask(questions)) == len(questions)
    names = [name for call in generated.calls for name in call]
    assert len(names) == len(set(names)) == len(questions)


def test_a_model_with_other_weights_or_another_length_of_replies_is_asked_anew(folder, tmp_path, generated):
    with asking.opened(ENTRY, means(tmp_path, folder)) as ask:
        ask([turns("one")])
    with asking.opened(ENTRY | {"reply_tokens": 5}, means(tmp_path, folder)) as ask:
        ask([turns("one")])
    (folder / "manifest.json").write_text('{"other": 1}')
    with asking.opened(ENTRY, means(tmp_path, folder)) as ask:
        ask([turns("one")])
    assert len({name for call in generated.calls for name in call}) == 3


def test_a_question_that_is_too_long_says_so_and_the_others_are_answered(folder, tmp_path):
    with asking.opened(ENTRY, means(tmp_path, folder)) as ask:
        long, short = ask([turns("word " * 100_000), turns("one")])
    assert long.reason == replies.TOO_LONG
    assert short.reason != replies.TOO_LONG


def test_a_model_that_is_not_given_is_one_clear_line():
    with pytest.raises(EngineError, match="the model tiny is to be asked: give its manifest to --extractor"):
        asked.of_settings({}, "tiny", None, 1, "--extractor")


def test_jobs_share_what_a_server_replied(tmp_path):
    """A second job, in another work folder, asks only what is new; another evaluator shares nothing."""
    with serve(lambda request: chat(f"- {request.last}")) as server:
        entry = {"engine": "openai", "endpoint": server.endpoint, "model": "reader", "api_key_variable": None}

        def said(job, questions, **other):
            work = tmp_path / "results/work/extract" / job
            requests = asked.Requests(2, 20, 1)
            given = Means(work, None, 1, requests, store=paths.replies(work))
            with asking.opened(entry | other, given) as ask:
                return [reply.text for reply in ask([turns(text) for text in questions])]

        assert said("train", ["one", "two"]) == ["- one", "- two"]
        assert said("test", ["two", "three"]) == ["- two", "- three"]
        assert [request.last for request in server.asked] == ["one", "two", "three"]
        said("other", ["one"], model="another")
        assert len(server.asked) == 4
