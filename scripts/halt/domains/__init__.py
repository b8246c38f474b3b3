"""The domains: one module each, functions and constants only, importing nothing but the standard library.

A domain module says how its rows are made from a source, how a response is split into fragments and joined again, and
(where a deterministic one exists) how its reference judge decides. It touches no file, no model and no threshold.

    DEPENDENT: bool              fragments build on each other (mathematics, code), or not (biography, medicine)
    REFERENCE_JUDGE: bool        the module has judge()
    OPTIONS: dict                JSON-schema properties of the domain's `options` in the config
    EXAMPLE: str                 one few-shot example as plain text, with {prompt} and {response}
    STOP: tuple[str, ...]        where a plain-text answer ends
    rows(source, options)        -> Iterator[Row], in a fixed order; source is a halt.sources.Source
    split(text)                  -> list[str], the fragments of a response, in order
    join(fragments)              -> str, such that split(join(split(text))) == split(text)
    judge(fragments, row)        -> list[Verdict], one per fragment
"""

import importlib
import importlib.util
from types import ModuleType
from typing import NamedTuple

REQUIRED = ("DEPENDENT", "REFERENCE_JUDGE", "OPTIONS", "EXAMPLE", "STOP", "rows", "split", "join")


class Row(NamedTuple):
    """One prompt with its reference answer."""

    id: str  # unique within the domain, stable between runs
    cluster: str  # rows made from one original share it: they stay in one split
    stratum: str  # rows are taken evenly over strata; "" where there are none
    prompt: str
    reference: str  # a complete right answer, in the form that responses are asked to have
    truth: dict  # JSON-able; read only by the domain's own judge and by the LLM judge's prompt


class Verdict(NamedTuple):
    """What a reference judge says about one fragment."""

    label: str  # one of halt.frames.LABELS
    kind: str | None = None  # kind of statement (nationality, birth year, ...)
    fact: str | None = None  # key of the reference statement it matches; two fragments with one fact count once


class DomainError(ValueError):
    """A domain module, its options or its source are not what is needed; the message says which and why."""


def load(module_name: str) -> ModuleType:
    """The domain module `halt.domains.<module_name>`; DomainError if there is none or a part of it is missing."""
    name = f"{__name__}.{module_name}"
    if importlib.util.find_spec(name) is None:
        raise DomainError(f"no domain module '{module_name}': expected a file scripts/halt/domains/{module_name}.py")
    module = importlib.import_module(name)
    needed = REQUIRED + (("judge",) if vars(module).get("REFERENCE_JUDGE") else ())
    missing = [part for part in needed if part not in vars(module)]
    if missing:
        raise DomainError(f"scripts/halt/domains/{module_name}.py lacks {', '.join(missing)}")
    return module


def settings(domain: str, known: dict, options: dict) -> dict:
    """`options` completed with the defaults of a module's OPTIONS; DomainError on a name that it does not have."""
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise DomainError(f"{domain}: unknown option {', '.join(unknown)}; known: {', '.join(sorted(known)) or 'none'}")
    return {name: options.get(name, schema["default"]) for name, schema in known.items()}
