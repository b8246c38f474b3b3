"""From a judge's entry in the config to a function that judges: what is loaded, calibrated and closed again."""

import contextlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from halt import domains, engines, serving
from halt.domains import Row
from halt.engines import Prompt, Sampling, chat, replies
from halt.engines.replies import Reply
from halt.judges import Judge, JudgeError, calibration, llm, reference
from halt.judges.calibration import Calibration
from halt.judges.shown import Cuts

REPLY_TOKENS = 64  # without `reply_tokens`: a label or a number; what is longer is malformed anyway
CALIBRATION_SEED = 0  # which training rows: samples and responses must be judged with one threshold


class Evaluator(NamedTuple):
    """A local model that judges: its folder, whether it has a chat template, its number format, on how many GPUs, and
    whether its template's own system prompt stays (`system` of halt.engines.chat)."""

    folder: Path
    chat: bool
    dtype: str
    shards: int
    system: str = chat.TEMPLATE


class Requests(NamedTuple):
    """How a served evaluator is asked; speed and patience only."""

    concurrency: int
    timeout: int  # seconds
    retries: int


class Means(NamedTuple):
    """What a judge works with beside its settings."""

    domain: ModuleType
    texts: Mapping[str, str]  # prompt texts by name
    fingerprint: str  # of everything the verdicts depend on
    work: Path  # folder for replies and calibration, which outlive a kill
    training: Sequence[Row]  # for calibration
    evaluator: Evaluator | None
    batch_size: int  # questions per forward pass; speed only
    processes: int  # workers of the reference judge; speed only
    requests: Requests | None  # for a served evaluator
    first: bool = True  # of the processes that judge together: the one that calibrates
    server: Path | None = None  # where a server that the workflow started leaves its address

    @property
    def cuts(self) -> Cuts:
        """Notes the rows of which the evaluator is shown less than all."""
        return Cuts(self.work / f"cut-{self.fingerprint[:16]}")


def evaluator(settings: Mapping, judge: Mapping, manifest: Path | None, shards: int) -> Evaluator | None:
    """The local model of a judge's entry; None for a judge that needs none. JudgeError if its manifest is not given."""
    if judge["type"] == "reference" or judge["engine"] == "openai":
        return None
    if manifest is None:
        raise JudgeError("a local evaluator needs its model: give --judge-model")
    model = settings[f"models/{judge['model']}"]
    return Evaluator(manifest.parent, model["chat"], model["dtype"], shards, model.get("system", chat.TEMPLATE))


@contextlib.contextmanager
def opened(judge: Mapping, means: Means) -> Iterator[tuple[Judge, Calibration | None]]:
    """The judge of a config entry, and the calibration of its threshold (None where it has none).

    JudgeError if something that the entry needs was not given.
    """
    if judge["type"] == "reference":
        opening = _reference(means)
    elif judge["engine"] in ("openai", "served"):
        opening = _served(judge, means)
    elif judge["decide"] == "text":
        opening = _local_text(judge, means)
    else:
        opening = _local_probability(judge, means)
    with opening as result:
        yield result


