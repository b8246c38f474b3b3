"""MATH: competition problems with worked LaTeX solutions (hub copies of `hendrycks/competition_math`).

Columns: `problem`, `level`, `type`, `solution` with one \\boxed{} answer. Fragments are cut at line breaks and equals
signs, as in the paper. No reference judge: a step can be right and occur in no reference, so which fragment is the
first wrong one takes an evaluator model that sees the solution; `same_answer` compares final answers.
"""

import re
from collections.abc import Iterator

from halt.domains import DomainError, Row, settings

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


def rows(source, options: dict) -> Iterator[Row]:
    """One row a problem with a boxed answer, stratified by type; DomainError if a column is missing."""
    chosen = settings("competition_math", OPTIONS, options)
    for number, record in enumerate(source.records()):
        missing = {"problem", "level", "type", "solution"} - record.keys()
        if missing:
            raise DomainError(f"competition_math: record {number} lacks the column {', '.join(sorted(missing))}")
        level = re.fullmatch(r"Level ([1-5])", record["level"])
        answer = boxed(record["solution"])
        if level is None or int(level[1]) not in chosen["levels"] or answer is None:
            continue
        reference = join(split(record["solution"]))
        yield Row(
            id=f"math-{number:05d}",
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


def boxed(text: str) -> str | None:
    """What the last \\boxed{} of a solution holds, braces balanced; None if there is none."""
    start = max(text.rfind("\\boxed{"), text.rfind("\\fbox{"))
    if start < 0:
        short = re.search(r"\\boxed ([^\s$]+)", text)
        return short[1] if short else None
    begin = text.index("{", start)
    depth = 0
    for place in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[begin + 1 : place].strip()
    return None


def same_answer(response: str, row: Row) -> bool:
    """Whether a response ends in the reference's answer, by math-verify: equal values however they are written."""
    from math_verify import parse, verify

    stated = boxed(response)
    gold = parse(f"\\boxed{{{row.truth['answer']}}}", parsing_timeout=None)
    found = parse(f"\\boxed{{{stated}}}" if stated is not None else response, parsing_timeout=None)
    return bool(verify(gold, found, timeout_seconds=None))
