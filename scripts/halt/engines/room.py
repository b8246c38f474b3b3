"""How many tokens a prompt has and how many a model holds: without its weights, so before anything starts."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from halt import engines
from halt.engines import Prompt, chat


class Room(NamedTuple):
    """The room that a model leaves for prompts."""

    tokens: Callable[[Prompt], int]  # of a prompt, with the opening of the answer
    context: int | None  # tokens that fit, prompt and answer together; None if the model has no limit

    def left(self, prompt: Prompt) -> float:
        """How many tokens an answer may have after a prompt."""
        return float("inf") if self.context is None else self.context - self.tokens(prompt)


def of_model(folder: Path | str, system: str = chat.TEMPLATE) -> Room:
    """The room of the model in a folder. system: see `chat.load`. An engine may have less, if memory is short."""
    from transformers import AutoConfig

    tokenizer = chat.load(folder, system)
    config = AutoConfig.from_pretrained(folder, local_files_only=True).get_text_config()
    return Room(lambda prompt: len(engines.encode(tokenizer, prompt)), getattr(config, "max_position_embeddings", None))
