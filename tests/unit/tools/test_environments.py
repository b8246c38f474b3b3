"""The conda environments of the rules: versions never drift apart, and each has what the programs in it import."""

import ast
import functools
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from environments import canonical, conda_packages, pinned, pip_packages, requirements, rules
from runs import ROOT

SCRIPTS = ROOT / "scripts"
ENVIRONMENTS = sorted(file.stem for file in (ROOT / "envs").glob("*.yaml"))
# Snakemake and what the Snakefile imports; math-verify is for competition_math.same_answer, which no program calls.
ELSEWHERE = {"snakemake", "snakemake-executor-plugin-slurm", "jsonschema", "pyyaml", "math-verify"}
# What vLLM's requirements exclude, so that its environment has another version.
VLLM_DIFFERS = {"fastapi", "numpy", "transformers"}
IMPORTED_AS = {"sklearn": "scikit-learn"}  # where that is not the package's name
BY_NAME = {"domains", "rewriting"}  # packages of halt whose modules are found by name, when they run


def differing(environment: str, versions: dict[str, str], wanted: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Packages that both have, with both versions, where they are not the same."""
    allowed = VLLM_DIFFERS if environment == "vllm" else set()
    return {
        name: (version, wanted[name])
        for name, version in versions.items()
        if name in wanted and version != wanted[name] and name not in allowed
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_environments_and_pins_have_the_versions_of_requirements(environment):
    wanted = requirements() | requirements("requirements-conda.txt")
    for versions in (conda_packages(environment), pip_packages(environment), pinned(environment)):
        assert differing(environment, versions, wanted) == {}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_an_environment_names_is_pinned_in_that_version(environment):
    pins = pinned(environment)
    for name, version in conda_packages(environment).items():
        assert name in pins
        assert pins[name] == version or (name == "python" and pins[name].startswith(f"{version}."))
    assert set(pins).isdisjoint(pip_packages(environment)), "pip would install over what conda did"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_version_is_in_requirements_unless_vllm_alone_needs_it(environment):
    unknown = set(conda_packages(environment)) | set(pip_packages(environment))
    unknown -= set(requirements()) | {"python", "pip"}
    assert environment == "vllm" or unknown == set()


def test_what_the_project_uses_by_name_is_in_the_environment_of_models_or_tables():
    named = requirements_of_programs()
    assert named - ELSEWHERE - set(conda_packages("model")) - set(conda_packages("table")) == set()


def requirements_of_programs() -> set[str]:
    """requirements.in up to its tests and style."""
    text = (ROOT / "requirements.in").read_text().partition("# tests and style")[0]
    return {canonical(line.partition("==")[0]) for line in text.splitlines() if line and not line.startswith("#")}


def test_every_rule_has_an_environment_that_is_there():
    found = rules()
    assert len(found) >= 14
    for rule, (_, environments) in found.items():
        assert environments, f"{rule} has no conda environment"
        assert environments <= set(ENVIRONMENTS), rule
    assert {environment for _, each in found.values() for environment in each} | {"vllm"} == set(ENVIRONMENTS)


@pytest.mark.parametrize("rule", sorted(rules()))
def test_what_a_program_imports_is_in_its_environment(rule):
    program, environments = rules()[rule]
    provided = {name for each in environments for name in (*conda_packages(each), *pip_packages(each))}
    missing = imported(SCRIPTS / program)
    missing = {name: where for name, where in missing.items() if canonical(IMPORTED_AS.get(name, name)) not in provided}
    assert missing == {}


def test_imports_are_found_through_modules_and_functions():
    assert {"torch", "transformers", "polars", "peft"} <= set(imported(SCRIPTS / "generate.py"))
    assert {"httpx2", "huggingface_hub"} <= set(imported(SCRIPTS / "fetch_source.py"))  # in functions
    assert "polars" in imported(SCRIPTS / "rewrite.py")
    assert {"torch", "httpx"}.isdisjoint(imported(SCRIPTS / "score.py"))
    # in a function of a domain, found by name, that nobody calls
    assert "sentencex" in imported(SCRIPTS / "split.py")
    assert {"torch", "httpx"}.isdisjoint(imported(SCRIPTS / "split.py"))


def imported(program: Path) -> dict[str, set[str]]:
    """Packages that a program can import, halt and the standard library aside, with the files that import them.

    An import in a function counts if the function is used by code that is reached; a method is, if one of its name is.
    """
    reach = _Reach()
    reach.load(program)
    while reach.grow():
        pass
    return dict(reach.found)


class _Reach:
    """Files and functions that a program can come to. A place is a file and the name of one of its functions."""

    def __init__(self):
        self.found: dict[str, set[str]] = defaultdict(set)
        self.functions: dict[Path, list[ast.FunctionDef]] = {}
        self.methods: dict[Path, list[ast.FunctionDef]] = {}
        self.known_as: dict[Path, dict[str, tuple[Path, str | None]]] = defaultdict(dict)  # of imports
        self.used: set[tuple[Path, str]] = set()  # names
        self.asked: set[tuple[Path, str, str]] = set()  # attributes, with the text of what they are of
        self.visited: set[ast.AST] = set()

    def load(self, file: Path) -> None:
        if file in self.functions:
            return
        self.functions[file], self.methods[file], outside = _parsed(file)
        self.visit(outside, file)
        if file.name == "__init__.py" and file.parent.name in BY_NAME:
            for module in sorted(file.parent.glob("[a-z]*.py")):
                self.load(module)

    def visit(self, said: "_Said", file: Path) -> None:
        self.used |= {(file, name) for name in said.names}
        self.asked |= {(file, base, name) for base, name in said.attributes}
        for node, alias in said.imports:
            self.follow(node, alias, file)

    def follow(self, node: ast.Import | ast.ImportFrom, alias: ast.alias, file: Path) -> None:
        module, name = (alias.name, None) if isinstance(node, ast.Import) else (_module(node, file), alias.name)
        inner = _files(f"{module}.{name}") if name else []
        outer = _files(module)
        for one in outer + inner:
            self.load(one)
        if inner[len(outer) :]:  # a module of a package
            self.known_as[file][alias.asname or name] = (inner[-1], None)
        elif outer:
            self.known_as[file][alias.asname or alias.name] = (outer[-1], name)
        elif module.partition(".")[0] not in sys.stdlib_module_names:
            self.found[module.partition(".")[0]].add(str(file.relative_to(SCRIPTS)))

    def grow(self) -> bool:
        """Visit the functions that are used and were not; whether there was one."""
        attributes = {name for _, _, name in self.asked}
        for file, base, name in self.asked:
            if (known := self.known_as[file].get(base)) and known[1] is None:
                self.used.add((known[0], name))
        for place in list(self.used):
            while (known := self.known_as[place[0]].get(place[1])) and known[1] is not None:
                place = known
                self.used.add(place)
        before = len(self.visited)
        for file in list(self.functions):
            free = [one for one in self.functions[file] if (file, one.name) in self.used]
            if file.parent.name in BY_NAME:
                free += [one for one in self.functions[file] if one.name in attributes]
            named = {name for _, name in self.used} | attributes
            bound = [one for one in self.methods[file] if one.name in named or one.name.startswith("__")]
            for function in (*free, *bound):
                if function not in self.visited:
                    self.visited.add(function)
                    self.visit(_inside(function), file)
        return len(self.visited) > before


class _Said(NamedTuple):
    """What some lines of a file name: names, (text, attribute) of each attribute, and (statement, name) of imports."""

    names: set[str]
    attributes: set[tuple[str, str]]
    imports: list[tuple[ast.Import | ast.ImportFrom, ast.alias]]


def _said(nodes: Iterable[ast.AST]) -> _Said:
    said = _Said(set(), set(), [])
    for node in nodes:
        if isinstance(node, ast.Name):
            said.names.add(node.id)
        elif isinstance(node, ast.Attribute):
            said.attributes.add((ast.unparse(node.value), node.attr))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            said.imports.extend((node, alias) for alias in node.names)
    return said


@functools.cache  # every program comes to most of the library
def _parsed(file: Path) -> tuple[list[ast.FunctionDef], list[ast.FunctionDef], _Said]:
    """A file's functions, its classes' methods, and what runs when it is imported."""
    tree = ast.parse(file.read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return functions, [node for node in _functions(tree) if node not in functions], _said(_outside(tree))


@functools.cache
def _inside(function: ast.FunctionDef) -> _Said:
    return _said(ast.walk(function))


def _outside(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when a module is imported: no bodies of functions, nothing for type checkers alone."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.FunctionDef):
            for part in (*child.decorator_list, child.args):
                yield from ast.walk(part)
        else:
            yield child
            yield from _outside(child)


def _functions(node: ast.AST) -> Iterator[ast.FunctionDef]:
    """Functions of a module and methods of its classes."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            yield child
        else:
            yield from _functions(child)


def _module(node: ast.ImportFrom, file: Path) -> str:
    """Full name of the module that `from ... import` names."""
    package = file.parent.relative_to(SCRIPTS).parts
    parts = package[: len(package) - node.level + 1] if node.level else ()
    return ".".join((*parts, node.module)) if node.module else ".".join(parts)


def _files(module: str) -> list[Path]:
    """Files of the project that importing a module reads: its packages' and its own; none if it is not ours."""
    parts = module.split(".")
    found = []
    for length in range(1, len(parts) + 1):
        path = SCRIPTS.joinpath(*parts[:length])
        found += [file for file in (path / "__init__.py", path.with_suffix(".py")) if file.is_file()]
    return found
