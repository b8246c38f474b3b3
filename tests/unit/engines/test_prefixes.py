"""Prompts that begin alike are read once, and answered as if each had been read alone."""

import math

import pytest
import torch
from architectures import CAUSAL, WINDOW, causal
from hypothesis import given
from hypothesis import strategies as st

from halt.engines import Prompt, Sampling, prefixes
from halt.engines.transformers import Engine

EXAMPLES = [
    "Ada Bell was a painter from Venice who lived in Paris and painted the rivers of France until she died there.",
    "Carl Maria Ek was a carpenter in a small town on the coast of Sweden, where nobody remembers him any longer.",
    "Bo Lund wrote four novels about the sea and one about a mountain, which nobody in his own country ever read.",
]
QUESTIONS = ["Who?", "Who was Ada?", "Name three rivers and say where they rise.", "Where did Bo live?", "Write."]
SAMPLED = Sampling(samples=3, temperature=1.0, top_p=0.9, max_new_tokens=12, seed=7)
GREEDY = Sampling(samples=1, temperature=0.0, top_p=1.0, max_new_tokens=12, seed=0)


def plain(contexts):
    """Every question after one of so many contexts, of different lengths, and one question after none."""
    shared = ["\n".join(EXAMPLES[number:] * (2 + number)) for number in range(contexts)]
    asked = [f"{shared[number % contexts]}\n{question}" for number, question in enumerate(QUESTIONS)]
    return [Prompt(f"p{number}", None, text) for number, text in enumerate([*asked, "Hello, who are you?"])]


def turns(contexts):
    prompts = []
    for number, question in enumerate(QUESTIONS):
        pairs = EXAMPLES[number % contexts :] * 2
        shown = [{"role": role, "content": text} for text in pairs for role in ("user", "assistant")]
        prompts.append(Prompt(f"p{number}", [*shown, {"role": "user", "content": question}], None))
    return prompts


@pytest.fixture(scope="module", params=CAUSAL)
def engine(request, tmp_path_factory):
    return Engine(causal(request.param, tmp_path_factory.mktemp("models") / request.param), "float32")


def alone(engine, prompts, sampling):
    return [engine.generate([prompt], sampling, 1)[0] for prompt in prompts]


@pytest.mark.parametrize("sampling", [GREEDY, SAMPLED])
@pytest.mark.parametrize("contexts", [1, 2])
@pytest.mark.parametrize("batch_size", [1, 6, 64])
def test_shared_beginnings_change_no_answer(engine, sampling, contexts, batch_size):
    """Whichever layers have a window, which the beginnings are longer than."""
    prompts = plain(contexts)
    shared = prefixes.groups([engine.encode(prompt) for prompt in prompts])
    assert sum(len(group.members) for group in shared) == len(QUESTIONS)
    assert min(group.length for group in shared) > 2 * WINDOW
    assert engine.generate(prompts, sampling, batch_size) == alone(engine, prompts, sampling)


@pytest.mark.parametrize("sampling", [GREEDY, SAMPLED])
def test_shared_beginnings_change_no_answer_in_turns(random_tiny, sampling):
    engine, prompts = Engine(random_tiny, "float32"), turns(2)
    assert prefixes.groups([engine.encode(prompt) for prompt in prompts])
    assert engine.generate(prompts, sampling, 8) == alone(engine, prompts, sampling)


def test_the_logits_after_a_shared_beginning_are_those_after_the_whole_prompt(engine, monkeypatch):
    seen = []
    forward = engine._forward
    monkeypatch.setattr(engine, "_forward", lambda *given, **named: seen.append(forward(*given, **named)) or seen[-1])
    prompts = plain(2)
    encoded = [engine.encode(prompt) for prompt in prompts]
    engine.generate(prompts, GREEDY._replace(max_new_tokens=1), len(prompts))
    found = seen[-1][:, 0]  # after the forward passes over the beginnings
    rest = [len(tokens) for tokens in encoded]
    for group in prefixes.groups(encoded):
        for member in group.members:
            rest[member] -= group.length
    order = sorted(range(len(prompts)), key=lambda index: rest[index])
    for row, index in enumerate(order):
        with torch.inference_mode():
            whole = engine.model(torch.tensor([encoded[index]])).logits[0, -1]
        torch.testing.assert_close(found[row], whole, rtol=1e-4, atol=1e-4)


def test_a_shared_beginning_passes_through_the_model_once(engine):
    prompts, passed = plain(1)[:-1], []
    handle = engine.model.get_input_embeddings().register_forward_hook(
        lambda module, arguments, output: passed.append(math.prod(arguments[0].shape))
    )
    try:
        engine.generate(prompts, GREEDY._replace(max_new_tokens=1), 64)
    finally:
        handle.remove()
    [group] = prefixes.groups([engine.encode(prompt) for prompt in prompts])
    longest = max(len(engine.encode(prompt)) for prompt in prompts) - group.length
    assert passed == [group.length, len(prompts) * longest]


def test_prompts_that_share_little_go_the_way_they_went(engine, monkeypatch):
    """Bit for bit: nothing is encoded before the batch, and it holds whole prompts."""
    passed = []
    forward = engine._forward
    monkeypatch.setattr(
        engine,
        "_forward",
        lambda tokens, *more, **named: passed.append(tokens.shape) or forward(tokens, *more, **named),
    )
    prompts = [Prompt(f"p{k}", None, f"{EXAMPLES[0]}\n{EXAMPLES[k] * 3}") for k in range(3)]
    engine.generate(prompts, GREEDY._replace(max_new_tokens=1), 3)
    assert [tuple(shape) for shape in passed] == [(3, max(len(engine.encode(prompt)) for prompt in prompts))]


TOKENS = st.lists(st.integers(0, 1), min_size=1, max_size=5)


@given(st.lists(st.tuples(st.integers(0, 2), TOKENS), min_size=1, max_size=8), st.integers(60, 70))
def test_groups_are_disjoint_begin_alike_and_leave_a_token_to_each(drawn, length):
    sequences = [[number] * length + rest for number, rest in drawn]
    found = prefixes.groups(sequences)
    members = [member for group in found for member in group.members]
    assert len(set(members)) == len(members)
    for group in found:
        assert len({tuple(sequences[member][: group.length]) for member in group.members}) == 1
        assert len(group.members) > 1
        assert group.length >= prefixes.LEAST
        assert all(len(sequences[member]) > group.length for member in group.members)
    if length >= prefixes.LEAST:
        numbers = [number for number, _ in drawn]
        assert sorted(members) == [place for place, number in enumerate(numbers) if numbers.count(number) > 1]


def test_a_short_beginning_or_a_small_part_of_the_prompt_is_not_shared():
    assert not prefixes.groups([[1] * (prefixes.LEAST - 1) + [2], [1] * (prefixes.LEAST - 1) + [3]])
    assert prefixes.groups([[1] * prefixes.LEAST + [2], [1] * prefixes.LEAST + [3]])
    assert not prefixes.groups([[1] * prefixes.LEAST + [2] * 65, [1] * prefixes.LEAST + [3]])
