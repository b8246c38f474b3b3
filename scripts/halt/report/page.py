"""The page of answers before and after: a few prompts per domain, every fragment with its verdict.

Texts of models are hostile: the template escapes everything, and the page's content policy runs no script and loads
nothing. So it can be opened, sent and archived as one file.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import jinja2
import polars as pl

from halt import readings
from halt.report import method_rank

MARKS = {"right": "✓", "wrong": "✗", "idle": "○", "unverifiable": "?", "unjudged": "…"}
MEANS = {  # said in the legend
    "right": "right",
    "wrong": "wrong",
    "idle": "idle: true and leading nowhere, or doing nothing; counts as not right",
    "unverifiable": "unverifiable: the ground truth says nothing about it; strictly not right, leniently of no account",
    "unjudged": "unjudged: the judge gave no verdict",
}

_ORDER = ("base", "floor", "unchanged-own", "unchanged-reference")
_TEMPLATE = "page.html.j2"


class Piece(NamedTuple):
    """A part of an answer: a judged fragment, or (label "") other words, such as an abstention."""

    text: str
    label: str
    mark: str
    kind: str
    marked: bool  # doubted by the model (Add-On HALT, R-Tuning)


def render(
    data: pl.LazyFrame, responses: pl.LazyFrame, judgements: pl.LazyFrame, prompts: int, halt: Sequence[str]
) -> str:
    """The page as HTML, from DATA, RESPONSES and JUDGEMENTS of the test prompts.

    prompts: how many per domain; the hash of their id chooses them, never their answers. Of several seeds of finetuning
    the lowest is shown. halt: names of the methods that rewrite as HALT does.
    """
    first = pl.col("seed") == pl.col("seed").min().over("model", "domain", "method", "threshold", "test_domain")
    chosen = _choose(data, prompts)
    place = chosen.select(test_domain="domain", id="id").lazy()
    shown = responses.join(place, on=["test_domain", "id"], how="semi").filter(first).collect()
    judged = judgements.join(place, on=["test_domain", "id"], how="semi").collect()
    fragments = judged.sort("fragment").partition_by(*_ANSWER, as_dict=True)
    answers = {}
    for row in shown.iter_rows(named=True):
        found = fragments.get(tuple(row[name] for name in _ANSWER))
        found = found.to_dicts() if found is not None else []
        answers.setdefault((row["test_domain"], row["id"]), []).append(_answer(row, found, halt))
    domains = {}
    for row in chosen.iter_rows(named=True):
        given = sorted(answers.get((row["domain"], row["id"]), ()), key=_place)
        if given:
            domains.setdefault(row["domain"], []).append({**row, "answers": given})
    return _environment().get_template(_TEMPLATE).render(domains=domains, marks=MARKS, means=MEANS)


def pieces(text: str, fragments: Sequence[Mapping]) -> list[Piece]:
    """An answer cut into its fragments and the words between them, in order.

    fragments: JUDGEMENTS rows of the answer in order. A fragment that is not found in the text (a domain may tidy it)
    is shown as it was judged. Bare punctuation and bullets between fragments are left out.
    """
    found, position = [], 0
    for row in fragments:
        start = text.find(row["text"], position)
        if start >= 0:
            found += _between(text[position:start])
            position = start + len(row["text"])
        found.append(Piece(row["text"], row["label"], MARKS[row["label"]], row["kind"] or "", row["marked"]))
    return found + _between(text[position:]) if position or not fragments else found


_ANSWER = ("model", "domain", "method", "threshold", "seed", "test_domain", "id", "sample")


def _choose(data, prompts):
    """`prompts` rows per domain, chosen by the hash of their id: order and number of rows do not matter."""
    rows = data.select("domain", "id", "prompt", "reference").unique().collect().to_dicts()
    rows.sort(key=lambda row: (row["domain"], hashlib.sha256(row["id"].encode()).digest(), row["id"]))
    table = pl.DataFrame(rows, schema=dict.fromkeys(("domain", "id", "prompt", "reference"), pl.String), orient="row")
    return table.group_by("domain", maintain_order=True).head(prompts)


def _answer(row, fragments, halt):
    labels = [fragment["label"] for fragment in fragments]
    trained = "" if row["domain"] == row["test_domain"] else f"trained on {row['domain']}"
    return {
        **row,
        "name": row["method"] if row["threshold"] == "none" else f"{row['method']} α = {row['threshold']}",
        "trained": trained,
        "halt": row["method"] in halt,
        "pieces": pieces(row["text"], fragments),
        "strict": sum(map(labels.count, readings.given(readings.WRONG))),
        "lenient": sum(map(labels.count, readings.given(readings.IGNORE))),
        "right": labels.count("right"),
    }


def _place(answer):
    """Order of the answers to one prompt: the untrained model, the unchanged methods, HALT, the others."""
    known = _ORDER.index(answer["method"]) if answer["method"] in _ORDER else len(_ORDER) + (not answer["halt"])
    rank = method_rank(answer["method"], answer["threshold"])
    return answer["model"], answer["domain"], known, rank, answer["sample"]


def _between(words):
    lines = [line.strip() for line in words.splitlines()]
    return [Piece(line, "", "", "", False) for line in lines if any(letter.isalnum() for letter in line)]


def _environment():
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
