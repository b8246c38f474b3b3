"""Prompts that leave no room for an answer are found before the first answer is made."""

import pytest

from halt import domains
from halt.engines import room
from halt.engines.room import Room
from halt.errors import HaltError
from halt.prompting import few_shot, fitting

DOMAIN = domains.load("biography")
POOL = [
    {"id": f"t{k}", "cluster": f"t{k}", "prompt": f"Who is {k}?", "reference": "A man of many words. " * (k + 1)}
    for k in range(8)
]
ROWS = [{"id": f"a{k}", "cluster": f"a{k}", "prompt": "Who is it?" + " Tell all of it." * (k == 3)} for k in range(20)]


@pytest.fixture(params=[True, False], ids=["chat", "plain"])
def askings(request):
    return few_shot.askings(ROWS, POOL, 4, 0, request.param, DOMAIN)


def words(prompt):
    return len(str(prompt.messages or prompt.text).split())


def whole(askings):
    return [asking.prompt(4) for asking in askings]


def test_prompts_that_fit_are_as_ever_whatever_is_done_with_others(askings):
    longest = max(words(prompt) for prompt in whole(askings))
    for overlong in (fitting.REFUSE, fitting.FEWER_SHOTS):
        for context in (None, longest + 10):
            found = fitting.fitted(askings, Room(words, context), 10, overlong, "generate")
            assert found.prompts == whole(askings)
            assert found.told == ""


def test_a_prompt_without_room_is_refused_with_the_number_of_such_and_the_longest(askings):
    lengths = {prompt.id: words(prompt) for prompt in whole(askings)}
    context = sorted(lengths.values())[-3] + 9
    over = {name: length for name, length in lengths.items() if length + 10 > context}
    with pytest.raises(HaltError) as fault:
        fitting.fitted(askings, Room(words, context), 10, fitting.REFUSE, "respond")
    told = str(fault.value)
    assert told.startswith(f"{len(over)} of 20 prompts are too long: '")
    assert f"has {max(over.values())} tokens and 10 are to follow, but {context} fit, the model's context" in told
    assert told.endswith("expected fewer respond.shots, respond.overlong: fewer_shots, or a smaller max_new_tokens")


def test_examples_are_dropped_from_the_end_of_the_prompts_that_are_too_long_alone(askings):
    lengths = sorted(words(prompt) for prompt in whole(askings))
    place = Room(words, lengths[len(lengths) // 2] + 10)
    found = fitting.fitted(askings, place, 10, fitting.FEWER_SHOTS, "generate")
    assert all(place.left(prompt) >= 10 for prompt in found.prompts)
    lost = 0
    for asking, prompt in zip(askings, found.prompts, strict=True):
        shots = next(shots for shots in (4, 3, 2, 1, 0) if asking.prompt(shots) == prompt)
        assert shots == 4 or place.left(asking.prompt(shots + 1)) < 10
        lost += shots < 4
    assert 0 < lost < 20
    assert found.fewer.total() == lost
    assert found.told.startswith(f"{lost} of 20 prompts have fewer shots, to fit the context: ")


def test_a_question_that_is_too_long_alone_is_refused(askings):
    alone = [words(asking.prompt(0)) for asking in askings]
    with pytest.raises(
        HaltError, match=r"^1 of 20 prompts are too long: 'a3' .* expected shorter prompts or a smaller"
    ):
        fitting.fitted(askings, Room(words, max(alone) + 9), 10, fitting.FEWER_SHOTS, "generate")


@pytest.mark.parametrize("overlong", [None, "fewer_shots"])
def test_programs_that_ask_again_ask_with_the_same_prompts(monkeypatch, tmp_path, askings, overlong):
    lengths = sorted(words(prompt) for prompt in whole(askings))
    place = Room(words, lengths[10] + 10)
    monkeypatch.setattr(room, "of_model", lambda folder, system: place)
    settings = {"models/m": {}, "domains/d": {"max_new_tokens": 10}}
    settings |= {"respond/overlong": overlong} if overlong else {}
    expected = fitting.fitted(askings, place, 10, overlong, "respond").prompts if overlong else whole(askings)
    assert fitting.once_more(askings, settings, "respond", tmp_path) == expected


def test_the_room_is_the_model_s(random_tiny):
    place = room.of_model(random_tiny)
    prompt = few_shot.few_shot("p", [], "Who is it?", True, DOMAIN)
    from halt.engines.transformers import Engine

    engine = Engine(random_tiny, "float32")
    assert place.context == engine.context
    assert place.tokens(prompt) == len(engine.encode(prompt))
    assert place.left(prompt) == place.context - place.tokens(prompt)
