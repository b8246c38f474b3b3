"""How an extractor's model is reached: loaded here, served by the workflow, or at an endpoint. Every reply is kept."""

import contextlib
import hashlib
import json
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from halt import paths
from halt.engines import Prompt, Sampling, asked, replies
from halt.engines.replies import Kept, Reply
from halt.extractors import Ask, Means
from halt.extractors._base import REPLY_TOKENS
from halt.running.processes import ALONE, Processes

# A model without a chat template goes on with the next example of the prompt text.
STOP = ("\n\n", "\nQuestion:", "\nSentence:")
BATCHES = 8  # of a model that is loaded here: a kill loses the replies of at most so many


def means(args: Namespace, entry: Mapping, processes: Processes = ALONE) -> Means:
    """What the arguments of a program give an extractor. EngineError without the manifest of a model that it needs."""
    manifest, server = (*args.extractor, None, None)[:2]
    name = asked.reached(entry).model
    return Means(
        work=args.work,
        model=asked.of_settings(args.settings, name, manifest, args.shards, "--extractor"),
        batch_size=args.batch_size,
        requests=asked.Requests(args.concurrency, args.timeout, args.retries),
        server=server,
        store=paths.replies(args.work),
        processes=processes,
    )


@contextlib.contextmanager
def opened(entry: Mapping, means: Means) -> Iterator[Ask]:
    """What asks the model of an entry of `extractors`, greedily. EngineError if its server is missing or ends.

    Replies are kept by what was asked: they outlive a kill, and a rerun does not ask again.
    """
    tokens = entry.get("reply_tokens", REPLY_TOKENS)
    with _served(entry, means, tokens) if asked.reached(entry).engine is None else _local(entry, means, tokens) as ask:
        yield ask


@contextlib.contextmanager
def _served(entry: Mapping, means: Means, tokens: int) -> Iterator[Ask]:
    own, others = means.work / "replies.jsonl", []
    if means.store is not None:
        about = {"reads": "claims", **asked.identity(entry, means.model)}
        own, others = asked.shared(means.store, about, means.work)
    sampling = Sampling(1, 0.0, 1.0, tokens, 0)
    with asked.answering(entry, means.model, means.server, means.requests, own, others) as engine:

        def ask(conversations: Sequence[list[dict]]) -> list[Reply]:
            prompts = [Prompt(str(number), turns, None) for number, turns in enumerate(conversations)]
            return [reply for [reply] in engine.generate(prompts, sampling)]

        yield ask


@contextlib.contextmanager
def _local(entry: Mapping, means: Means, tokens: int) -> Iterator[Ask]:
    model = means.model
    engine = asked.loaded(entry["engine"], model)
    sampling = Sampling(1, 0.0, 1.0, tokens, 0, () if model.chat else STOP)
    made = hashlib.sha256((model.folder / "manifest.json").read_bytes()).hexdigest()
    about = json.dumps([made, model.dtype, model.chat, model.system, tokens])
    kept = Kept(means.work / f"replies-{means.processes.index}.jsonl")

    def ask(conversations: Sequence[list[dict]]) -> list[Reply]:
        digests = [_digest(about, turns) for turns in conversations]
        missing = {one: turns for one, turns in zip(digests, conversations, strict=True) if one not in kept}
        prompts = {one: asked.conversation(one, turns, model.chat) for one, turns in missing.items()}
        fitting = {one: prompt for one, prompt in prompts.items() if asked.fits(engine, engine.encode(prompt), tokens)}
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
