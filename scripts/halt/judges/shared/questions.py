"""The questions of the LLM judge to an evaluator that sees the ground truth, and how its answers are read.

Independent domains: each fragment by itself. Dependent domains: only the first wrong step is looked for; it and all
after it are wrong. Two ways to decide:

* `text`: the evaluator answers in words (one of three labels, or the number of the first wrong step). A reply that is
  not in the required form is asked for once more and is then `unjudged`; nothing is guessed from it. Several fragments
  of one answer may share a request (`shared.together`).
* `probability`: the evaluator gets a yes-or-no question and writes nothing: P(yes) - P(no) is compared with a threshold
  that was calibrated on labeled training rows (`calibration`). Right or wrong only: one question cannot tell what the
  truth denies from what it does not mention.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from halt.domains import Row, Verdict
from halt.engines.replies import CUT, EMPTY, TOO_LONG, UNENDED, Reply
from halt.judges import Case, Judged
from halt.judges.shared.calibration import Labelled
from halt.judges.shared.shown import SHARES, Cut, Evidence, everything, shortened
from halt.prompting.texts import fill, quoted

WORDS = {"supported": "right", "contradicted": "wrong", "not mentioned": "unverifiable"}
NO_STEP = "none"  # the reply if no step is wrong
YES, NO = "Yes", "No"
MALFORMED = "not in the required form"
_AGAIN = ("", CUT, EMPTY, UNENDED)  # a second question may help; not after a refusal or a filter

Steps = tuple[str, ...]
Text = Callable[[str], str]
"""The truth as it is shown -> the text of a question."""
Ask = Callable[..., list[Reply]]
"""Conversations (chat messages) -> replies in their order. A number after them: so many more tokens for each reply."""
Score = Callable[[Sequence[str]], list[float | None]]
"""Questions about one row with a common beginning -> P(yes) - P(no); None if one is too long for the context."""


class Question(NamedTuple):
    """One request in words: its text, how its reply is read (None: malformed), and the required form in words."""

    row: Row
    text: Text
    read: Callable[[str], object | None]
    form: str


class Answer(NamedTuple):
    """The reading of the replies to a question; None, with the reason, if nothing could be read."""

    value: object | None
    reason: str = ""


def judge_by_text(
    cases: Sequence[Case],
    dependent: bool,
    ask: Ask,
    texts: Mapping[str, str],
    evidence: Evidence,
    cut: Cut = everything,
) -> list[list[list[Judged]]]:
    """Verdicts from the evaluator's words, one per fragment. texts: prompt texts by name.

    All distinct questions of the cases are asked at once. If a question is too long for the evaluator, it is asked with
    less of the evidence, and `cut` is called. Cases without an answer are `unjudged`; their kind is the reason.
    """
    template = texts["judge_first_wrong" if dependent else "judge_fragment"]
    questions: dict[tuple, Question] = {}
    for case in cases:
        for response in case.responses:
            if dependent:
                questions[case.row.id, tuple(response)] = _first_wrong_question(template, case.row, response)
            else:
                for fragment in response:
                    questions[case.row.id, fragment] = fragment_question(template, case.row, fragment)
    asked = list(questions.values())
    answers = dict(zip(questions, answers_to(asked, ask, texts["judge_again"], evidence, cut), strict=True))
    if dependent:
        return [
            [_until(answers[case.row.id, tuple(response)], response) for response in case.responses] for case in cases
        ]
    return [
        [[labelled(answers[case.row.id, fragment]) for fragment in response] for response in case.responses]
        for case in cases
    ]


def judge_by_probability(
    cases: Sequence[Case],
    dependent: bool,
    score: Score,
    template: str,
    threshold: float,
    evidence: Evidence,
    cut: Cut = everything,
) -> list[list[list[Judged]]]:
    """Verdicts from P(yes) - P(no), right from `threshold` on, one per fragment.

    `score` is called once per case with all of its distinct questions: the ground truth at their beginning is encoded
    once. Questions that are too long are scored again with less of it. In dependent domains every step is scored after
    the steps before it, and the first one below the threshold is the first wrong one.
    """
    results = []
    for case in cases:
        keys = list(dict.fromkeys(key for response in case.responses for key in _keys(response, dependent)))
        texts = [_yes_no(template, case.row, *key) for key in keys]
        scores = dict(zip(keys, _scores(texts, case.row, score, evidence, cut), strict=True))
        judged = []
        for response in case.responses:
            values = [scores[key] for key in _keys(response, dependent)]
            verdicts = _in_order(values, threshold) if dependent else [_by_score(value, threshold) for value in values]
            judged.append([Judged(verdict, value) for verdict, value in zip(verdicts, values, strict=True)])
        results.append(judged)
    return results


def labelled_scores(
    statements: Sequence[tuple[Row, Sequence[Labelled]]], score: Score, template: str, evidence: Evidence
) -> tuple[list[float], list[float]]:
    """Scores of the right and of the wrong labeled statements, for calibration.fit; too long ones are left out."""
    scores: dict[bool, list[float]] = {True: [], False: []}
    for row, group in statements:
        texts = [_yes_no(template, row, item.before, item.fragment) for item in group]
        for item, value in zip(group, _scores(texts, row, score, evidence, everything), strict=True):
            if value is not None:
                scores[item.right].append(value)
    return scores[True], scores[False]


def read_label(reply: str) -> str | None:
    """The label in the last line of a reply; None if it is none of WORDS."""
    return WORDS.get(_last_line(reply))


def read_first_wrong(reply: str, steps: int) -> int | None:
    """The number (from 1) of the first wrong step in the last line of a reply; 0 for none, None for neither."""
    line = _last_line(reply)
    if line == NO_STEP:
        return 0
    return int(line) if line.isascii() and line.isdigit() and 1 <= int(line) <= steps else None


def _last_line(reply: str) -> str:
    """The last line of a reply without quotes, emphasis and full stop: an evaluator may reason before it answers."""
    lines = reply.strip().splitlines()
    return lines[-1].strip(" \t.*\"'`").casefold() if lines else ""


def answers_to(questions: Sequence[Question], ask: Ask, again: str, evidence: Evidence, cut: Cut) -> list[Answer]:
    """The readings of the replies. Malformed ones are asked for once more, in the same conversation.

    If a question is too long for the evaluator, it is asked with less of the evidence, and `cut` is called.
    """
    texts, replies = _replies(questions, ask, evidence, cut)
    answers = [_read(question, reply) for question, reply in zip(questions, replies, strict=True)]
    malformed = [
        place for place, answer in enumerate(answers) if answer.value is None and replies[place].reason in _AGAIN
    ]
    if not malformed:
        return answers
    repeated = ask([_once_more(texts[place], replies[place], questions[place].form, again) for place in malformed])
    for place, reply in zip(malformed, repeated, strict=True):
        answers[place] = _read(questions[place], reply)
    return answers


def _replies(questions: Sequence[Question], ask: Ask, evidence: Evidence, cut: Cut) -> tuple[list[str], list[Reply]]:
    """(the texts that were asked, the replies): with less and less of the evidence while the prompt is too long."""
    truths = [evidence(question.row) for question in questions]
    texts = [question.text(truth) for question, truth in zip(questions, truths, strict=True)]
    replies = [Reply("", 0, False, TOO_LONG)] * len(questions)
    pending = list(range(len(questions)))
    for share in SHARES:
        if not pending:
            break
        for place in pending:
            texts[place] = questions[place].text(shortened(truths[place], share))
        for place, reply in zip(pending, ask([turns(texts[place]) for place in pending]), strict=True):
            replies[place] = reply
            if share < 1 and reply.reason != TOO_LONG:
                cut(questions[place].row)
        pending = [place for place in pending if replies[place].reason == TOO_LONG]
    return texts, replies


def _scores(texts: Sequence[Text], row: Row, score: Score, evidence: Evidence, cut: Cut) -> list[float | None]:
    """The scores of questions about one row, with less evidence as in `_replies`."""
    truth = evidence(row)
    scores: list[float | None] = [None] * len(texts)
    for share in SHARES:
        pending = [place for place, value in enumerate(scores) if value is None]
        if not pending:
            break
        found = score([texts[place](shortened(truth, share)) for place in pending])
        for place, value in zip(pending, found, strict=True):
            scores[place] = value
        if share < 1 and any(value is not None for value in found):
            cut(row)
    return scores


def turns(text: str) -> list[dict]:
    """A conversation of one question."""
    return [{"role": "user", "content": text}]


def _once_more(text: str, reply: Reply, form: str, again: str) -> list[dict]:
    """The question, its malformed reply, and the required form. An empty reply makes no turn."""
    wanted = fill(again, form=form)
    if reply.reason or not reply.text.strip():
        return turns(f"{text}\n\n{wanted}")
    return [*turns(text), {"role": "assistant", "content": reply.text}, *turns(wanted)]


def _read(question: Question, reply: Reply) -> Answer:
    if reply.reason:
        return Answer(None, reply.reason)
    value = question.read(reply.text)
    return Answer(value, MALFORMED if value is None else "")


def fragment_question(template: str, row: Row, fragment: str) -> Question:
    """The question about one fragment of an independent domain by itself."""

    def text(truth: str) -> str:
        return fill(template, prompt=row.prompt, truth=truth, fragment=quoted(fragment))

    return Question(row, text, read_label, f"exactly one of: {', '.join(WORDS)}")


def _first_wrong_question(template: str, row: Row, response: Sequence[str]) -> Question:
    count = len(response)

    def text(truth: str) -> str:
        return fill(template, prompt=row.prompt, truth=truth, steps=numbered(response))

    def read(reply: str) -> int | None:
        return read_first_wrong(reply, count)

    return Question(row, text, read, f"the number of the first wrong step (1 to {count}), or the word {NO_STEP}")


def _yes_no(template: str, row: Row, before: Steps, fragment: str) -> Text:
    def text(truth: str) -> str:
        values = {"prompt": row.prompt, "truth": truth}
        if "{steps}" in template:
            steps = numbered(before) or "(this is the first)"
            return fill(template, **values, steps=steps, step=_line(len(before) + 1, fragment))
        return fill(template, **values, fragment=quoted(fragment))

    return text


def _keys(response: Sequence[str], dependent: bool) -> list[tuple[Steps, str]]:
    """(steps before it, fragment): all that the verdict on each fragment of a response depends on."""
    return [(tuple(response[:place]) if dependent else (), text) for place, text in enumerate(response)]


def numbered(steps: Sequence[str]) -> str:
    """Fragments on numbered lines of their own, from 1 on, each between quotation marks."""
    return "\n".join(_line(number, step) for number, step in enumerate(steps, start=1))


def _line(number: int, step: str) -> str:
    return f'{number}. "{quoted(step)}"'


def _unjudged(reason: str) -> Verdict:
    return Verdict("unjudged", reason)


def labelled(answer: Answer) -> Judged:
    """The verdict on one fragment. The evaluator names no reference statement: there is no fact."""
    return Judged(_unjudged(answer.reason) if answer.value is None else Verdict(answer.value), None)


def _until(answer: Answer, response: Sequence[str]) -> list[Judged]:
    if answer.value is None:
        return [Judged(_unjudged(answer.reason), None)] * len(response)
    right = answer.value - 1 if answer.value else len(response)
    return [Judged(verdict, None) for verdict in _steps_until(right, len(response))]


def _by_score(value: float | None, threshold: float) -> Verdict:
    return _unjudged(TOO_LONG) if value is None else Verdict("right" if value >= threshold else "wrong")


def _in_order(values: Sequence[float | None], threshold: float) -> list[Verdict]:
    """As `_steps_until` the first step below the threshold. All from the first unreadable one on is unjudged."""
    end = next((place for place, value in enumerate(values) if value is None or value < threshold), len(values))
    if end < len(values) and values[end] is None:
        return [*_steps_until(end, end), *[_unjudged(TOO_LONG)] * (len(values) - end)]
    return _steps_until(end, len(values))


def _steps_until(right: int, steps: int) -> list[Verdict]:
    """The first `right` steps are right, the others wrong. A step's fact is its place: equal lines are two steps."""
    return [
        Verdict("right", None, f"step {place + 1}") if place < right else Verdict("wrong") for place in range(steps)
    ]
