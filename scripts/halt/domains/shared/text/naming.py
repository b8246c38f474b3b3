"""Whether a text names the person of a row: by name, by another name, with titles and without middle names.

truth: a row's, with "name", "aliases", "gloss" and "occupations". Texts are lower case.
"""

import re

_TITLES = "sir dr. dr president king queen saint general pope lord lady count countess baron earl duke prince princess"
TITLES = frozenset(_TITLES.split())
HONOURS = frozenset(("sir", "dr."))  # titles that say nothing about a person


def mentioned(text: str, truth: dict) -> bool:
    """Whether a text contains the person's name, or another name of several words."""
    names = [truth["name"], *(alias for alias in truth["aliases"] if " " in alias)]
    return any(re.search(rf"(?<!\w){re.escape(name.lower())}(?!\w)", text) for name in names)


def is_named(subject: str, truth: dict) -> bool:
    return any(_same(subject, name.lower()) for name in (truth["name"], *truth["aliases"]))


def titled(words: list[str], truth: dict) -> bool:
    """Whether a name has a title that the row does not know: then the title is a claim of its own."""
    known = " ".join([truth["name"], truth["gloss"], *truth["aliases"], *truth["occupations"]]).lower().split()
    titles = [word for word in words[: len(words) - len(_untitled(words))] if word not in HONOURS]
    return any(title not in known for title in titles)


def _same(subject: str, name: str) -> bool:
    """Whether the subject is the person: given name and surname, with any middle names and titles."""
    words, parts = subject.strip(" ,").split(), name.split()
    if words == parts:
        return True
    words, parts = _untitled(words), _untitled(parts)
    if len(words) < 2 or words[0] != parts[0] or words[-1] != parts[-1]:
        return False
    rest = iter(parts)
    return all(word in rest for word in words)


def _untitled(words: list[str]) -> list[str]:
    """A name without its titles; King in "Billie Jean King" is no title."""
    start = next((place for place, word in enumerate(words) if word not in TITLES), 0)
    return words[start:]
