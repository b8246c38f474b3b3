"""Equations and numbers as models and textbooks write them, read exactly. Nothing here knows a problem or a verdict."""

import re
from collections.abc import Iterator
from fractions import Fraction

NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+"
TOKEN = re.compile(rf"(?P<number>{NUMBER})|(?P<operator>[-+*/()=%])|(?P<word>[^\W\d_][\w'-]*)|(?P<other>\S)")


def read(text: str) -> list[list[tuple[Fraction, bool]]]:
    """The equations of a line: for each its sides as (value, whether it is a calculation), in order.

    $ and thousands commas are ignored, % is a hundredth, units between a number and a sign too; `x` and `of` between
    numbers multiply. A side that cannot be evaluated (3 / 0, unbalanced brackets) makes its equation []. A name on one
    side ("Total = 12") is no equation.
    """
    found = []
    for segment in segments(text):
        if "=" in segment:
            sides = [evaluate(side) for side in split_at(segment, "=") if side]
            if len(sides) > 1:
                found.append([] if None in sides else sides)
    return found


def numbers(text: str) -> list[Fraction]:
    """Every number in a text; 3/4 is one number, and so is 25%'s 25."""
    found = []
    for match in re.finditer(rf"(?<![\w.])(-?(?:{NUMBER}))(?:/(\d+))?", text):
        value = Fraction(match[1].replace(",", ""))
        found.append(value / int(match[2]) if match[2] and int(match[2]) else value)
    return found


def undecorated(text: str) -> str:
    text = re.sub(r"^\s*(?:step\s+)?\d+\s*[.):]\s+", "", text, flags=re.IGNORECASE)  # the number of the line
    for sign, plain in {"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "[": "(", "]": ")"}.items():
        text = text.replace(sign, plain)
    text = re.sub(r"(?<=[A-Za-z])\s*/\s*[A-Za-z]+", "", text)  # inches/foot
    return re.sub(r"[$€£]", "", re.sub(r"<<[^<>]*>>", "", text))


def segments(text: str) -> Iterator[list[str]]:
    """Runs of numbers and signs; a unit between a number and a sign is passed over, any other word ends the run."""
    tokens = [(match.lastgroup, match[0]) for match in TOKEN.finditer(undecorated(text))]
    segment: list[str] = []
    i = 0
    while i < len(tokens):
        group, token = tokens[i]
        if group == "number":
            segment.append(token.replace(",", ""))
        elif group == "operator":
            segment.append(token)
        elif segment and _multiplies(tokens, i):
            segment.append("*")
        else:
            behind = i
            while behind < len(tokens) and tokens[behind][0] == "word" and behind - i < 4:
                if _multiplies(tokens, behind):
                    break
                behind += 1
            unit = segment and (segment[-1][-1].isdigit() or segment[-1] in ")%")
            sign = behind < len(tokens) and (tokens[behind][1] in "+-*/=)" or _multiplies(tokens, behind))
            if not (unit and behind > i and sign):
                if segment:
                    yield segment
                segment = []
            i = max(i, behind - 1)
        i += 1
    if segment:
        yield segment


def _multiplies(tokens: list[tuple[str, str]], i: int) -> bool:
    word = tokens[i][1].lower() in ("x", "of", "times")
    return word and i + 1 < len(tokens) and tokens[i + 1][0] == "number"


def split_at(tokens: list[str], sign: str) -> list[list[str]]:
    sides: list[list[str]] = [[]]
    for token in tokens:
        if token == sign:
            sides.append([])
        else:
            sides[-1].append(token)
    return sides


def evaluate(tokens: list[str]) -> tuple[Fraction, bool] | None:
    """(value, whether anything is calculated) of numbers, + - * / % and brackets; None if it is no such thing."""
    place = 0

    def peek() -> str:
        return tokens[place] if place < len(tokens) else ""

    def take() -> str:
        nonlocal place
        place += 1
        return tokens[place - 1]

    def factor() -> Fraction:
        if peek() == "-":
            take()
            return -factor()
        if peek() == "(":
            take()
            value = total()
            if peek() != ")":
                raise ValueError("bracket not closed")
            take()
        else:
            value = Fraction(take() if peek() else "")
        while peek() == "%":
            take()
            value /= 100
        return value

    def product() -> Fraction:
        value = factor()
        while peek() in ("*", "/"):
            value = value * factor() if take() == "*" else value / factor()
        return value

    def total() -> Fraction:
        value = product()
        while peek() in ("+", "-"):
            value = value + product() if take() == "+" else value - product()
        return value

    try:
        value = total()
    except (ValueError, ZeroDivisionError):
        return None
    calculated = any(token in ("+", "*", "/", "%") for token in tokens) or "-" in tokens[1:]
    return (value, calculated) if place == len(tokens) else None
