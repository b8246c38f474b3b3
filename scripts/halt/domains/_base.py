"""The domains: one module each, functions and constants only. A module loads nothing but the standard library.

A domain module says how to make its rows from a source, how to split a response into fragments and join them again, and
(if there is a deterministic way) how its reference judge decides. It touches no file, no model and no threshold.

    DEPENDENT: bool              fragments build on each other (mathematics, code), or not (biography, medicine)
    REFERENCE_JUDGE: bool        the module has judge()
    OPTIONS: dict                JSON-schema properties of the domain's `options` in the config
    EXAMPLE: str                 one few-shot example as plain text, with {prompt} and {response}
    STOP: tuple[str, ...]        where a plain-text answer ends
    rows(source, options)        -> Iterator[Row], in a fixed order; source is a halt.inputs.sources.Source
    split(text)                  -> list[str], the fragments of a response, in order
    join(fragments)              -> str, such that split(join(split(text))) == split(text)
    judge(fragments, row)        -> list[Verdict], one per fragment

A label of a Verdict is one of halt.frames.LABELS:

    right          true, and what was asked for
    wrong          false; if fragments build on each other, also all after the first wrong one
    idle           true and leading nowhere, or harmless and doing nothing: it is given, is not right and earns nothing
    unverifiable   the row does not say whether it is true; the config's `reading` says whether that counts as wrong
    unjudged       no verdict: the judge failed

The `fact` of a right Verdict is the key of the statement or step of the reference that it matches. It is None if the
reference has nothing like the fragment: such a fragment is right and fills no completeness.

A module may also have the following:

    evidence(row)                -> str, all the truth that an evaluator model is to see; without it the reference
    subject(row)                 -> str, what the prompt is about ("Ann Lee"); without it ""
    solves(fragments, row)       -> bool, dependent domains: whether an answer solves its task (its final answer is the
                                 reference's, its program passes the tests); without it: all its fragments are right

For a method that needs more than dependent or not (halt.rewriting.halt_graph)

    rests_on(fragments)          -> list[tuple[int, ...]], for each fragment the places of the earlier ones it rests on
    judge_alone(fragments, row)  -> list[Verdict], dependent domains: each by itself, whatever is wrong before it

for targets that drop idle and unverifiable fragments (halt.rewriting)

    removable(fragments, places) -> list[int], dependent domains: which of these can be left out together without
                                    breaking the others; without it all can

for multiple choice (halt.confidence.choices)

    choices(row)                 -> list[Choice], the answers that one question offers

and for the plan of what a run will cost alone (halt.planning)

    FRAGMENTS: float             how many an answer usually has; without it one for twelve of max_new_tokens
    ROWS: int                    how many rows the data set has in all; without it as many as the config asks for
"""

import string
from collections.abc import Iterable
from types import ModuleType
from typing import NamedTuple

from halt import plugins, thoughts
from halt.errors import HaltError


class Row(NamedTuple):
    """One prompt with its reference answer."""

    id: str  # unique within the domain, stable between runs
    cluster: str  # shared by rows made from one original: they stay in one split
    stratum: str  # rows are taken evenly over strata; "" where there are none
    prompt: str
    reference: str  # a complete right answer, in the form that responses are asked to have
    truth: dict  # JSON-able; read only by the domain's own module


class Verdict(NamedTuple):
    """The verdict of a reference judge on one fragment.

    Labels: right; wrong; idle (true, or harmless, and leading nowhere: given and not right, in every reading);
    unverifiable (the ground truth does not mention it); unjudged. In a dependent domain everything after the first
    wrong fragment is wrong.
    """

    label: str  # one of halt.frames.LABELS
    kind: str | None = None  # kind of statement (nationality, birth year, ...)
    fact: str | None = None  # key of the reference's statement it matches, None if none; one fact counts once


class Choice(NamedTuple):
    """One of the answers that a question offers."""

    text: str  # as a response would say it
    kind: str  # one of KINDS


KINDS = ("best", "correct", "incorrect")  # of choices; exactly one is the best, and it is correct too


class DomainError(HaltError):
    """A wrong domain module, option or source; the message says which and why."""


def load(module_name: str) -> ModuleType:
    """The domain module `halt.domains.<module_name>`; ModuleError or DomainError if it is not as described above."""
    module = plugins.load("domains", module_name)
    file = plugins.file_of("domains", module_name)
    for name, kind in {
        "DEPENDENT": bool,
        "REFERENCE_JUDGE": bool,
        "OPTIONS": dict,
        "EXAMPLE": str,
        "STOP": tuple,
    }.items():
        if not isinstance(found := getattr(module, name), kind):
            raise DomainError(f"{file}: {name} is {found!r}, expected a {kind.__name__}")
    if module.REFERENCE_JUDGE and not hasattr(module, "judge"):
        raise DomainError(f"{file} lacks judge, but says that it has a reference judge")
    if undescribed := plugins.undescribed(module.OPTIONS):
        raise DomainError(f"{file}: option {undescribed[0]} of OPTIONS lacks a default or a description")
    try:
        places = [(field, how) for _, field, *how in string.Formatter().parse(module.EXAMPLE) if field is not None]
    except ValueError:  # a lone brace
        places = []
    if places != [("prompt", ["", None]), ("response", ["", None])]:
        raise DomainError(
            f"{file}: EXAMPLE is {module.EXAMPLE!r}, expected a text with {{prompt}} and, after it, {{response}};"
            " other braces doubled"
        )
    return module


