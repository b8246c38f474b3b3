"""The LLM judge: an evaluator model that sees the ground truth (paper section 1.3).

Independent domains: each fragment by itself. Dependent domains: only the first wrong step is looked for; it and all
that follow are wrong. Two ways to decide:

* `text`: the evaluator answers in words (one of three labels, or the number of the first wrong step). A reply that is
  not in the required form is asked for once more and is then `unjudged`; nothing is guessed from it.
* `probability`: the evaluator is asked for a yes or no and not heard: P(yes) - P(no) is compared with a threshold that
  was calibrated on labelled training rows (halt.judges.calibration). Right or wrong only: one question cannot tell
  what the truth denies from what it does not mention.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from halt import prompts
from halt.domains import Row, Verdict
from halt.judges import Case, Judged
from halt.judges.calibration import Labelled

WORDS = {"supported": "right", "contradicted": "wrong", "not mentioned": "unverifiable"}
NO_STEP = "none"  # the reply where no step is wrong
YES, NO = "Yes", "No"
UNJUDGED = Judged(Verdict("unjudged"), None)

Steps = tuple[str, ...]
Ask = Callable[[Sequence[list[dict]]], list[str | None]]
"""Conversations (chat messages) -> replies in their order; None where the reply was cut off by its token limit."""
Score = Callable[[Sequence[str]], list[float]]
"""Questions about one row, which begin alike -> P(yes) - P(no)."""


class Question(NamedTuple):
    """One request in words: its text, how its reply is read (None: malformed), and the required form in words."""

    text: str
    read: Callable[[str], object | None]
    form: str


def truth(row: Row) -> str:
    """The ground truth shown to the evaluator: the row's article where its truth has one, else the reference."""
    return row.truth.get("article", row.reference)


def judge_by_text(
    cases: Sequence[Case], dependent: bool, ask: Ask, texts: Mapping[str, str]
) -> list[list[list[Judged]]]:
    """Verdicts from the evaluator's words, one per fragment. texts: prompt texts by name (halt.prompts.of_judge).

    All questions of the cases are asked at once, each distinct one once. Cases without an answer are `unjudged`.
    """
    template = texts["judge_first_wrong" if dependent else "judge_fragment"]
    questions: dict[tuple, Question] = {}
    for case in cases:
        for response in case.responses:
            if dependent:
                questions[case.row.id, tuple(response)] = _first_wrong_question(template, case.row, response)
            else:
                for fragment in response:
                    questions[case.row.id, fragment] = _fragment_question(template, case.row, fragment)
    answers = dict(zip(questions, _answers(list(questions.values()), ask, texts["judge_again"]), strict=True))
    if dependent:
        return [
            [_until(answers[case.row.id, tuple(response)], response) for response in case.responses] for case in cases
        ]
    return [
        [[_labelled(answers[case.row.id, fragment]) for fragment in response] for response in case.responses]
        for case in cases
    ]


def judge_by_probability(
    cases: Sequence[Case], dependent: bool, score: Score, template: str, threshold: float
) -> list[list[list[Judged]]]:
    """Verdicts from P(yes) - P(no), right from `threshold` on, one per fragment.

    `score` is called once per case with all of its distinct questions, so that the ground truth they begin with is
    encoded once. In dependent domains every step is scored behind the steps before it and the first one below the
    threshold is the first wrong.
    """
    results = []
    for case in cases:
        keys = list(dict.fromkeys(key for response in case.responses for key in _keys(response, dependent)))
        scores = dict(zip(keys, score([_yes_no(template, case.row, *key) for key in keys]), strict=True))
        judged = []
        for response in case.responses:
            values = [scores[key] for key in _keys(response, dependent)]
            if dependent:
                wrong = next((place for place, value in enumerate(values) if value < threshold), len(values))
                verdicts = _steps_until(wrong, len(values))
            else:
                verdicts = [Verdict("right" if value >= threshold else "wrong") for value in values]
            judged.append([Judged(verdict, value) for verdict, value in zip(verdicts, values, strict=True)])
        results.append(judged)
    return results


