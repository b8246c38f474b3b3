"""What a chat template decides, held the same in prompts, training rows and answer tokens."""

import shutil

import pytest
import tiny_model
from tokenizers import processors
from transformers import AutoTokenizer

from halt.engines import Prompt, chat, scoring
from halt.engines.transformers import Engine, _end_tokens
from halt.training.encoding import IGNORED, encode

TURN = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
OPENING = "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
OPENED = OPENING.replace("assistant\n", "assistant\n<think>\n")
# as Qwen3's: thoughts unless told otherwise, an empty block of them in the last answer of a conversation
CHOSEN = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' %}<think>\n\n</think>\n\n{% endif %}"
    "{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)
SPACED = (
    "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]{% else %} {{ m.content | trim }}"
    " {{ eos_token }}{% endif %}{% endfor %}"
)
ENDLESS = "{% for m in messages %}### {{ m.role }}\n{{ m.content }}\n{% endfor %}"  # sets no token behind an answer
ENDLESS += "{% if add_generation_prompt %}### assistant\n{% endif %}"
TEMPLATES = {
    "plain": TURN + OPENING,
    "opens thoughts": TURN + OPENED,
    "opens marked thoughts": TURN + OPENED.replace("<think>\n", "[THINK]"),
    "is told not to think": CHOSEN,
    "spaced": SPACED,
    "sets no end": ENDLESS,
    "trims, and begins with a role of its own name": (
        "{% for m in messages %}<|im_start|>{{ 'model' if m.role == 'assistant' else m.role }}\n{{ m.content | trim }}"
        "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>model\n{% endif %}"
    ),
    "opens thoughts and cuts them from what was said": (
        "{% for m in messages %}{% if m.role == 'user' %}<|im_start|>{{ m.content }}{% else %}<|im_start|>assistant "
        "{{ m.content.split('</think>')[-1] }}<|im_end|>{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant <think>\n{% endif %}"
    ),
    "writes more before an answer than it asks behind": (
        "{% for m in messages %}<|im_start|>{{ m.role }}{% if m.role == 'assistant' %} (final){% endif %}\n"
        "{{ m.content }}<|im_end|>{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    ),
}
ASKED = [{"role": "user", "content": "Who?"}]


@pytest.fixture(params=TEMPLATES)
def tokenizer(request):
    made = AutoTokenizer.from_pretrained(tiny_model.build())
    made.chat_template = TEMPLATES[request.param]
    return made


def test_an_answer_is_trained_behind_what_it_is_asked_behind_and_its_end_is_learnt(tokenizer):
    [row] = encode([{"prompt": ASKED, "completion": [{"role": "assistant", "content": "Ada Bell."}]}], tokenizer, 99)[0]
    begin = next(place for place, label in enumerate(row["labels"]) if label != IGNORED)
    assert row["input_ids"][:begin] == chat.prompt_tokens(tokenizer, ASKED)
    learnt = tokenizer.decode(row["input_ids"][begin:])
    assert learnt.strip().startswith("Ada Bell.")
    assert "think" not in learnt.lower()
    ends = chat.end_tokens(tokenizer) | {tokenizer.eos_token_id}
    assert ends & {*row["input_ids"][begin:]}


def test_no_answer_is_asked_for_inside_a_train_of_thought(tokenizer):
    opening = chat.opening(tokenizer, ASKED)
    assert opening.lower().count("think>") % 2 == 0
    assert opening.count("[THINK]") == opening.count("[/THINK]")


def test_yes_and_no_are_the_tokens_that_the_template_writes(tokenizer):
    yes, no = scoring.answers_behind(tokenizer, "Who?", ["yes", "no"], chat=True)
    for token, word in ((yes, "yes"), (no, "no")):
        before, whole = chat.answered(tokenizer, ASKED, word)
        assert whole[len(before)] == token


def test_the_end_of_a_turn_ends_an_answer_whatever_the_model_was_configured_with(random_tiny, tmp_path):
    tokenizer = AutoTokenizer.from_pretrained(random_tiny)
    engine = Engine(random_tiny, "float32")
    [end] = chat.end_tokens(tokenizer)
    assert tokenizer.decode([end]) == "<|im_end|>"
    engine.model.generation_config.eos_token_id = None
    tokenizer.eos_token = "<|im_start|>"
    assert end in _end_tokens(engine.model, tokenizer)


def test_an_answer_is_read_up_to_the_end_of_its_turn(random_tiny):
    engine = Engine(random_tiny, "float32")
    said = engine.tokenizer("Ada Bell.<|im_end|>\n<|im_start|>user\nAnd Bo?")["input_ids"]
    completion = engine._completion(said, ())
    assert (completion.text, completion.finished) == ("Ada Bell.", True)
    assert completion.tokens == said.index(engine.end_tokens[0]) + 1


def test_a_template_that_ends_an_answer_with_a_beginning_token_sets_no_end():
    tokenizer = AutoTokenizer.from_pretrained(tiny_model.build())
    tokenizer.chat_template = "{% for m in messages %}<|im_start|>{{ m.content }}<|im_start|>{% endfor %}"
    tokenizer.bos_token = "<|im_start|>"
    assert chat.end_tokens(tokenizer) == set()


def test_no_template_sets_no_end_and_is_named_when_asked():
    tokenizer = AutoTokenizer.from_pretrained(tiny_model.build())
    tokenizer.chat_template = None
    assert chat.end_tokens(tokenizer) == set()
    with pytest.raises(chat.TemplateError, match="found no chat template"):
        chat.opening(tokenizer, ASKED)


def test_a_template_that_leaves_answers_out_is_refused():
    tokenizer = AutoTokenizer.from_pretrained(tiny_model.build())
    tokenizer.chat_template = "{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}"
    with pytest.raises(chat.TemplateError, match="leaves out an answer"):
        chat.answered(tokenizer, ASKED, "Ada Bell.")


def test_one_beginning_of_text_in_a_templated_prompt():
    tokenizer = AutoTokenizer.from_pretrained(tiny_model.build())
    tokenizer.add_special_tokens({"bos_token": "<|begin|>"})
    begin = tokenizer.bos_token_id
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<|begin|> $A", special_tokens=[("<|begin|>", begin)]
    )
    tokenizer.chat_template = "{{ bos_token }}" + TURN + OPENING
    before, whole = chat.answered(tokenizer, ASKED, "Ada Bell.")
    assert (before.count(begin), whole.count(begin)) == (1, 1)


