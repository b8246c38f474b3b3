"""The LLM judge: an evaluator model that sees the ground truth (paper section 1.3).

Its model is loaded here (engine transformers or vllm), served by the workflow (served), or asked at an endpoint
(openai). Its questions, and how its answers are read, are in `shared.questions`.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from halt import domains
from halt.engines import Prompt, Sampling, asked, replies
from halt.engines.replies import Reply
from halt.judges import Judge, JudgeError, Means, Needs
from halt.judges.shared import calibration, questions, together
from halt.judges.shared.calibration import Calibration

SCHEMA = {"$ref": "#/$defs/llm_judge"}  # of schemas/config.schema.yaml
TEXTS = {
    "judge_fragment": ("prompt", "truth", "fragment"),
    "judge_fragments": ("prompt", "truth", "statements", "count"),
    "judge_fragment_yes_no": ("prompt", "truth", "fragment"),
    "judge_first_wrong": ("prompt", "truth", "steps"),
    "judge_step_yes_no": ("prompt", "truth", "steps", "step"),
    "judge_again": ("form",),
}
REPLY_TOKENS = 64  # default of `reply_tokens`: a label or a number; a longer reply is malformed anyway
CALIBRATION_SEED = 0  # chooses training rows: samples and responses need one threshold


def needs(entry: Mapping, dependent: bool) -> Needs:
    """The evaluator, and the texts of its way to decide. In words, one question covers a whole dependent answer."""
    words, whole = entry["decide"] == "text", _asks_whole(entry)
    if words:
        texts = ("judge_first_wrong" if dependent else "judge_fragment", "judge_again")
        texts += ("judge_fragments",) if whole and not dependent else ()
    else:
        texts = ("judge_step_yes_no" if dependent else "judge_fragment_yes_no",)
    return Needs(
        **asked.reached(entry)._asdict(),
        texts=texts,
        asked="answer" if words and (dependent or whole) else "fragment",
    )


def _asks_whole(entry: Mapping) -> bool:
    """Whether one request may carry all fragments of an answer."""
    return entry.get("ask", "fragment") == "response"


def faults(entry: Mapping) -> Iterator[tuple[str, str]]:
    """An endpoint is the base address alone. A probability is of one fragment."""
    yield from asked.faults(entry)
    if _asks_whole(entry) and entry["decide"] != "text":
        yield "ask", f"found 'response' with decide '{entry['decide']}', expected 'fragment', or to decide by 'text'"


@contextlib.contextmanager
def opened(judge: Mapping, means: Means) -> Iterator[tuple[Judge, Calibration | None]]:
    """The judge, and the calibration of its threshold. JudgeError if something that the entry needs is missing."""
    if judge["engine"] in ("openai", "served"):
        opening = _served(judge, means)
    elif judge["decide"] == "text":
        opening = _local_text(judge, means)
    else:
        opening = _local_probability(judge, means)
    with opening as result:
        yield result


@contextlib.contextmanager
def _served(judge: Mapping, means: Means) -> Iterator[tuple[Judge, None]]:
    if judge["decide"] != "text":
        raise JudgeError(f"judges.decide: found 'probability', but the engine {judge['engine']} decides by 'text' only")
    own, others = _kept(judge, means)
    with asked.answering(judge, means.evaluator, means.server, means.requests, own, others) as engine:
        yield _by_text(judge, means, engine.generate, chat=True), None
        print(f"[halt] {engine.asked} requests to the evaluator, {engine.known} answered before", file=sys.stderr)


def _kept(judge: Mapping, means: Means) -> tuple[Path, list[Path]]:
    """Where this job keeps the evaluator's replies, and where those of others may lie, see `replies.Kept`.

    Jobs share replies if they have the same evaluator and the same kind of rows: no other jobs have equal questions. A
    reply is found by its whole request. So it is the same reply whether it was asked for here, earlier, or is asked
    for again after the folder was deleted.
    """
    alone = means.work / "replies.jsonl"
    if means.store is None:
        return alone, []
    about = {"rows": means.domain.__name__, **asked.identity(judge, means.evaluator)}
    own, others = asked.shared(means.store, about, means.work)
    before = [alone] if means.evaluator is None else []  # of versions that shared none
    return own, [*before, *others]


@contextlib.contextmanager
def _local_text(judge: Mapping, means: Means) -> Iterator[tuple[Judge, None]]:
    engine = asked.loaded(judge["engine"], means.evaluator)

    def generate(prompts: Sequence[Prompt], sampling: Sampling) -> list[list[Reply]]:
        short = [prompt for prompt in prompts if asked.fits(engine, engine.encode(prompt), sampling.max_new_tokens)]
        answered = zip(short, engine.generate(short, sampling, means.batch_size), strict=True)
        found = {prompt.id: replies.heard(*completion) for prompt, [completion] in answered}
        return [[found.get(prompt.id, Reply("", 0, False, replies.TOO_LONG))] for prompt in prompts]

    yield _by_text(judge, means, generate, means.evaluator.chat), None


@contextlib.contextmanager
def _local_probability(judge: Mapping, means: Means) -> Iterator[tuple[Judge, Calibration | None]]:
    [template] = means.texts.values()
    score = _scorer(judge["engine"], means)
    fitted = _calibrated(judge["calibration"], means, score, template) if judge["calibration"] else None
    yield (
        partial(
            questions.judge_by_probability,
            dependent=means.domain.DEPENDENT,
            score=score,
            template=template,
            threshold=fitted.threshold if fitted else 0.0,
            evidence=partial(domains.evidence, means.domain),
            cut=means.cuts,
        ),
        fitted,
    )


def _by_text(judge: Mapping, means: Means, generate: Callable, chat: bool) -> Judge:
    """The text judge on generate(prompts, sampling) -> replies, greedy."""
    tokens = judge.get("reply_tokens", REPLY_TOKENS)

    def ask(conversations: Sequence[list[dict]], further: int = 0) -> list[Reply]:
        prompts = [asked.conversation(str(number), turns, chat) for number, turns in enumerate(conversations)]
        return [reply for [reply] in generate(prompts, Sampling(1, 0.0, 1.0, tokens + further, 0))]

    how = {
        "ask": ask,
        "texts": means.texts,
        "evidence": partial(domains.evidence, means.domain),
        "cut": means.cuts,
    }
    if _asks_whole(judge) and not means.domain.DEPENDENT:
        return partial(together.judge, **how)
    return partial(questions.judge_by_text, dependent=means.domain.DEPENDENT, **how)


def _scorer(name: str, means: Means) -> questions.Score:
    """P(yes) - P(no) by a local evaluator, as the first token of its answer."""
    from halt.engines import scoring

    chat = means.evaluator.chat
    engine = asked.loaded(name, means.evaluator)
    [template] = means.texts.values()
    try:
        tokens = scoring.answers_behind(engine.tokenizer, template, [questions.YES, questions.NO], chat)
    except scoring.ScoringError as error:
        raise JudgeError(f"this evaluator cannot decide by probability: {error}") from error

    def score(questions: Sequence[str]) -> list[float | None]:
        encoded = [
            engine.encode(asked.conversation("", [{"role": "user", "content": text}], chat)) for text in questions
        ]
        short = [place for place, ids in enumerate(encoded) if asked.fits(engine, ids, 1)]
        found = engine.next_token_probabilities([encoded[place] for place in short], tokens, means.batch_size)
        scores = {place: yes - no for place, (yes, no) in zip(short, found, strict=True)}
        return [scores.get(place) for place in range(len(questions))]

    return score


def _calibrated(per_label: int, means: Means, score: questions.Score, template: str) -> Calibration:
    """The fitted threshold, kept in the work folder for other processes and later starts."""
    if not means.training:
        raise JudgeError("a calibrated judge needs labelled training rows: give --training-data")
    file = means.work / "calibration.json"
    kept = _kept_calibration(file, means.fingerprint)
    while kept is None and not means.first:
        time.sleep(0.2)
        kept = _kept_calibration(file, means.fingerprint)
    if kept is not None:
        return kept
    statements = calibration.statements(
        means.training, means.domain.split, means.domain.DEPENDENT, per_label, CALIBRATION_SEED
    )
    evidence = partial(domains.evidence, means.domain)
    fitted = calibration.fit(*questions.labelled_scores(statements, score, template, evidence))
    print(
        f"[halt] judge calibrated on {fitted.right} right and {fitted.wrong} wrong statements of training rows: "
        f"threshold {fitted.threshold:.3f}, AUC {fitted.auc:.3f}, balanced accuracy {fitted.balanced_accuracy:.3f}",
        file=sys.stderr,
        flush=True,
    )
    means.work.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(".calibration.json.new")
    temporary.write_text(json.dumps({"fingerprint": means.fingerprint, **fitted._asdict()}))
    os.replace(temporary, file)
    return fitted


def _kept_calibration(file: Path, fingerprint: str) -> Calibration | None:
    if not file.exists():
        return None
    kept = json.loads(file.read_text())
    return Calibration(**kept) if kept.pop("fingerprint") == fingerprint else None