def labelled_scores(
    statements: Sequence[tuple[Row, Sequence[Labelled]]], score: Score, template: str
) -> tuple[list[float], list[float]]:
    """Scores of the right and of the wrong labelled statements, for calibration.fit."""
    scores: dict[bool, list[float]] = {True: [], False: []}
    for row, group in statements:
        values = score([_yes_no(template, row, item.before, item.fragment) for item in group])
        for item, value in zip(group, values, strict=True):
            scores[item.right].append(value)
    return scores[True], scores[False]


def read_label(reply: str) -> str | None:
    """The label that the last line of a reply says, None if it is none of WORDS."""
    return WORDS.get(_last_line(reply))


def read_first_wrong(reply: str, steps: int) -> int | None:
    """The number (from 1) of the first wrong step in the last line of a reply, 0 for none, None if it says neither."""
    line = _last_line(reply)
    if line == NO_STEP:
        return 0
    return int(line) if line.isascii() and line.isdigit() and 1 <= int(line) <= steps else None


def _last_line(reply: str) -> str:
    """What the reply ends with, without quotes, emphasis and full stop: an evaluator may reason before it answers."""
    lines = reply.strip().splitlines()
    return lines[-1].strip(" \t.*\"'`").casefold() if lines else ""


def _answers(questions: Sequence[Question], ask: Ask, again: str) -> list[object | None]:
    """What was read from the replies; the malformed ones are asked for once more, in the same conversation."""
    conversations = [[{"role": "user", "content": question.text}] for question in questions]
    replies = ask(conversations)
    answers = [_read(question, reply) for question, reply in zip(questions, replies, strict=True)]
    malformed = [index for index, answer in enumerate(answers) if answer is None]
    repeated = ask(
        [
            [
                *conversations[index],
                {"role": "assistant", "content": replies[index] or ""},
                {"role": "user", "content": prompts.fill(again, form=questions[index].form)},
            ]
            for index in malformed
        ]
    )
    for index, reply in zip(malformed, repeated, strict=True):
        answers[index] = _read(questions[index], reply)
    return answers


def _read(question: Question, reply: str | None) -> object | None:
    return None if reply is None else question.read(reply)


def _fragment_question(template: str, row: Row, fragment: str) -> Question:
    text = prompts.fill(template, prompt=row.prompt, truth=truth(row), fragment=fragment)
    return Question(text, read_label, f"exactly one of: {', '.join(WORDS)}")


def _first_wrong_question(template: str, row: Row, response: Sequence[str]) -> Question:
    text = prompts.fill(template, prompt=row.prompt, truth=truth(row), steps=_numbered(response))
    count = len(response)
    return Question(
        text,
        lambda reply: read_first_wrong(reply, count),
        f"the number of the first wrong step (1 to {count}), or the word {NO_STEP}",
    )


def _yes_no(template: str, row: Row, before: Steps, fragment: str) -> str:
    values = {"prompt": row.prompt, "truth": truth(row)}
    if "{steps}" in template:
        steps = _numbered(before) or "(this is the first)"
        return prompts.fill(template, **values, steps=steps, step=f"{len(before) + 1}. {fragment}")
    return prompts.fill(template, **values, fragment=fragment)


def _keys(response: Sequence[str], dependent: bool) -> list[tuple[Steps, str]]:
    """(steps before it, fragment): what the verdict on each fragment of a response depends on."""
    return [(tuple(response[:place]) if dependent else (), text) for place, text in enumerate(response)]


def _numbered(steps: Sequence[str]) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))


def _labelled(label: str | None) -> Judged:
    """The evaluator names no reference statement, hence no fact."""
    return UNJUDGED if label is None else Judged(Verdict(label), None)


def _until(first_wrong: int | None, response: Sequence[str]) -> list[Judged]:
    if first_wrong is None:
        return [UNJUDGED] * len(response)
    right = first_wrong - 1 if first_wrong else len(response)
    return [Judged(verdict, None) for verdict in _steps_until(right, len(response))]


def _steps_until(right: int, steps: int) -> list[Verdict]:
    """The first `right` steps are right, the others wrong. A step's fact is its place: equal lines are two steps."""
    return [
        Verdict("right", None, f"step {place + 1}") if place < right else Verdict("wrong") for place in range(steps)
    ]
