"""Prompt texts: one file each in scripts/prompts/, declared inputs of the rules that use them.

A text holds {field} places. The judge, filter or extractor that uses it declares them in its TEXTS: the file must have
all of them and no other.
"""

import json
import re
import unicodedata
from pathlib import Path

from halt import plugins
from halt.errors import HaltError

_PLACE = re.compile(r"\{(\w+)\}")
_UNSEEN = ("Cc", "Cf", "Co", "Cs")  # control, format (zero width, right to left), private use, half a pair


class PromptError(HaltError):
    """A prompt text is missing or has the wrong fields; the message names the file."""


def of_self_evaluation(dependent: bool, kind: str = "p_true") -> str:
    """Name of the prompt text with which a filter asks a model about a fragment (its ASKS; halt.confidence.p_true)."""
    return plugins.literal("confidence", kind, "ASKS", ())[dependent]


def path(folder: Path | str, name: str) -> Path:
    """Where the prompt text `name` lies."""
    return Path(folder) / f"{name}.txt"


def fields() -> dict[str, tuple[str, ...]]:
    """The fields of every prompt text by its name, as judges, filters and extractors declare them."""
    return {
        text: places
        for package in ("judges", "confidence", "extractors")
        for module in plugins.names(package)
        for text, places in plugins.literal(package, module, "TEXTS", {}).items()
    }


def load(folder: Path | str, name: str) -> str:
    """One prompt text without the newline at its end. PromptError if it is missing or its fields are wrong."""
    file = path(folder, name)
    try:
        text = file.read_text(encoding="utf-8").rstrip("\n")
    except FileNotFoundError:
        raise PromptError(f"{file}: no such prompt text") from None
    declared = fields()
    if name not in declared:
        raise PromptError(f"{file}: no judge, filter or extractor has it in its TEXTS, expected its fields there")
    found, expected = set(_PLACE.findall(text)), set(declared[name])
    if found != expected:
        raise PromptError(f"{file}: fields are {_braced(found)}, expected {_braced(expected)}")
    return text


def fill(text: str, **values: str) -> str:
    """The text with its fields filled in, each once: braces inside a value (code) stay as they are."""
    return _PLACE.sub(lambda place: values[place[1]], text)


def quoted(text: str) -> str:
    """A text for use between quotation marks: line breaks and quotation marks escaped, invisible signs removed."""
    escaped = json.dumps(visible(text), ensure_ascii=False)[1:-1]
    return escaped.replace("\u2028", "\\n").replace("\u2029", "\\n").replace("\x85", "\\n")


def visible(text: str) -> str:
    """A text without invisible signs, except line breaks and tabs."""
    return "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter) not in _UNSEEN)


def _braced(names: set[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names)) or "none"
