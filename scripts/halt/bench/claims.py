"""How well an extractor reads: profiles with known facts as running text, and what is found of them again.

The rows and their deterministic judge are the biography domain's: a claim is right if the judge finds its statement in
the row. So nobody has to read the claims.
"""

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import NamedTuple

from halt.domains import Row
from halt.extractors.claims import Answer, Extracted

Extract = Callable[[Sequence[Answer]], list[list[Extracted]]]


class Score(NamedTuple):
    """Counts of one style."""

    texts: int
    facts: int  # that the texts hold
    found: int  # of these, by a right claim that names the person
    claims: int
    right: int
    named: int  # claims that name the person: they can be understood alone
    whole: int  # sentences that stand for themselves, because the extractor failed
    absent: int  # listed claims that are not in the text


def _profile(row: Row) -> str:
    return row.reference.replace("\n", " ")


def _pronouns(row: Row) -> str:
    first, *others = row.reference.split("\n")
    told = (one.removeprefix(f"{row.truth['name']} ") for one in others)
    return " ".join([first, *(f"They {one.replace('was ', 'were ', 1)}" for one in told)])


def _one_sentence(row: Row) -> str:
    name = row.truth["name"]
    said = [one.removeprefix(f"{name} ").rstrip(".") for one in row.reference.split("\n")]
    return f"{name} {', '.join(said[:-1])} and {said[-1]}."


def _encyclopedia(row: Row) -> str:
    """As _profile's facts, without the years if one is not known, and with a sentence that has no claim."""
    truth = row.truth
    noun = row.reference.split("\n")[1].removeprefix(f"{truth['name']} was ").rstrip(".").split(" ", 1)[1]
    years = f" ({truth['born']} – {truth['died']})" if truth["born"] and truth["died"] else ""
    article = "an" if truth["nationality"][0] in "AEIOU" else "a"
    return f"{truth['name']}{years} was {article} {truth['nationality']} {noun}. What a life!"


STYLES: dict[str, Callable[[Row], str]] = {
    "a sentence for each fact": _profile,
    "with pronouns": _pronouns,
    "all in one sentence": _one_sentence,
    "as an encyclopedia begins": _encyclopedia,
}


def people(domain: ModuleType, source, count: int) -> list[Row]:
    """So many well-known people, evenly from the list, with a nationality, an occupation and two years."""
    rows = [row for row in domain.rows(source, {"most_famous": 400}) if len(row.reference.split("\n")) == 4]
    return rows[:: max(1, len(rows) // count)][:count]


def measured(rows: Sequence[Row], domain: ModuleType, extract: Extract, split: Callable) -> Mapping[str, Score]:
    """The score of every style. split: a text to its sentences."""
    found = {}
    for style, render in STYLES.items():
        answers = [Answer(row.prompt, tuple(split(render(row)))) for row in rows]
        found[style] = scored(rows, answers, extract(answers), domain)
    return found


def scored(
    rows: Sequence[Row], answers: Sequence[Answer], read: Sequence[Sequence[Extracted]], domain: ModuleType
) -> Score:
    """The counts of some texts. A text holds the facts whose last word stands in it."""
    facts = hits = claims = right = named = whole = absent = 0
    for row, answer, sentences in zip(rows, answers, read, strict=True):
        text = " ".join(answer.sentences)
        told = [one for one in row.reference.split("\n") if _last_word(one) in text]
        said = [claim for one in sentences for claim in one.claims]
        verdicts = domain.judge(said, row)
        alone = [row.truth["name"] in claim for claim in said]
        keys = {verdict.fact for verdict, own in zip(verdicts, alone, strict=True) if own and verdict.label == "right"}
        facts += len(told)
        hits += min(len(keys - {None}), len(told))
        claims += len(said)
        right += sum(verdict.label == "right" for verdict in verdicts)
        named += sum(alone)
        whole += sum(bool(one.reason) and bool(one.claims) for one in sentences)
        absent += sum(one.absent for one in sentences)
    return Score(len(rows), facts, hits, claims, right, named, whole, absent)


def _last_word(statement: str) -> str:
    return statement.rstrip(".").rsplit(" ", 1)[-1]


def unread(answers: Sequence[Answer]) -> list[list[Extracted]]:
    """What the rules give: every sentence is one claim."""
    return [[Extracted((one,), "") for one in answer.sentences] for answer in answers]


def table(results: Mapping[str, Mapping[str, Score]]) -> str:
    """Markdown: one line for each reader and style."""
    lines = [
        "| reader | style | recall | precision | self-contained | claims | sentences kept whole | claims left out |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for reader, styles in results.items():
        for style, one in styles.items():
            shares = (_share(one.found, one.facts), _share(one.right, one.claims), _share(one.named, one.claims))
            lines.append(f"| {reader} | {style} | {' | '.join(shares)} | {one.claims} | {one.whole} | {one.absent} |")
    return "\n".join(lines) + "\n"


def _share(part: int, all: int) -> str:
    return f"{100 * part / all:.0f} %" if all else "–"
