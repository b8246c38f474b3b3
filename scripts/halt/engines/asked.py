"""A model that judges and extractors ask: loaded in the job, served by the workflow, or at an endpoint.

The key `engine` of their config entries says which: transformers or vllm, served, openai. Light: it checks the config.
"""

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from halt.engines import EngineError, Prompt, chat, load

_LOCAL = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(?=[:/]|\Z)")


class Reached(NamedTuple):
    """How an entry's model is reached; all None at an endpoint."""

    model: str | None = None  # key of `models`, loaded in the job or served beside it
    engine: str | None = None  # what loads it in the job: transformers or vllm
    server: str | None = None  # what serves it beside the jobs: transformers or vllm


class Asked(NamedTuple):
    """The model: its folder, whether it has a chat template, its number format, its number of GPUs, and whether its
    template's own system prompt stays (`system` of halt.engines.chat)."""

    folder: Path
    chat: bool
    dtype: str
    shards: int = 1
    system: str = chat.TEMPLATE


class Requests(NamedTuple):
    """How a server is asked; only speed and patience."""

    concurrency: int
    timeout: int  # seconds
    retries: int


def reached(entry: Mapping) -> Reached:
    """How the model of a config entry is reached."""
    engine = entry["engine"]
    return Reached(
        model=None if engine == "openai" else entry["model"],
        engine=engine if engine in ("transformers", "vllm") else None,
        server=entry["server"] if engine == "served" else None,
    )


def faults(entry: Mapping) -> Iterator[tuple[str, str]]:
    """(key, message) for a fault that the schema cannot see: an endpoint is the base address alone."""
    endpoint = entry.get("endpoint", "")
    if endpoint.rstrip("/").endswith("/chat/completions"):
        yield "endpoint", f"found '{endpoint}', expected it without /chat/completions: that is added"


def is_local(endpoint: str) -> bool:
    """Whether an address is of this machine: a server there may do without a key."""
    return _LOCAL.match(endpoint) is not None


def of_settings(settings: Mapping, name: str | None, manifest: Path | None, shards: int, option: str) -> Asked | None:
    """The model `name` by its entry `models/<name>`; None without a name. EngineError without its manifest, which the
    program's argument `option` gives."""
    if name is None:
        return None
    if manifest is None:
        raise EngineError(f"the model {name} is to be asked: give its manifest to {option}")
    entry = settings[f"models/{name}"]
    return Asked(manifest.parent, entry["chat"], entry["dtype"], shards, entry.get("system", chat.TEMPLATE))


def loaded(engine: str, model: Asked):
    """The model, loaded here."""
    return load(engine, model.folder, model.dtype, None, model.shards, model.system)


@contextlib.contextmanager
def answering(
    entry: Mapping, model: Asked | None, server: Path | None, requests: Requests, own: Path, others: Sequence[Path] = ()
) -> Iterator:
    """The engine that asks an entry's endpoint or the workflow's server (`server`: its address file, waited for).

    own, others: files of replies, see `replies.Kept`. EngineError, also from inside the block, names the log of a
    server that has ended.
    """
    from halt.engines.openai import Engine

    engine = Engine(**_address(entry, model, server), replies=own, others=others, **requests._asdict())
    with contextlib.closing(engine):
        try:
            yield engine
        except EngineError as error:
            raise _ended(server) or error from None


def shared(store: Path, about: Mapping, work: Path) -> tuple[Path, list[Path]]:
    """The file in which a job (its `work`) keeps replies, and those of other jobs that ask the same (`about`)."""
    folder = store / _digest(json.dumps(about, sort_keys=True))
    own = folder / f"{_digest(str(work))}.jsonl"
    return own, [file for file in sorted(folder.glob("*.jsonl")) if file != own]


def identity(entry: Mapping, model: Asked | None) -> dict:
    """What tells one evaluator from another, wherever it is served."""
    if model is None:
        return {"engine": entry["engine"], "model": entry["model"]}
    manifest = (model.folder / "manifest.json").read_text()
    return {"engine": entry["engine"], "server": entry["server"], "dtype": model.dtype, "manifest": manifest}


def conversation(name: str, turns: list[dict], chat: bool) -> Prompt:
    """A conversation as an engine takes it; a model without a chat template reads the turns one below the other."""
    if chat:
        return Prompt(name, turns, None)
    return Prompt(name, None, "\n".join(turn["content"] for turn in turns))


def fits(engine, tokens: Sequence[int], new: int) -> bool:
    """Whether a prompt of these tokens leaves room for so many new ones in the context."""
    return engine.context is None or len(tokens) + new <= engine.context


def _address(entry: Mapping, model: Asked | None, server: Path | None) -> dict:
    if entry["engine"] == "openai":
        return {name: entry[name] for name in ("endpoint", "model", "api_key_variable")}
    from halt.engines import serving

    if server is None or model is None:
        raise EngineError("a served model needs its server: give the address file after the model's manifest")
    address = serving.answering(server)
    return {"endpoint": address.endpoint, "model": str(model.folder), "key": address.key}


def _ended(server: Path | None) -> EngineError | None:
    from halt.engines import serving

    if server is None or not server.exists():
        return None
    address = serving.Address(**json.loads(server.read_text()))
    return None if address.ended is None else EngineError(serving.told(address))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
