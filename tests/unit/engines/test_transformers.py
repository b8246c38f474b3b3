"""Sampling: the softmax's own distribution, one prefill for N samples, and the same text in any batch."""

import math
from collections import Counter
from itertools import chain

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from halt.engines import EngineError, Prompt, Sampling, precision
from halt.engines.transformers import Engine, _choose, _key, _mix, gumbel

PROMPTS = [
    Prompt(f"p{k}", [{"role": "user", "content": text}], None)
    for k, text in enumerate(
        [
            "Profile of Ada Bell.",
            "Who?",
            "Name three rivers and say where they rise, one a line.",
            "What is 3 + 4 * 2?",
            "Write the profile of a painter who was born in Venice and who died, many years later, in Paris.",
            "Hello",
            "Profile of Carl Maria Ek, whom nobody remembers.",
        ]
    )
]
SAMPLED = Sampling(samples=3, temperature=1.0, top_p=1.0, max_new_tokens=20, seed=7)
GREEDY = Sampling(samples=1, temperature=0.0, top_p=1.0, max_new_tokens=20, seed=0)


@pytest.fixture(scope="module")
def engine(random_tiny):
    return Engine(random_tiny, "float32")


@pytest.fixture(scope="module")
def real(smollm2):
    return Engine(smollm2, "float32")


def texts(completions):
    return [[completion.text for completion in answers] for answers in completions]


def chi_square_is_plausible(observed, expected):
    """Pearson's statistic against its mean plus five standard deviations: a right sampler fails once in 10^5."""
    observed, expected = np.asarray(observed, float), np.asarray(expected, float)
    statistic = ((observed - expected) ** 2 / expected).sum()
    freedom = len(expected) - 1
    return statistic < freedom + 5 * math.sqrt(2 * freedom) + 5


@pytest.mark.parametrize("batch_size", [1, 5, 16])
def test_the_batch_size_does_not_change_the_samples(engine, batch_size):
    alone = [engine.generate([prompt], SAMPLED, 1)[0] for prompt in PROMPTS]
    assert engine.generate(PROMPTS, SAMPLED, batch_size) == alone


@pytest.mark.parametrize("sampling", [SAMPLED, pytest.param(GREEDY, marks=pytest.mark.slow)])
def test_the_batch_size_does_not_change_the_samples_of_a_real_model(real, sampling):
    sampling, some = sampling._replace(max_new_tokens=8), PROMPTS[:3]
    whole = texts(real.generate(some, sampling, 16))
    assert texts(real.generate(some, sampling, 1)) == whole
    assert texts(real.generate(some[::-1], sampling, 5))[::-1] == whole


def test_samples_depend_on_seed_prompt_and_index_alone(engine):
    few = texts(engine.generate(PROMPTS[:2], SAMPLED, 8))
    more = texts(engine.generate(PROMPTS[:2], SAMPLED._replace(samples=5), 8))
    assert [answers[:3] for answers in more] == few
    assert all(len(set(answers)) == 5 for answers in more)
    assert texts(engine.generate(PROMPTS[:2], SAMPLED._replace(seed=8), 8)) != few
    renamed = [prompt._replace(id=f"other{prompt.id}") for prompt in PROMPTS[:2]]
    assert texts(engine.generate(renamed, SAMPLED, 8)) != few


def test_the_samples_of_a_prompt_share_one_prefill(engine):
    """Every token of a prompt passes through the model once, and not once for each of N samples."""
    passed = []
    handle = engine.model.get_input_embeddings().register_forward_hook(
        lambda module, arguments, output: passed.append(arguments[0].shape)
    )
    prompt = PROMPTS[4]
    length, sampling = len(engine.encode(prompt)), SAMPLED._replace(samples=5, max_new_tokens=6)
    try:
        engine.generate([prompt], sampling, 16)
    finally:
        handle.remove()
    assert tuple(passed[0]) == (1, length)
    assert all(tuple(shape) == (1, 5) for shape in passed[1:])
    assert sum(math.prod(shape) for shape in passed) <= length + 5 * 5


def test_greedy_is_what_transformers_generates(engine):
    check_greedy(engine, 20)


@pytest.mark.slow
def test_greedy_is_what_transformers_generates_with_a_real_model(real):
    check_greedy(real, 12)


def check_greedy(engine, tokens):
    ours = texts(engine.generate(PROMPTS, GREEDY._replace(max_new_tokens=tokens), 4))
    for prompt, [text] in zip(PROMPTS, ours, strict=True):
        encoded = torch.tensor([engine.encode(prompt)])
        output = engine.model.generate(
            input_ids=encoded,
            attention_mask=torch.ones_like(encoded),
            do_sample=False,
            max_new_tokens=tokens,
            pad_token_id=engine.tokenizer.pad_token_id,
        )[0, encoded.shape[1] :]
        assert text == engine.tokenizer.decode(output, skip_special_tokens=True)


