"""What the workflow provides for an extractor, and how it is asked.

An extractor is an entry of the config's `extractors`: a model that is loaded in the job (engine transformers or vllm),
served by the workflow (served), or asked at an endpoint (openai). It sees an answer and its prompt, and nothing else.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from halt.engines.asked import Asked, Requests
from halt.engines.replies import Reply
from halt.errors import HaltError
from halt.running.processes import ALONE, Processes

TEXTS = ("extract_claims", "extract_again")  # prompt texts of an extraction
EDIT_TEXTS = ("edit_sentence", *TEXTS)  # and of an edit
REPLY_TOKENS = 256  # default of `reply_tokens`: claims of one sentence

Ask = Callable[[Sequence[list[dict]]], list[Reply]]
"""Conversations (chat messages) -> replies in their order. Equal conversations are asked once."""


class ExtractorError(HaltError):
    """The settings or the model do not allow an extraction; the message says what was found and expected."""


class Means(NamedTuple):
    """What an extractor gets besides its entry."""

    work: Path  # folder for replies of a model that is loaded here
    model: Asked | None
    batch_size: int  # questions per forward pass; speed only
    requests: Requests | None  # for a served extractor
    server: Path | None = None  # address file of a server that the workflow started
    store: Path | None = None  # folder in which jobs share the replies of served models; None: they lie in `work`
    processes: Processes = ALONE
