"""Several fragments of one answer in one request (`ask: response`), for an evaluator that is paid by the request.

Each fragment gets a number, and the reply has a label for each. Of a reply only labels count that no number has twice.
What is missing, malformed or said twice is asked alone, by the question that `ask: fragment` asks. So is a fragment
that could speak to the evaluator about the others (`plain`): what an answer says cannot write into another's line.
A wrong reply costs requests, and no verdict is guessed from it.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from halt.domains import Row
from halt.judges import Case, Judged
from halt.judges.shared import questions
from halt.judges.shared.questions import Answer, Ask
from halt.judges.shared.shown import Cut, Evidence, everything
from halt.prompting.texts import fill, visible

MOST = 24  # fragments in one request
LABEL_TOKENS = 12  # more in the reply for each fragment: "12: not mentioned" and what a weak evaluator writes around it
LONGEST = 300  # letters of a fragment that shares its request

_NUMBERED = re.compile(r"[\s*_`#>+-]*(?:statement\s*)?(?P<number>[0-9]+)[\s*_`]*[:.)-]*(?P<rest>.*)", re.IGNORECASE)
# Words and signs of the request itself, and of orders to the evaluator. A fragment that only happens to have one ("He
# was a judge.") costs one more request.
_SPEAKS = re.compile(
    r"\b(support(s|ed)?|contradict(s|ed)?|mentioned|statements?|labels?|labell?ed|verdicts?|judg(e|es|ed|ement|ing)"
    r"|evaluators?|instructions?|ignored?|disregard|ground truth|mark(s|ed)?|answers?|repl(y|ies)|prompts?)\b"
    r"|(?<![0-9])[0-9]{1,3}\s*[:)=]|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]"
)


class Group(NamedTuple):
    """Fragments of one answer that share a request."""

    row: Row
    fragments: tuple[str, ...]


def judge(
    cases: Sequence[Case], ask: Ask, texts: Mapping[str, str], evidence: Evidence, cut: Cut = everything
) -> list[list[list[Judged]]]:
    """Verdicts from the evaluator's words, one per fragment, as `questions.judge_by_text` for independent domains.

    A fragment that several samples of a prompt share is asked about with the first of them alone.
    """
    groups = [group for case in cases for group in together(case)]
    answers = _grouped(groups, ask, texts["judge_fragments"], evidence)
    lone = {
        (case.row.id, fragment): questions.fragment_question(texts["judge_fragment"], case.row, fragment)
        for case in cases
        for response in case.responses
        for fragment in response
        if (case.row.id, fragment) not in answers
    }
    asked = questions.answers_to(list(lone.values()), ask, texts["judge_again"], evidence, cut)
    answers |= dict(zip(lone, asked, strict=True))
    return [
        [[questions.labelled(answers[case.row.id, fragment]) for fragment in response] for response in case.responses]
        for case in cases
    ]


def together(case: Case) -> Iterator[Group]:
    """The fragments of each answer that share a request: two or more plain ones that no answer before it has.

    They depend on the case alone. Requests that depended on other results would make the order of jobs a part of the
    verdicts.
    """
    known: set[str] = set()
    for response in case.responses:
        new = [fragment for fragment in dict.fromkeys(response) if fragment not in known]
        known.update(new)
        shown = [fragment for fragment in new if plain(fragment)]
        for start in range(0, len(shown), MOST):
            chunk = tuple(shown[start : start + MOST])
            if len(chunk) > 1:
                yield Group(case.row, chunk)


def plain(fragment: str) -> bool:
    """Whether a fragment may share a request: short, on one line, without what could pass for a label or an order."""
    seen = unicodedata.normalize("NFKC", visible(fragment)).casefold()
    return len(fragment) <= LONGEST and not _SPEAKS.search(seen)


def read_labels(reply: str, count: int) -> dict[int, str]:
    """The labels in a reply by number, from 1 to `count`: those of numbers that begin one line, with a label after it.

    {} if a line has a number above: then the evaluator counted something else than it was asked about.
    """
    found: dict[int, list[str | None]] = {}
    for line in reply.splitlines():
        if numbered := _NUMBERED.fullmatch(line):
            number = int(numbered["number"]) if len(numbered["number"]) < 9 else -1
            found.setdefault(number, []).append(questions.read_label(numbered["rest"]))
    if not all(1 <= number <= count for number in found):
        return {}
    return {number: said[0] for number, said in found.items() if len(said) == 1 and said[0] is not None}


def _grouped(groups: Sequence[Group], ask: Ask, template: str, evidence: Evidence) -> dict[tuple[str, str], Answer]:
    """Answers by row id and fragment, for the fragments that got exactly one label in a reply that counts.

    A request that is too long for the evaluator is not asked with less of the evidence: alone its fragments may fit.
    """
    if not groups:
        return {}
    asked = [
        fill(
            template,
            prompt=group.row.prompt,
            truth=evidence(group.row),
            statements=questions.numbered(group.fragments),
            count=str(len(group.fragments)),
        )
        for group in groups
    ]
    replies = ask([questions.turns(text) for text in asked], MOST * LABEL_TOKENS)
    return {
        (group.row.id, group.fragments[number - 1]): Answer(label)
        for group, reply in zip(groups, replies, strict=True)
        if not reply.reason
        for number, label in read_labels(reply.text, len(group.fragments)).items()
    }
