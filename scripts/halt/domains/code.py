"""Code: documented library functions, to be written from their signature, first sentence and examples.

A row is a function of a package (pydash, more-itertools, toolz) whose doctests pass. A response is the whole function.
Its fragments are lines; the signature joins the line after it, because the prompt gives it and it is no achievement.
Tests are the doctests and *differential* tests: the calls of the doctests on changed inputs, with the result of the
library's own function as the expected one. The paper's own set is halt.domains.apps.

The row has all that a judge needs: expected results in `truth`, and the source of the part of the package that the
function itself calls. Library code, like model-written code, runs only in the sandbox.

An answer is right as a whole if its function gives the same as the library's, test by test. The expected results are
compared outside the sandbox and are never in it. programs.codelines says how its lines are judged.
"""

import ast
import copy
import doctest
import json
import random
import re
from collections.abc import Iterator

from halt import sandbox
from halt.domains import Row, Verdict, settings
from halt.domains.shared.programs import codelines, codeparts, packages, trials
from halt.domains.shared.skipped_rows import leave_out
from halt.sandbox import values

DEPENDENT = True
REFERENCE_JUDGE = True
OPTIONS = {
    "max_lines": {
        "description": "Leave out functions whose reference has more lines than this, the signature counted.",
        "type": "integer",
        "minimum": 2,
        "default": 10,
    }
}
EXAMPLE = "Task: {prompt}\nAnswer:\n{response}\n\n"
STOP = ("\n\n", "\nTask:", "\n```\n")

_LIMITS = sandbox.Limits()
_VARIANTS = 12  # differential tests of one function, at most
_PROMPT_EXAMPLES = 160  # characters
# Bodies that solve nothing: if one of them passes, the tests tell too little. The last gives an object that is equal to
# everything, for tests that compare too early.
_EQUAL_TO_ALL = (
    "class A(int):\n        __eq__ = __lt__ = __gt__ = __le__ = __ge__ = __contains__ = lambda s, o: True\n"
    "        __ne__ = lambda s, o: False\n        __bool__ = lambda s: True\n        __hash__ = lambda s: 0\n"
    "        __len__ = lambda s: 1\n        __iter__ = lambda s: iter(())\n        __call__ = lambda s, *a, **k: s\n"
    "        __getitem__ = __getattr__ = lambda s, *a: s\n        __enter__ = __exit__ = lambda s, *a: s\n"
    "        __repr__ = lambda s: 'True'\n    return A(1)"
)
_LAZY = ("pass", "return True", "return False", "return locals() and list(locals().values())[0]", _EQUAL_TO_ALL)
_EXCUSES = doctest.IGNORE_EXCEPTION_DETAIL | doctest.NORMALIZE_WHITESPACE

join, rests_on = codelines.join, codelines.rests_on
removable = codeparts.removable


def split(text: str) -> list[str]:
    """Non-blank lines; the signature, which the prompt gives, joins the first line of the body."""
    lines = codelines.split(text)
    return [join(lines[:2]), *lines[2:]] if lines and lines[0].startswith("def ") else lines


def rows(source, options: dict) -> Iterator[Row]:
    """Functions whose reference passes all its tests in a sandbox and whose tests fail for a function without a body.

    source: the packages' wheels. Raises sandbox.SandboxUnavailable. id and cluster are "package.module.function", the
    stratum is the package.
    """
    chosen = settings("code", OPTIONS, options)
    wheels = _wheels(source)
    every = [modules[name] for modules in wheels.values() for name in modules]
    with sandbox.start(_LIMITS, packages.standard_imports(every)) as session:
        for package, modules in sorted(wheels.items()):
            for function in packages.functions(modules):
                row = _row(package, modules, function, chosen["max_lines"], session)
                if row is not None:
                    yield row


def judge(fragments: list[str], row: Row) -> list[Verdict]:
    """Line by line, see `codelines`; `unjudged` if the sandbox itself fails on the answer, for any reason."""
    lines, reference = codelines.split(join(fragments)), codelines.split(row.reference)

    def tell(tried: trials.Trials) -> list[str]:
        return codelines.labels(lines, reference, lambda one: _passes(one, row.truth, tried), row.prompt, given=1)

    labels = _tried(row, tell, ["unjudged"] * len(lines))
    return verdicts(fragments, labels, len(split(row.reference)))


def solves(fragments: list[str], row: Row) -> bool:
    """Whether the function passes all tests."""
    return bool(fragments) and _tried(row, lambda tried: _passes(join(fragments), row.truth, tried), False)


