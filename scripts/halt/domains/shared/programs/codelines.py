"""Code as lines: the common part of the code domains (a function, a whole program).

A fragment is one non-blank line, indentation included. The reference judge completes every beginning of the answer with
the reference's own lines. A line is wrong if no completion passes any more. It is right if a completion passes that
leaves out more of the reference than before the line: the line replaces what is left out. Otherwise it is idle: it does
no harm and leads nowhere. If a program passes by itself, every line is right except those that do nothing.

Code beside the reference may read it: so only a plain beginning (programs.plaincode) is completed.
"""

import ast
import io
import itertools
import keyword
import re
import tokenize
from collections.abc import Callable, Iterator, Sequence

from halt import thoughts
from halt.domains.shared.programs import codeparts, plaincode

_FENCE = re.compile(r"^([ \t]*)(```|~~~)[`~]*[ \t]*([\w+#.-]*)[^\n]*$", re.MULTILINE)
_PYTHON = ("python", "py", "python3", "py3")
_NAME = re.compile(r"[A-Za-z_]\w*")


def split(text: str) -> list[str]:
    """Non-blank lines. Of a Markdown answer: those of the first block marked as Python, else of the first block. Tabs
    become spaces."""
    lines = _code(thoughts.without(text)).splitlines()
    return [line.expandtabs(4).rstrip() for line in lines if line.strip()]


def _code(text: str) -> str:
    """The text between fences; all of a text without fences, or that is Python already (a docstring has fences)."""
    text = text.removeprefix("\ufeff").replace("\u00a0", " ")
    blocks = list(_blocks(text.splitlines())) if _FENCE.search(text) else []
    if not blocks or codeparts.parsed(text.splitlines()) is not None:
        return text
    said = [block for language, block in blocks if language in _PYTHON]
    bare = [block for language, block in blocks if not language and codeparts.parsed(block.splitlines()) is not None]
    return (said or bare or [block for _, block in blocks])[0]


def _blocks(lines: list[str]) -> Iterator[tuple[str, str]]:
    """(language, text) of every block, without the indent of its fence in a list; the last one may be cut."""
    opened, block = None, []
    for line in lines:
        fence = _FENCE.match(line)
        if opened is None:
            opened, block = fence, []
        elif (
            fence and fence[2] == opened[2] and len(fence[1]) < len(opened[1]) + 4
        ):  # deeper fences belong to a docstring
            yield opened[3].lower(), "\n".join(block)
            opened = None
        elif (code := line.rstrip()).endswith(opened[2]) and not fence:  # closed on the last line of the code
            yield opened[3].lower(), "\n".join([*block, code.removesuffix(opened[2])])
            opened = None
        else:
            deep = min(len(opened[1]), len(line) - len(line.lstrip()))
            block.append(line[deep:])
    if opened is not None:
        yield opened[3].lower(), "\n".join(block)


def join(fragments: list[str]) -> str:
    """Lines as text; split(join(f)) == f for fragments from split."""
    return "\n".join(fragments)


def labels(
    lines: Sequence[str], reference: Sequence[str], passes: Callable[[str], bool], prompt: str = "", given: int = 0
) -> list[str]:
    """right, idle or wrong for every line of an answer; all are wrong from the first wrong one on.

    reference: lines of a solution. The prompt gives the first `given` of them: they are no achievement. Neither are
    lines that stand in the prompt, nor lines after them in the reference that can be left out. passes: whether a source
    passes all tests; called at most once per source.
    """
    known: dict[str, bool] = {}

    def good(source: str) -> bool:
        if source not in known:
            known[source] = passes(source)
        return known[source]

    lines, reference = list(lines), list(reference)
    if not lines:
        return []
    if good(join(lines)):
        return ["idle" if harmless else "right" for harmless in plaincode.harmless(lines, _bound(reference))]
    found: list[str] = []
    shown = {line.strip() for line in prompt.splitlines()}
    most = given  # lines of the reference that the answer has replaced so far
    while most + 1 < len(reference) and good(join([*reference[:given], *reference[most + 1 :]])):
        most += 1
    for end in _statement_ends(lines):
        reached = _reached(lines[:end], reference, good)
        if reached is None:
            break
        repeats = all(line.strip() in shown for line in lines[len(found) : end])
        found += ["right" if reached > most and not repeats else "idle"] * (end - len(found))
        most = max(most, reached)
    return found + ["wrong"] * (len(lines) - len(found))


