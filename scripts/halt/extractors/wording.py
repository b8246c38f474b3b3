"""Words of claims and of the text that they came from: is a claim in the text, and do two claims say the same? Pure.

A claim is in the text if its words are. Function words do not count; `not` and the like do. A number and a name (a word
with a capital letter after the first word) must stand in the text as they are. Another word must stand there with the
same beginning ("painted" for "painter"), except one word of four: a self-contained claim may need a verb of its own.
What a claim means is not looked at: that is for the judge.
"""

import re
import unicodedata
from collections.abc import Collection
from typing import NamedTuple

from halt.prompting.texts import visible

BEGINNING = 5  # letters of a word that count; longer ones are endings
OWN = 4  # of so many words of a claim, one may be its own

_SMALL = (
    "a an and are as at be been being but by did do does for from had has have he her hers him his i in "
    "into is it its itself me my of on or our s she so some such than that the their them then there "
    "these they this those to too under up was we were what when where which while who whom whose will "
    "with would you your also both during after before about between through over upon via per"
)
_FUNCTION = frozenset(_SMALL.split())
_WORD = re.compile(r"\w+(?:[.,:/]\d+)*")


class Word(NamedTuple):
    """A word that counts. key: what is compared; exact: it must be the same word, not only begin like it."""

    key: str
    exact: bool


def words(text: str) -> list[Word]:
    """The words of a text that count, in order."""
    plain = unicodedata.normalize("NFKC", text).replace("n’t", " not").replace("n't", " not")
    found = []
    for number, match in enumerate(_WORD.finditer(plain)):
        word = match[0].casefold()
        if word in _FUNCTION:
            continue
        exact = any(sign.isdigit() for sign in word) or (number > 0 and match[0][0].isupper())
        found.append(Word(word, exact))
    return found


def is_in(claim: str, sentence: str, window: str, prompt: str) -> bool:
    """Whether a claim is in the text.

    sentence: the one that it was taken from. window: that sentence and those beside it, and the prompt: names come from
    there. A claim needs a word of the sentence that the prompt lacks, unless the sentence has none: else it could come
    from the prompt alone, or from another sentence.
    """
    said = words(claim)
    if not said:
        return False
    known, asked, here = _Known(f"{window}\n{prompt}"), _Known(prompt), _Known(sentence)
    own = [word for word in said if word not in known]
    if any(word.exact or word.key in _DENYING for word in own) or len(own) > len(said) // OWN:
        return False
    new = any(word not in asked for word in words(sentence))
    return not new or any(word in here and word not in asked for word in said)


def denies(text: str) -> bool:
    """Whether a text has a word of denial."""
    return any(word.key in _DENYING for word in words(text))


def speaks(sentence: str) -> bool:
    """Whether a sentence has words of the request to the extractor or of an order to it.

    Innocent ones ("He claimed the title.") are among them: they cost no verdict, only a division into claims.
    """
    return _ORDER.search(unicodedata.normalize("NFKC", visible(sentence)).casefold()) is not None


def same(claim: str) -> tuple[str, ...]:
    """Two claims with the same key say the same: equal words that count, in one order."""
    return tuple(word.key for word in words(claim))


_ORDER = re.compile(
    r"\b(claims?|verifiable|extract(s|ed|ing|ion|ors?)?|instructions?|ignored?|disregard|prompts?|repl(y|ies)|respond"
    r"|output|write|sentences?|list|skip|omit|none|nothing)\b|^\s*[-*•]\s"
)
_DENYING = frozenset(("not", "no", "never", "neither", "nor", "without", "cannot"))


class _Known(Collection):
    """The words of a text, as `in` finds them."""

    def __init__(self, text: str):
        self._words = {word.key for word in words(text)}
        self._beginnings = {word[:BEGINNING] for word in self._words if len(word) >= BEGINNING}

    def __contains__(self, word: object) -> bool:
        if not isinstance(word, Word):
            return False
        if word.key in self._words:
            return True
        stem = word.key[:BEGINNING]
        return not word.exact and len(word.key) >= BEGINNING and stem in self._beginnings

    def __iter__(self):
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)