def verdicts(fragments: list[str], labels: list[str], wanted: int) -> list[Verdict]:
    """Verdicts on fragments from the labels of their lines: wrong or unjudged if a line is, else the last line's label.

    The n-th right fragment replaces the n-th of the reference's `wanted` fragments.
    """
    found, rest, right = [], iter(labels), 0
    for fragment in fragments:
        own = [next(rest, "wrong") for _ in range(max(len(fragment.splitlines()), 1))]
        label = next((each for each in ("wrong", "unjudged") if each in own), own[-1])
        right += label == "right"
        fact = f"line {right}" if label == "right" and right <= wanted else None
        found.append(Verdict(label, fact=fact))
    return found


def evidence(row: Row) -> str:
    """The reference and the results that the tests expect."""
    expected = [f">>> {step.strip()}\n{error or value or output}" for step, value, output, error in row.truth["tests"]]
    return "\n".join([row.reference, "", "What it must give:", *expected])


def subject(row: Row) -> str:
    """The signature, which the prompt gives."""
    return row.reference.partition("\n")[0]


def _tried(row: Row, tell, otherwise):
    return trials.of_answer(_LIMITS, packages.standard_imports(row.truth["modules"].values()), tell, otherwise)


def _passes(source: str, truth: dict, tried: trials.Trials) -> bool:
    tests = [_Test(*test) for test in truth["tests"]]
    outcome = tried.run(_program(source, [test.step for test in tests], truth))
    return outcome is not None and outcome.status == "ok" and _results(tests, outcome) == tests


class _Test(tuple):
    """(step, canonical value, printed text, type of exception): a step and its expected result. JSON-able as a list."""

    def __new__(cls, step: str, value: str | None, output: str, error: str | None):
        return super().__new__(cls, (step, value, output, error))

    @property
    def step(self) -> str:
        return self[0]


def _results(tests: list, outcome: sandbox.Outcome) -> list[_Test]:
    given = zip(tests, outcome.steps, strict=False)
    return [_Test(test[0], step.value, step.output, step.error) for test, step in given]


def _program(source: str, steps: list[str], truth: dict) -> sandbox.Program:
    return sandbox.Program(source, tuple(steps), modules=truth["modules"], home=truth["home"])


def _wheels(source) -> dict[str, dict[str, str]]:
    """package -> module name -> source text, of all .py files that are not tests."""
    wheels = {}
    for member in sorted(source.members()):
        parts = member.removesuffix(".py").split("/")
        if not member.endswith(".py") or len(parts) < 2 or "tests" in parts:
            continue
        name = ".".join(parts).removesuffix(".__init__")
        wheels.setdefault(parts[0], {})[name] = source.read(member).decode()
    return wheels


def _row(
    package: str, modules: dict, function: packages.Function, max_lines: int, session: sandbox.Session
) -> Row | None:
    reference = codelines.split(function.source)
    if len(reference) > max_lines:
        leave_out("longer than max_lines")
        return None
    examples = [example.source for example in function.examples]
    try:
        context = packages.reduced(modules, function, examples)
    except SyntaxError:
        leave_out("with an example that is no Python")
        return None
    if packages.defines(context, function.name):
        leave_out("that the rest of its package needs itself, so that an answer could call it")
        return None
    name = f"{function.module}.{function.name}"
    truth = {"home": function.module, "modules": context}
    tests = _tests(name, function, truth, session)
    if not tests:
        leave_out("without tests that the reference passes and lazy functions fail")
        return None
    truth["tests"] = [list(test) for test in tests]
    return Row(name, name, package, _prompt(function), join(reference), truth)


def _shown(function: packages.Function) -> list[str]:
    """The first examples, as the prompt shows them."""
    found, size = [], 0
    for example in function.examples:
        shown = "".join(
            f"{'... ' if number else '>>> '}{line}\n" for number, line in enumerate(example.source.rstrip().split("\n"))
        )
        shown += example.want
        size += len(shown)
        if found and size > _PROMPT_EXAMPLES:
            break
        found.append(shown.rstrip("\n"))
    return found


def _prompt(function: packages.Function) -> str:
    lines = "\n".join(_shown(function)).split("\n")
    documentation = "\n".join(f"    {line}".rstrip() for line in lines if line.strip())
    return (
        "Write this Python function, without its documentation.\n"
        f'{function.signature}\n    """{function.summary}\n{documentation}\n    """'
    )


