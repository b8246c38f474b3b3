"""MATH: competition problems with worked LaTeX solutions (hub copies of `hendrycks/competition_math`).

Columns: `problem`, `level`, `type`, `solution` with one \\boxed{} answer. Fragments are cut at line breaks and equals
signs, as in the paper (see maths.latexsteps). No reference judge: a step can be right and be in no reference. So an
evaluator model that sees the solution must find the first wrong one. An answer solves its problem if its final answer
is the reference's, by math-verify.
"""

import re
from collections.abc import Iterator

from halt.domains import DomainError, Row, settings
from halt.domains.shared.maths import latexsteps, samevalue
from halt.domains.shared.skipped_rows import leave_out
from halt.domains.shared.text import talk

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

# Text that a line denies, to the next comma or full stop: "It is not 2", "12, not 13".
_DENIED = re.compile(r"(?:\b(?:not|never|neither|nor)\b|n['’]t\b)(?:[^,.;]|[.,](?=\d))*", re.IGNORECASE)
_NUMBER = r"[-+]?\d+(?:\.\d+)?"
_LIST = re.compile(rf"{_NUMBER}(?:(?:,\s+(?:and |or )?| and | or |,\\[,;: ]?\s*){_NUMBER})+")
_COMMAND = re.compile(r"\\(?:text|mathrm)\{[^{}]*\}|\\[A-Za-z]+")

split, join = latexsteps.split, latexsteps.join


def rows(source, options: dict) -> Iterator[Row]:
    """One row per problem with a boxed answer, stratified by type. DomainError if a column is missing."""
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
        if boxed(reference) != answer:
            leave_out("whose answer stands in a figure")
            continue
        yield Row(
            id=f"math-{record.name}",
            cluster=f"math {' '.join(record['problem'].split())}",
            stratum=record["type"],
            prompt=record["problem"].strip(),
            reference=reference,
            truth={"solution": record["solution"], "answer": answer, "level": int(level[1])},
        )


def evidence(row: Row) -> str:
    """The whole solution, and the answer alone."""
    return f"{row.truth['solution']}\nFinal answer: {row.truth['answer']}"


def solves(fragments: list[str], row: Row) -> bool:
    """Whether an answer ends in the reference's answer."""
    return same_answer(join(fragments), row)


def boxed(text: str) -> str | None:
    """The content of the last \\boxed or \\fbox of a solution, with balanced braces or, without braces, up to the next
    space or $; None if there is none."""
    found = list(re.finditer(r"\\(?:boxed|fbox)(?![A-Za-z])\s*", text))
    if not found:
        return None
    begin = found[-1].end()
    if not text.startswith("{", begin):
        return re.match(r"[^\s$]*", text[begin:])[0].rstrip(".,;") or None
    depth = 0
    for brace in re.finditer(r"\\.|[{}]", text[begin:], re.DOTALL):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return text[begin + 1 : begin + brace.start()].strip()
    return None


def same_answer(response: str, row: Row) -> bool:
    """Whether a response ends in the reference's answer: equal values in any notation (maths.samevalue).

    The answer is in the last \\boxed{}. Without one, the last line that is no talk gives it, except what the line
    denies.
    """
    gold = _grouped(row.truth["answer"])
    stated = boxed(response)
    if stated is None and "\\boxed" in response:
        return False  # cut off inside the box
    if stated is None:
        lines = [line for line in response.strip().splitlines() if line.strip()]
        while len(lines) > 1 and talk.is_talk(lines[-1]):
            lines.pop()
        said = _grouped(_DENIED.sub("", lines[-1]) if lines else "")
        listed = said.strip().strip("$.*")
        return not _other_length(gold, listed) and samevalue.same(f"\\boxed{{{gold}}}", said)
    stated = _grouped(stated)
    return not _other_length(gold, stated) and all(
        samevalue.same(f"\\boxed{{{gold}}}", f"\\boxed{{{side}}}") for side in _sides(gold, stated)
    )


def _grouped(text: str) -> str:
    """Numbers without the signs that group digits: "1\\,000" and "1{,}000" are 1000."""
    return re.sub(r"(?<=\d)(?:\\[,!;: ]|\{,\}|~)(?=\d{3}(?!\d))", "", text)


def _other_length(gold: str, said: str) -> bool:
    """Whether a list of numbers was said, and the answer is none."""
    return "," not in gold and _LIST.fullmatch(said) is not None


def _sides(gold: str, stated: str) -> list[str]:
    """The parts that must equal the answer: all of it, or each side of an equation without variables ("3 + 9 = 12")."""
    sides = stated.split("=")
    numbers = [side for side in sides if side.strip() and not re.search(r"[A-Za-z]", _COMMAND.sub("", side))]
    equated = len(numbers) > 1 and "=" not in gold and not re.search(r"[<>]|\\[lgn]eq?\b", stated)
    return numbers if equated else [stated]
