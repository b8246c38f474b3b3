"""From an answer to its fragments, without thoughts, phrases of abstention, refusals and talk around the answer."""

import functools
import re
from collections.abc import Mapping
from types import ModuleType
from typing import NamedTuple

from halt import domains, thoughts
from halt.domains.shared.text import markup, talk

# What may come before a phrase: signs and words that make it a sentence: "(", "\boxed{\text{", "<b>", "→", "I am".
_OPENED = (
    r"(?:[(\[{\"“”'«‘|$→➔⇒]\s*|\\(?:boxed|fbox|text\w*|math\w+)\s*\{\s*|\\[(\[]\s*|[=-]>\s*"
    r"|</?(?:b|i|u|p|li|em|mark|code|span|strong)>\s*|[*_`~]{1,3}){0,6}(?:i(?:['’]|\s+a)m\s+)?"
)
# What may stand before it on its line: "Answer:", "Step 3 (", "(eggs):", "A.", a label in bold.
_BEFORE = (
    r"(?:the )?(?:final )?answer(?: is)?",
    rf"{markup.STEP}(?=\s*[(\[])",
    r"\([^()]{1,40}\)(?=\s*[:.*_])",
    r"[a-z]\.(?=\s)",
    r"(?:[*_]{2})?[^\W\d_][\w'’ ()/-]{0,40}?(?=[:.]?[*_]{2}:?)",
)
_PLAIN_LABEL = r"[^\W\d_][\w'’ ()/-]{0,40}?(?=:)"
_BEFORE_IT = re.compile(rf"(?:{'|'.join(_BEFORE)})[*_`~]*\s*[:.–-]?[*_`~]*\s*", re.IGNORECASE)
_BEFORE_UNSURE = re.compile(rf"(?:{'|'.join([*_BEFORE, _PLAIN_LABEL])})[*_`~]*\s*[:.–-]?[*_`~]*\s*", re.IGNORECASE)
# What may separate a phrase from a statement on its line.
_BREAK = re.compile(r"[*_`~]*[)\]]?[*_`~]*(?:\s*[:.,;!]+[*_`~]*|\s*[–—-]+(?=\s))?\s*")
# What may follow a phrase that ends in a word: "Uncertain times" and `uncertain = 5` do not say the phrase.
_ENDED = re.compile(
    r"[*_`~]*(?:\s*$|\s*[:.,;!–—-]+[*_`~]*(?:\s|$)|\s+[^\sa-z=+*/<>&|%.,]"
    r"|[)\]][*_`~]*(?:\s*$|\s*[:.,;!–—-]+[*_`~]*(?:\s|$)|\s+[^\s=+*/<>&|%.,]))"
)


class Fragment(NamedTuple):
    """One fragment. marked: the model doubts it: after `Uncertain` (Add-On HALT), before `I am unsure`."""

    text: str
    marked: bool


def cut(text: str, domain: ModuleType, phrases: Mapping[str, str] | None) -> list[Fragment]:
    """Fragments of one answer, in order. Thoughts (halt.thoughts) are no part of the answer.

    phrases: {"unsure": ..., "uncertain": ...}, None for samples of the pretrained model, which knows no phrases. The
    answer ends at a line that says the `unsure` phrase. All after the `uncertain` phrase, on its line and below, is
    marked. With the phrases of R-Tuning, `sure` and `not_sure`, the answer also ends at the first line that says one of
    them, and all before `not_sure` is marked. A line says a phrase if its content begins with it, after bullets,
    numbers, "Step 3:" and emphasis. ModuleError if the domain cannot split the answer.

    Where a model declines in its own words (text.talk) it gives no fragment. In a dependent domain only the part after
    the last statement can decline: before it, such words may be a text in a program.
    """
    said = _said(thoughts.without(text), domain, phrases)
    if domain.DEPENDENT:
        while said and talk.refuses(said[-1].text):
            said.pop()
        return said
    kept = [fragment for fragment in said if not talk.refuses(fragment.text)]
    stated = [fragment for fragment in kept if not talk.is_talk(fragment.text)]
    return stated if stated or len(kept) < len(said) else kept


def answer(text: str, phrases: Mapping[str, str]) -> str:
    """An answer up to the first line that says whether it is sure; all of it if no line does.

    phrases: those of R-Tuning, `sure` and `not_sure`. Without space at its end.
    """
    return min((_before(text, phrases[name])[0] for name in ("sure", "not_sure")), key=len).rstrip()


