"""The answer that a line states, and whether words and signs around the number change it.

"90 gallons are left after 6 days" states 90. Neither "90 - 10" nor "90 dozen", "half of 90", "90 or 20" does.
"""

import re
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from halt.domains.shared.maths import quantities
from halt.domains.shared.maths.equations import DENIED
from halt.domains.shared.maths.notation import UNREAD, bare, braced, plain
from halt.domains.shared.maths.runs import SCALING

ANSWER = re.compile(
    r"[\W_]{0,12}(?:(?:so|thus|therefore|hence|and)\b,?\s{0,4})?[\W_]{0,4}(?:(?:the|my|our)\s{1,4})?"
    r"(?:(?:final|correct|right)\s{1,4}){0,2}(?:answer\b|ans(?=\s?[.:=])\.?)"
    r"(?:[\s*_]{0,4}[-–](?=\s)[\s*_]{0,4}|[\s*_:=]{0,8}(?:(?:is|are|equals)\b[\s*_:=]{0,8})?)",
    re.IGNORECASE,
)
_OTHERWISE = re.compile(r"(?:lies|depends|comes|can|will|should|must|may|to)\b", re.IGNORECASE)  # no answer yet
_MARKED = re.compile(r"\s{0,4}#{3,4}\s{0,4}(?=\W{0,3}\d[\d.,/ ]{0,30}\W{0,3}$)")
_BOX = re.compile(r"\\(?:boxed|fbox)\s?(?=\{)")
_NOT = re.compile(r"\b(?:not|never|neither|nor|\w{2,6}n't)\b", re.IGNORECASE)  # before the number, or last of all
_WORD = re.compile(r"[^\W\d_]+")
_COMPARING = "negative less fewer more greater over under least most below above almost nearly log ln"
_BEFORE = (SCALING - {"am", "pm", "r"}) | frozenset(_COMPARING.split())
_BEHIND = (SCALING - {"am", "pm", "quarter", "quarters"}) | {"or", "choose", "factorial", "less"}
_JOINING = frozenset(["or", "and", "out", "to", "between", "versus", "vs", "times", "but", "then", "instead"])
# One of these before another number says that it is no part of the answer: 90 gallons after 6 days.
_PLACING = "of in for after at on when within during until before because since if from that who which through"
_BESIDE = frozenset(_PLACING.split())
_SCALED = re.compile(rf"({quantities.NUMBER}) (hundred|thousand|million|billion)\b", re.IGNORECASE)
_SCALES = {"hundred": 100} | quantities.SCALES


class Stated(NamedTuple):
    """The answer of a line, if it is one number."""

    text: str  # for its equations
    numbers: tuple[Fraction, ...]  # the answer first; the others must be known
    denied: bool  # not 90, 90 is wrong
    clear: bool  # nothing beside the number changes it
    single: bool  # no other number is joined to it, as a second answer or a part
    calculation: str  # perhaps an unfinished calculation: 90 - 10


def is_heading(text: str) -> bool:
    """Whether a line announces an answer and does not give it."""
    said = _said(text)
    return said is not None and not re.search(r"\w", said)


def stated(text: str) -> Stated | None:
    """The answer that a line states; None if it states none."""
    boxes = list(_BOX.finditer(text))
    if boxes:
        return _boxed(text, boxes)
    said = _said(text)
    return None if said is None else _read("", f"; {said}", f"; {said}")


def _said(text: str) -> str | None:
    match = ANSWER.match(bare(text)) or ANSWER.match(text) or _MARKED.match(text)
    if match is None:
        return None
    said = match.string[match.end() :]
    return None if _OTHERWISE.match(said) else said


def _boxed(text: str, boxes: list[re.Match]) -> Stated:
    """A box states the answer anywhere in a line; several boxes only if all hold the same."""
    pairs = braced(text)
    held = [text[box.end() + 1 : pairs.get(box.end(), len(text))].strip() for box in boxes]
    before = plain(f"; {text[: boxes[0].start()]}")
    read = _read(before, f"; {held[0]} {text[pairs.get(boxes[-1].end(), len(text)) + 1 :]}", text)
    alone = len(set(held)) == 1 and not re.search(r"(?:[-+*/^√\d]|\b(?:or|and))\s*$", before)
    return read._replace(single=read.single and alone)


def _read(before: str, said: str, whole: str) -> Stated:
    scaled = _SCALED.search(said)
    text = _SCALED.sub(lambda found: _times(found[1], found[2]), said) if scaled else said
    text = quantities.digits(plain(text))
    found = quantities.placed(text)
    numbers = [value for value, *_ in found]
    lead = before + (text[: found[0][1]] if found else text)
    denied = bool(_NOT.search(lead) or DENIED.search(f"{before} {text}") or _NOT.search(text.rstrip(" .!)")[-6:]))
    clear = not (denied or UNREAD in text or "√" in text)
    single = True
    if found:
        end = found[0][2]
        behind = text[end:]
        negative = re.search(r"(?<![\w)])-$", lead)
        if negative:
            numbers[0] = -numbers[0]
        if behind.lstrip().startswith("%"):
            numbers.append(Fraction(1, 100))  # known where the problem speaks of per cents
        clear = clear and not (not negative and _changed_before(lead)) and not _changed_behind(behind)
        gaps = [text[first[2] : second[1]] for first, second in pairwise(found)]
        single = all(map(_is_beside, gaps))
    return Stated(whole, tuple(numbers), denied, clear, single, text if len(said) < 200 else "")


def _times(number: str, scale: str) -> str:
    value = Fraction(number.replace(",", "")) * _SCALES[scale.lower()]
    return str(value) if value.denominator == 1 else f"{number} {scale}"


def _changed_before(text: str) -> bool:
    """Whether the words or the sign before a number change it: half of, less than, -."""
    words = [word.lower() for word in _WORD.findall(text[-60:])]
    return not _BEFORE.isdisjoint(words[-3:]) or re.search(r"[-+*/^<>]\s*$|[A-Za-z]\($", text[-60:]) is not None


def _changed_behind(text: str) -> bool:
    """Whether the text after a number changes it: 90k, 90x, 90!, 90 + x, 90 dozen, 90 squared."""
    if tight := re.match(r"[^\W\d_]+", text):
        word = tight[0]
        if not (quantities.unit(word) and word.islower()) and len(word) < 4:
            return True
    if re.match(r"\s*[+*/^!≈~<>=:]|\s+-|-\s|[eE]\d", text):
        return True
    clause = re.match(r"[^\d.,;:!?()]{0,40}", text)[0]
    return not _BEHIND.isdisjoint(word.lower() for word in _WORD.findall(clause)[:2])


def _is_beside(gap: str) -> bool:
    """Whether the text between two numbers keeps the second out of the answer."""
    words = {word.lower() for word in _WORD.findall(gap)}
    return not words.isdisjoint(_BESIDE) and words.isdisjoint(_JOINING) and not re.search(r"[+*/^=:<>]|\s-|,\s*$", gap)
