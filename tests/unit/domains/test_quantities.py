"""Which numbers a problem names, in digits, in words and by its units, and which it does not."""

from fractions import Fraction

import pytest

from halt.domains.shared.maths import quantities

F = Fraction


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("She has 1,200 eggs and 2.5 pounds.", {1200, F(5, 2)}),
        ("Twice as many, then half of them.", {2, F(1, 2)}),
        ("a third of the dozen", {3, F(1, 3), F(2, 3), 12}),
        ("Three-fourths of them", {3, 4, F(3, 4), F(1, 4), 1}),
        ("two dozen eggs", {2, 12, 24}),
        ("twenty-five boats, three hundred men", {25, 300}),
        ("2 1/2 hours", {F(5, 2), 60}),
        ("2½ hours", {F(5, 2), 60}),
        ("an hour and a half", {F(3, 2), 60}),
        ("How many does he read in a week, at 3 a day?", {3, 7}),
        ("How much in a year?", {12, 52, 365}),
        ("It takes 3 hours.", {3, 60}),
        ("20% off", {20, F(1, 5), F(4, 5), F(6, 5), 80, 100}),
        ("It costs $3 and 5 cents.", {3, 5, 100}),
        ("5 feet", {5, 12}),
        ("2 million fish", {2, 2_000_000}),
        ("She has no cats.", {0}),
    ],
)
def test_what_a_problem_names(text, numbers):
    assert numbers <= quantities.named(text)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("She has 20 eggs and eats 8.", {1, 2, 3, 4, 5, 12, 60, 100, 1000, 28, -8, F(1, 2)}),
        ("On the fifth floor live 7 cats.", {5, F(1, 5), 1}),
        ("There are 14 games in a season.", {12, 36}),
    ],
)
def test_no_number_is_free(text, numbers):
    assert quantities.named(text).isdisjoint(numbers)


@pytest.mark.parametrize(
    ("value", "units", "converted"),
    [(3, ("hour", "minute"), 180), (2, ("week", "day"), 14), (6, ("foot", "yard"), 2), (2, ("mile", "hour"), None)],
)
def test_units_are_converted_as_is_customary(value, units, converted):
    assert quantities.converted(F(value), *units) == converted


def test_digits_too_many_for_python_are_no_number():
    assert quantities.figures("1" * 5000) == []
