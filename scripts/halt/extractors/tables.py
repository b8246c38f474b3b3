"""Claims of whole tables: of answers (RESPONSES) and of references (DATA)."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType

import polars as pl

from halt import frames
from halt.extractors import ExtractorError
from halt.extractors.claims import NO_CLAIM, Answer, Extracted
from halt.prompting import fragments
from halt.running import resume
from halt.running.processes import ALONE, Processes
from halt.running.progress import Progress

PROMPTS_PER_PART = 8  # a kill loses at most these; replies are kept beside the parts
_KEY = tuple(name for name in frames.CLAIMS if name in frames.RESPONSES and name != "text")

Extract = Callable[[Sequence[Answer]], list[list[Extracted]]]


def run(
    responses: pl.DataFrame,
    prompts: Mapping[str, str],
    domain: ModuleType,
    phrases: Mapping[str, str] | None,
    extract: Extract,
    work: Path,
    fingerprint: str,
    what: str,
    processes: Processes = ALONE,
) -> pl.DataFrame | None:
    """CLAIMS of every answer of a RESPONSES table, in its order.

    prompts: by id. phrases: as for `fragments.cut`, which finds the sentences: phrases of abstention, thoughts and
    refusals are none. work, fingerprint, processes: see halt.running.resume. ExtractorError for an unknown prompt.
    """
    unknown = sorted(set(responses["id"]) - prompts.keys())
    if unknown:
        raise ExtractorError(
            f"answers to {len(unknown)} prompts that are not in the data, the first '{unknown[0]}': the tables come"
            " from different runs"
        )
    tables = responses.partition_by("id", maintain_order=True)
    units = [tables[start : start + PROMPTS_PER_PART] for start in range(0, len(tables), PROMPTS_PER_PART)]

    def compute(unit: Sequence[pl.DataFrame]) -> pl.DataFrame:
        rows = [row for table in unit for row in table.iter_rows(named=True)]
        said = [fragments.cut(row["text"], domain, phrases) for row in rows]
        answers = [
            Answer(prompts[row["id"]], tuple(one.text for one in sentences))
            for row, sentences in zip(rows, said, strict=True)
        ]
        found = extract(answers)
        return frames.build(
            (
                line
                for row, sentences, claims in zip(rows, said, found, strict=True)
                for line in _rows(row, sentences, claims)
            ),
            frames.CLAIMS,
        )

    progress = Progress(f"extract {what}", len(tables), "prompts", processes.first)
    return resume.run_parts(work, fingerprint, units, compute, frames.CLAIMS, progress, processes)


def references(data: pl.DataFrame) -> pl.DataFrame:
    """The references of a DATA table as a RESPONSES table, so that they are read as answers are."""
    keys = {"model": "none", "method": "reference", "threshold": "none", "seed": 0, "sample": 0}
    rows = (
        {
            **keys,
            "domain": row["domain"],
            "test_domain": row["domain"],
            "id": row["id"],
            "text": row["reference"],
            "tokens": 0,
            "finished": True,
        }
        for row in data.iter_rows(named=True)
    )
    return frames.build(rows, frames.RESPONSES)


def counted(data: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    """The DATA table with the claims of each reference as its `reference_fragments` (n_all).

    A reference without any claim keeps the number of its sentences: nothing would be desired of its prompt otherwise.
    """
    numbers = claims.group_by("id").agg(count=pl.col("claims").list.len().sum().cast(pl.Int32))
    joined = data.join(numbers, on="id", how="left", maintain_order="left")
    known = pl.when(pl.col("count") > 0).then("count").otherwise("reference_fragments")
    return joined.with_columns(reference_fragments=known).select(list(frames.DATA))


def as_fragments(claims: pl.DataFrame) -> pl.DataFrame:
    """The claims of a CLAIMS table as FRAGMENTS: numbered in each answer."""
    rows: list[dict] = []
    for row in claims.iter_rows(named=True):
        key = {name: row[name] for name in _KEY if name in frames.FRAGMENTS and name != "marked"}
        for claim in row["claims"]:
            before = rows[-1] if rows and all(rows[-1][name] == value for name, value in key.items()) else None
            place = before["fragment"] + 1 if before else 0
            rows.append({**key, "fragment": place, "text": claim, "marked": row["marked"]})
    return frames.build(rows, frames.FRAGMENTS)


def sentence_of(claims: pl.DataFrame) -> Iterator[tuple[tuple[str, int], list[tuple[str, list[int]]]]]:
    """For each answer (id, sample): its sentences that gave claims, each with the numbers of its fragments."""
    for key, rows in claims.partition_by("id", "sample", as_dict=True, maintain_order=True).items():
        told, number = [], 0
        for text, listed in rows.select("text", "claims").iter_rows():
            if listed:
                told.append((text, list(range(number, number + len(listed)))))
            number += len(listed)
        yield key, told


def counts(claims: pl.DataFrame) -> dict:
    """What came of the sentences of a CLAIMS table, for its footer and the log."""
    reasons = Counter(claims["reason"])
    silent = reasons.pop(NO_CLAIM, 0)
    reasons.pop("", None)
    return {
        "sentences": len(claims),
        "claims": int(claims["claims"].list.len().sum()),
        "without a claim": silent,
        "not extracted": dict(sorted(reasons.items())),
        **{name: int(claims[name].sum()) for name in ("absent", "surplus", "repeated")},
    }


def summary(found: Mapping) -> str:
    """The counts as one line of the log."""
    whole, silent = sum(found["not extracted"].values()), found["without a claim"]
    why = ", ".join(f"{count} {reason}" for reason, count in found["not extracted"].items())
    left_out = f"{found['absent']} not in the text, {found['surplus']} more than words, {found['repeated']} repeated"
    return (
        f"{found['claims']} claims of {found['sentences']} sentences; {silent} sentences without a claim,"
        f" {whole} stand for themselves{f' ({why})' if why else ''}; claims left out: {left_out}"
    )


def _rows(row: Mapping, sentences: Sequence[fragments.Fragment], found: Sequence[Extracted]) -> Iterator[dict]:
    places = _places(row["text"], [one.text for one in sentences])
    key = {name: row[name] for name in _KEY}
    for number, (sentence, (begin, end), one) in enumerate(zip(sentences, places, found, strict=True)):
        yield {
            **key,
            "sentence": number,
            "text": sentence.text,
            "begin": begin,
            "end": end,
            "marked": sentence.marked,
            "claims": list(one.claims),
            "reason": one.reason,
            "absent": one.absent,
            "surplus": one.surplus,
            "repeated": one.repeated,
        }


def _places(text: str, sentences: Sequence[str]) -> list[tuple[int | None, int | None]]:
    """Where each sentence stands in the text, spaces aside; (None, None) if it is not there after those before it."""
    solid = [place for place, sign in enumerate(text) if not sign.isspace()]
    bare, behind = "".join(text[place] for place in solid), 0
    found: list[tuple[int | None, int | None]] = []
    for sentence in sentences:
        wanted = "".join(sentence.split())
        start = bare.find(wanted, behind) if wanted else -1
        if start < 0:
            found.append((None, None))
            continue
        behind = start + len(wanted)
        found.append((solid[start], solid[behind - 1] + 1))
    return found
