"""Wikibios: the first sentences of a Wikipedia biography from its infobox name (hub `michaelauli/wiki_bio`).

Columns: `target_text` (the text), `input_text` with `table` (`column_header`, `content`: the infobox) and `context`
(the name, in lower case). Judging needs an evaluator model that sees the text and the infobox.
"""

import json
import re
from collections.abc import Iterator

from halt.domains import DomainError, Row, settings
from halt.sentences import sentences

DEPENDENT = False
REFERENCE_JUDGE = False
OPTIONS = {
    "max_sentences": {
        "type": "integer",
        "minimum": 1,
        "default": 6,
        "description": "sentences of the text that make the reference; the infobox stays whole",
    }
}
EXAMPLE = "Request: {prompt}\nBiography: {response}\n\n"
STOP = ("\n\n", "\nRequest:")


def rows(source, options: dict) -> Iterator[Row]:
    """One row a person; DomainError if a record lacks a column."""
    chosen = settings("wikibios", OPTIONS, options)
    for number, record in enumerate(source.records()):
        table = _table(record, number)
        name = " ".join(word.capitalize() for word in str(record["input_text"]["context"]).split())
        text = _clean(record["target_text"])
        reference = " ".join(split(text)[: chosen["max_sentences"]])
        if not name or not reference:
            continue
        facts = {header: _clean(content) for header, content in table}
        yield Row(
            id=f"wikibios-{number:06d}",
            cluster=f"wikibios {name.lower()}",
            stratum="",
            prompt=f"Write a short biography of {name}.",
            reference=reference,
            truth={"name": name, "text": text, "infobox": facts},
        )


def split(text: str) -> list[str]:
    """One sentence a fragment; the paper has a claim extractor here, which is an evaluator's work."""
    return sentences(text)


def join(fragments: list[str]) -> str:
    return " ".join(fragments)


def subject(row: Row) -> str:
    return row.truth["name"]


def evidence(row: Row) -> str:
    """The whole text, however little of it makes the reference, and the infobox."""
    facts = [f"{header}: {content}" for header, content in row.truth["infobox"].items()]
    return "\n".join([row.truth["text"], *(["Infobox:", *facts] if facts else [])])


def _table(record: dict, number: int) -> list[tuple[str, str]]:
    try:
        text = record["input_text"]
        if isinstance(text, str):
            text = record["input_text"] = json.loads(text)  # csv and some exports hold it as JSON
        return list(zip(text["table"]["column_header"], text["table"]["content"], strict=True))
    except (KeyError, TypeError, ValueError) as error:
        raise DomainError(f"wikibios: record {number} is not of the form input_text.table ({error!r})") from error


def _clean(text: str) -> str:
    """The data set is tokenised: -lrb- for brackets, spaces before signs."""
    text = text.replace("-lrb-", "(").replace("-rrb-", ")").replace("``", '"').replace("''", '"')
    text = re.sub(r"\s+([.,;:!?)])", r"\1", " ".join(text.split()))
    return re.sub(r"\(\s+", "(", text).replace(" 's", "'s")
