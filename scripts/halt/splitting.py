"""From an answer to its fragments, the phrases of abstention taken out."""

import re
from collections.abc import Mapping
from types import ModuleType
from typing import NamedTuple

from halt import domains, plaintext


class Fragment(NamedTuple):
    """One fragment; marked says that the model doubts it: behind `Uncertain` (Add-On HALT), before `I am unsure`."""

    text: str
    marked: bool


def fragments(text: str, domain: ModuleType, phrases: Mapping[str, str] | None) -> list[Fragment]:
    """Fragments of one answer, in order; a statement that only refuses to answer (halt.plaintext) is none.

    phrases: {"unsure": ..., "uncertain": ...}, None for samples of the pretrained model, which knows no phrases.
    The answer ends where a line says the `unsure` phrase; what follows `uncertain`, on its line too, is marked.
    With the phrases of R-Tuning, `sure` and `not_sure`, it also ends at the first line that says one of them, and all
    before `not_sure` is marked. ModuleError if the domain cannot split it.
    """
    text = plaintext.without_thoughts(text)
    if phrases is None:
        return _split(text, domain, False)
    text = _before(text, phrases["unsure"])[0]
    if "not_sure" in phrases:
        sure, not_sure = (_before(text, phrases[name])[0] for name in ("sure", "not_sure"))
        if len(not_sure) < len(sure):
            return _split(not_sure, domain, True)
        text = sure
    certain, doubtful = _before(text, phrases["uncertain"])
    return _split(certain, domain, False) + _split(doubtful, domain, True)


def answer(text: str, phrases: Mapping[str, str]) -> str:
    """What an answer says before the first line in which it says whether it is sure; all of it where none does.

    phrases: those of R-Tuning, `sure` and `not_sure`. Without space at its end.
    """
    return min((_before(text, phrases[name])[0] for name in ("sure", "not_sure")), key=len).rstrip()


def _split(text: str, domain: ModuleType, marked: bool) -> list[Fragment]:
    parts = domains.split(domain, text)
    return [Fragment(part, marked) for part in parts if not plaintext.refuses(part)]


def _before(text: str, phrase: str) -> tuple[str, str]:
    """The text before the first line that begins with the phrase, and what stands behind the phrase.

    The line may have a list sign, a number ("Step 3:") or emphasis before the phrase, and signs behind it.
    """
    match = re.search(
        rf"^{plaintext.MARKERS}{re.escape(phrase)}(?!\w)[ \t]*[*_`~.:;,!–—-]*[ \t]*",
        text,
        flags=re.MULTILINE | re.IGNORECASE,
    )
    return (text[: match.start()], text[match.end() :]) if match else (text, "")
