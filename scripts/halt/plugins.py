"""Plug-in modules: domains, methods, judges, filters. They are found by name and checked; faults name file and line."""

import ast
import contextlib
import functools
import importlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from halt.errors import HaltError, in_file

REQUIRED = {  # what a module of each package must define
    "domains": ("DEPENDENT", "REFERENCE_JUDGE", "OPTIONS", "EXAMPLE", "STOP", "rows", "split", "join"),
    "rewriting": ("rewrite",),
    "preferences": ("pairs",),
    "judges": ("opened",),
    "confidence": ("PROGRAM",),
}
FILTERING = {  # by the program that a filter names: what the filter's module must define
    "self_evaluate": ("ASKS", "shots", "questions", "asker"),
    "agree": ("of_answers", "of_training"),
    "probe": ("fit",),
}

_HERE = Path(__file__).parent


class ModuleError(HaltError):
    """A module is missing, broken, incomplete or fails at work. The message names its file and line."""


def file_of(package: str, name: str) -> str:
    """The file of a module of `halt.<package>`, as people name it."""
    return f"scripts/halt/{package}/{name}.py"


def names(package: str) -> list[str]:
    """The modules of `halt.<package>`."""
    return sorted(file.stem for file in (_HERE / package).glob("[a-z]*.py"))


def check(package: str, name: str) -> None:
    """ModuleError if the file is missing, is no Python or lacks a name of REQUIRED. Nothing is executed."""
    file = _file(package, name)
    try:
        tree = _parsed(file.read_bytes(), str(file))
    except (SyntaxError, ValueError) as error:
        raise ModuleError(f"{file_of(package, name)}: {in_file(error, str(file))}") from error
    _whole(package, name, _defined(tree))


def reads(package: str, name: str, function: str, place: int) -> bool | None:
    """Whether a function of a sound module reads its positional argument number `place`. None if the module does not
    define it with that number of arguments. Nothing is executed."""
    for node in _tree(package, name).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            positional = [*node.args.posonlyargs, *node.args.args]
            if place < len(positional):
                wanted = positional[place].arg
                inner = (part for part in ast.walk(node) if isinstance(part, ast.Name))
                return any(part.id == wanted and isinstance(part.ctx, ast.Load) for part in inner)
    return None


def mentions(package: str, name: str, attribute: str) -> bool:
    """Whether a sound module reads an attribute of that name anywhere. Nothing is executed."""
    tree = _tree(package, name)
    return any(isinstance(node, ast.Attribute) and node.attr == attribute for node in ast.walk(tree))


def literal(package: str, name: str, constant: str, otherwise: Any) -> Any:
    """The value of a constant at the top level of a sound module, else `otherwise`. Nothing is executed.

    ModuleError if it is no literal, or of another type than `otherwise`.
    """
    for node in _tree(package, name).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=bound)], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id=bound), value=ast.expr() as value):
                pass
            case _:
                continue
        if bound == constant:
            try:
                found = ast.literal_eval(value)
            except ValueError:
                found = None
            if type(found) is not type(otherwise):
                kind = type(otherwise).__name__
                raise ModuleError(f"{file_of(package, name)}: {constant} is not a literal {kind}, expected one")
            return found
    return otherwise


def flag(package: str, name: str | None, constant: str) -> bool:
    """Whether a module sets a constant to True; False without a name. Broken modules are reported elsewhere."""
    try:
        return name is not None and literal(package, name, constant, False)
    except (ModuleError, SyntaxError, ValueError):
        return False


def program_of(kind: str) -> str:
    """The program that computes a filter's confidences. ModuleError if its module names none that exists."""
    program, file = literal("confidence", kind, "PROGRAM", ""), file_of("confidence", kind)
    if program not in FILTERING:
        raise ModuleError(f"{file}: PROGRAM is {program!r}, expected one of {', '.join(FILTERING)}")
    if program == "self_evaluate" and len(literal("confidence", kind, "ASKS", ())) != 2:
        raise ModuleError(f"{file}: ASKS is not a literal of two names, expected the names of two prompt texts")
    return program


def _tree(package: str, name: str) -> ast.Module:
    file = _file(package, name)
    return _parsed(file.read_bytes(), str(file))


@functools.lru_cache(maxsize=64)
def _parsed(content: bytes, name: str) -> ast.Module:
    """The parsed tree, kept by content: one check of a config asks for it about a hundred times."""
    return ast.parse(content, name)


def options(package: str, name: str, chosen: Mapping) -> dict[str, Any]:
    """`chosen` with the defaults of a module's OPTIONS added. ModuleError for a name that OPTIONS does not have."""
    known = vars(load(package, name)).get("OPTIONS", {})
    if unknown := sorted(chosen.keys() - known.keys()):
        has = ", ".join(sorted(known)) or "none"
        raise ModuleError(f"{file_of(package, name)}: no option {', '.join(unknown)} in OPTIONS, which has {has}")
    return {key: chosen.get(key, option["default"]) for key, option in known.items()}


def undescribed(options: Mapping) -> list[str]:
    """Names of a module's OPTIONS that lack a default or a description."""
    return [
        name
        for name, option in options.items()
        if not isinstance(option, Mapping) or not {"default", "description"} <= option.keys()
    ]


@functools.cache
def load(package: str, name: str) -> ModuleType:
    """The module `halt.<package>.<name>`. ModuleError if it is missing, cannot be imported or is incomplete."""
    _file(package, name)
    with blamed(package, name):
        module = importlib.import_module(f"halt.{package}.{name}")
    _whole(package, name, vars(module))
    return module


@contextlib.contextmanager
def blamed(package: str, name: str) -> Iterator[None]:
    """An exception that a module did not foresee becomes a ModuleError with its file and line."""
    try:
        yield
    except HaltError:
        raise
    except Exception as error:
        file = str(_HERE / package / f"{name}.py")
        raise ModuleError(f"{file_of(package, name)}: {in_file(error, file)}") from error


def _file(package: str, name: str) -> Path:
    file = _HERE / package / f"{name}.py"
    if not file.is_file():
        raise ModuleError(f"no module '{name}': expected a file {file_of(package, name)}")
    return file


def _whole(package: str, name: str, defined: Collection[str]) -> None:
    required = REQUIRED[package]
    if package == "confidence" and "PROGRAM" in defined:
        required += FILTERING[program_of(name)]
    missing = [part for part in required if part not in defined]
    if missing:
        raise ModuleError(f"{file_of(package, name)} lacks {', '.join(missing)}")


def _defined(tree: ast.Module) -> set[str]:
    """Names that a module's top level binds."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found.update(name.asname or name.name for name in node.names)
        else:
            names = (name for name in ast.walk(node) if isinstance(name, ast.Name))
            found.update(name.id for name in names if isinstance(name.ctx, ast.Store))
    return found
