"""Values of calculations: exact, without recursion or big numbers, in time proportional to the text."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

LARGEST_BITS = 256  # of a numerator or denominator; school problems need less
LONGEST = 240  # numbers and signs of one side
LARGEST_POWER = 64
_RANK = {"+": 1, "-": 1, "*": 2, "/": 2, "negative": 3, "^": 4}


class Node(NamedTuple):
    """A number or the result of two others."""

    value: Fraction
    restated: bool  # a number as it stands, or with 0 added, times 1, ...
    made: tuple[str, Fraction, Fraction] | None = None  # sign and values that made it


class Result(NamedTuple):
    value: Fraction
    restated: bool  # nothing is calculated: 12, 12 + 0, 12 * 1, 12 + 5 - 5
    within: tuple[Fraction, ...]  # values of all sub-calculations, then the value itself


class _Unreadable(Exception):
    pass


def evaluate(tokens: Sequence[Fraction | str]) -> Result | None:
    """The value of numbers, + - * / ^ and brackets; None for anything else, or if it is too long or too large.

    A bracket directly after a number or a bracket multiplies.
    """
    if not tokens or len(tokens) > LONGEST:
        return None
    try:
        node, within = _evaluate(tokens)
    except _Unreadable:
        return None
    return Result(node.value, node.restated, tuple(within))


def in_order(tokens: Sequence[Fraction | str]) -> Fraction | None:
    """The value if signs are applied from left to right, as on a simple calculator; None with brackets or powers."""
    numbers, signs = tokens[::2], tokens[1::2]
    if len(tokens) > LONGEST or len(tokens) % 2 == 0 or not set(signs) <= set("+-*/"):
        return None
    if any(isinstance(number, str) for number in numbers):
        return None
    try:
        value = numbers[0]
        for sign, number in zip(signs, numbers[1:], strict=True):
            value = _calculate(sign, value, number)
    except _Unreadable:
        return None
    return value


def _evaluate(tokens: Sequence[Fraction | str]) -> tuple[Node, list[Fraction]]:
    nodes: list[Node] = []
    signs: list[str] = []
    within: list[Fraction] = []

    def apply() -> None:
        sign = signs.pop()
        if sign == "(":
            raise _Unreadable
        right = nodes.pop()
        if sign == "negative":
            nodes.append(Node(-right.value, right.restated))
            return
        made = _made(sign, nodes.pop(), right)
        within.append(made.value)
        nodes.append(made)

    def push(sign: str) -> None:
        while signs and signs[-1] != "(" and _RANK[signs[-1]] >= _RANK[sign] and sign != "^":
            apply()
        signs.append(sign)

    operand = True  # whether a number is due
    for token in tokens[1:] if tokens[0] == "+" else tokens:
        if isinstance(token, Fraction) or token == "(":
            if not operand:
                if token != "(":
                    raise _Unreadable
                push("*")
            if token == "(":
                signs.append("(")
            else:
                nodes.append(Node(token, True))
            operand = token == "("
        elif token == ")":
            if operand:
                raise _Unreadable
            while signs and signs[-1] != "(":
                apply()
            if not signs:
                raise _Unreadable
            signs.pop()
        elif operand:
            if token == "-":
                signs.append("negative")
            else:
                raise _Unreadable
        elif token in _RANK:
            push(token)
            operand = True
        else:
            raise _Unreadable
    if operand:
        raise _Unreadable
    while signs:
        apply()
    [node] = nodes
    return node, within


def _made(sign: str, left: Node, right: Node) -> Node:
    value = _calculate(sign, left.value, right.value)
    neutral = 0 if sign in "+-" else 1
    if right.value == neutral and right.restated:
        return Node(value, left.restated, left.made)
    if left.value == neutral and left.restated and sign in "+*":
        return Node(value, right.restated, right.made)
    return Node(value, _cancels(sign, left, right), (sign, left.value, right.value))


def _cancels(sign: str, left: Node, right: Node) -> bool:
    """12 + 5 - 5, 12 * 5 / 5 and their like give back what was there."""
    if left.made is None:
        return False
    before, first, second = left.made
    if (before, sign) in {("+", "-"), ("*", "/")}:
        return right.value in (first, second)
    return (before, sign) in {("-", "+"), ("/", "*")} and right.value == second


def _calculate(sign: str, left: Fraction, right: Fraction) -> Fraction:
    if sign == "^":
        return _power(left, right)
    if sign == "/" and not right:
        raise _Unreadable
    match sign:
        case "+":
            value = left + right
        case "-":
            value = left - right
        case "*":
            value = left * right
        case _:
            value = left / right
    return _bounded(value)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1 or not 0 <= exponent <= LARGEST_POWER:
        raise _Unreadable
    if max(base.numerator.bit_length(), base.denominator.bit_length()) * int(exponent) > LARGEST_BITS:
        raise _Unreadable
    return base ** int(exponent)


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > LARGEST_BITS:
        raise _Unreadable
    return value
