"""What a chat template makes of a conversation, read from the template itself.

A template silently decides three things that change results: which token ends an answer, whether its opening of the
next answer begins a thought, and whether a space stands before an answer. Prompts, training rows and the tokens of
"Yes" and "No" all come from here: a model is trained after the very tokens that it is later asked after.

A template may also write its own system prompt if a conversation has none. `system: none` in the model's entry of the
config leaves it out: see `load`.

Models write no thoughts: a template that knows `enable_thinking` gets False, and a block of thoughts that the opening
begins is closed at once (as Qwen3's template does it). Answers here are short, and thoughts are no part of them.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from halt.errors import HaltError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_OPENED = re.compile(r"(?:<(?P<tag>think|thinking|thought|reasoning)>|\[(?P<mark>THINK)\])(?P<after>\s*)\Z")
_QUESTION, _ANSWER, _SYSTEM = "Qzx?", "Zqx.", "Xqz!"  # no template has these words
TEMPLATE, NONE = "template", "none"  # values of a model's `system`
# A wrapped template: its output without the lead, in a conversation without a system prompt of its own.
_WITHOUT = (
    "{{% set halt_shown %}}{original}{{% endset %}}"
    "{{% if messages[0]['role'] != 'system' and halt_shown.startswith({lead}) %}}"
    "{{{{ {begin} + halt_shown[{length}:] }}}}{{% else %}}{{{{ halt_shown }}}}{{% endif %}}"
)


class TemplateError(HaltError):
    """A tokenizer has no chat template, or one that leaves the answer out; the message says which."""


def load(folder: Path | str, system: str = TEMPLATE, **options) -> "PreTrainedTokenizerBase":
    """The tokenizer of a model folder; options: of `AutoTokenizer.from_pretrained`.

    system: TEMPLATE leaves the chat template as it is. NONE leaves out the system prompt that it writes if a
    conversation has none, in all that the tokenizer makes. A template without one, or no template, stays as it is.
    TemplateError if the system prompt cannot be left out.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, **options)
    if system == NONE and tokenizer.chat_template:
        _leave_out_system(tokenizer)
    return tokenizer


def _leave_out_system(tokenizer: "PreTrainedTokenizerBase") -> None:
    """Give the tokenizer a chat template that writes no system prompt of its own."""
    asked = [{"role": "user", "content": _QUESTION}]
    longer = [*asked, {"role": "assistant", "content": _ANSWER}, *asked]
    shown = _shown(tokenizer, longer)
    head, _, rest = shown.partition(_QUESTION)
    begin = tokenizer.bos_token if tokenizer.bos_token and head.startswith(tokenizer.bos_token) else ""
    between = rest.partition(_ANSWER)[2].partition(_QUESTION)[0]
    if between.endswith(
        head.removeprefix(begin)
    ):  # the first question begins like the next one: nothing stands before it
        return
    lead = _default_system(tokenizer, asked)
    if lead is None:
        raise _kept(tokenizer)
    original = tokenizer.get_chat_template()
    tokenizer.chat_template = _WITHOUT.format(
        original=original, lead=json.dumps(lead), begin=json.dumps(begin), length=len(lead)
    )
    for turns, opened in ((asked, True), (longer, False), (longer, True)):
        said, before = _shown(tokenizer, turns, opened), _shown(tokenizer, turns, opened, chat_template=original)
        if said != begin + before[len(lead) :] or lead in said:
            raise _kept(tokenizer)


def _default_system(tokenizer: "PreTrainedTokenizerBase", asked: Sequence[dict]) -> str | None:
    """What the template writes before the turn of the first question; None if that is not clear.

    It is what a conversation has more than the turn that follows a given system prompt.
    """
    from jinja2 import TemplateError as JinjaError

    own = [{"role": "system", "content": _SYSTEM}]
    try:
        alone, whole = _shown(tokenizer, own), _shown(tokenizer, [*own, *asked])
    except JinjaError:
        return None
    turn, shown = whole.removeprefix(alone), _shown(tokenizer, asked)
    if turn == whole or not turn or not shown.endswith(turn) or _SYSTEM in turn:
        return None
    return shown.removesuffix(turn)


def _kept(tokenizer: "PreTrainedTokenizerBase") -> TemplateError:
    name = Path(tokenizer.name_or_path).name
    return TemplateError(
        f"models.{name}.system: found none, but the default system prompt of its chat template cannot be told apart"
        " from the rest, expected template"
    )


