"""MATH: competition problems with worked LaTeX solutions (hub copies of `hendrycks/competition_math`).

Columns: `problem`, `level`, `type`, `solution` with one \\boxed{} answer. Fragments are cut at line breaks and equals
signs, as in the paper. No reference judge: a step can be right and occur in no reference, so which fragment is the
first wrong one takes an evaluator model that sees the solution. An answer solves its problem if its final answer is
the reference's, by math-verify.
"""

import re
import threading
from collections.abc import Iterator

from halt import samevalue
from halt.domains import DomainError, Row, settings
from halt.leaving_out import leave_out

DEPENDENT = True
REFERENCE_JUDGE = False
OPTIONS = {
    "levels": {
        "type": "array",
        "items": {"type": "integer", "minimum": 1, "maximum": 5},
        "default": [1, 2, 3, 4, 5],
        "description": "levels of difficulty that are used",
    }
}
EXAMPLE = "Problem: {prompt}\nSolution: {response}\n\n"
STOP = ("\n\nProblem:", "\nProblem:")

_READ = 500  # characters at the end of an answer, or in its box, that are read for the final answer
_LONG = re.compile(r"\d{40}|\^\s*\{?[^{}^]{0,20}\^|\^\s*\{?\s*-?\d{4}|[!^]\s*[!^]|\d{3}\s*!|[({\[\\]{30}")
_SECONDS = 5


def rows(source, options: dict) -> Iterator[Row]:
    """One row a problem with a boxed answer, stratified by type; DomainError if a column is missing."""
    chosen = settings("competition_math", OPTIONS, options)
    for record in source.records():
        place = f"competition_math: row {record.number} of {record.member}"
        missing = {"problem", "level", "type", "solution"} - record.keys()
        if missing:
            raise DomainError(f"{place} lacks the column {', '.join(sorted(missing))}")
        for column in ("problem", "level", "type", "solution"):
            if not isinstance(record[column], str):
                raise DomainError(f"{place} has {record[column]!r} as its {column}, expected text")
        level = re.fullmatch(r"Level ([1-5])", record["level"])
        answer = boxed(record["solution"])
        if level is None or not answer:
            leave_out("without a boxed answer" if level else "of an unknown level")
            continue
        if int(level[1]) not in chosen["levels"]:
            leave_out("of other levels")
            continue
        reference = join(split(record["solution"]))
        yield Row(
            id=f"math-{record.name}",
            cluster=f"math {' '.join(record['problem'].split())}",
            stratum=record["type"],
            prompt=record["problem"].strip(),
            reference=reference,
            truth={"solution": record["solution"], "answer": answer, "level": int(level[1])},
        )


def split(text: str) -> list[str]:
    """Cut at line breaks and before equals signs; a fragment that follows a line break begins with it."""
    fragments: list[str] = []
    for number, line in enumerate(line for line in text.strip().splitlines() if line.strip()):
        pieces = re.split(r"(?<![<>!:=\\])(?=(?<!&)=(?!=)|&=)", line.strip())
        pieces = [piece for piece in pieces if piece]
        fragments += [f"\n{pieces[0]}" if number else pieces[0], *pieces[1:]]
    return fragments


def join(fragments: list[str]) -> str:
    return "".join(fragments).lstrip("\n")


def evidence(row: Row) -> str:
    """The whole solution, and the answer alone."""
    return f"{row.truth['solution']}\nFinal answer: {row.truth['answer']}"


def solves(fragments: list[str], row: Row) -> bool:
    """Whether an answer ends in the reference's answer."""
    return same_answer(join(fragments), row)


def boxed(text: str) -> str | None:
    """What the last \\boxed{} or \\boxed 7 of a solution holds, braces balanced; None if there is none."""
    boxes = list(re.finditer(r"\\(?:boxed|fbox)(?:\s*(?P<brace>\{)|\s+(?P<short>[^\s${}\\]+))", text))
    if not boxes:
        return None
    if boxes[-1]["short"]:
        return boxes[-1]["short"].rstrip(".,;")
    depth, begin = 1, boxes[-1].end()
    for brace in re.finditer(r"[{}]", text[begin:]):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return text[begin : begin + brace.start()].strip()
    return None


def evidence(row: Row) -> str:
    """The whole solution and its final answer."""
    return f"{row.truth['solution']}\nFinal answer: {row.truth['answer']}"


def solves(fragments: list[str], row: Row) -> bool:
    """Whether the answer ends in the reference's final answer."""
    return same_answer(join(fragments), row)


def same_answer(response: str, row: Row) -> bool:
    """Whether a response ends in the reference's answer: equal values however they are written (halt.samevalue).

    The answer is in the last \\boxed{}; without one, the last line says it.
    """
    stated = boxed(response)
    if stated is None and "\\boxed" in response:
        return False  # cut off inside it
    lines = response.strip().splitlines()
    said = f"\\boxed{{{stated}}}" if stated is not None else "".join(lines[-1:])
    return samevalue.same(f"\\boxed{{{row.truth['answer']}}}", said)
