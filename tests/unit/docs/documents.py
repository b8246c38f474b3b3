"""What README and the documentation say: their commands, examples, paths and links."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from runs import ROOT

PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "profiles/README.md",
    *(f"docs/{file.name}" for file in (ROOT / "docs").glob("*.md")),
)

_BLOCK = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_COMMENT = re.compile(r"(^|\s)#\s.*$")


class Block(NamedTuple):
    """A fenced block of a page, without its indentation."""

    page: str
    language: str
    text: str


@cache
def text(page: str) -> str:
    """A page as it stands in the repository."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(*languages: str) -> list[Block]:
    """The fenced blocks of all pages in these languages."""
    found = []
    for page in PAGES:
        for block in _BLOCK.finditer(text(page)):
            lines = [line.removeprefix(block["indent"]) for line in block["text"].splitlines()]
            found.append(Block(page, block["language"], "\n".join(lines) + "\n"))
    return [block for block in found if block.language in languages]


def commands() -> dict[str, list[str]]:
    """Every command with the pages that have it: each line of a shell block, and `make ...` in a sentence."""
    found: dict[str, list[str]] = {}
    for block in blocks("sh"):
        for line in block.text.replace("\\\n", " ").splitlines():
            if command := " ".join(_COMMENT.sub("", line).split()):
                found.setdefault(command, []).append(block.page)
    for page in PAGES:
        for code in codes(page):
            if re.match(r"make [a-z.]", code):
                found.setdefault(code, []).append(page)
    return found


def codes(page: str) -> list[str]:
    """What stands between backticks in the sentences and tables of a page."""
    return _CODE.findall(_BLOCK.sub("", text(page)))


def paths() -> Iterator[tuple[str, str]]:
    """(page, path) of every file or folder of the project that a page names."""
    folders = [path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")]
    inside = re.compile(rf"({'|'.join(map(re.escape, folders))})/[\w./<>{{}}*-]*")
    whole = {path.name for path in ROOT.iterdir() if path.is_file()} | {"CHANGELOG.md", "CITATION.cff", "config.yaml"}
    for page in PAGES:
        for code in codes(page):
            if inside.fullmatch(code) or code in whole:
                yield page, code