def test_first_tokens_are_drawn_from_the_softmax(engine):
    """Over many prompts' names, the first token of a sample comes as often as the model's own softmax says."""
    prompt, draws = PROMPTS[0], 3000
    encoded = torch.tensor([engine.encode(prompt)])
    with torch.inference_mode():
        expected = engine.model(encoded).logits[0, -1].double().softmax(-1).numpy() * draws
    sampling = Sampling(samples=draws, temperature=1.0, top_p=1.0, max_new_tokens=1, seed=3)
    [answers] = engine.generate([prompt], sampling, draws)
    counted = Counter(answer.text for answer in answers)
    by_text = Counter()
    for token, mass in enumerate(expected):
        by_text[engine.tokenizer.decode([token], skip_special_tokens=True)] += mass
    often = [text for text, mass in by_text.items() if mass >= 10]
    observed = [counted[text] for text in often]
    rare = draws - sum(observed)
    assert len(often) > 10
    assert chi_square_is_plausible(
        [*observed, rare], [*(by_text[text] for text in often), draws - sum(by_text[text] for text in often)]
    )


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("step", [0, 5])
def test_tokens_are_drawn_from_the_tempered_softmax(temperature, step):
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0, 0.5, -3.0])
    draws = 20_000
    keys = [[_key(0, "p", sample) for sample in range(draws)]]
    sampling = SAMPLED._replace(samples=draws, temperature=temperature)
    chosen = _choose(logits.expand(1, draws, -1), keys, step, sampling)[0]
    expected = (logits / temperature).softmax(-1) * draws
    assert chi_square_is_plausible(chosen.bincount(minlength=6), expected)


def test_steps_of_one_sample_are_independent():
    draws = 20_000
    logits = torch.zeros(1, draws, 4)
    keys = [[_key(0, f"p{sample}", 0) for sample in range(draws)]]
    first, second = (_choose(logits, keys, step, SAMPLED)[0] for step in (0, 1))
    assert chi_square_is_plausible((4 * first + second).bincount(minlength=16), [draws / 16] * 16)


def test_samples_of_one_prompt_are_independent():
    draws = 20_000
    pairs = [[_key(0, f"p{prompt}", sample) for sample in (0, 1)] for prompt in range(draws)]
    first, second = _choose(torch.zeros(draws, 2, 4), pairs, 0, SAMPLED).T
    assert chi_square_is_plausible((4 * first + second).bincount(minlength=16), [draws / 16] * 16)


def test_the_noise_is_standard_gumbel():
    keys = torch.tensor([_mix(_key(1, "p", sample), 0) for sample in range(400)])
    noise = gumbel(keys, 1000).double()
    assert noise.isfinite().all()
    assert abs(noise.mean().item() - 0.5772157) < 0.01  # standard error .002
    assert abs(noise.var().item() - math.pi**2 / 6) < 0.03
    uniform = torch.exp(-torch.exp(-noise)).flatten()
    assert chi_square_is_plausible((uniform * 100).long().clamp(max=99).bincount(minlength=100), [4000] * 100)
    across = np.corrcoef(noise[:, :40].T.numpy()) - np.eye(40)
    assert np.abs(across).max() < 0.3  # 400 draws: standard error .05


def test_top_p_keeps_the_smallest_set_that_reaches_it():
    logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
    draws = 5_000
    keys = [[_key(0, "p", sample) for sample in range(draws)]]
    for top_p, kept in ((0.3, 1), (0.6, 2), (0.9, 3), (0.96, 4)):
        chosen = _choose(logits.expand(1, draws, -1), keys, 0, SAMPLED._replace(top_p=top_p))[0]
        expected = logits[:kept].softmax(-1) * draws
        assert chosen.max() < kept
        assert kept == 1 or chi_square_is_plausible(chosen.bincount(minlength=kept), expected)


def test_a_prompt_that_leaves_no_room_in_the_context_is_refused(engine):
    limit = engine.model.config.max_position_embeddings
    room = GREEDY._replace(max_new_tokens=limit - max(len(engine.encode(prompt)) for prompt in PROMPTS))
    written = []
    with pytest.raises(EngineError, match=rf"^the prompt 'p\d' has \d+ tokens and \d+ are to follow, but {limit} fit"):
        engine.generate(PROMPTS, room._replace(max_new_tokens=room.max_new_tokens + 1), 4, written.append)
    assert written == []


