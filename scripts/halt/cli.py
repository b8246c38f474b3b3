"""The arguments that several programs take: each has its type and its help here.

    cli.parser(__doc__, "data context model adapter? settings output", settings="respond, and parts of models/<m>")

A word names one argument. The sign after it says how many values it takes, as in a regular expression: `?` at most one,
`+` one or more, `*` any number. Without a sign it takes exactly one. Only the standard library is loaded here.
"""

import argparse
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

_REQUIRED = object()
_SIGNS = "?+*"


class Argument(NamedTuple):
    """One argument of the vocabulary. default: its value if the call leaves it out."""

    help: str
    type: Callable[[str], Any] = Path
    default: Any = _REQUIRED


ARGUMENTS = {
    # what a program reads: tables, by what their rows are
    "data": Argument("the rows whose prompts are answered"),
    "training-data": Argument("training rows"),
    "context": Argument("training rows, for the few-shot examples"),
    "generations": Argument("samples of the pretrained model"),
    "samples": Argument("samples of the training prompts"),
    "responses": Argument("the answers"),
    "fragments": Argument("fragments of the answers"),
    "judgements": Argument("judged fragments"),
    "sample-judgements": Argument("judged fragments of the pretrained model's samples"),
    "filtered-judgements": Argument("judged answers that methods filter"),
    "confidences": Argument("confidence in the fragments"),
    "assurances": Argument("confidence in whole answers"),
    "ratings": Argument("p(True) of the fragments"),
    "choices": Argument("how probable models find each choice of a question"),
    "targets": Argument("finetuning targets of one method and threshold"),
    "pairs": Argument("pairs of answers of one method and threshold"),
    "metrics": Argument("metrics of the results"),
    "main": Argument("the main table (CSV)"),
    # what else it reads
    "model": Argument("manifest of the pretrained model"),
    "adapter": Argument("training.json beside the finetuned weights"),
    "extractor": Argument("manifest of the extractor; if it is served, also the address file of its server", Path, []),
    "prompts": Argument("folder of prompt texts", Path, Path(__file__).parents[1] / "prompts"),
    "configfile": Argument("overlays on config.yaml, in order"),
    "results": Argument("a results folder", Path, Path("results")),
    # which result it makes
    "domain": Argument("what the adapter was trained on", str),
    "method": Argument("name of the method", str),
    "threshold": Argument("0.40, or none", str),
    "seed": Argument("of finetuning", int),
    "settings": Argument("JSON", json.loads),
    "version": Argument("of this stage", int),
    # how it works; no result changes with these
    "work": Argument("folder for finished parts, which survive a kill"),
    "batch-size": Argument("how many at once; speed and memory only", int),
    "concurrency": Argument("requests in flight to a served model", int, 8),
    "timeout": Argument("seconds for a whole reply; after that the request is sent again", int, 120),
    "retries": Argument("further tries of a request", int, 6),
    "shards": Argument("GPUs that the model is spread over; memory only", int, 1),
    # what it writes
    "manifest": Argument("written last; the files that it lists lie beside it"),
    "output": Argument("the result"),
}

TRAINING = {  # help texts of the programs that train
    "work": "folder for checkpoints, removed at the end",
    "batch-size": "most examples at once per process; changes no result",
    "output": "training.json; the weights lie beside it",
}


def parser(
    description: str,
    names: str,
    *,
    settings: str = "parts of the config by their place in it",
    help: Mapping[str, str] | None = None,
    type: Mapping[str, Callable[[str], Any]] | None = None,
    default: Mapping[str, Any] | None = None,
    files: Mapping[str, str] | None = None,
) -> argparse.ArgumentParser:
    """A parser for a program that takes these arguments.

    description: what the program does, its docstring. names: words of the vocabulary, see above. settings: the parts of
    the config that its settings hold. help, type, default: what this program has otherwise, by name; an argument with a
    default can be left out. files: required files that no other program takes, with their help. KeyError for a word
    that is not in the vocabulary. TypeError if help, type or default name an argument that the program does not take.
    """
    words = {word.rstrip(_SIGNS): word for word in names.split()}
    told = {"settings": f"JSON: {settings}"} if "settings" in words else {}
    changed = [told | dict(help or {}), type or {}, default or {}]
    if strays := sorted({name for change in changed for name in change} - set(words)):
        raise TypeError(f"found {', '.join(strays)}, expected some of {', '.join(words)}")
    arguments = argparse.ArgumentParser(description=description)
    for name, word in words.items():
        known = ARGUMENTS[name]
        own = [change.get(name, usual) for change, usual in zip(changed, known, strict=True)]
        arguments.add_argument(f"--{name}", **_options(word[len(name) :], Argument(*own)))
    for name, text in (files or {}).items():
        arguments.add_argument(f"--{name}", **_options("", Argument(text)))
    return arguments


def _options(sign: str, argument: Argument) -> dict:
    """Keyword arguments of add_argument."""
    told = {"type": argument.type, "help": argument.help}
    if sign:
        told["nargs"] = sign
    if argument.default is not _REQUIRED:
        return told | {"default": argument.default}
    if sign == "*":
        return told | {"default": []}
    return told | {"required": sign != "?"}


def offline() -> None:
    """Keep the model libraries off the network. Call it before they are imported: they read this only then."""
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
