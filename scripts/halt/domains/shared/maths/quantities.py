"""The numbers that a text names: in digits, in words, and by the units that it mentions.

"Twice a week for half an hour" names 2, 7 (days), 52 (weeks of a year), 1/2 and 60 (minutes). Written by hand: packages
for number words read no fractions and multiples, and those for units call a year 365.25 days.
"""

import re
from fractions import Fraction
from itertools import pairwise

from halt.domains.shared.maths.notation import plain

# Long runs of digits are no numbers of a word problem, and 5,000 digits are an error in Python.
NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d{1,40}(?!\d))(?:\.\d{1,40})?(?!\d)|(?<!\d)\.\d{1,40}(?!\d)"
_FIGURE = re.compile(rf"(?<![\w.])({NUMBER})(?:(?: | ?- ?)(\d{{1,4}})/(\d{{1,4}})\b| ?/ ?(\d{{1,9}})(?!\d))?")

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
ONES = {word: value for value, word in enumerate(f"{_ONES} seventeen eighteen nineteen".split())}
TENS = {
    word: 10 * v
    for v, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
SCALES = {"thousand": 1000, "million": 10**6, "billion": 10**9}
_WORD = "|".join([*ONES, *TENS])
_PART = rf"(?:{_WORD}|hundred(?: and(?= (?:{_WORD})\b))?|{'|'.join(SCALES)})"
_WORDS = re.compile(rf"\b{_PART}(?:[ -]{_PART}){{0,12}}\b", re.IGNORECASE)
_SCALED = re.compile(rf"({NUMBER}|\b(?:{_WORD})) (dozen|hundred|thousand|million|billion)\b", re.IGNORECASE)

_ORDINALS = "third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
PARTS = {word: value for value, word in enumerate(_ORDINALS.split(), 3)} | {
    "half": 2, "halve": 2, "halved": 2, "halves": 2, "halfway": 2, "quarter": 4, "twentieth": 20, "hundredth": 100,
}  # fmt: skip
_PARTS = re.compile(rf"\b(?:(\d{{1,3}}|{_WORD}|a)[ -])?({'|'.join(PARTS)})(s?)\b(?= |[.,;?!-]|$)", re.IGNORECASE)
# Words that are numbers. Equal shares and pairs imply two without a number.
MULTIPLES = {
    "no": 0, "none": 0, "nothing": 0, "free": 0,
    "once": 1, "single": 1, "twice": 2, "double": 2, "doubled": 2, "doubles": 2, "doubling": 2, "both": 2, "couple": 2,
    "pair": 2, "pairs": 2, "twin": 2, "twins": 2, "duo": 2, "thrice": 3, "triple": 3, "tripled": 3, "triples": 3,
    "tripling": 3, "triplets": 3, "trio": 3, "quadruple": 4, "quadrupled": 4, "quadruples": 4, "quadruplets": 4,
    "quartet": 4, "quintuple": 5, "quintupled": 5, "dozen": 12, "dozens": 12, "score": 20, "gross": 144,
}  # fmt: skip
_AND_A_HALF = re.compile(r"\b(\w{1,12}) (?:\w{1,12} )?and a half\b", re.IGNORECASE)

# How many other units one unit holds, by custom; the first name stands for the kind of quantity.
UNITS = {
    "second": ("time", 1), "minute": ("time", 60), "hour": ("time", 3600), "day": ("time", 86400),
    "week": ("time", 604800), "inch": ("length", 1), "foot": ("length", 12), "yard": ("length", 36),
    "mile": ("length", 63360), "millimeter": ("metric", 1), "centimeter": ("metric", 10), "meter": ("metric", 1000),
    "kilometer": ("metric", 10**6), "milligram": ("mass", 1), "gram": ("mass", 1000), "kilogram": ("mass", 10**6),
    "tonne": ("mass", 10**9), "ounce": ("weight", 1), "pound": ("weight", 16), "ton": ("weight", 32000),
    "milliliter": ("volume", 1), "liter": ("volume", 1000), "cup": ("measure", 1), "pint": ("measure", 2),
    "quart": ("measure", 4), "gallon": ("measure", 16), "month": ("calendar", 1), "year": ("calendar", 12),
    "decade": ("calendar", 120), "century": ("calendar", 1200), "cent": ("money", 1), "penny": ("money", 1),
    "nickel": ("money", 5), "dime": ("money", 10), "quarter": ("money", 25), "dollar": ("money", 100),
    "unit": ("count", 1), "dozen": ("count", 12),
}  # fmt: skip
# Numbers that go with a unit by custom without being a ratio of the table, or that two calendars have.
CUSTOMARY = {
    "day": (24, 7), "daily": (7,), "night": (7,), "week": (7, 52, 4), "weekly": (52, 7, 4), "weekend": (2, 7),
    "weekday": (5, 7), "month": (30, 12, 4), "monthly": (12,), "year": (12, 52, 365), "yearly": (12, 52, 365),
    "annual": (12, 52, 365), "annually": (12, 52, 365), "decade": (10,), "century": (100,), "fortnight": (14, 2),
    "hour": (60, 24, 3600), "hourly": (24, 60), "minute": (60, 3600), "second": (60, 3600), "dollar": (100,),
    "cent": (100,), "percent": (100,), "percentage": (100,), "inch": (12, 36), "foot": (12, 3, 5280),
    "yard": (3, 36), "mile": (5280, 1760), "pound": (16, 2000), "ounce": (16, 8, 128), "ton": (2000,),
    "tonne": (1000,), "gallon": (4, 8, 16, 128), "quart": (2, 4, 32), "pint": (2, 8, 16), "cup": (2, 4, 8, 16),
    "tablespoon": (3, 16), "teaspoon": (3,), "kilogram": (1000,), "gram": (1000,), "milligram": (1000,),
    "kilometer": (1000,), "meter": (100, 1000), "centimeter": (10, 100), "millimeter": (10, 1000),
    "liter": (1000,), "milliliter": (1000,), "quarter": (25, 4), "dime": (10,), "nickel": (5,), "penny": (1,),
    "leap": (366,),
}  # fmt: skip
_SHORT = {
    "sec": "second", "secs": "second", "min": "minute", "mins": "minute", "hr": "hour", "hrs": "hour",
    "h": "hour", "wk": "week", "wks": "week", "yr": "year", "yrs": "year", "inches": "inch",
    "ft": "foot", "feet": "foot", "yd": "yard", "yds": "yard", "mi": "mile", "mm": "millimeter", "cm": "centimeter",
    "m": "meter", "km": "kilometer", "mg": "milligram", "g": "gram", "kg": "kilogram", "kgs": "kilogram",
    "kilo": "kilogram", "kilos": "kilogram", "oz": "ounce", "lb": "pound", "lbs": "pound", "ml": "milliliter",
    "l": "liter", "litre": "liter", "litres": "liter", "metre": "meter", "metres": "meter", "pennies": "penny",
    "centuries": "century", "gal": "gallon", "kilometre": "kilometer", "kilometres": "kilometer",
    "centimetre": "centimeter", "centimetres": "centimeter", "bucks": "dollar",
}  # fmt: skip
_AMBIGUOUS = {"h", "m", "g", "l", "mi", "min"}  # units only after a number


def unit(word: str) -> str | None:
    """The unit that a word names, in the singular and written out; None if it names none."""
    word = word.lower()
    word = _SHORT.get(word, word)
    if word not in UNITS and word not in CUSTOMARY:
        word = word.removesuffix("s")
    return word if word in UNITS or word in CUSTOMARY else None


def figures(text: str) -> list[Fraction]:
    """Every number in digits, of at most 40 digits. 3/4 and 2 1/2 are one number each, and so is the 25 of 25%."""
    return [value for value, *_ in placed(text)]


def placed(text: str) -> list[tuple[Fraction, int, int]]:
    """The same numbers, each with its begin and end."""
    found = []
    for match in _FIGURE.finditer(text):
        value = Fraction(match[1].replace(",", ""))
        if match[2] and int(match[3]) and int(match[2]) < int(match[3]):
            value += Fraction(int(match[2]), int(match[3]))
        elif match[4] and int(match[4]):
            value /= int(match[4])
        found.append((value, match.start(), match.end()))
    return found


def digits(text: str) -> str:
    """Number words from two on as digits; "one" stays, it is as often a pronoun."""
    return _WORDS.sub(lambda found: found[0] if found[0].lower() == "one" else str(_value(found[0])), text)


def digits_in_sums(text: str) -> str:
    """Number words beside a sign as digits: 28 / two = 14."""

    def written(found: re.Match) -> str:
        before, behind = text[max(found.start() - 2, 0) : found.start()], text[found.end() : found.end() + 6].lstrip()
        beside = before.strip()[-1:] in tuple("+-*/=") or behind.startswith((*"+*/=", "times"))
        return str(_value(found[0])) if beside and not before.strip()[-1:].isdigit() else found[0]  # 3 million

    return _WORDS.sub(written, text)


def _value(words: str) -> int:
    total = part = 0
    for word in re.split(r"[ -]", words.lower()):
        if word == "hundred":
            part = max(part, 1) * 100
        elif word in SCALES:
            total, part = total + max(part, 1) * SCALES[word], 0
        else:
            part += ONES.get(word, TENS.get(word, 0))
    return total + part


def named(text: str) -> set[Fraction]:
    """Every number that a problem gives: digits, per cents, number words, fractions, multiples, customary constants."""
    text = plain_text(text)
    found: set[Fraction] = set()
    for match in _FIGURE.finditer(text):
        found |= _figure(match)
    for number in re.findall(rf"({NUMBER}) ?%", text):
        share = Fraction(number.replace(",", "")) / 100
        found |= {share, 1 - share, 1 + share, 100 - 100 * share, Fraction(1)}  # of a whole
    for number, scale in _SCALED.findall(text):
        count = ONES.get(number.lower(), TENS.get(number.lower()))
        count = Fraction(number.replace(",", "")) if count is None else count
        found.add(count * Fraction((SCALES | {"hundred": 100, "dozen": 12})[scale.lower()]))
    found |= {Fraction(_value(words)) for words in _WORDS.findall(text)}
    found |= _parts(text)
    found |= _customary(text)
    return found


def plain_text(text: str) -> str:
    """A problem with the signs of fractions, currencies and Markdown made plain; money counts as dollars."""
    dollars = " dollar" if "$" in text else ""
    return " ".join(plain(line) for line in f"; {text}".splitlines()) + dollars


def _figure(match: re.Match) -> set[Fraction]:
    whole = Fraction(match[1].replace(",", ""))
    found = {whole}
    over, under = (match[2], match[3]) if match[2] else (None, match[4])
    if under and int(under):
        part = Fraction(int(over), int(under)) if over else whole / int(under)
        found |= {part, Fraction(int(under)), *([whole + part, Fraction(int(over))] if over else [])}
        found |= {Fraction(1), 1 - part} if part < 1 else set()
    return found


def _parts(text: str) -> set[Fraction]:
    """Halves, thirds, two fifths: the part, and the divisor; and the multiples that are words."""
    found: set[Fraction] = set()
    for count, name, several in _PARTS.findall(text):
        under = PARTS[name.lower()]
        over = int(count) if count.isdigit() else ONES.get(count.lower(), 1)
        if count.lower() in ("", "a") and under > 4 and not several:
            continue  # the fifth day
        part = Fraction(over, under)
        found |= {Fraction(under), Fraction(1, under), Fraction(over), Fraction(1), part, 1 - part}  # of the whole
    words = re.findall(r"[a-z]+", text.lower())
    found |= {Fraction(MULTIPLES[word]) for word in words if word in MULTIPLES}
    for before in _AND_A_HALF.findall(text):
        whole = ONES.get(before.lower(), int(before) if before.isdigit() and len(before) < 9 else 1)
        found.add(whole + Fraction(1, 2))
    return found


def _customary(text: str) -> set[Fraction]:
    found = {Fraction(100), Fraction(1, 100)} if re.search(r"%|\bpercent", text) else set()
    words = re.findall(r"[^\W_]+|%", re.sub(r"(?<=\d)(?=[a-zA-Z])", " ", text))
    for before, word in pairwise(["", *words]):
        if word.lower() in _AMBIGUOUS and not before.isdigit():
            continue
        known = unit(word)
        found |= {Fraction(number) for number in CUSTOMARY.get(known, ())}
    return found


def same_kind(first: str, second: str) -> bool:
    """Whether two different units measure the same."""
    return first != second and first in UNITS and second in UNITS and UNITS[first][0] == UNITS[second][0]


def converted(value: Fraction, first: str, second: str) -> Fraction | None:
    """A value in the first unit, converted to the second; None if the units do not measure the same."""
    if not (first in UNITS and second in UNITS and UNITS[first][0] == UNITS[second][0]):
        return None
    return value * UNITS[first][1] / UNITS[second][1]
