"""Which lines of a Python answer, whole or cut at its end, can be left out so that the rest is still the same program.

A line of a docstring in the middle of it cannot, nor the only line of a block: what idle lines a target drops must not
break the lines that it teaches.
"""

import ast
from collections.abc import Collection, Sequence


def removable(fragments: Sequence[str], places: Collection[int]) -> list[int]:
    """Of some places of the fragments of a program's beginning, those that can be left out together; in order.

    Neighbours are tried together first (the lines of a docstring), then one by one from the end. None of a program that
    is no beginning of Python.
    """
    gone: set[int] = set()
    if not _begins(fragments, gone):
        return []
    for run in _neighbours(places):
        for group in (run, *([place] for place in reversed(run))):
            if not gone.issuperset(group) and _begins(fragments, gone.union(group)):
                gone.update(group)
    return sorted(gone)


def _neighbours(places: Collection[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for place in sorted(places):
        if runs and runs[-1][-1] == place - 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs


def _begins(fragments: Sequence[str], gone: Collection[int]) -> bool:
    """Whether what is left is a program, or becomes one if its last block gets a body or its last `try` an end."""
    text = "\n".join(fragment for place, fragment in enumerate(fragments) if place not in gone)
    last = text.rpartition("\n")[2]
    deeper = " " * (len(last) - len(last.lstrip()) + 4)
    bodies = ["", f"\n{deeper}pass"]
    return any(_parses(text + body + end) for body in bodies for end in ("", *_ends_of_try(text)))


def _ends_of_try(text: str) -> list[str]:
    """One for each depth at which a `try` may be open."""
    lines = text.splitlines()
    depths = {len(line) - len(line.lstrip()) for line in lines if line.strip() == "try:"}
    return [f"\n{' ' * depth}except Exception:\n{' ' * depth}    pass" for depth in sorted(depths, reverse=True)]


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