def _reached(prefix: list[str], reference: list[str], good: Callable[[str], bool]) -> int | None:
    """How many lines of the reference a beginning replaces: most that a passing completion leaves out. None if no
    completion passes, or the beginning is not plain."""
    tree = codeparts.parsed(prefix)
    if tree is None or not plaincode.is_plain(tree):
        return None
    if good(join(prefix)):
        return len(reference)
    for skipped, source in _completions(prefix, reference, tree):
        if good(source):
            return skipped
    return None


def _statement_ends(lines: list[str]) -> list[int]:
    """Numbers of lines after which a statement is whole; all lines after one that is no Python."""
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
    ends = sorted({end for end in ends if not lines[end - 1].lstrip().startswith("@")})
    last = ends[-1] if ends else 0
    return ends + list(range(last + 1, len(lines) + 1))


def _completions(prefix: list[str], reference: list[str], tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The prefix with each tail of the reference, at each possible indentation, the shortest tails first; with the
    number of lines of the reference that are left out.

    No tail starts over. Of the reference's names it leaves out as many as the prefix has bound, functions and classes
    under any name included. Otherwise the whole reference after a wrong line would excuse that line.
    """
    theirs = _bound(reference)
    ours = codeparts.bound(tree, imported=frozenset(theirs))
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    again = [name for name in ours if name in theirs or name in defined]
    levels = _levels(prefix)
    for first in reversed(range(len(reference))):
        skipped = _bound(reference[:first])
        if len(skipped) < min(len(again), len(theirs)):
            continue
        renamed = {their: our for their, our in zip(skipped, ours, strict=False) if their != our}
        for level in sorted(levels, key=lambda level: abs(level - _indent(reference[first]))):
            shift = level - _indent(reference[first])
            tail = [" " * (_indent(line) + shift) + line.lstrip() for line in reference[first:]]
            if any(_indent(line) + shift < 0 for line in reference[first:]):
                continue
            yield first, join([*prefix, *tail])
            if renamed:
                yield first, join([*prefix, *(_renamed(line, renamed) for line in tail)])


def rests_on(fragments: list[str]) -> list[tuple[int, ...]]:
    """A fragment rests on the earlier ones that bind a name which it reads, and on the one that opens its block."""
    names = [_names(fragment.splitlines()) for fragment in fragments]
    edges = []
    for place, fragment in enumerate(fragments):
        below = {earlier for earlier in range(place) if names[place][1] & names[earlier][0]}
        outer = (earlier for earlier in reversed(range(place)) if _indent(fragments[earlier]) < _indent(fragment))
        edges.append(tuple(sorted(below | set(itertools.islice(outer, 1)))))
    return edges


def _names(lines: Sequence[str]) -> tuple[set[str], set[str]]:
    """Names that lines bind (parameters and imports too), and names that they read; a signature reads none."""
    binds, reads = set(), set()
    for line in lines:
        words = _words(line)
        first = next(iter(words), "")
        names = {word for word in words if word.isidentifier() and not keyword.iskeyword(word)}
        if first in ("def", "async", "import", "from"):
            binds.update(names)
        elif first == "class":
            binds.update(words[1:2])
            reads.update(names - binds)
        else:
            place = words.index("in") if first == "for" and "in" in words else _sign(words)
            before = [word for word in words[:place] if word in names]
            binds.update(before)
            reads.update(word for word in words[place:] if word in names)
            if place < len(words) and len(words[place]) > 1 and words[place] != "in":  # such as +=
                reads.update(before)
            if not place:
                reads.update(names)
    return binds, reads


def _sign(words: Sequence[str]) -> int:
    """Place of the sign that assigns, outside all brackets; 0 if nothing is assigned."""
    depth = 0
    for place, word in enumerate(words):
        depth += (word in "([{") - (word in ")]}")
        if depth <= 0 and word.endswith("=") and word not in ("==", "!=", "<=", ">=", ":="):
            return place
    return 0


def _words(line: str) -> list[str]:
    """The words and signs of a line, up to where it is no Python; in linear time."""
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(line.strip()).readline):
            if token.string.strip() and token.type in (tokenize.NAME, tokenize.OP):
                found.append(token.string)
    except (tokenize.TokenError, SyntaxError):
        pass
    return found


def _bound(lines: Sequence[str]) -> list[str]:
    """Functions, classes and variables that a beginning of a program binds, in order of appearance."""
    tree = codeparts.parsed(lines)
    return codeparts.bound(tree) if tree else []


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


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
