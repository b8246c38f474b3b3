"""Is the text written in short sentences and everyday words? A line for every place that is not.

Looks at README, CONTRIBUTING, docs/, the READMEs of folders, the captions of the report and the descriptions of the
config's schema. In docstrings and comments of the code it looks for words to avoid alone. prose.yaml has the rules. A
reader decides, and changes the sentence or the rule.
"""

import argparse
import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[1]
STYLE = ROOT / "tools" / "prose.yaml"
SCHEMA = "schemas/config.schema.yaml"
PAGES = ("README.md", "CONTRIBUTING.md", "docs/*.md", "profiles/README.md", "data/*/README.md", "captions/*.rst")
CODE = ("scripts/*.py", "scripts/halt/**/*.py", "tools/**/*.py")

_FENCE = re.compile(r"^\s*(```|~~~)")
_ITEM = re.compile(r"^\s*([-*+]|\d+\.)\s+")
_CODE = re.compile(r"``[^`]*``|`[^`]*`|\{\{.*?\}\}")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_TAG = re.compile(r"<[^>]+>")
_END = re.compile(r"(?<=[.?!:;])[)\"*”]*\s+")
_WORD = re.compile(r"[A-Za-z][\w’'-]*")


class Passage(NamedTuple):
    """A paragraph, a list item or a cell of a table: where it begins, and its text on one line."""

    place: str
    text: str


def pages(root: Path = ROOT) -> Iterator[Passage]:
    """The prose of every page, in order."""
    for pattern in PAGES:
        for file in sorted(root.glob(pattern)):
            yield from passages(file.read_text(encoding="utf-8"), str(file.relative_to(root)))


def passages(markdown: str, name: str) -> Iterator[Passage]:
    """The prose of one Markdown text: no code, no addresses, no HTML."""
    begun, words, fenced = 0, [], False

    def held() -> Iterator[Passage]:
        if words:
            yield Passage(f"{name}:{begun}", _plain(" ".join(words)))
            words.clear()

    for number, line in enumerate(markdown.splitlines(), 1):
        if _FENCE.match(line):
            fenced = not fenced
            yield from held()
        elif fenced:
            continue
        elif line.lstrip().startswith("|"):
            yield from held()
            for cell in line.strip().strip("|").split("|"):
                if _WORD.search(cell):
                    yield Passage(f"{name}:{number}", _plain(cell))
        elif not line.strip() or line.startswith("#"):
            yield from held()
        else:
            if _ITEM.match(line):
                yield from held()
            if not words:
                begun = number
            words.append(_ITEM.sub("", line).strip())
    yield from held()


def code(root: Path = ROOT) -> Iterator[Passage]:
    """The docstrings and comments of every program, in order of the files."""
    for pattern in CODE:
        for file in sorted(root.glob(pattern)):
            yield from remarks(file.read_text(encoding="utf-8"), str(file.relative_to(root)))


def remarks(source: str, name: str) -> Iterator[Passage]:
    """The docstrings of a Python text, then its comments; the lines of one comment together."""
    for node in ast.walk(ast.parse(source)):
        documented = isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        if documented and (said := ast.get_docstring(node)):
            yield Passage(f"{name}:{node.body[0].lineno}", _plain(" ".join(said.split())))
    begun, words = 0, []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            goes_on = token.start[0] == begun + len(words) and not token.line[: token.start[1]].strip()
            if words and not goes_on:
                yield Passage(f"{name}:{begun}", _plain(" ".join(words)))
                words = []
            begun = begun if words else token.start[0]
            words.append(token.string.lstrip("# "))
    if words:
        yield Passage(f"{name}:{begun}", _plain(" ".join(words)))


def descriptions(schema: Any, place: str = "") -> Iterator[Passage]:
    """Every description of a schema."""
    if isinstance(schema, Mapping):
        for key, inner in schema.items():
            if key == "description" and isinstance(inner, str):
                yield Passage(f"{SCHEMA}: {place.removeprefix('.')}", _plain(inner))
            elif key in ("properties", "patternProperties"):
                yield from descriptions(inner, place)
            else:
                yield from descriptions(inner, f"{place}.{key}")
    elif isinstance(schema, list):
        for inner in schema:
            yield from descriptions(inner, place)


def _plain(text: str) -> str:
    """A text without marks; code becomes one word, so that it counts and is not read."""
    return _TAG.sub("", _LINK.sub(r"\1", _CODE.sub("CODE", text))).replace("**", "").strip()


def faults(passage: Passage, style: Mapping) -> Iterator[str]:
    """A line for everything in a passage that the style does not have."""
    for sentence in _END.split(passage.text):
        if (count := len(_WORD.findall(sentence))) > style["words"]:
            yield f"{passage.place}: {count} words in a sentence, expected at most {style['words']}: {sentence[:60]}..."
    yield from avoided(passage, style["phrases"] | style["pages"])


def avoided(passage: Passage, phrases: Mapping) -> Iterator[str]:
    """A line for every place of a passage with one of the phrases (regular expression: what to say instead)."""
    for phrase, instead in phrases.items():
        for found in re.finditer(phrase, passage.text, re.IGNORECASE):
            yield f"{passage.place}: found '{found[0]}', expected {instead}"


def main(_: argparse.Namespace) -> None:
    style = yaml.safe_load(STYLE.read_text(encoding="utf-8"))
    schema = yaml.safe_load((ROOT / SCHEMA).read_text(encoding="utf-8"))
    lines = [line for passage in (*pages(), *descriptions(schema)) for line in faults(passage, style)]
    lines += [line for passage in code() for line in avoided(passage, style["phrases"])]
    print("\n".join(lines) or "prose: nothing found")
    sys.exit(bool(lines))


if __name__ == "__main__":
    main(argparse.ArgumentParser(description=__doc__).parse_args())
