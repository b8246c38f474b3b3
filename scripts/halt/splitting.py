"""From an answer to its fragments, the phrases of abstention taken out."""

import re
from collections.abc import Mapping
from types import ModuleType
from typing import NamedTuple

from halt import domains


class Fragment(NamedTuple):
    """One fragment; marked says that the model doubts it: behind `Uncertain` (Add-On HALT), before `I am unsure`."""

    text: str
    marked: bool


def fragments(text: str, domain: ModuleType, phrases: Mapping[str, str] | None) -> list[Fragment]:
    """Fragments of one answer, in order.

    phrases: {"unsure": ..., "uncertain": ...}, None for samples of the pretrained model, which knows no phrases.
    The answer ends where a line says the `unsure` phrase; what follows a line that says `uncertain` is marked.
    With the phrases of R-Tuning, `sure` and `not_sure`, it also ends at the first line that says one of them, and all
    before `not_sure` is marked. ModuleError if the domain cannot split it.
    """
    if phrases is None:
        return [Fragment(part, False) for part in domains.split(domain, text)]
    text = _before(text, phrases["unsure"])[0]
    if "not_sure" in phrases:
        sure, not_sure = (_before(text, phrases[name])[0] for name in ("sure", "not_sure"))
        if len(not_sure) < len(sure):
            return [Fragment(part, True) for part in domains.split(domain, not_sure)]
        text = sure
    certain, doubtful = _before(text, phrases["uncertain"])
    return [Fragment(part, False) for part in domains.split(domain, certain)] + [
        Fragment(part, True) for part in domains.split(domain, doubtful)
    ]


def answer(text: str, phrases: Mapping[str, str]) -> str:
    """What an answer says before the first line in which it says whether it is sure; all of it where none does.

    phrases: those of R-Tuning, `sure` and `not_sure`. Without space at its end.
    """
    return min((_before(text, phrases[name])[0] for name in ("sure", "not_sure")), key=len).rstrip()


def _before(text: str, phrase: str) -> tuple[str, str]:
    """The text before and after the first line that begins with the phrase."""
    match = re.search(rf"^[ \t]*{re.escape(phrase)}(?!\w)[^\n]*", text, flags=re.MULTILINE | re.IGNORECASE)
    return (text[: match.start()], text[match.end() :]) if match else (text, "")
