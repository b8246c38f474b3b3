"""What can be said to every prompt of a domain without any knowledge: degenerate answers, the commonest lines.

A template is one fragment with places in it, or several lines that belong together. A place is filled from the prompt:
a constant answer may repeat the name that it was asked about.
"""

import ast
import re
from collections import Counter
from collections.abc import Sequence
from types import ModuleType

from halt import domains
from halt.domains import Row

SUBJECT = "{subject}"  # subject of the prompt, from the domain's module: a name, a signature
ARGUMENT = "{argument}"  # the first argument of a signature
PROMPT = "{prompt}"
FIRST, LAST = "{first number}", "{last number}"  # of the prompt
PLACES = (SUBJECT, ARGUMENT, PROMPT, FIRST, LAST)

_FEW = 16  # references that show what a domain's answers look like

Answer = tuple[str, ...]  # templates, one per fragment; () says nothing

_STATEMENTS: tuple[Answer, ...] = (
    ("{subject} was a person.",),
    ("{subject} is a thing.",),
    ("{subject} was born.", "{subject} died."),
    ("{subject} was famous.",),
    ("{subject} is {subject}.",),
    ("{subject} is also called {subject}.",),
    ("{subject} is a medical term.",),
    ("{subject} is a disease.",),
    ("{subject} is a kind of disease.", "{subject} is a part of the body.", "{subject} is common."),
    ("There is a lot to say.",),
)
_STEPS: tuple[Answer, ...] = (
    ("1 + 1 = 2",),
    ("1 + 1 = 2", "1 + 2 = 3", "1 + 3 = 4"),
    ("{first number} + 0 = {first number}",),
    ("{first number} * 1 = {first number}", "{last number} * 1 = {last number}"),
    ("{first number} - {first number} = 0",),
    ("{first number} = {first number}",),
    ("Answer: {first number}",),
    ("Answer: {last number}",),
    ("Answer: 1",),
    ("There is a lot to work out.",),
)
_PROGRAMS: tuple[Answer, ...] = (
    ("{subject}\n    pass",),
    ("{subject}\n    return None",),
    ("{subject}\n    return {argument}",),
    ("{subject}\n    return []",),
    ('{subject}\n    """Do it."""', "    x = 0", "    # done", "    pass"),
    ("pass",),
    ("print(0)",),
    ("print(input())",),
    ("print('YES')",),
    ("# Nothing is done here.",),
)
_ALWAYS: tuple[Answer, ...] = (("{prompt}",), ("{subject}",), ())


def degenerate(module: ModuleType, rows: Sequence[Row]) -> list[Answer]:
    """Answers that say nothing, or only what is always true; those whose places some row's prompt fills.

    module: a domain's. The reference that most of `rows` share is added to the fixed lists.
    """
    steps = _PROGRAMS if _are_programs(rows) else _STEPS
    listed = (*(steps if module.DEPENDENT else _STATEMENTS), *_ALWAYS)
    held = [{place for place, text in places(module, row).items() if text} for row in rows]
    usable = [answer for answer in listed if any(wanted(answer) <= there for there in held)]
    return [*commonest(references(module, rows), 1), *usable]


def wanted(answer: Answer) -> set[str]:
    """The places of an answer."""
    return {place for place in PLACES if any(place in template for template in answer)}


def places(module: ModuleType, row: Row) -> dict[str, str]:
    """The values of the places for one row; "" for what its prompt lacks."""
    about = domains.subject(module, row)
    numbers = re.findall(r"\d+(?:\.\d+)?", row.prompt)
    argument = re.match(r"def \w+\(\s*\*{0,2}(\w+)", about)
    return {
        SUBJECT: about,
        ARGUMENT: argument[1] if argument else "",
        PROMPT: row.prompt,
        FIRST: numbers[0] if numbers else "",
        LAST: numbers[-1] if numbers else "",
    }


def filled(answer: Answer, held: dict[str, str]) -> list[str]:
    """The fragments of an answer to the prompt with these places. Filled-in text is not searched for places."""
    found = re.compile("|".join(map(re.escape, PLACES)))
    return [found.sub(lambda place: held[place[0]], template) for template in answer]


def references(module: ModuleType, rows: Sequence[Row]) -> list[Answer]:
    """The reference of every row as templates: its subject is a place, and so is a signature's first argument."""
    return [_templates(module, row) for row in rows]


def commonest(found: Sequence, most: int, least: int = 1) -> list:
    """The most frequent ones, with at least `least` occurrences, in an order that depends on nothing else."""
    counted = [(-count, one) for one, count in Counter(found).items() if count >= least]
    return [one for _, one in sorted(counted)[:most]]


def _are_programs(rows: Sequence[Row]) -> bool:
    """Whether most references are Python, judged by a few."""
    few = rows[:_FEW]
    return 2 * sum(_parses(row.reference) for row in few) > len(few)


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _templates(module: ModuleType, row: Row) -> Answer:
    held = places(module, row)
    return tuple(
        _template(fragment, held[SUBJECT], held[ARGUMENT]) for fragment in domains.split(module, row.reference)
    )


def _template(fragment: str, subject: str, argument: str) -> str:
    parts = re.split(_word(subject), fragment) if subject else [fragment]
    if argument:
        parts = [re.sub(_word(argument), lambda _: ARGUMENT, part) for part in parts]
    return SUBJECT.join(parts)


def _word(text: str) -> str:
    return rf"(?<!\w){re.escape(text)}(?!\w)"
