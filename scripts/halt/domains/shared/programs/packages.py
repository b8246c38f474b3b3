"""Documented functions of a Python package, each with the parts of the package that it needs, and nothing more.

Reads sources only: nothing of the package is imported here.
"""

import ast
import doctest
import functools
import sys
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Function(NamedTuple):
    """A public, undecorated, top-level function with a docstring that has examples."""

    module: str
    name: str
    source: str  # without docstring, comments and annotations, one statement a line
    signature: str  # its first line, "def name(arguments):"
    summary: str  # first sentence of the docstring
    examples: tuple[doctest.Example, ...]  # without those marked +SKIP


def functions(modules: Mapping[str, str]) -> list[Function]:
    """Every such function of the modules (name -> source), in order of definition."""
    found = {}
    for module, source in modules.items():
        for node in ast.parse(source).body:
            if not isinstance(node, ast.FunctionDef) or node.decorator_list or node.name.startswith("_"):
                continue
            text = ast.get_docstring(node)
            examples = _examples(text or "")
            if not examples:
                continue
            bare = ast.unparse(_bare(node))
            header = bare.splitlines()[0]
            found[module, node.name] = Function(module, node.name, bare, header, _summary(text), examples)
    return list(found.values())


def _examples(text: str) -> tuple[doctest.Example, ...]:
    try:
        examples = doctest.DocTestParser().get_examples(text)
    except ValueError:  # the docstring only looks like one with examples
        return ()
    return tuple(e for e in examples if not e.options.get(doctest.SKIP))


def _summary(text: str) -> str:
    paragraph = " ".join(text.split(">>>")[0].strip().split("\n\n")[0].split())
    sentence = paragraph.split(". ")[0].rstrip(".:")
    return f"{sentence}."


class _Stripper(ast.NodeTransformer):
    """Removes docstrings and annotations from functions."""

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        node.returns = None
        node.type_comment = None
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            node.body = node.body[1:] or [ast.Pass()]
        node.body = [_plain(statement) for statement in node.body]
        return node

    def visit_arg(self, node):
        node.annotation = None
        return node


def _plain(statement: ast.stmt) -> ast.stmt:
    if isinstance(statement, ast.AnnAssign):
        if statement.value is None:
            return ast.Pass()
        return ast.copy_location(ast.Assign([statement.target], statement.value), statement)
    return statement


def _bare(node: ast.stmt) -> ast.stmt:
    return ast.fix_missing_locations(_Stripper().visit(node))


class _Module:
    """A module's top-level statements, and those that bind each name."""

    def __init__(self, name: str, source: str, is_package: bool):
        self.name = name
        self.package = name if is_package else name.rpartition(".")[0]
        self.body = [_plain(_bare(node)) for node in ast.parse(source).body]
        self.binders: dict[str, list[int]] = {}
        for index, node in enumerate(self.body):
            if _is_overload(node):
                continue
            for bound in _bindings(node):
                self.binders.setdefault(bound, []).append(index)

    def absolute(self, node: ast.ImportFrom) -> str:
        """The full name of the module that an import statement imports from."""
        if not node.level:
            return node.module
        parts = self.package.split(".")
        return ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])


@functools.lru_cache(maxsize=256)
def _parsed(name: str, source: str, is_package: bool) -> _Module:
    return _Module(name, source, is_package)


