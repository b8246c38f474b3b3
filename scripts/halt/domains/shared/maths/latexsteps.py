"""The steps of a worked solution in LaTeX: it is cut at line breaks and before equals signs, as in the paper.

An equals sign inside braces is no step's end (`\\sum_{i=1}`, `\\text{if } x=2}`, `\\stackrel{?}{=}`), nor is a part of
another sign (`\\le`, `:=`, `=>`, `\\not=`). A line that only opens or closes an environment or a formula stays with the
line that it opens or closes. A figure in Asymptote is drawn and says nothing: it is left out.
"""

import re
from collections.abc import Iterator

_FIGURE = re.compile(r"\[asy\].*?(?:\[/asy\]|\Z)", re.DOTALL | re.IGNORECASE)
_ARGUMENT = r"\s*(?:\[[^\[\]{}]*\]|\{(?:[^{}]|\{[^{}]*\})*\})"
_OPENS = re.compile(
    rf"(?:\\begin\{{\w+\*?\}}(?:{_ARGUMENT})*|\\\[|\\\(|\\left(?:\\[{{|]|[.(\[|])|\\\{{|\\hline|[&\s])+"
)
_CLOSES = re.compile(r"(?:\\end\{\w+\*?\}|\\\]|\\\)|\\right(?:\\[}|]|[.)\]|])|\\\}|\\hline|\\\\|[.,;&\s])+")
_EQUALS = re.compile(r"&?=")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_OVER = re.compile(r"\\(?:stackrel|overset|underset)\s*(?:\{[^{}]*\}|.)\s*\Z")  # a sign above the one that follows


def split(text: str) -> list[str]:
    """The steps; one that begins on a new line begins with the line break."""
    steps: list[str] = []
    for lines in _grouped(_FIGURE.sub("\n", text)):
        first, *others = _pieces("\n".join(lines))
        steps += [f"\n{first}" if steps else first, *others]
    return steps


def join(steps: list[str]) -> str:
    """A text that `split` cuts into these steps."""
    return "".join(steps).lstrip("\n")


def _grouped(text: str) -> Iterator[list[str]]:
    """Lines, each with those before it that only open and those after it that only close."""
    group: list[str] = []
    told, formula = False, False  # whether the group has more than openings; whether a $$ is open
    for line in map(str.strip, text.splitlines()):
        if not line:
            continue
        bare = line.replace("$$", "")
        marks = line.count("$$") % 2 == 1
        closes = _CLOSES.fullmatch(bare) if bare else formula
        opens = _OPENS.fullmatch(bare) if bare else not formula
        formula ^= marks
        if told and not closes:
            yield group
            group, told = [], False
        group.append(line)
        told = told or not opens
    if group:
        yield group


def _pieces(line: str) -> list[str]:
    """A line cut before each equals sign that ends a step."""
    inside = _braced(line)
    cuts = [0]
    for sign in _EQUALS.finditer(line):
        place, equals = sign.start(), sign.end() - 1
        if place and not inside[equals] and _alone(line, place, equals):
            cuts.append(place)
    return [line[begin:end] for begin, end in zip(cuts, [*cuts[1:], len(line)], strict=True)]


def _alone(line: str, place: int, equals: int) -> bool:
    """Whether an equals sign is no part of another sign."""
    before, after = line[max(0, place - 40) : place], line[equals + 1 : equals + 2]
    if after in ("=", ">") or (place == equals and before.endswith(("<", ">", "!", ":", "="))):
        return False
    if before.endswith("\\not") or (before.endswith("\\") and not before.endswith("\\\\")):
        return False
    return not _OVER.search(before)


def _braced(line: str) -> list[bool]:
    """For each sign, whether it stands inside braces. A brace without its partner is none."""
    pairs: list[tuple[int, int]] = []
    opened: list[int] = []
    for brace in _BRACE.finditer(line):
        if brace[0] == "{":
            opened.append(brace.start())
        elif brace[0] == "}" and opened:
            pairs.append((opened.pop(), brace.end()))
    inside, reached = [False] * len(line), 0
    for begin, end in sorted(pairs):
        if begin >= reached:  # else it lies in the pair before
            inside[begin:end] = [True] * (end - begin)
            reached = end
    return inside