def checked(domain: str, rows: Iterable) -> list[Row]:
    """The rows of a domain, if all can be used. DomainError says which cannot and why."""
    sound: list[Row] = []
    prompts: dict[str, str] = {}
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Row):
            raise DomainError(f"{domain}: row {number} is {row!r}, expected a halt.domains.Row")
        for name in ("id", "cluster", "stratum", "prompt", "reference"):
            found, optional = getattr(row, name), name == "stratum"
            if not isinstance(found, str) or "\0" in found or not (found.strip() or optional):
                expected = "text" if optional else "text that is not empty"
                raise DomainError(f"{domain}: {name} of row {number} is {found!r}, expected {expected}")
            try:
                found.encode()
            except UnicodeEncodeError:
                raise DomainError(f"{domain}: {name} of row {number} is {found!r}, which UTF-8 cannot hold") from None
        if not isinstance(row.truth, dict):
            raise DomainError(f"{domain}: truth of row {number} is {row.truth!r}, expected a dict")
        if prompts.setdefault(row.id, row.prompt) != row.prompt:
            raise DomainError(f"{domain}: row {number} has the id {row.id!r} of an earlier row, expected its own")
        sound.append(row)
    return sound


def split(module: ModuleType, text: str) -> list[str]:
    """The fragments of a text by a domain's module, without thoughts (halt.thoughts).

    ModuleError if the module fails or gives something else than texts.
    """
    name = _name(module)
    with plugins.blamed("domains", name):
        found = module.split(thoughts.without(text))
    if not isinstance(found, list | tuple) or not all(isinstance(fragment, str) for fragment in found):
        raise plugins.ModuleError(
            f"{plugins.file_of('domains', name)}: split() gave {found!r}, expected a list of texts"
        )
    return found


def evidence(module: ModuleType, row: Row) -> str:
    """All the truth about a row for an evaluator: the module's `evidence`, else the reference.

    ModuleError if it fails or gives no text or an empty one.
    """
    return _text(module, "evidence", row, row.reference)


def subject(module: ModuleType, row: Row) -> str:
    """The subject of a row's prompt, by the module's `subject`; else "". ModuleError if it gives no text."""
    return _text(module, "subject", row, "")


def solves(module: ModuleType, fragments: list[str], row: Row) -> bool | None:
    """Whether an answer as a whole solves its task, by the module's `solves`.

    None in independent domains, and if the module leaves it to the verdicts: then an answer solves its task if all its
    fragments are right. ModuleError if it fails or gives no truth value.
    """
    if not module.DEPENDENT or "solves" not in vars(module):
        return None
    name = _name(module)
    with plugins.blamed("domains", name):
        found = module.solves(fragments, row)
    if not isinstance(found, bool):
        raise plugins.ModuleError(
            f"{plugins.file_of('domains', name)}: solves() gave {found!r} on '{row.id}', expected True or False"
        )
    return found


def reference_fragments(domain: str, module: ModuleType, row: Row) -> list[str]:
    """The fragments of a row's reference. DomainError if there are none, ModuleError if joining and splitting changes
    them.

    What a module does to references it will do to targets: faults show when rows are made, before anything costly.
    """
    fragments = split(module, row.reference)
    if not fragments:
        raise DomainError(
            f"{domain}: reference of '{row.id}' has no fragment after the module's split(): found {row.reference!r},"
            " expected at least one"
        )
    name = _name(module)
    with plugins.blamed("domains", name):
        joined = module.join(fragments)
    if not isinstance(joined, str) or split(module, joined) != fragments:
        raise plugins.ModuleError(
            f"{plugins.file_of('domains', name)}: join() gave {joined!r} of {fragments!r}, the reference of '{row.id}',"
            " expected a text that split() takes apart to the same"
        )
    return fragments


def has_choices(module: ModuleType) -> bool:
    """Whether the questions of a domain's module offer answers to choose from."""
    return "choices" in vars(module)


def choices(module: ModuleType, row: Row) -> list[Choice]:
    """The answers that a question offers. ModuleError unless one is the best and at least one incorrect."""
    name = _name(module)
    file = plugins.file_of("domains", name)
    if not has_choices(module):
        raise plugins.ModuleError(f"{file} lacks choices(): its questions have no answers to choose from")
    with plugins.blamed("domains", name):
        found = list(module.choices(row))
        kinds = [choice.kind for choice in found]
    if kinds.count("best") != 1 or "incorrect" not in kinds or not set(kinds) <= set(KINDS):
        raise plugins.ModuleError(
            f"{file}: choices() gave the kinds {', '.join(kinds) or 'none'} on '{row.id}', expected one best, at least "
            "one incorrect, and correct ones"
        )
    return found


def settings(domain: str, known: dict, options: dict) -> dict:
    """`options` with the defaults of a module's OPTIONS added. DomainError for a name that OPTIONS does not have."""
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise DomainError(f"{domain}: unknown option {', '.join(unknown)}; known: {', '.join(sorted(known)) or 'none'}")
    return {name: options.get(name, schema["default"]) for name, schema in known.items()}


def _text(module: ModuleType, function: str, row: Row, otherwise: str) -> str:
    """The text of a module's optional function for a row."""
    if function not in vars(module):
        return otherwise
    name = _name(module)
    with plugins.blamed("domains", name):
        found = vars(module)[function](row)
    if not isinstance(found, str) or not (found.strip() or otherwise == ""):
        expected = "a text" if otherwise == "" else "a text that is not empty"
        raise plugins.ModuleError(
            f"{plugins.file_of('domains', name)}: {function}() gave {found!r} on '{row.id}', expected {expected}"
        )
    return found


def _name(module: ModuleType) -> str:
    return module.__name__.rsplit(".", 1)[-1]
