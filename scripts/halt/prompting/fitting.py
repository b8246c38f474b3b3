"""Few-shot prompts that leave room for their answer: looked at all together, before the first answer is made.

A prompt that leaves too little room is refused, or loses examples from the end until it fits (`overlong`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from halt import stage
from halt.engines import Prompt, chat, room
from halt.engines.room import Room
from halt.errors import HaltError
from halt.prompting.few_shot import Asking

REFUSE, FEWER_SHOTS = "refuse", "fewer_shots"  # values of `overlong`


class Fitted(NamedTuple):
    """Prompts that fit."""

    prompts: list[Prompt]
    fewer: Counter[int]  # how many prompts have so many examples, of those that lost some

    @property
    def told(self) -> str:
        """The line for the log; empty if every prompt has all its examples."""
        if not self.fewer:
            return ""
        kept = ", ".join(f"{count} with {shots}" for shots, count in sorted(self.fewer.items(), reverse=True))
        return f"{self.fewer.total()} of {len(self.prompts)} prompts have fewer shots, to fit the context: {kept}"


def fitted(askings: Sequence[Asking], room: Room, new_tokens: int, overlong: str, section: str) -> Fitted:
    """Every prompt, if `new_tokens` can follow it. HaltError says how many do not fit, and names the worst.

    section: of the config that has `shots` and `overlong`, for the message.
    """
    prompts, fewer, over = [], Counter(), []
    for asking in askings:
        shots = len(asking.pairs)
        prompt = asking.prompt(shots)
        while (left := room.left(prompt)) < new_tokens and overlong == FEWER_SHOTS and shots:
            shots -= 1
            prompt = asking.prompt(shots)
        if left < new_tokens:
            over.append((left, prompt.id))
        elif shots < len(asking.pairs):
            fewer[shots] += 1
        prompts.append(prompt)
    if over:
        left, worst = min(over)
        raise HaltError(
            f"{len(over)} of {len(prompts)} prompts are too long: '{worst}' has {room.context - left} tokens and"
            f" {new_tokens} are to follow, but {room.context} fit, the model's context: expected"
            f" {_instead(section, overlong)} a smaller max_new_tokens"
        )
    return Fitted(prompts, fewer)


def once_more(askings: Sequence[Asking], settings: Mapping, section: str, folder: Path) -> list[Prompt]:
    """The prompts that `generate` or `respond` (the section) made, for a program that has only parts of the config.

    settings: by path; `<section>/overlong` if the config has it, and then `max_new_tokens` of the domain. folder: the
    model's.
    """
    overlong = settings.get(f"{section}/overlong", REFUSE)
    if overlong == REFUSE:
        return [asking.prompt(len(asking.pairs)) for asking in askings]
    system = stage.entry(settings, "models").get("system", chat.TEMPLATE)
    new_tokens = stage.entry(settings, "domains")["max_new_tokens"]
    return fitted(askings, room.of_model(folder, system), new_tokens, overlong, section).prompts


def _instead(section: str, overlong: str) -> str:
    if overlong == FEWER_SHOTS:
        return "shorter prompts or"
    return f"fewer {section}.shots, {section}.overlong: {FEWER_SHOTS}, or"
