"""MedExQA: medical questions with four options and two explanations (hub `bluesky333/MedExQA`).

The files are tab-separated, one per specialty (`test/biomedical_engineer_test.tsv`), without a header line. The columns
are question, four options, two explanations, the letter of the answer; quotation marks may stand alone. A response
explains and then answers. Judging needs an evaluator model that sees the answer and both explanations.
"""

import re
from collections.abc import Iterator

from halt.domains import DomainError, Row, settings
from halt.domains.shared.skipped_rows import leave_out
from halt.domains.shared.text.sentences import sentences

DEPENDENT = False
REFERENCE_JUDGE = False
OPTIONS = {
    "explanation": {
        "type": "integer",
        "enum": [1, 2],
        "default": 1,
        "description": "which of the two explanations is the reference; the evaluator sees both",
    }
}
EXAMPLE = "Question: {prompt}\nAnswer: {response}\n\n"
STOP = ("\n\nQuestion:", "\nQuestion:")
ROWS = 965
FRAGMENTS = 8.0  # of an explanation and its answer; a guess, the paper has no number
COLUMNS = ("question", "A", "B", "C", "D", "explanation 1", "explanation 2", "answer")


def rows(source, options: dict) -> Iterator[Row]:
    """One row per question, stratified by specialty. DomainError if a line does not have eight columns."""
    chosen = settings("medexqa", OPTIONS, options)
    members = [name for name in source.members() if name.endswith(".tsv")]
    if not members:
        raise DomainError(f"medexqa: {source.name} has no .tsv file")
    for member in members:
        specialty = re.sub(r"_(test|dev)$", "", member.rpartition("/")[2].removesuffix(".tsv")).replace("_", " ")
        for record in source.table(member, COLUMNS, stray_quotes=True):
            letter = record["answer"].strip().upper()
            if letter not in ("A", "B", "C", "D"):
                raise DomainError(
                    f"medexqa: row {record.number} of {member} does not have the eight columns of the data set: found"
                    f" {letter!r} as the last, expected A, B, C or D"
                )
            if not record["question"].strip() or not record[letter].strip():
                leave_out("without a question or an answer")
                continue
            listed = "\n".join(f"{option}. {record[option].strip()}" for option in "ABCD")
            explained = split(record[f"explanation {chosen['explanation']}"])
            yield Row(
                id=f"medexqa-{record.name}",
                cluster=f"medexqa {' '.join(record['question'].split()).lower()}",
                stratum=specialty,
                prompt=f"{record['question'].strip()}\n{listed}",
                reference=join([*explained, f"The answer is {letter}. {record[letter].strip()}"]),
                truth={
                    "answer": letter,
                    "option": record[letter].strip(),
                    "explanations": [record["explanation 1"], record["explanation 2"]],
                },
            )


def split(text: str) -> list[str]:
    """One sentence or line per fragment; the sentence that gives the answer stays whole."""
    return [sentence for line in text.splitlines() for sentence in sentences(line)]


def join(fragments: list[str]) -> str:
    return "\n".join(fragments)


def evidence(row: Row) -> str:
    """The answer with its option, and both explanations."""
    answer = f"The answer is {row.truth['answer']}. {row.truth['option']}"
    return "\n".join([answer, *(f"Explanation: {text.strip()}" for text in row.truth["explanations"] if text.strip())])