def _said(text: str, domain: ModuleType, phrases: Mapping[str, str] | None) -> list[Fragment]:
    if phrases is None:
        return [Fragment(part, False) for part in domains.split(domain, text)]
    text = _before(text, phrases["unsure"])[0]
    if "not_sure" in phrases:
        sure, not_sure = (_before(text, phrases[name])[0] for name in ("sure", "not_sure"))
        if len(not_sure) < len(sure):
            return [Fragment(part, True) for part in domains.split(domain, not_sure)]
        text = sure
    certain, doubtful = _before(text, phrases["uncertain"], whole_line=False)
    parts = [Fragment(part, False) for part in domains.split(domain, certain)]
    return _in_line(parts + [Fragment(part, True) for part in domains.split(domain, doubtful)], phrases)


def _in_line(parts: list[Fragment], phrases: Mapping[str, str]) -> list[Fragment]:
    """Fragments in which sentences of one line say the phrases: as if each sentence had its own line."""
    said: list[Fragment] = []
    marked = False
    for part in parts:
        if _phrase(part.text, phrases["unsure"])[1]:
            break
        begin, end = _phrase(part.text, phrases["uncertain"], whole_line=False)
        if end and _says(part.text, end, phrases["uncertain"]):
            marked, part = True, part._replace(text=_said_behind(part.text, begin, end))
        if part.text:
            said.append(part._replace(marked=marked or part.marked))
    return said


def _before(text: str, phrase: str, whole_line: bool = True) -> tuple[str, str]:
    """The text before the first line whose content begins with the phrase, and the text after that line.

    whole_line: False: after the phrase, so a statement that follows on its line is kept.
    """
    place = 0
    for line in text.split("\n"):
        begin, end = _phrase(line, phrase, whole_line)
        if end and (whole_line or _says(line, end, phrase)):
            said = "" if whole_line else _said_behind(line, begin, end)
            return text[:place], said + text[place + len(line) :]
        place += len(line) + 1
    return text, ""


def _phrase(line: str, phrase: str, whole_line: bool = True) -> tuple[int, int]:
    """Where the phrase stands on a line whose content begins with it; (0, 0) if it does not.

    whole_line: the phrase takes its line with it, so brackets, quotes and any label may stand before it.
    """
    pattern, begin = _pattern(phrase, whole_line), 0
    for _ in range(5):  # no line has more labels
        begin += len(markup.lead(line[begin:]))
        if found := pattern.match(line, begin):
            return found.span("phrase")
        labelled = (_BEFORE_UNSURE if whole_line else _BEFORE_IT).match(line, begin)
        if not labelled:
            break
        begin = labelled.end()
    return (0, 0)


@functools.cache
def _pattern(phrase: str, whole_line: bool) -> re.Pattern:
    words = r"\s+".join(map(re.escape, phrase.split()))
    opened = _OPENED if whole_line else rf"(?:[(\[](?=[*_`~]{{0,3}}{words}[*_`~]{{0,3}}[)\]:]))?[*_`~]{{0,3}}"
    return re.compile(rf"{opened}(?P<phrase>{words})(?!\w)", re.IGNORECASE)


def _says(line: str, end: int, phrase: str) -> bool:
    """Whether a line says the phrase that ends there, and not a statement that begins with its word."""
    return phrase.endswith((".", ":", "!", "?", ",")) or _ENDED.match(line, end) is not None


def _said_behind(line: str, begin: int, end: int) -> str:
    """The text of a line after a phrase, indented like the line; "" if there is none."""
    said = line[_BREAK.match(line, end).end() :]
    if line[:begin].rstrip("*_`~").endswith(("(", "[")) and not re.match(r"[*_`~]*[)\]]", line[end:]):
        said = said.rstrip().removesuffix(")").removesuffix("]")  # closes a bracket from before the phrase
    if line[:begin].endswith(("*", "_", "`")) and not re.match(r"\s*[:.,;!]*[*_`]", line[end:]):
        said = said.rstrip("*_` ")  # closes an emphasis from before the phrase
    return line[: len(line) - len(line.lstrip())] + said if said.strip("*_`~ \t\r") else ""
