"""The code that made a result: the files of this project that a program reaches, and their git commit."""

import ast
import functools
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from halt.inputs.fetching import digest

ROOT = Path(__file__).parents[3]
SCRIPTS = ROOT / "scripts"
_FILE_NAME = re.compile(r"[\w-]+(\.\w+)+")
_NAMES = {  # registry of the config: package of modules, and the key of an entry that names one
    "domains": {"domains": "module"},
    "methods": {"rewriting": "rewrite", "preferences": "pairs", "confidence": "filter"},
    "judges": {"judges": "type"},
}
_MADE_WITH = ("Snakefile", "rules", "scripts", "schemas", "envs", "data")  # a config is no code: settings are recorded


def digests(stage: str, settings: Mapping) -> dict[str, str]:
    """sha256 of every file that scripts/<stage>.py reaches, by its path in the project.

    Reached are: all imports, at any depth and anywhere in a file; the modules of domains and methods that the settings
    name; and files that a module beside them names in a string (a template, a program of its own). Nothing is imported
    or run.
    """
    todo, found = [SCRIPTS / f"{stage}.py", *_named(settings)], set()
    while todo:
        file = todo.pop()
        if file not in found:
            found.add(file)
            todo += _mentioned(file) if file.suffix == ".py" else []
    return {file.relative_to(ROOT).as_posix(): digest(file) for file in sorted(found)}


def commit() -> dict:
    """{"commit": 40 hex digits, "dirty": whether code or packaged data differ from it}; both None outside git."""
    head = _git("rev-parse", "HEAD")
    ours = head and _git(
        "ls-tree", "--name-only", "HEAD", "scripts/halt/__init__.py"
    )  # else the repository is of a folder around us
    if not ours:
        return {"commit": None, "dirty": None}
    return {"commit": head, "dirty": bool(_git("status", "--porcelain", "--", *_MADE_WITH))}


def _git(*arguments: str) -> str | None:
    """The output of git; None without git or a repository."""
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}  # parallel jobs must not lock git's index
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _named(settings: Mapping) -> Iterator[Path]:
    """Modules that the settings name (_NAMES): in entries of registries, or in whole registries."""
    for place, value in settings.items():
        registry, _, entry = place.partition("/")
        for chosen in () if registry not in _NAMES else [value] if entry else value.values():
            for package, key in _NAMES[registry].items():
                name = chosen.get(key)
                file = SCRIPTS / "halt" / package / f"{name}.py"
                if name and file.is_file():
                    yield file


@functools.cache
def _mentioned(file: Path) -> tuple[Path, ...]:
    found: list[Path] = []
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found += _module(file, alias.name)
        elif isinstance(node, ast.ImportFrom):
            package = file.parents[node.level - 1].relative_to(SCRIPTS).parts if node.level else ()
            base = ".".join([*package, *filter(None, [node.module])])
            for name in [base, *(f"{base}.{alias.name}" for alias in node.names)]:
                found += _module(file, name)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _FILE_NAME.fullmatch(node.value):
            beside = file.parent / node.value
            if beside.is_file():
                found.append(beside)
    return tuple(found)


def _module(file: Path, name: str) -> Iterator[Path]:
    """The files of a module: its own and the `__init__.py` of every package around it; none if it is not ours."""
    for folder in (SCRIPTS, file.parent):  # a program also imports files beside it
        path = folder.joinpath(*name.split("."))
        candidates = [path.with_name(f"{path.name}.py"), path / "__init__.py"]
        candidates += [parent / "__init__.py" for parent in path.parents if parent.is_relative_to(SCRIPTS / "halt")]
        if any(candidate.is_file() for candidate in candidates[:2]):
            yield from (candidate for candidate in candidates if candidate.is_file())
