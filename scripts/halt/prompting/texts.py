"""Prompt texts: one file each in scripts/prompts/, declared inputs of the rules that use them.

A text holds {field} places. Every field listed here must occur in its file, and no other.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from halt.errors import HaltError

FIELDS = {
    "judge_fragment": ("prompt", "truth", "fragment"),
    "judge_fragment_yes_no": ("prompt", "truth", "fragment"),
    "judge_first_wrong": ("prompt", "truth", "steps"),
    "judge_step_yes_no": ("prompt", "truth", "steps", "step"),
    "judge_again": ("form",),
    "p_true_fragment": ("prompt", "fragment"),
    "p_true_step": ("prompt", "steps", "step"),
}

_PLACE = re.compile(r"\{(\w+)\}")


class PromptError(HaltError):
    """A prompt text is missing or has other fields than it must; the message names the file."""


def of_judge(judge: Mapping, dependent: bool) -> list[str]:
    """Names of the prompt texts that a judge uses: what its rule lists as inputs.

    judge: its entry in the config. dependent: whether the fragments of the domain build on each other.
    """
    if judge["type"] == "reference":
        return []
    if judge["decide"] == "probability":
        return ["judge_step_yes_no" if dependent else "judge_fragment_yes_no"]
    return ["judge_first_wrong" if dependent else "judge_fragment", "judge_again"]


def of_self_evaluation(dependent: bool) -> str:
    """Name of the prompt text that asks a model for p(True) of a fragment (halt.confidence.p_true)."""
    return "p_true_step" if dependent else "p_true_fragment"


def path(folder: Path | str, name: str) -> Path:
    """Where the prompt text `name` lies."""
    return Path(folder) / f"{name}.txt"


def load(folder: Path | str, name: str) -> str:
    """One prompt text without the newline at its end; PromptError if it is missing or its fields are not right."""
    file = path(folder, name)
    try:
        text = file.read_text(encoding="utf-8").rstrip("\n")
    except FileNotFoundError:
        raise PromptError(f"{file}: no such prompt text") from None
    found, expected = set(_PLACE.findall(text)), set(FIELDS[name])
    if found != expected:
        raise PromptError(f"{file}: fields are {_braced(found)}, expected {_braced(expected)}")
    return text


def fill(text: str, **values: str) -> str:
    """The text with its fields replaced, each once: braces inside a value (code) stay as they are."""
    return _PLACE.sub(lambda place: values[place[1]], text)


def _braced(names: set[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names)) or "none"
