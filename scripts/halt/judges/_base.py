"""Judges decide fragments: right, wrong, idle, unverifiable, or unjudged if a judge gave no usable answer.

A judge is one module of this folder; an entry of the config's `judges` names it by `type`. It sees the ground truth and
never the threshold. Its verdicts are stored as they are; later stages decide what to do with them. Whether a dependent
answer as a whole solves its task is decided here, for every judge: by the domain's module if it can (`solves`), else by
the verdicts.

    opened(entry, means)         -> context manager of (judge, calibration): a `Judge`, and the Calibration of its
                                 threshold or None; entry: of the config; means: see `Means`

A module may also have the following; the default comes last. The constants are literals:

    OPTIONS: dict                JSON-schema properties of the entry's `options`, with default and description; none
    SCHEMA: dict                 JSON schema of the whole entry, for a judge with keys of its own beside `type`
    TEXTS: dict                  its prompt texts: file in scripts/prompts/ (without .txt) -> the fields it holds; none
    FACTS: bool                  whether a right Verdict names the statement of the reference that it matches; False
    needs(entry, dependent)      -> Needs: what the workflow provides; nothing. dependent: of the domain
    faults(entry)                -> Iterator[(key, message)]: faults of an entry that no schema can see; nothing
    refuses(domain)              -> str | None: what a domain's module lacks for it ("has no ...", a message); nothing

These check the config, so a module imports torch or polars inside its functions.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from halt import domains, plugins
from halt.domains import Row, Verdict
from halt.engines.asked import Asked, Requests
from halt.errors import HaltError
from halt.judges.shared.shown import Cuts
from halt.running.processes import ALONE, Processes
from halt.running.progress import Progress

if TYPE_CHECKING:
    import polars as pl

_ANSWER = ("model", "domain", "method", "threshold", "seed", "test_domain", "id", "sample")
PROMPTS_PER_PART = 8  # a kill loses at most these; no setting: parts must fit any batch size


class JudgeError(HaltError):
    """The tables, settings or replies do not allow a verdict; the message says which and what to do."""


class Case(NamedTuple):
    """One prompt and the fragments of each of its responses."""

    row: Row
    responses: list[list[str]]


class Judged(NamedTuple):
    """A verdict, and its score (P(yes) - P(no)); None if the judge has no score."""

    verdict: Verdict
    score: float | None


class Needs(NamedTuple):
    """What the workflow provides for a judge."""

    model: str | None = None  # key of `models`: its evaluator, loaded in the judging job or served beside it
    engine: str | None = None  # what loads it in the job: transformers or vllm
    server: str | None = None  # what serves it beside the jobs: transformers or vllm
    texts: tuple[str, ...] = ()  # prompt texts, of TEXTS
    asked: str | None = None  # one request for each "fragment" or "answer"; for the plan alone


class Means(NamedTuple):
    """What a judge gets besides its entry."""

    domain: ModuleType
    texts: Mapping[str, str]  # prompt texts by name
    fingerprint: str  # of everything the verdicts depend on
    work: Path  # folder for replies and calibration, which survive a kill
    training: Sequence[Row]  # for calibration
    evaluator: Asked | None
    batch_size: int  # questions per forward pass; speed only
    processes: int  # workers of a judge that asks no model; speed only
    requests: Requests | None  # for a served evaluator
    first: bool = True  # True for the one process that calibrates
    server: Path | None = None  # address file of a server that the workflow started
    store: Path | None = None  # folder in which jobs share the replies of served evaluators

    @property
    def cuts(self) -> Cuts:
        """Records the rows that the evaluator sees only in part."""
        return Cuts(self.work / f"cut-{self.fingerprint[:16]}")


Judge = Callable[[Sequence[Case]], list[list[list[Judged]]]]


def load(name: str) -> ModuleType:
    """The judge module `halt.judges.<name>`; ModuleError if it is not as described above."""
    module, file = plugins.load("judges", name), plugins.file_of("judges", name)
    for constant, kind in {"OPTIONS": dict, "SCHEMA": dict, "TEXTS": dict, "FACTS": bool}.items():
        plugins.literal("judges", name, constant, kind())
    if undescribed := plugins.undescribed(vars(module).get("OPTIONS", {})):
        raise plugins.ModuleError(f"{file}: option {undescribed[0]} of OPTIONS lacks a default or a description")
    return module


def options(entry: Mapping) -> dict[str, Any]:
    """The options of a judge's entry, with the defaults of its module added."""
    return plugins.options("judges", entry["type"], entry.get("options", {}))


def needs(entry: Mapping, dependent: bool) -> Needs:
    """What the workflow provides for a judge's entry. dependent: whether the domain's fragments build on each other."""
    told = vars(load(entry["type"])).get("needs")
    with plugins.blamed("judges", entry["type"]):
        return told(entry, dependent) if told else Needs()


def faults(entry: Mapping) -> list[tuple[str, str]]:
    """(key, message) for every fault of an entry that its schema cannot see."""
    told = vars(load(entry["type"])).get("faults")
    with plugins.blamed("judges", entry["type"]):
        return list(told(entry)) if told else []


def refuses(entry: Mapping, domain: ModuleType) -> str | None:
    """What a domain's module lacks for a judge, as the end of a message; None if nothing."""
    told = vars(load(entry["type"])).get("refuses")
    with plugins.blamed("judges", entry["type"]):
        return told(domain) if told else None