@contextlib.contextmanager
def _reference(means: Means) -> Iterator[tuple[Judge, None]]:
    if means.processes == 1:
        yield partial(reference.judge, domain=means.domain), None
        return
    # spawned, not forked: the table library has threads of its own, which a fork would copy in the middle of something
    with ProcessPoolExecutor(means.processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield partial(reference.judge, domain=means.domain, pool=pool), None


@contextlib.contextmanager
def _served(judge: Mapping, means: Means) -> Iterator[tuple[Judge, None]]:
    from halt.engines.openai import Engine

    if judge["decide"] != "text":
        raise JudgeError(f"judges.decide: found 'probability', but the engine {judge['engine']} decides by 'text' only")
    engine = Engine(
        **_address(judge, means),
        replies=means.work / "replies.jsonl",
        concurrency=means.requests.concurrency,
        retries=means.requests.retries,
        timeout=means.requests.timeout,
    )
    with contextlib.closing(engine):
        try:
            yield _by_text(means, engine.generate, chat=True, tokens=_reply_tokens(judge)), None
        except engines.EngineError as error:
            raise _ended(means.server) or error from None


def _ended(server: Path | None) -> JudgeError | None:
    """That a server of the workflow has ended, and where its log is; None if it has not said so."""
    if server is None or not server.exists():
        return None
    address = serving.Address(**json.loads(server.read_text()))
    if address.ended is None:
        return None
    return JudgeError(f"the evaluator's server ended with status {address.ended}: see {address.log}")


def _reply_tokens(judge: Mapping) -> int:
    return judge.get("reply_tokens", REPLY_TOKENS)


def _address(judge: Mapping, means: Means) -> dict:
    """Where the evaluator answers, under which name, and the key; for a server of the workflow once it answers."""
    if judge["engine"] == "openai":
        return {name: judge[name] for name in ("endpoint", "model", "api_key_variable")}
    if means.server is None:
        raise JudgeError("a served evaluator needs its server's address: give it behind the model to --judge-model")
    address = serving.answering(means.server)
    return {"endpoint": address.endpoint, "model": str(means.evaluator.folder), "key": address.key}


@contextlib.contextmanager
def _local_text(judge: Mapping, means: Means) -> Iterator[tuple[Judge, None]]:
    engine = _engine(judge["engine"], means.evaluator)
    tokens = _reply_tokens(judge)

    def generate(prompts: Sequence[Prompt], sampling: Sampling) -> list[list[Reply]]:
        short = [prompt for prompt in prompts if _fits(engine, engine.encode(prompt), tokens)]
        answered = zip(short, engine.generate(short, sampling, means.batch_size), strict=True)
        found = {prompt.id: replies.heard(*completion) for prompt, [completion] in answered}
        return [[found.get(prompt.id, Reply("", 0, False, replies.TOO_LONG))] for prompt in prompts]

    yield _by_text(means, generate, means.evaluator.chat, tokens), None


def _engine(name: str, evaluator: Evaluator):
    return engines.load(name, evaluator.folder, evaluator.dtype, None, evaluator.shards, evaluator.system)


def _fits(engine, tokens: Sequence[int], new: int) -> bool:
    """Whether a prompt leaves room for so many new tokens in the context."""
    return engine.context is None or len(tokens) + new <= engine.context


@contextlib.contextmanager
def _local_probability(judge: Mapping, means: Means) -> Iterator[tuple[Judge, Calibration | None]]:
    [template] = means.texts.values()
    score = _scorer(judge["engine"], means)
    fitted = _calibrated(judge["calibration"], means, score, template) if judge["calibration"] else None
    yield (
        partial(
            llm.judge_by_probability,
            dependent=means.domain.DEPENDENT,
            score=score,
            template=template,
            threshold=fitted.threshold if fitted else 0.0,
            evidence=partial(domains.evidence, means.domain),
            cut=means.cuts,
        ),
        fitted,
    )


def _by_text(means: Means, generate: Callable, chat: bool, tokens: int = REPLY_TOKENS) -> Judge:
    """The text judge on generate(prompts, sampling) -> replies, greedy."""
    sampling = Sampling(1, 0.0, 1.0, tokens, 0)

    def ask(conversations: Sequence[list[dict]]) -> list[Reply]:
        prompts = [_prompt(str(number), turns, chat) for number, turns in enumerate(conversations)]
        return [reply for [reply] in generate(prompts, sampling)]

    return partial(
        llm.judge_by_text,
        dependent=means.domain.DEPENDENT,
        ask=ask,
        texts=means.texts,
        evidence=partial(domains.evidence, means.domain),
        cut=means.cuts,
    )


def _scorer(name: str, means: Means) -> llm.Score:
    """P(yes) - P(no) by a local evaluator, as the first token of its answer."""
    from halt.engines import scoring

    chat = means.evaluator.chat
    engine = _engine(name, means.evaluator)
    [template] = means.texts.values()
    try:
        tokens = scoring.answers_behind(engine.tokenizer, template, [llm.YES, llm.NO], chat)
    except scoring.ScoringError as error:
        raise JudgeError(f"this evaluator cannot decide by probability: {error}") from error

    def score(questions: Sequence[str]) -> list[float | None]:
        encoded = [engine.encode(_prompt("", [{"role": "user", "content": text}], chat)) for text in questions]
        short = [place for place, ids in enumerate(encoded) if _fits(engine, ids, 1)]
        found = engine.next_token_probabilities([encoded[place] for place in short], tokens, means.batch_size)
        scores = {place: yes - no for place, (yes, no) in zip(short, found, strict=True)}
        return [scores.get(place) for place in range(len(questions))]

    return score


def _prompt(name: str, turns: list[dict], chat: bool) -> Prompt:
    """A conversation as an engine takes it; a model without a chat template reads its turns one below the other."""
    if chat:
        return Prompt(name, turns, None)
    return Prompt(name, None, "\n".join(turn["content"] for turn in turns))


def _calibrated(per_label: int, means: Means, score: llm.Score, template: str) -> Calibration:
    """The fitted threshold; kept in the work folder: the other processes and a next start read it there."""
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
    fitted = calibration.fit(*llm.labelled_scores(statements, score, template, evidence))
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
