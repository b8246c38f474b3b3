"""Code as lines: what the code domains (a function, a whole program) share.

A fragment is one non-blank line, indentation included. The reference judge asks from which line on the reference can
no longer be reached: a prefix of the answer is right as long as some completion by the reference's own lines passes.
"""

import ast
import io
import itertools
import re
import tokenize
from collections.abc import Callable, Iterator

_FENCE = re.compile(r"^[ \t]*```[^\n]*\n(.*?)(?:^[ \t]*```|\Z)", re.MULTILINE | re.DOTALL)
_BINDING = re.compile(
    r"\s*(?:(?:async\s+)?(?:def|class)\s+(?P<definition>\w+)|for\s+(?P<loop>[^:=]+?)\s+in\b|(?P<target>[A-Za-z_][\w\s,]*?)\s*=(?!=))"
)
_NAME = re.compile(r"[A-Za-z_]\w*")


def split(text: str) -> list[str]:
    """Non-blank lines; of a Markdown answer those of the first fenced block. Tabs become spaces."""
    fenced = _FENCE.search(text)
    lines = (fenced.group(1) if fenced else text).splitlines()
    return [line.expandtabs(4).rstrip() for line in lines if line.strip()]


def join(fragments: list[str]) -> str:
    """Lines as text; split(join(f)) == f for what came from split."""
    return "\n".join(fragments)


def canonical(text: str | None) -> str | None:
    """A repr with dicts and sets in one order, so that equal values compare equal; other text as it is."""
    if text is None or not text.startswith(("{", "[", "(")):
        return text
    value = literal(text)
    return text if value is None else _ordered(value)


def literal(text: str):
    """The value that a literal stands for, None for text that is none."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _ordered(value) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(sorted(f"{_ordered(k)}: {_ordered(v)}" for k, v in value.items())) + "}"
    if isinstance(value, (set, list, tuple)):
        items = [_ordered(item) for item in value]
        return f"{type(value).__name__}({', '.join(sorted(items) if isinstance(value, set) else items)})"
    return repr(value)


def first_wrong(lines: list[str], reference: list[str], passes: Callable[[str], bool]) -> int | None:
    """Index of the first wrong line, None if there is none (an unfinished answer may have none and still not pass).

    reference: lines of a solution. passes: whether a source passes all tests; called at most once per source.
    """
    known: dict[str, bool] = {}

    def good(source: str) -> bool:
        if source not in known:
            known[source] = passes(source)
        return known[source]

    if not lines or good(join(lines)):
        return None
    begin = 0
    for end in _statement_ends(lines):
        if not any(good(source) for source in _completions(lines[:end], reference)):
            return begin
        begin = end
    return None


def _statement_ends(lines: list[str]) -> list[int]:
    """Numbers of lines after which a statement is whole; every line after one that cannot be read as Python."""
    ends = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(join(lines) + "\n").readline):
            if token.type in (tokenize.NEWLINE, tokenize.NL) and (
                token.type == tokenize.NEWLINE or not token.line.strip()
            ):
                ends.append(min(token.end[0] if token.end[1] == 0 else token.start[0], len(lines)))
            elif token.type == tokenize.COMMENT and token.line.strip().startswith("#"):
                ends.append(token.start[0])
    except (tokenize.TokenError, SyntaxError):
        pass
    ends = sorted(set(ends))
    last = ends[-1] if ends else 0
    return ends + list(range(last + 1, len(lines) + 1))


def _completions(prefix: list[str], reference: list[str]) -> Iterator[str]:
    """The prefix alone, then with each tail of the reference at each indentation that can follow, likeliest first.

    No tail starts over: it leaves out as many of the reference's names (variables, functions) as the prefix has bound,
    or else the reference written once more behind a wrong line would make that line right.
    """
    yield join(prefix)
    levels = _levels(prefix)
    ours, theirs = _bound(prefix), _bound(reference)
    for first in range(len(reference)):
        skipped = _bound(reference[:first])
        if len(skipped) < min(len(ours), len(theirs)):
            continue
        renamed = {their: our for their, our in zip(skipped, ours, strict=False) if their != our}
        for level in sorted(levels, key=lambda level: abs(level - _indent(reference[first]))):
            shift = level - _indent(reference[first])
            tail = [" " * (_indent(line) + shift) + line.lstrip() for line in reference[first:]]
            if any(_indent(line) + shift < 0 for line in reference[first:]):
                continue
            yield join([*prefix, *tail])
            if renamed:
                yield join([*prefix, *(_renamed(line, renamed) for line in tail)])


def rests_on(fragments: list[str]) -> list[tuple[int, ...]]:
    """A fragment rests on the earlier ones that bind a name which it reads, and on the one that opens its block."""
    edges = []
    for place, fragment in enumerate(fragments):
        read = _read(fragment.splitlines())
        below = {earlier for earlier in range(place) if read & _binds(fragments[earlier].splitlines())}
        outer = (earlier for earlier in reversed(range(place)) if _indent(fragments[earlier]) < _indent(fragment))
        edges.append(tuple(sorted(below | set(itertools.islice(outer, 1)))))
    return edges


def _read(lines: list[str]) -> set[str]:
    """Names behind the sign of a binding, or in all of a line that binds none; a signature reads none."""
    found = set()
    for line in lines:
        binding = _BINDING.match(line)
        if not (binding and binding["definition"]):
            found.update(_NAME.findall(line[binding.end() :] if binding else line))
    return found


def _binds(lines: list[str]) -> set[str]:
    """Names as `_bound`, with the parameters of functions and what is imported."""
    found = set(_bound(lines))
    for line in lines:
        if re.match(r"\s*(?:(?:async\s+)?def|import|from)\s", line):
            found.update(_NAME.findall(line))
    return found


def _renamed(line: str, names: dict[str, str]) -> str:
    return _NAME.sub(lambda name: names.get(name[0], name[0]), line)


def _levels(prefix: list[str]) -> list[int]:
    """Indentations that the next line may have."""
    last = _indent(prefix[-1])
    if prefix[-1].endswith(":"):
        return [last + 4]
    levels = [last]
    for line in reversed(prefix):
        if _indent(line) < levels[-1]:
            levels.append(_indent(line))
    return levels


def _bound(lines: list[str]) -> list[str]:
    """Functions, loop variables and assigned names, in order of appearance."""
    names = {}
    for line in lines:
        found = _BINDING.match(line)
        if found:
            names |= dict.fromkeys(_NAME.findall(found["definition"] or found["loop"] or found["target"]))
    return list(names)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
