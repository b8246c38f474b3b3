"""What the workflow provides for an extractor, and how it is asked.

An extractor is an entry of the config's `extractors`: a model that is loaded in the job (engine transformers or vllm),
served by the workflow (served), or asked at an endpoint (openai). It sees an answer and its prompt, and nothing else.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from halt.engines import chat
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


class Needs(NamedTuple):
    """What the workflow provides for an extractor."""

    model: str | None = None  # key of `models`, loaded in the extracting job or served beside it
    engine: str | None = None  # what loads it in the job: transformers or vllm
    server: str | None = None  # what serves it beside the jobs: transformers or vllm


class Model(NamedTuple):
    """The model of an extractor: its folder, whether it has a chat template, its number format, its number of GPUs, and
    whether its template's own system prompt stays (`system` of halt.engines.chat)."""

    folder: Path
    chat: bool
    dtype: str
    shards: int = 1
    system: str = chat.TEMPLATE


class Requests(NamedTuple):
    """How a served extractor is asked; only speed and patience."""

    concurrency: int
    timeout: int  # seconds
    retries: int


class Means(NamedTuple):
    """What an extractor gets besides its entry."""

    work: Path  # folder of the kept replies, which survive a kill and stay for a rerun
    model: Model | None
    batch_size: int  # questions per forward pass; speed only
    requests: Requests | None  # for a served extractor
    server: Path | None = None  # address file of a server that the workflow started
    processes: Processes = ALONE


def needs(entry: Mapping) -> Needs:
    """What the workflow provides for an entry of `extractors`."""
    engine = entry["engine"]
    return Needs(
        model=None if engine == "openai" else entry["model"],
        engine=engine if engine in ("transformers", "vllm") else None,
        server=entry["server"] if engine == "served" else None,
    )


def model(settings: Mapping, brought: Needs, manifest: Path | None, shards: int) -> Model | None:
    """The model that an extractor needs, by its `models` entry; None if it needs none. ExtractorError without its
    manifest."""
    if brought.model is None:
        return None
    if manifest is None:
        raise ExtractorError("this extractor needs its model: give its manifest to --extractor")
    entry = settings[f"models/{brought.model}"]
    return Model(manifest.parent, entry["chat"], entry["dtype"], shards, entry.get("system", chat.TEMPLATE))


def faults(entry: Mapping) -> Iterator[tuple[str, str]]:
    """(key, message) for every fault of an entry that its schema cannot see: an endpoint is the base address alone."""
    endpoint = entry.get("endpoint", "")
    if endpoint.rstrip("/").endswith("/chat/completions"):
        yield "endpoint", f"found '{endpoint}', expected it without /chat/completions: that is added"