def run(
    fragments: "pl.DataFrame",
    rows: dict[str, Row],
    judge: Judge,
    domain: ModuleType,
    work: Path,
    fingerprint: str,
    what: str,
    processes: Processes = ALONE,
) -> "pl.DataFrame | None":
    """Judge every response of a FRAGMENTS table: the same rows in the same order, as a JUDGEMENTS table.

    rows: the DATA rows by id. domain: their domain's module, for whole answers (`solved`). work, fingerprint,
    processes: see halt.running.resume; finished parts are not judged again, and only the first process gets the table.
    what: the name in the progress lines. JudgeError if a fragment's prompt is not among the rows.
    """
    from halt import frames
    from halt.running import resume

    tables = fragments.partition_by("id", maintain_order=True)
    unknown = [table["id"][0] for table in tables if table["id"][0] not in rows]
    if unknown:
        raise JudgeError(f"fragments of {len(unknown)} prompts that are not in the data, the first '{unknown[0]}'")
    units = [tables[start : start + PROMPTS_PER_PART] for start in range(0, len(tables), PROMPTS_PER_PART)]
    return resume.run_parts(
        work,
        fingerprint,
        units,
        lambda unit: _judge_unit(unit, rows, judge, domain),
        frames.JUDGEMENTS,
        Progress(f"judge {what}", len(tables), "prompts", processes.first),
        processes,
    )


def rows(data: "pl.DataFrame") -> dict[str, Row]:
    """The rows of a DATA table by id. Their stratum is "": only the split needs it, and the table lacks it."""
    return {
        row["id"]: Row(row["id"], row["cluster"], "", row["prompt"], row["reference"], json.loads(row["truth"]))
        for row in data.iter_rows(named=True)
    }


def training_rows(path: Path | None) -> list[Row]:
    """The rows of a DATA table for calibration, [] without a table. JudgeError for rows of another split."""
    from halt import frames

    if path is None:
        return []
    data = frames.read(path, frames.DATA)
    if alien := sorted(set(data["split"]) - {"train"}):
        raise JudgeError(
            f"{path}: rows of the split {', '.join(alien)}; expected training rows, to calibrate the judge"
        )
    return list(rows(data).values())


def check_answers(fragments: "pl.DataFrame", responses: "pl.DataFrame") -> None:
    """JudgeError if a fragment belongs to none of the responses: the two tables come from different runs."""
    strays = fragments.join(responses, on=[*_ANSWER], how="anti")
    if len(strays):
        raise JudgeError(
            f"{len(strays)} fragments belong to no response, the first of prompt '{strays['id'][0]}', sample "
            f"{strays['sample'][0]}: fragments and responses are of different runs"
        )


def summary(labels: Mapping[str, int]) -> str:
    """One line for the log: how many fragments got which label."""
    return f"{sum(labels.values())} fragments, " + ", ".join(f"{count} {label}" for label, count in labels.items())


def counts(judgements: "pl.DataFrame") -> dict[str, int]:
    """How many fragments got each label, in the order of frames.LABELS, zeros included."""
    import polars as pl

    from halt import frames

    found = dict(judgements["label"].cast(pl.String).value_counts().iter_rows())
    return {label: found.get(label, 0) for label in frames.LABELS}


def solved(domain: ModuleType, fragments: Sequence[str], row: Row, labels: Sequence[str]) -> bool | None:
    """Whether an answer solves its task: by the domain's module, else if something in it and all of it is right.

    None in independent domains, and if the verdicts decide but are not known: none is wrong and one is unjudged. If the
    module fails on an answer, it is not solved: the log tells the fault, and nothing ends.
    """
    if not domain.DEPENDENT:
        return None
    try:
        found = domains.solves(domain, list(fragments), row)
    except plugins.ModuleError as error:
        print(f"[halt] '{row.id}' counts as not solved: {error}", file=sys.stderr, flush=True)
        return False
    if found is None and "unjudged" in labels and "wrong" not in labels:
        return None
    return bool(labels) and set(labels) == {"right"} if found is None else found


def _judge_unit(
    tables: "Sequence[pl.DataFrame]", rows: dict[str, Row], judge: Judge, domain: ModuleType
) -> "pl.DataFrame":
    import polars as pl

    answers = [table.partition_by("sample", maintain_order=True) for table in tables]
    cases = [
        Case(rows[table["id"][0]], [answer["text"].to_list() for answer in responses])
        for table, responses in zip(tables, answers, strict=True)
    ]
    parts = []
    for case, responses, verdicts in zip(cases, answers, judge(cases), strict=True):
        known: dict[tuple, bool | None] = {}  # samples are often equal, and a program costs a run
        for answer, judged in zip(responses, verdicts, strict=True):
            if answer["fragment"].to_list() != list(range(len(answer))):
                raise JudgeError(f"fragments of '{answer['id'][0]}' are not numbered 0, 1, 2, ... in order")
            labels = tuple(item.verdict.label for item in judged)
            said = (*answer["text"], labels)
            if said not in known:
                known[said] = solved(domain, said[:-1], case.row, labels)
            parts.append(_with_verdicts(answer, judged, known[said]))
    return pl.concat(parts)


def _with_verdicts(answer: "pl.DataFrame", judged: Sequence[Judged], is_solved: bool | None) -> "pl.DataFrame":
    import polars as pl

    from halt import frames

    columns = {
        "label": [item.verdict.label for item in judged],
        "kind": [item.verdict.kind for item in judged],
        "fact": [item.verdict.fact for item in judged],
        "solved": [is_solved] * len(judged),
        "score": [item.score for item in judged],
    }
    return answer.hstack([pl.Series(name, values, frames.JUDGEMENTS[name]) for name, values in columns.items()])
