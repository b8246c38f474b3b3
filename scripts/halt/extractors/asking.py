"""How an extractor's model is reached: loaded here, served by the workflow, or at an endpoint. Every reply is kept."""

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from halt import engines
from halt.engines import Prompt, Sampling, replies, serving
from halt.engines.replies import Kept, Reply
from halt.extractors import Ask, ExtractorError, Means, needs
from halt.extractors._base import REPLY_TOKENS

# A model without a chat template goes on with the next example of the prompt text.
STOP = ("\n\n", "\nQuestion:", "\nSentence:")
BATCHES = 8  # of a model that is loaded here: a kill loses the replies of at most so many


@contextlib.contextmanager
def opened(entry: Mapping, means: Means) -> Iterator[Ask]:
    """What asks the model of an entry of `extractors`, greedily. ExtractorError if something that it needs is missing.

    Replies lie in the work folder, by what was asked: they outlive a kill, and a rerun does not ask again.
    """
    tokens = entry.get("reply_tokens", REPLY_TOKENS)
    with _served(entry, means, tokens) if needs(entry).engine is None else _local(entry, means, tokens) as ask:
        yield ask


@contextlib.contextmanager
def _served(entry: Mapping, means: Means, tokens: int) -> Iterator[Ask]:
    from halt.engines.openai import Engine

    engine = Engine(
        **_address(entry, means),
        replies=means.work / "replies.jsonl",
        concurrency=means.requests.concurrency,
        retries=means.requests.retries,
        timeout=means.requests.timeout,
    )
    sampling = Sampling(1, 0.0, 1.0, tokens, 0)

    def ask(conversations: Sequence[list[dict]]) -> list[Reply]:
        prompts = [Prompt(str(number), turns, None) for number, turns in enumerate(conversations)]
        return [reply for [reply] in engine.generate(prompts, sampling)]

    with contextlib.closing(engine):
        try:
            yield ask
        except engines.EngineError as error:
            raise _ended(means.server) or error from None


def _ended(server: Path | None) -> ExtractorError | None:
    """An ExtractorError that names the log, if the workflow's server has ended; else None."""
    if server is None or not server.exists():
        return None
    address = serving.Address(**json.loads(server.read_text()))
    if address.ended is None:
        return None
    return ExtractorError(f"the extractor's server ended with status {address.ended}: see {address.log}")


def _address(entry: Mapping, means: Means) -> dict:
    """Address of the extractor, its name there, and the key; waits until a server of the workflow answers."""
    if entry["engine"] == "openai":
        return {name: entry[name] for name in ("endpoint", "model", "api_key_variable")}
    if means.server is None or means.model is None:
        raise ExtractorError("a served extractor needs its server: give its address after the model to --extractor")
    address = serving.answering(means.server)
    return {"endpoint": address.endpoint, "model": str(means.model.folder), "key": address.key}


@contextlib.contextmanager
def _local(entry: Mapping, means: Means, tokens: int) -> Iterator[Ask]:
    model = means.model
    if model is None:
        raise ExtractorError("a local extractor needs its model: give its manifest to --extractor")
    engine = engines.load(entry["engine"], model.folder, model.dtype, None, model.shards, model.system)
    sampling = Sampling(1, 0.0, 1.0, tokens, 0, () if model.chat else STOP)
    made = hashlib.sha256((model.folder / "manifest.json").read_bytes()).hexdigest()
    about = json.dumps([made, model.dtype, model.chat, model.system, tokens])
    kept = Kept(means.work / f"replies-{means.processes.index}.jsonl")

    def ask(conversations: Sequence[list[dict]]) -> list[Reply]:
        digests = [_digest(about, turns) for turns in conversations]
        missing = {one: turns for one, turns in zip(digests, conversations, strict=True) if one not in kept}
        prompts = {one: _prompt(one, turns, model.chat) for one, turns in missing.items()}
        fitting = {one: prompt for one, prompt in prompts.items() if _fits(engine, prompt, tokens)}
        long = {one: Reply("", 0, False, replies.TOO_LONG) for one in prompts.keys() - fitting.keys()}
        for names in batched(fitting, means.batch_size * BATCHES):
            completions = engine.generate([fitting[one] for one in names], sampling, means.batch_size)
            for one, [completion] in zip(names, completions, strict=True):
                kept.add(one, replies.heard(*completion))
        return [long[one] if one in long else kept[one] for one in digests]

    with contextlib.closing(kept):
        yield ask


def batched(names: Iterable[str], size: int) -> Iterator[list[str]]:
    """The names in lists of so many, in order."""
    rest = iter(names)
    while group := list(islice(rest, size)):
        yield group


def _digest(about: str, turns: list[dict]) -> str:
    return hashlib.sha256(json.dumps([about, turns], sort_keys=True).encode()).hexdigest()


def _fits(engine, prompt: Prompt, tokens: int) -> bool:
    """Whether a prompt leaves room for a reply in the context."""
    return engine.context is None or len(engine.encode(prompt)) + tokens <= engine.context


def _prompt(name: str, turns: list[dict], chat: bool) -> Prompt:
    """A conversation as an engine takes it; a model without a chat template reads the turns one below the other."""
    if chat:
        return Prompt(name, turns, None)
    return Prompt(name, None, "\n".join(turn["content"] for turn in turns))
