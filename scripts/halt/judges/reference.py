"""The reference judge: the domain's own deterministic verdict from the ground truth."""

import contextlib
import multiprocessing
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from types import ModuleType

from halt import domains, plugins
from halt.domains import Row, Verdict
from halt.judges import Case, Judge, Judged, JudgeError, Means

FACTS = True
FAILED = "answers on which the domain's judge failed"  # a reason for `unjudged`


def refuses(domain: ModuleType) -> str | None:
    """Why a module has no reference judge; None if it has one."""
    return None if domain.REFERENCE_JUDGE else "has no reference judge, expected an llm judge"


@contextlib.contextmanager
def opened(entry: Mapping, means: Means) -> Iterator[tuple[Judge, None]]:
    """The judge, spread over `means.processes` workers."""
    if means.processes == 1:
        yield partial(judge, domain=means.domain), None
        return
    # spawned, not forked: a fork would copy the threads of the table library in an undefined state
    with ProcessPoolExecutor(means.processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield partial(judge, domain=means.domain, pool=pool), None


def judge(cases: Sequence[Case], domain: ModuleType, pool: Executor | None = None) -> list[list[list[Judged]]]:
    """Verdicts for every response of every case, one per fragment. Identical responses of a prompt are judged once.

    pool: worker processes that share the responses (a code response needs a sandbox run). None: this process. If the
    module fails on an answer and not on the reference of the same row, the answer is unjudged: the log tells the fault,
    and nothing ends. JudgeError if the domain has no reference judge, or its judge gives a wrong number of verdicts or
    an unknown label. ModuleError if it fails on a reference too.
    """
    name = domain.__name__.rsplit(".", 1)[-1]
    if not domain.REFERENCE_JUDGE:
        raise JudgeError(f"domain module '{name}' has no reference judge: give the domain an llm judge in the config")
    distinct = [list(dict.fromkeys(tuple(response) for response in case.responses)) for case in cases]
    tasks = [
        (name, list(response), case.row)
        for case, responses in zip(cases, distinct, strict=True)
        for response in responses
    ]
    verdicts = iter((pool.map if pool else map)(_judge_or_tell, *zip(*tasks, strict=True)) if tasks else ())
    results = []
    for case, responses in zip(cases, distinct, strict=True):
        judged = {response: _judged(next(verdicts), response, case.row, name) for response in responses}
        results.append([judged[tuple(response)] for response in case.responses])
    return results


def _judge_or_tell(name: str, fragments: list[str], row: Row) -> list[Verdict]:
    try:
        return _judge_one(name, fragments, row)
    except plugins.ModuleError as error:
        _judge_one(name, domains.split(domains.load(name), row.reference), row)
        print(f"[halt] an answer to '{row.id}' is unjudged: {error}", file=sys.stderr, flush=True)
        return [Verdict("unjudged", FAILED)] * len(fragments)


def _judge_one(name: str, fragments: list[str], row: Row) -> list[Verdict]:
    domain = domains.load(name)
    with plugins.blamed("domains", name):
        verdicts = domain.judge(fragments, row)
    file = plugins.file_of("domains", name)
    if not isinstance(verdicts, list | tuple) or not all(isinstance(verdict, Verdict) for verdict in verdicts):
        raise plugins.ModuleError(f"{file}: judge() gave {verdicts!r} on '{row.id}', expected a list of Verdicts")
    for verdict in verdicts:
        if not all(found is None or isinstance(found, str) for found in (verdict.kind, verdict.fact)):
            raise plugins.ModuleError(f"{file}: judge() gave {verdict} on '{row.id}', expected kind and fact as text")
    return verdicts


def _judged(verdicts: list[Verdict], response: Sequence[str], row: Row, name: str) -> list[Judged]:
    from halt.frames import LABELS

    if len(verdicts) != len(response):
        raise JudgeError(f"{name}.judge gave {len(verdicts)} verdicts on {len(response)} fragments of '{row.id}'")
    for verdict in verdicts:
        if verdict.label not in LABELS:
            raise JudgeError(f"{name}.judge labels '{row.id}' {verdict.label!r}, expected one of {', '.join(LABELS)}")
    return [Judged(verdict, None) for verdict in verdicts]