def test_padding_changes_nothing(engine):
    """A short prompt beside a long one is padded on the left; its next-token scores stay the same."""
    seen = []
    forward = engine._forward

    def watched(*arguments, **named):
        seen.append(forward(*arguments, **named))
        return seen[-1]

    engine._forward = watched
    try:
        one = Sampling(1, 0.0, 1.0, 3, 0)
        engine.generate([PROMPTS[1], PROMPTS[4]], one, 2)
        engine.generate([PROMPTS[1]], one, 1)
    finally:
        del engine._forward
    together, alone = seen[0][0], seen[-3][0]
    assert torch.allclose(together, alone, atol=1e-4)


def test_a_plain_text_answer_ends_at_its_stop_string(engine):
    plain = [Prompt("a", None, "Question: Who?\nAnswer:\n"), Prompt("b", None, "Question: What?\nAnswer:\n")]
    long = Sampling(2, 1.0, 1.0, 40, 1)
    whole = engine.generate(plain, long, 4)
    stop = whole[0][0].text[5:7]
    cut = engine.generate(plain, long._replace(stop=(stop,)), 4)
    for before, after in zip(chain(*whole), chain(*cut), strict=True):
        assert after.text == before.text.split(stop)[0]
        if stop in before.text:
            assert after.finished
            assert after.tokens < before.tokens
        else:
            assert after == before
    assert stop in whole[0][0].text


def test_an_answer_ends_at_the_end_token_and_counts_it(engine):
    """`finished` tells an answer that ended from one that max_new_tokens cut."""
    answers = engine.generate(PROMPTS[:1], Sampling(300, 1.0, 1.0, 30, 0), 300)[0]
    ended = [answer for answer in answers if answer.finished]
    assert 0 < len(ended) < len(answers)
    assert all(answer.tokens == 30 for answer in answers if not answer.finished)
    assert {answer.tokens for answer in ended} != {30}
    assert all("<|im_end|>" not in answer.text for answer in answers)


def test_a_whole_finetuned_model_takes_the_place_of_the_pretrained_one(random_tiny, tmp_path):
    tuned = AutoModelForCausalLM.from_pretrained(random_tiny, dtype=torch.float32)
    with torch.no_grad():
        tuned.lm_head.weight.add_(torch.linspace(-1, 1, tuned.lm_head.weight.numel()).view_as(tuned.lm_head.weight))
    tuned.save_pretrained(tmp_path)
    found = Engine(random_tiny, "float32", tmp_path)
    assert torch.equal(found.model.lm_head.weight, tuned.lm_head.weight)


def test_an_adapter_stands_beside_weights_that_would_round_it_away(random_tiny, tmp_path):
    import peft

    base = AutoModelForCausalLM.from_pretrained(random_tiny, dtype=torch.float32)
    adapted = peft.get_peft_model(base, peft.LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM"))
    torch.manual_seed(1)
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.3)
    adapted.save_pretrained(tmp_path)
    encoded = torch.tensor([AutoTokenizer.from_pretrained(random_tiny)("Who?")["input_ids"]])
    with torch.inference_mode():
        expected = adapted.eval()(encoded).logits
        found = Engine(random_tiny, "float32", tmp_path).model(encoded).logits
    assert torch.allclose(found, expected, atol=1e-4)
    plain = dict(Engine(random_tiny, "bfloat16").model.named_parameters())
    rounded = dict(Engine(random_tiny, "bfloat16", tmp_path).model.named_parameters())
    kept = {name.replace(".base_layer", ""): weight for name, weight in rounded.items() if "lora" not in name}
    assert kept.keys() == plain.keys()
    assert all(torch.equal(weight, plain[name]) for name, weight in kept.items())
    assert len(rounded) > len(kept)


@pytest.mark.parametrize("adapter", [False, True])
def test_rotary_frequencies_stay_as_exact_as_in_training(random_tiny, tmp_path, adapter):
    if adapter:
        import peft

        base = AutoModelForCausalLM.from_pretrained(random_tiny, dtype=torch.bfloat16)
        peft.get_peft_model(base, peft.LoraConfig(target_modules="all-linear", task_type="CAUSAL_LM")).save_pretrained(
            tmp_path
        )
    trained = dict(AutoModelForCausalLM.from_pretrained(random_tiny, dtype=torch.bfloat16).named_buffers())
    model = Engine(random_tiny, "bfloat16", tmp_path if adapter else None).model
    answering = dict(model.named_buffers())
    assert any("inv_freq" in name for name in trained)
    for name, buffer in trained.items():
        assert answering[name].dtype == buffer.dtype == torch.float32
        assert torch.equal(answering[name], buffer)
    assert {weight.dtype for weight in model.parameters()} == {getattr(torch, precision.computed_in("bfloat16"))}
