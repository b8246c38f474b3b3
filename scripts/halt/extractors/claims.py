"""Claims out of sentences: what an extractor is asked, how its reply is read, and which of its claims count.

A window slides over the sentences of an answer, as in VeriScore (arXiv 2406.19276). The extractor sees the sentences of
the window with one marked, and lists the claims of that one or says that it has none.

    reply                                       what comes of the sentence
    ------------------------------------------  -------------------------------------------------------
    a list of claims                            those that are in the text (`wording`), each once
    none                                        nothing; counted as a sentence without a claim
    prose, nothing, cut off, filtered, refused  asked once more; then the sentence itself is its claim
    a list without a claim that is in the text  the sentence itself is its claim

So no sentence is lost because the extractor failed on it, and none can hide by an instruction to the extractor.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from halt.engines.replies import CUT, EMPTY, TOO_LONG, UNENDED, Reply
from halt.extractors import Ask, wording
from halt.prompting.texts import fill, quoted

TEXTS = {
    "extract_claims": ("prompt", "window", "sentence"),
    "extract_again": ("form",),
}
FORM = 'each claim on a line of its own that begins with "- ", or only the word: none'
MALFORMED = "not in the required form"
NOT_IN_TEXT = "no claim that is in the text"
NO_CLAIM = "no claim"  # the extractor's word, no failure
_AGAIN = ("", CUT, EMPTY, UNENDED, TOO_LONG)  # a second question may help; not after a refusal or a filter
_NONE = frozenset(("none", "no verifiable claim", "no claim", "no claims"))
_CLAIM = re.compile(r"\s*(?:[-*•–]|\d{1,4}[.)])\s+(?P<claim>\S.*)")
_LONGEST = 400  # letters of a claim; a longer one is no atomic statement
_MARKUP = "*_`\"'“” \t"


class Window(NamedTuple):
    """How many sentences the extractor sees before and after the one that it reads."""

    before: int
    after: int


class Answer(NamedTuple):
    """The sentences of one answer and the prompt that it answers."""

    prompt: str
    sentences: tuple[str, ...]


class Extracted(NamedTuple):
    """What came of one sentence.

    reason: "" if the extractor's claims stand here; NO_CLAIM; else why the sentence itself stands here as its claim.
    absent: listed claims that are not in the text. surplus: more than the sentence has words. repeated: said before in
    this answer. Those are left out and counted.
    """

    claims: tuple[str, ...]
    reason: str
    absent: int = 0
    surplus: int = 0
    repeated: int = 0


class _Asked(NamedTuple):
    """One sentence in its place: equal ones are asked once."""

    prompt: str
    before: tuple[str, ...]
    sentence: str
    after: tuple[str, ...]

    @property
    def window(self) -> str:
        return " ".join((*self.before, f"[{self.sentence}]", *self.after))


def extract(answers: Sequence[Answer], ask: Ask, texts: Mapping[str, str], window: Window) -> list[list[Extracted]]:
    """What comes of every sentence of every answer. All distinct questions are asked at once."""
    asked = [_windows(answer, window) for answer in answers]
    distinct = list(dict.fromkeys(one for answer in asked for one in answer))
    found = dict(zip(distinct, _read_all(distinct, ask, texts), strict=True))
    return [_each_once([found[one] for one in answer]) for answer in asked]


def _windows(answer: Answer, window: Window) -> list[_Asked]:
    said = answer.sentences
    return [
        _Asked(
            answer.prompt,
            said[max(0, place - window.before) : place],
            sentence,
            said[place + 1 : place + 1 + window.after],
        )
        for place, sentence in enumerate(said)
    ]


def _read_all(asked: Sequence[_Asked], ask: Ask, texts: Mapping[str, str]) -> list[Extracted]:
    questions = [_question(texts["extract_claims"], one) for one in asked]
    replies = ask([_turns(text) for text in questions]) if asked else []
    again = [
        place
        for place, reply in enumerate(replies)
        if reply.reason in _AGAIN and (reply.reason or read(reply.text) is None)
    ]
    if again:
        form = fill(texts["extract_again"], form=FORM)
        repeated = [_once_more(texts["extract_claims"], asked[place], replies[place], form) for place in again]
        for place, reply in zip(again, ask(repeated), strict=True):
            replies[place] = reply
    return [_counted(one, reply) for one, reply in zip(asked, replies, strict=True)]


def _question(template: str, one: _Asked) -> str:
    return fill(template, prompt=quoted(one.prompt), window=quoted(one.window), sentence=quoted(one.sentence))


def _turns(text: str) -> list[dict]:
    return [{"role": "user", "content": text}]


def _once_more(template: str, one: _Asked, reply: Reply, form: str) -> list[dict]:
    """The question, its malformed reply, and the required form. If it was too long: the sentence without its window."""
    if reply.reason == TOO_LONG:
        return _turns(_question(template, one._replace(before=(), after=())))
    question = _question(template, one)
    if reply.reason or not reply.text.strip():
        return _turns(f"{question}\n\n{form}")
    return [*_turns(question), {"role": "assistant", "content": reply.text}, *_turns(form)]


def read(reply: str) -> list[str] | None:
    """The claims that a reply lists, [] if it says that there are none; None if it is in neither form.

    A line that ends with a colon may stand before the list. Any other line that is no item makes the reply prose.
    """
    lines = [line for line in reply.splitlines() if line.strip()]
    if lines and lines[0].rstrip(_MARKUP).endswith(":") and not _CLAIM.match(lines[0]):
        lines = lines[1:]
    items = [_CLAIM.fullmatch(line) for line in lines]
    listed = [item["claim"] for item in items if item]
    said = [text.strip(_MARKUP) for text in (listed if all(items) else lines)]
    if len(said) == 1 and said[0].rstrip(".").casefold() in _NONE:
        return []
    if not said or not all(items):
        return None
    return [claim for claim in said if claim]


def _counted(one: _Asked, reply: Reply) -> Extracted:
    """What comes of a sentence, by the last reply."""
    listed = None if reply.reason else read(reply.text)
    if listed is None:
        return Extracted((one.sentence,), reply.reason or MALFORMED)
    if not listed:
        return Extracted((), NO_CLAIM)
    around = " ".join((*one.before, one.sentence, *one.after))
    there = [
        as_sentence(claim)
        for claim in listed
        if len(claim) <= _LONGEST and wording.is_in(claim, one.sentence, around, one.prompt)
    ]
    absent = len(listed) - len(there)
    if not there:
        return Extracted((one.sentence,), NOT_IN_TEXT, absent)
    distinct = list({wording.same(claim): claim for claim in reversed(there)}.values())[::-1]
    most = max(1, len(wording.words(one.sentence)))
    kept = distinct[:most]
    return Extracted(tuple(kept), "", absent, len(distinct) - len(kept), len(there) - len(distinct))


def as_sentence(claim: str) -> str:
    """A claim as a sentence: with a full stop if it has no sign at its end."""
    return claim if claim.endswith((".", "!", "?")) else f"{claim}."


def _each_once(found: Sequence[Extracted]) -> list[Extracted]:
    """A claim counts where an answer says it first."""
    seen: set[tuple[str, ...]] = set()
    left = []
    for one in found:
        new = []
        for claim in one.claims:
            key = wording.same(claim) or (claim,)
            if key not in seen:
                seen.add(key)
                new.append(claim)
        left.append(one._replace(claims=tuple(new), repeated=one.repeated + len(one.claims) - len(new)))
    return left