def _is_overload(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and any("overload" in ast.unparse(d) for d in node.decorator_list)


def _bindings(node: ast.stmt) -> set[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name.split(".")[0] for alias in node.names}
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    for child in ast.walk(node):
        if child is not node and isinstance(child, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
            names |= _bindings(child)
    return names


def reduced(modules: Mapping[str, str], function: Function, steps: Iterable[str]) -> dict[str, str]:
    """The part of the modules (name -> source) that the function's own source and the steps need.

    The function itself is left out unless another part of the package calls it. Names that the sources do not define
    are missing: running the function shows that.
    """
    return _Reduction(modules).reduce(function, steps)


def defines(modules: Mapping[str, str], name: str) -> bool:
    """Whether any of the modules (name -> source) defines a function of that name at its top level."""
    return any(
        isinstance(node, ast.FunctionDef) and node.name == name
        for source in modules.values()
        for node in ast.parse(source).body
    )


class _Reduction:
    def __init__(self, modules: Mapping[str, str]):
        self.sources = modules
        self.parsed: dict[str, _Module] = {}
        self.kept: dict[str, set[int]] = {}
        self.aliases: dict[tuple[str, int], set[str]] = {}  # names needed of a `from x import ...` statement
        self.todo: list[tuple[str, str]] = []
        self.seen: set[tuple[str, str]] = set()

    def reduce(self, function: Function, steps: Iterable[str]) -> dict[str, str]:
        home = self.module(function.module)
        for index, node in enumerate(home.body):
            # an answer may use all standard modules of the library's file
            if isinstance(node, (ast.Import, ast.ImportFrom)) and not self._inside(home, node):
                self.kept[home.name].add(index)
        self.use(home, ast.parse(function.source))
        for step in steps:
            self.use(home, ast.parse(step))
        self.seen.add((home.name, function.name))
        self.todo = [need for need in self.todo if need != (home.name, function.name)]
        while self.todo:
            self.need(*self.todo.pop())
            if (home.name, function.name) in self.todo:  # another part of the package calls it
                self.seen.discard((home.name, function.name))
        return {name: self.text(name) for name in self.kept}

    def module(self, name: str) -> _Module:
        """The parsed module; it and the packages around it become part of the result."""
        parts = name.split(".")
        for size in range(1, len(parts) + 1):
            part = ".".join(parts[:size])
            if part in self.sources:
                self.kept.setdefault(part, set())
        if name not in self.parsed:
            is_package = any(other.startswith(f"{name}.") for other in self.sources)
            self.parsed[name] = _parsed(name, self.sources[name], is_package)
        return self.parsed[name]

    def _inside(self, module: _Module, node: ast.Import | ast.ImportFrom) -> bool:
        if isinstance(node, ast.ImportFrom):
            return module.absolute(node).split(".")[0] in self.sources
        return any(alias.name.split(".")[0] in self.sources for alias in node.names)

    def need(self, name: str, bound: str) -> None:
        """Keep the statements that bind a name in a module, and note what they need."""
        if (name, bound) in self.seen:
            return
        self.seen.add((name, bound))
        module = self.module(name)
        stars = [i for i, n in enumerate(module.body) if isinstance(n, ast.ImportFrom) and n.names[0].name == "*"]
        for index in module.binders.get(bound, stars):
            node = module.body[index]
            if isinstance(node, ast.ImportFrom) and self._inside(module, node):
                self._need_imported(module, index, node, bound)
                continue
            self.kept[name].add(index)
            self.use(module, node)
        if f"{name}.{bound}" in self.sources:
            self.module(f"{name}.{bound}")

    def _need_imported(self, module: _Module, index: int, node: ast.ImportFrom, bound: str) -> None:
        target = module.absolute(node)
        original = next((a.name for a in node.names if (a.asname or a.name) == bound), bound)
        if target not in self.sources:
            return
        if node.names[0].name == "*" and original not in self.module(target).binders:
            return
        self.kept[module.name].add(index)
        self.aliases.setdefault((module.name, index), set()).add(bound)
        self.todo.append((target, original))

    def use(self, module: _Module, tree: ast.AST) -> None:
        """Note the names that code takes from its module and, through imports, from other modules."""
        local = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name in self.sources:
                        self.module(alias.name)
                        local[alias.asname or alias.name.split(".")[0]] = alias.name
            elif isinstance(node, ast.ImportFrom) and module.absolute(node) in self.sources:
                self.todo += [(module.absolute(node), alias.name) for alias in node.names]
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                self.todo.append((module.name, node.id))
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                target = local.get(node.value.id) or self._imported_module(module, node.value.id)
                if target:
                    self.todo.append((target, node.attr))

    def _imported_module(self, module: _Module, name: str) -> str | None:
        for index in module.binders.get(name, ()):
            node = module.body[index]
            if isinstance(node, ast.Import):
                found = [a.name for a in node.names if (a.asname or a.name) == name]
            elif isinstance(node, ast.ImportFrom) and self._inside(module, node):
                found = [f"{module.absolute(node)}.{a.name}" for a in node.names if (a.asname or a.name) == name]
            else:
                continue
            if found and found[0] in self.sources:
                return found[0]
        return None

    def text(self, name: str) -> str:
        if name not in self.parsed:
            return ""
        lines = []
        for index in sorted(self.kept[name]):
            node = self.parsed[name].body[index]
            if (name, index) in self.aliases:
                wanted = self.aliases[name, index]
                star = node.names[0].name == "*"
                names = (
                    [ast.alias(n) for n in sorted(wanted)]
                    if star
                    else [a for a in node.names if (a.asname or a.name) in wanted]
                )
                node = ast.ImportFrom(node.module, names, node.level)
            lines.append(ast.unparse(ast.fix_missing_locations(node)))
        return "\n".join(lines)


def standard_imports(sources: Iterable[str]) -> list[str]:
    """Top-level names of the standard library's modules that the sources import."""
    found = set()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.split(".")[0])
    return sorted((found & sys.stdlib_module_names) - {"__future__"})
