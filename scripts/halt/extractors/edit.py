"""An answer without what only its wrong claims say, in its own sentences (`join: edit`).

Sentences whose claims all stay are kept as they are. Those without one that stays are left out. The extractor shortens
the others. The shortened sentence is read again: each of its claims must be in the claims that were kept of it. If one
is not, or the extractor fails, the whole answer is the kept claims as sentences (`join: claims`).
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from halt.extractors import Ask, claims, wording
from halt.extractors.claims import Answer, Window
from halt.prompting.texts import fill, quoted

TEXTS = {"edit_sentence": ("sentence", "kept", "removed")}
_MARKUP = "*_`\"'“” \t"


class Said(NamedTuple):
    """One sentence of an answer, which of its claims stay, and which do not."""

    sentence: str
    kept: tuple[str, ...]
    removed: tuple[str, ...]


class Edited(NamedTuple):
    """The sentences of an answer; None, with the reason, if its claims stand instead."""

    sentences: tuple[str, ...] | None
    reason: str = ""


FAILED = "not rewritten"  # more than one line, nothing, or no reply
CAME_IN = "says what the kept claims do not"


def edit(answers: Sequence[tuple[str, Sequence[Said]]], ask: Ask, texts: Mapping[str, str]) -> list[Edited]:
    """Each answer without its wrong claims. answers: (prompt, the sentences that gave claims)."""
    mixed = list(dict.fromkeys((prompt, one) for prompt, said in answers for one in said if one.kept and one.removed))
    shortened = _shortened(mixed, ask, texts)
    return [_joined(prompt, said, shortened) for prompt, said in answers]


def said(sentences: Sequence[tuple[str, Sequence[int]]], fragments: Sequence[str], kept: Collection[int]) -> list[Said]:
    """The sentences of an answer with their claims. sentences: each with the places of its claims in `fragments`; the
    answer's end may be missing there. kept: the places that stay."""
    return [
        Said(
            text,
            tuple(fragments[place] for place in places if place in kept),
            tuple(fragments[place] for place in places if place not in kept and place < len(fragments)),
        )
        for text, places in sentences
    ]


def counts(edited: Sequence[Edited]) -> dict:
    """How many answers were edited, and why the others were not: for the footer of their table."""
    reasons = Counter(one.reason for one in edited if one.sentences is None)
    return {"edited": len(edited) - reasons.total(), "claims instead": dict(sorted(reasons.items()))}


def summary(counts: Mapping) -> str:
    """The counts as a part of a line of the log."""
    instead = ", ".join(f"{count} {reason}" for reason, count in counts["claims instead"].items()) or "none"
    return f"{counts['edited']} of them in the answer's own sentences; claims instead: {instead}"


def _joined(prompt: str, said: Sequence[Said], shortened: Mapping[tuple[str, Said], Edited]) -> Edited:
    sentences: list[str] = []
    for one in said:
        if one.kept and one.removed:
            edited = shortened[prompt, one]
            if edited.sentences is None:
                return edited
            sentences += edited.sentences
        elif one.kept:
            sentences.append(one.sentence)
    return Edited(tuple(sentences))


def _shortened(mixed: Sequence[tuple[str, Said]], ask: Ask, texts: Mapping[str, str]) -> dict[tuple[str, Said], Edited]:
    if not mixed:
        return {}
    questions = [
        fill(
            texts["edit_sentence"],
            sentence=quoted(one.sentence),
            kept=_listed(one.kept),
            removed=_listed(one.removed),
        )
        for _, one in mixed
    ]
    replies = ask([[{"role": "user", "content": text}] for text in questions])
    lines = [None if reply.reason else _line(reply.text) for reply in replies]
    sound = [place for place, line in enumerate(lines) if line is not None]
    again = [Answer(mixed[place][0], (lines[place],)) for place in sound]
    found = dict(zip(sound, claims.extract(again, ask, texts, Window(0, 0)), strict=True))
    return {
        key: Edited(None, FAILED) if line is None else _checked(line, key[1], found[place][0].claims)
        for place, (key, line) in enumerate(zip(mixed, lines, strict=True))
    }


def _line(reply: str) -> str | None:
    """The one line of a reply without marks around it; None for none or several."""
    lines = [line.strip(_MARKUP) for line in reply.splitlines() if line.strip(_MARKUP)]
    return claims.as_sentence(lines[0]) if len(lines) == 1 else None


def _checked(line: str, one: Said, said: Sequence[str]) -> Edited:
    """A shortened sentence, if all that it says, claim by claim and as a whole, is in the kept claims."""
    kept = " ".join(one.kept)
    whole = wording.is_in(line, kept, kept, "")
    if said and whole and all(wording.is_in(claim, kept, kept, "") for claim in said):
        return Edited((line,))
    return Edited(None, CAME_IN)


def _listed(told: Sequence[str]) -> str:
    return "\n".join(f'- "{quoted(claim)}"' for claim in told)