DEFAULT = "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nYou are a cat.<|im_end|>\n{% endif %}"
FALLING = (  # as Llama 3's: something before every conversation, and the beginning of text
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set own = messages[0]['content'] %}"
    "{% set messages = messages[1:] %}{% else %}{% set own = '' %}{% endif %}"
    "<|im_start|>system\nToday is 1 May.\n{{ own }}<|im_end|>\n"
)
SYSTEMS = {  # what the template writes before the first turn
    "as SmolLM2 and Qwen2.5": (DEFAULT + TURN + OPENING, "<|im_start|>system\nYou are a cat.<|im_end|>\n"),
    "as Llama 3": (FALLING + TURN + OPENING, "<|im_start|>system\nToday is 1 May.\n<|im_end|>\n"),
}


def folder_with(template, folder, **tokens):
    tokenizer = AutoTokenizer.from_pretrained(tiny_model.build())
    tokenizer.chat_template = template
    tokenizer.add_special_tokens(tokens)
    tokenizer.save_pretrained(folder)
    return folder


def with_and_without(template, folder, **tokens):
    made = folder_with(template, folder, **tokens)
    return chat.load(made), chat.load(made, "none")


@pytest.mark.parametrize("kind", SYSTEMS)
def test_without_a_system_prompt_everything_else_stays(kind, tmp_path):
    template, lead = SYSTEMS[kind]
    whole, without = with_and_without(template, tmp_path, bos_token="<|begin|>")
    longer = [*ASKED, {"role": "assistant", "content": "Ada Bell."}, *ASKED]
    for turns in (ASKED, longer):
        assert lead in chat.opening(whole, turns)
        assert chat.opening(without, turns) == chat.opening(whole, turns).replace(lead, "")
    assert chat.opening(without, ASKED).count("<|begin|>") == chat.opening(whole, ASKED).count("<|begin|>")
    assert chat.end_tokens(without) == chat.end_tokens(whole)


@pytest.mark.parametrize("kind", SYSTEMS)
def test_training_rows_and_answer_words_are_without_it_too(kind, tmp_path):
    template, lead = SYSTEMS[kind]
    _, without = with_and_without(template, tmp_path, bos_token="<|begin|>")
    [row] = encode([{"prompt": ASKED, "completion": [{"role": "assistant", "content": "Ada Bell."}]}], without, 99)[0]
    begin = next(place for place, label in enumerate(row["labels"]) if label != IGNORED)
    assert row["input_ids"][:begin] == chat.prompt_tokens(without, ASKED)
    assert lead not in without.decode(row["input_ids"])
    yes, no = scoring.answers_behind(without, "Who?", ["yes", "no"], chat=True)
    for token, word in ((yes, "yes"), (no, "no")):
        before, answered = chat.answered(without, ASKED, word)
        assert answered[len(before)] == token


@pytest.mark.parametrize("kind", SYSTEMS)
def test_a_system_prompt_of_one_s_own_stays(kind, tmp_path):
    whole, without = with_and_without(SYSTEMS[kind][0], tmp_path)
    own = [{"role": "system", "content": "You are a dog."}, *ASKED]
    assert chat.opening(without, own) == chat.opening(whole, own)


@pytest.mark.parametrize("kind", TEMPLATES)
def test_a_template_without_a_system_prompt_of_its_own_stays_as_it_is(kind, tmp_path):
    whole, without = with_and_without(TEMPLATES[kind], tmp_path)
    assert without.chat_template == whole.chat_template


def test_a_tokenizer_without_a_template_stays_as_it_is(tmp_path):
    assert chat.load(folder_with(None, tmp_path), "none").chat_template is None


@pytest.mark.parametrize(
    "template",
    [
        # knows no system prompt but its own
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}{% endfor %}"
        + DEFAULT
        + TURN
        + OPENING,
        # writes its own into the question
        "{% for m in messages %}[INST] {% if loop.first %}A cat. {% endif %}{{ m.content }} [/INST]{% endfor %}",
    ],
)
def test_a_system_prompt_that_cannot_be_left_out_is_named(template, tmp_path):
    folder = folder_with(template, tmp_path / "mine")
    with pytest.raises(chat.TemplateError, match=r"^models\.mine\.system: found none, .*, expected template$"):
        chat.load(folder, "none")


def test_an_engine_asks_without_it(random_tiny, tmp_path):
    shutil.copytree(random_tiny, tmp_path / "model")
    folder_with(SYSTEMS["as SmolLM2 and Qwen2.5"][0], tmp_path / "model")
    prompt = Prompt("p", ASKED, None)
    asked = {system: Engine(tmp_path / "model", "float32", system=system) for system in ("template", "none")}
    texts = {system: engine.tokenizer.decode(engine.encode(prompt)) for system, engine in asked.items()}
    assert texts["template"].replace("<|im_start|>system\nYou are a cat.<|im_end|>\n", "") == texts["none"]
    assert texts["none"] != texts["template"]