def _tests(name: str, function: packages.Function, truth: dict, session: sandbox.Session) -> list[_Test]:
    """Tests that the reference passes, the same in every run, and lazy functions fail (_LAZY); [] if there are none."""
    source = join(split(function.source))
    steps = [example.source for example in function.examples]

    def give(source: str, steps: list[str]) -> list[_Test]:
        (outcome,) = session.run([_program(source, steps, truth)])
        return _results([(step,) for step in steps], outcome) if outcome.status == "ok" else []

    variants = _variants(name, function)
    given = give(source, steps + variants)
    if len(given) != len(steps + variants):  # a variant may not end: then the doctests alone
        given, variants = give(source, steps), []
    if len(given) < len(steps) or not _doctests_pass(function, given, give(source, steps)):
        return []
    extra = [test[0] for test in given[len(steps) :] if test[3] is None and test[1] not in (None, "None")]
    if not extra and len(_shown(function)) == len(steps):  # a table of the prompt's examples would pass
        return []
    kept = steps + extra[:_VARIANTS]
    tests = give(source, kept)
    if len(tests) != len(kept) or tests != give(source, kept) or " at 0x" in json.dumps(tests):
        return []
    if not any(value or output or error for _, value, output, error in tests):  # nothing to compare
        return []
    constants = {test[1] for test in tests} - {None}
    lazy = [*_LAZY, *(f"return {constant}" for constant in constants if len(constants) == 1)]
    functions = (f"{function.signature}\n    {body}" for body in lazy)
    return [] if any(tests == give(lazy_function, kept) for lazy_function in functions) else tests


def _doctests_pass(function: packages.Function, given: list[_Test], alone: list[_Test]) -> bool:
    if given[: len(alone)] != alone:  # random, or depends on time
        return False
    check = doctest.OutputChecker().check_output
    for example, (_, value, output, error) in zip(function.examples, alone, strict=True):
        if example.exc_msg is not None:
            if error is None or not example.exc_msg.split(":")[0].strip().endswith(error):
                return False
            continue
        if error is not None:
            return False
        flags = sum(flag for flag, on in example.options.items() if on) | _EXCUSES
        shown = re.sub(r"^<[^<>]*> ", "", value or "")  # the type's name, which a doctest does not print
        printed = output + (f"{shown}\n" if value not in (None, "None") else "")
        if not any(check(want, printed, flags) for want in _wanted(example.want)):
            return False
    return True


def _wanted(want: str) -> list[str]:
    """The text that a doctest expects, as it stands and as halt.sandbox.values shows it."""
    try:
        shown = values.shown(ast.literal_eval(want.strip()), _LIMITS.value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return [want]
    return [want, f"{shown}\n"]


def _variants(name: str, function: packages.Function) -> list[str]:
    """The examples' expressions that call the function, with one or two literals changed; a fixed choice by name."""
    generator = random.Random(name)
    found = {}
    for example in function.examples:
        tree = ast.parse(example.source)
        if len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr) or example.exc_msg is not None:
            continue
        if not any(isinstance(node, ast.Name) and node.id == function.name for node in ast.walk(tree)):
            continue
        for _ in range(2 * _VARIANTS):
            changed = copy.deepcopy(tree)
            literals = [n for n in ast.walk(changed) if isinstance(n, (ast.Constant, ast.List)) and _changeable(n)]
            for node in generator.sample(literals, min(len(literals), generator.choice((1, 1, 2)))):
                _change(node, generator)
            found[ast.unparse(changed)] = None
        found.pop(ast.unparse(tree), None)
    variants = list(found)
    generator.shuffle(variants)
    return variants[: 2 * _VARIANTS]


def _changeable(node: ast.Constant | ast.List) -> bool:
    return isinstance(node, ast.List) or isinstance(node.value, (int, float, str))


def _change(node: ast.Constant | ast.List, generator: random.Random) -> None:
    if isinstance(node, ast.List):
        items = node.elts
        node.elts = generator.choice((items[:-1], items[1:], items[::-1], items + items[:1], items[:1] * 3))
    elif isinstance(node.value, bool):
        node.value = not node.value
    elif isinstance(node.value, (int, float)):
        node.value = generator.choice((node.value + 1, node.value - 1, node.value + 2, 0, 1))
    else:
        text = node.value
        node.value = generator.choice((text[::-1], text + text[:1], text[1:], text.upper(), text + " b"))
