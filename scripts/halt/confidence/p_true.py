"""p(True) as a confidence: the model is asked whether its own fragment is true, and P(true) is read.

After Kadavath et al. (arXiv 2207.05221) and Self-Eval (Zhang et al., arXiv 2402.09267): P("A") among "A" and "B" after
"Is the proposed answer: A. True B. False. The proposed answer is:". A few answered questions come first, about judged
fragments of training samples. They are the same for every question of a domain, so the model encodes them once. In
dependent domains a question also shows the fragments before the one it asks about.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from halt import engines
from halt.confidence import ConfidenceError
from halt.engines import Prompt
from halt.prompting import texts

PROGRAM = "self_evaluate"
TEXTS = {"p_true_fragment": ("prompt", "fragment"), "p_true_step": ("prompt", "steps", "step")}
ASKS = ("p_true_fragment", "p_true_step")

TRUE, FALSE = "A", "B"

Ask = Callable[[Sequence["Question"]], list[float]]
"""Questions -> P(true) among true and false, in their order."""


class Question(NamedTuple):
    """One fragment to be asked about: its prompt, the fragments before it (dependent domains only), itself."""

    prompt: str
    before: tuple[str, ...]
    fragment: str


class Shot(NamedTuple):
    """One question with its known answer; the id of its prompt."""

    id: str
    question: Question
    right: bool


def questions(fragments: pl.DataFrame, asked: Mapping[str, str], dependent: bool) -> list[Question]:
    """A question for each row of a FRAGMENTS table, in its order.

    asked: prompts by id; ConfidenceError if one is missing. The rows of an answer lie together, in order.
    """
    found: list[Question] = []
    answer, before = None, []
    for id, sample, text in fragments.select("id", "sample", "text").iter_rows():
        if id not in asked:
            raise ConfidenceError(f"fragments of the prompt '{id}', which is not in the data")
        if (id, sample) != answer:
            answer, before = (id, sample), []
        found.append(Question(asked[id], tuple(before) if dependent else (), text))
        before.append(text)
    return found


def shots(judgements: pl.DataFrame, asked: Mapping[str, str], count: int, seed: int, dependent: bool) -> list[Shot]:
    """Labeled questions: half about right fragments, half about wrong ones, each of another prompt, in random order.

    judgements: JUDGEMENTS of training samples. Of an odd number one more is right; there are fewer if one label is too
    rare. In dependent domains the wrong ones are first errors. The choice depends on `seed` and the ids alone.
    """
    ordered = judgements.with_columns(pl.col("label").cast(pl.String)).sort("id", "sample", "fragment")
    pool = [
        (row["id"], row["sample"], row["fragment"], question, row["label"] == "right")
        for row, question in zip(ordered.iter_rows(named=True), questions(ordered, asked, dependent), strict=True)
        if row["label"] in ("right", "wrong")
    ]
    if dependent:
        first: dict[tuple, int] = {}
        for id, sample, fragment, _, right in pool:
            if not right:
                first.setdefault((id, sample), fragment)
        pool = [item for item in pool if item[4] or first[item[:2]] == item[2]]
    pool.sort(key=lambda item: _drawn(seed, *item[:3]))
    wanted = {True: count - count // 2, False: count // 2}
    taken: dict[str, Shot] = {}
    for id, _, _, question, right in pool:
        if wanted[right] and id not in taken:
            taken[id] = Shot(id, question, right)
            wanted[right] -= 1
    return list(taken.values())


def conversation(question: Question, before: Sequence[Shot], template: str, chat: bool) -> Prompt:
    """A question after its shots, as an engine takes it: turns, or plain text up to where the answer begins."""
    asked = [_filled(template, shot.question) for shot in before]
    answers = [TRUE if shot.right else FALSE for shot in before]
    last = _filled(template, question)
    if chat:
        turns = [
            turn
            for text, answer in zip(asked, answers, strict=True)
            for turn in ({"role": "user", "content": text}, {"role": "assistant", "content": answer})
        ]
        return Prompt("", [*turns, {"role": "user", "content": last}], None)
    shown = "".join(f"{text} {answer}\n\n" for text, answer in zip(asked, answers, strict=True))
    return Prompt("", None, shown + last)


def asker(engine, before: Sequence[Shot], template: str, chat: bool, batch_size: int) -> Ask:
    """P(true) by an engine, as the first token of its answer. ConfidenceError if its tokenizer merges A and B."""
    from halt.engines import scoring

    try:
        tokens = scoring.answers_behind(engine.tokenizer, template, [TRUE, FALSE], chat)
    except scoring.ScoringError as error:
        raise ConfidenceError(f"this model cannot be asked for p(True): {error}") from error

    def ask(asked: Sequence[Question]) -> list[float]:
        encoded = [engine.encode(conversation(question, before, template, chat)) for question in asked]
        try:
            found = engine.next_token_probabilities(encoded, tokens, batch_size)
        except (scoring.ScoringError, engines.EngineError) as error:
            raise ConfidenceError(f"{error}: fewer confidence.shots make it shorter") from error
        return [share(true, false) for true, false in found]

    return ask


def share(true: float, false: float) -> float:
    """P(true) among the two; 1/2 if the model gives neither any probability."""
    return true / (true + false) if true + false else 0.5


def _filled(template: str, question: Question) -> str:
    if "{steps}" in template:
        steps = "\n".join(question.before) or "(this is the first)"
        return texts.fill(template, prompt=question.prompt, steps=steps, step=question.fragment)
    return texts.fill(template, prompt=question.prompt, fragment=question.fragment)


def _drawn(seed: int, id: str, sample: int, fragment: int) -> bytes:
    return hashlib.blake2b(f"{seed}\0{id}\0{sample}\0{fragment}".encode(), digest_size=8).digest()
