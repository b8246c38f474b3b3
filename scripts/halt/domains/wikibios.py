"""Wikibios: the first sentences of a Wikipedia biography from its infobox name (hub `michaelauli/wiki_bio`).

The source is the original archive, a zip file (see text.wikitext), or tables with the columns of other copies:
`target_text` (one sentence per line) and `input_text` with `table` (`column_header`, `content`: the infobox) and
`context` (the name, in lower case). Judging needs an evaluator model that sees the text and the infobox.
"""

import json
from collections.abc import Iterator
from itertools import islice

from halt.domains import DomainError, Row, settings
from halt.domains.shared.skipped_rows import leave_out
from halt.domains.shared.text import wikitext
from halt.domains.shared.text.sentences import sentences

DEPENDENT = False
REFERENCE_JUDGE = False
OPTIONS = {
    "max_sentences": {
        "type": "integer",
        "minimum": 1,
        "default": 6,
        "description": "sentences of the text that make the reference; the infobox is always whole",
    },
    "set": {
        "type": "string",
        "enum": ["train", "valid", "test"],
        "default": "test",
        "description": "set of the archive whose people are used; they are split again like the rows of any domain",
    },
    "people": {
        "type": "integer",
        "minimum": 1,
        "default": 10000,
        "description": "how many people of the source are read, from the first on; the archive has 728,321",
    },
}
EXAMPLE = "Request: {prompt}\nBiography: {response}\n\n"
STOP = ("\n\n", "\nRequest:")
FRAGMENTS = 9.58  # in a biography of the paper (its Table 1)


def rows(source, options: dict) -> Iterator[Row]:
    """One row per person. DomainError or SourceError if a record or a line of the archive has another form."""
    chosen = settings("wikibios", OPTIONS, options)
    archived = any(name.endswith(".box") for name in source.members())
    found = _archived(source, chosen["set"]) if archived else _tabled(source)
    for name, (title, told, infobox) in islice(found, chosen["people"]):
        person = wikitext.person_name(title)
        text = [cleaned for sentence in told if (cleaned := wikitext.clean(sentence))]
        if not person or not text:
            leave_out("without a text" if person else "without a name")
            continue
        yield Row(
            id=f"wikibios-{name}",
            cluster=f"wikibios {person.lower()}",
            stratum="",
            prompt=f"Write a short biography of {person}.",
            reference=join(text[: chosen["max_sentences"]]),
            truth={
                "name": person,
                "text": "\n".join(text),
                "infobox": {field: wikitext.clean(content) for field, content in infobox},
            },
        )


def _archived(source, part: str) -> Iterator[tuple[str, tuple]]:
    for person in wikitext.people(source, part):
        yield f"{part}-{person.number:06d}", (person.title, person.sentences, person.infobox)


def _tabled(source) -> Iterator[tuple[str, tuple]]:
    for record in source.records():
        text, place = record["input_text"], f"{record.member}: row {record.number}"
        try:
            if isinstance(text, str):
                text = json.loads(text)  # csv and some exports hold it as JSON
            infobox = list(zip(text["table"]["column_header"], text["table"]["content"], strict=True))
            told = (record["target_text"] or "").splitlines()
            yield record.name, (str(text["context"] or ""), told, infobox)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise DomainError(f"wikibios: {place} is not of the form input_text.table ({error!r})") from error


def split(text: str) -> list[str]:
    """One sentence per fragment. The paper uses a claim extractor here, which needs an evaluator."""
    return [sentence for line in text.splitlines() for sentence in sentences(line)]


def join(fragments: list[str]) -> str:
    """One sentence per line, as in the data: in lower case the ends of sentences are not always clear."""
    return "\n".join(fragments)


def subject(row: Row) -> str:
    """The person's name."""
    return row.truth["name"]


def evidence(row: Row) -> str:
    """The whole text, whatever part of it is the reference, and the infobox."""
    facts = [f"{field}: {content}" for field, content in row.truth["infobox"].items()]
    return "\n".join([row.truth["text"], *(["Infobox:", *facts] if facts else [])])
