"""The whole part of an answer that was cut off at the longest allowed length; pure.

A model that learns such an answer, with the end token after it, learns to stop in the middle of a line. So an answer is
kept up to the end of a line, or of a fragment that is a sentence. A last fragment without a line end may go on: it is
left out, whatever it looks like.
"""

import re
from collections.abc import Sequence

_SENTENCE = re.compile(r"""[.!?]["'”’)\]*_]*$""")
_LINE_END = re.compile(r"(?:[^\w\n]*\n)+")  # after a fragment: markup and punctuation that its domain left out


def whole(text: str, fragments: Sequence[str]) -> tuple[str, int]:
    """The whole part of the text, without outer space at its end, and how many of its first fragments are in it.

    fragments: of the text, in order. Spaces do not matter in the search for them. If a domain changed a fragment so
    that it is not found in the text, it is whole only as a sentence.
    """
    if not text.strip() or text.endswith(("\n", "\r")):
        return text.rstrip(), len(fragments)
    ends = _ends(text, fragments)
    for count in range(len(fragments), 0, -1):
        end, is_last = ends[count - 1], count == len(fragments)
        sentence = not is_last and _SENTENCE.search(fragments[count - 1].rstrip())
        if sentence or (end is not None and _LINE_END.match(text, end)):
            return (_lines(text) if end is None else _with_markup(text, end)), count
    return ("" if fragments else _lines(text)), 0


def _lines(text: str) -> str:
    """All but the last line."""
    return text.rpartition("\n")[0].rstrip()


def _with_markup(text: str, end: int) -> str:
    """The text up to a fragment's end, and what closes its line if that has no words."""
    closing = _LINE_END.match(text, end)
    return text[: closing.end() if closing else end].rstrip()


def _ends(text: str, fragments: Sequence[str]) -> list[int | None]:
    """Where each fragment ends in the text. None for one that is not found after those before it."""
    places = [place for place, character in enumerate(text) if not character.isspace()]
    bare, behind = "".join(text[place] for place in places), 0
    found: list[int | None] = []
    for fragment in fragments:
        wanted = "".join(fragment.split())
        start = bare.find(wanted, behind) if wanted else -1
        behind = start + len(wanted) if start >= 0 else behind
        found.append(places[behind - 1] + 1 if start >= 0 else None)
    return found
