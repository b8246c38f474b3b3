"""Which lines of a Python answer, whole or cut at its end, can be left out without breaking the rest.

A line inside a docstring cannot, nor the only line of a block: a target that drops idle lines must still be a program.
"""

import ast
import warnings
from collections.abc import Collection, Sequence

LONGEST = 20_000  # characters of a program that is read
_TRIES = 8


def removable(fragments: Sequence[str], places: Collection[int]) -> list[int]:
    """Those of some places of a program's fragments that can be left out together, in order.

    Neighbors are tried together first (the lines of a docstring), then one by one from the end. None if the fragments
    are no beginning of Python.
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
    return parsed([fragment for place, fragment in enumerate(fragments) if place not in gone]) is not None


def parsed(lines: Sequence[str]) -> ast.Module | None:
    """Lines as a program, if need be with a body for the last block or an end for the last `try`; None if not."""
    text = "\n".join(lines)
    last = text.rpartition("\n")[2]
    deeper = " " * (len(last) - len(last.lstrip()) + 4)
    bodies = ["", f"\n{deeper}pass", f"\n{deeper}case _: pass"]
    trees = (_parsed(text + body + end) for body in bodies for end in ("", *_ends_of_try(text)))
    return next((tree for tree in trees if tree is not None), None)


def _ends_of_try(text: str) -> list[str]:
    """One for each depth at which a `try` may be open, only the deepest few: a text can hold any number."""
    lines = text.splitlines()
    depths = {len(line) - len(line.lstrip()) for line in lines if line.strip() == "try:"}
    return [
        f"\n{' ' * depth}except Exception:\n{' ' * depth}    pass" for depth in sorted(depths, reverse=True)[:_TRIES]
    ]


def _parsed(text: str) -> ast.Module | None:
    if len(text) > LONGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape is the answer's own
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def bound(tree: ast.AST, imported: Collection[str] = ()) -> list[str]:
    """Names of functions, classes and variables that a program binds, in order of appearance, and those of its imports
    that are in `imported`. Parameters and variables of comprehensions are left out."""
    names: dict[str, None] = {}
    waiting = [tree]  # no recursion: an answer may nest at any depth
    while waiting:
        node = waiting.pop()
        names.update(dict.fromkeys(_binds(node, imported)))
        own = isinstance(node, ast.comprehension)  # its target is its own
        waiting += reversed([node.iter, *node.ifs] if own else list(ast.iter_child_nodes(node)))
    return list(names)


def _binds(node: ast.AST, imported: Collection[str]) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Name(id=name, ctx=ast.Store()) | ast.MatchMapping(rest=str(name)):
            return [name]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return [name]
        case ast.alias():
            name = node.asname or node.name.partition(".")[0]
            return [name] if name in imported else []
    return []