def check(tokenizer: "PreTrainedTokenizerBase") -> None:
    """TemplateError if a tokenizer has no chat template."""
    if not tokenizer.chat_template:
        raise TemplateError(
            f"{tokenizer.name_or_path}: found no chat template, expected one in tokenizer_config.json or "
            f"chat_template.jinja, or models.{Path(tokenizer.name_or_path).name}.chat: false in the config"
        )


def opening(tokenizer: "PreTrainedTokenizerBase", turns: Sequence[dict]) -> str:
    """The conversation as text, up to where the next answer begins."""
    check(tokenizer)
    shown = _shown(tokenizer, turns, add_generation_prompt=True)
    if begun := _OPENED.search(shown):
        close = f"</{begun['tag']}>" if begun["tag"] else "[/THINK]"
        shown += ("" if "\n" in begun["after"] else "\n") + f"\n{close}\n\n"
    return shown


def prompt_tokens(tokenizer: "PreTrainedTokenizerBase", turns: Sequence[dict]) -> list[int]:
    """Token ids of `opening`."""
    return _tokens(tokenizer, opening(tokenizer, turns))


def answered(tokenizer: "PreTrainedTokenizerBase", turns: Sequence[dict], answer: str) -> tuple[list[int], list[int]]:
    """Token ids of the opening, and of the opening with the answer and its end by the template.

    If the template ends an answer with no token of its own, the tokenizer's end of text is added: otherwise the model
    would not learn to end. TemplateError if the template leaves the answer out.
    """
    before = opening(tokenizer, turns)
    whole = before + _rest(tokenizer, turns, before, answer)
    if not end_tokens(tokenizer):
        whole += tokenizer.eos_token or ""
    return _tokens(tokenizer, before), _tokens(tokenizer, whole)


def spelt(tokenizer: "PreTrainedTokenizerBase", turns: Sequence[dict], before: str, word: str) -> str:
    """A one-word answer as the template writes it directly after `before`, the opening: with its space, if any."""
    rest = _rest(tokenizer, turns, before, word)
    return rest[: rest.index(word) + len(word)]


def end_tokens(tokenizer: "PreTrainedTokenizerBase") -> set[int]:
    """The token that the chat template ends an answer with; empty without a template, or where it sets none."""
    from jinja2 import TemplateError as JinjaError

    if not tokenizer.chat_template:
        return set()
    turns = [{"role": "user", "content": _QUESTION}, {"role": "assistant", "content": _ANSWER}]
    try:
        shown = _shown(tokenizer, turns)
    except JinjaError:  # of a model that gets no turns
        return set()
    behind = _tokens(tokenizer, shown.rpartition(_ANSWER)[2])
    marks = {token for token, added in tokenizer.added_tokens_decoder.items() if added.content.strip()}
    marks.discard(tokenizer.bos_token_id)
    return set([token for token in behind if token in marks][:1])


def _rest(tokenizer: "PreTrainedTokenizerBase", turns: Sequence[dict], before: str, answer: str) -> str:
    """What the template writes after the opening, the answer first.

    Some templates write a whole conversation differently from its opening (a block of thoughts in one of them alone).
    Then the answer and what follows it are put after the opening, because that is what the model will be asked with.
    """
    shown = _shown(tokenizer, [*turns, {"role": "assistant", "content": answer}])
    if shown.startswith(before) and answer in shown[len(before) :]:
        return shown[len(before) :]
    parted = (place for place, (one, other) in enumerate(zip(before, shown, strict=False)) if one != other)
    shared = next(parted, min(len(before), len(shown)))
    said = answer if answer in shown[shared:] else answer.strip()  # templates trim
    if not said or said not in shown[shared:]:
        raise TemplateError(f"{tokenizer.name_or_path}: its chat template leaves out an answer, found {shown[-200:]!r}")
    return shown[shown.index(said, shared) :]


def _shown(
    tokenizer: "PreTrainedTokenizerBase", turns: Sequence[dict], add_generation_prompt: bool = False, **options
) -> str:
    return tokenizer.apply_chat_template(
        list(turns), add_generation_prompt=add_generation_prompt, tokenize=False, enable_thinking=False, **options
    )


def _tokens(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False)["input_ids"]
