"""The walls: which room of scripts/halt uses which, what it brings in, and that what must start at once is light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from runs import ROOT

HALT = ROOT / "scripts/halt"

# The house from the ground up. A room (a package, or a plain module) may use the rooms named behind it, and these stand
# above it in this table: so no arrow runs back up and there is no circle. A new room gets a line; a new arrow is a
# decision, made here.
ROOMS = {
    # the ground: the standard library alone
    "errors": "",
    "paths": "",
    "versions": "",
    "readings": "",
    "thoughts": "",
    "cli": "",
    # tables, plug-ins, and what runs foreign code
    "frames": "errors",
    "plugins": "errors",
    "sandbox": "errors",
    # how a job computes, what computes, what comes in: none of them knows a domain or a judge
    "running": "errors frames",
    "engines": "errors thoughts",
    "inputs": "errors frames paths",
    "provenance": "errors frames inputs versions",
    "stage": "provenance running",  # the frame of a program
    "long_stage": "provenance running stage",
    # what HALT is about
    "domains": "errors inputs plugins sandbox thoughts",
    "metrics": "errors frames paths plugins readings",
    "rewriting": "domains errors plugins readings",
    "floor": "domains plugins",
    "prompting": "domains engines errors frames plugins long_stage provenance running stage thoughts",
    "judges": "domains engines errors frames plugins prompting running",
    "extractors": "domains engines errors frames paths prompting running",
    "confidence": "domains engines errors frames paths plugins prompting readings",
    "preferences": "confidence domains errors plugins rewriting",
    "training": "confidence engines errors frames running",
    # what looks at all of it
    "config": "domains engines errors inputs judges paths plugins rewriting",
    "planning": "domains engines errors judges paths plugins",
    "report": "frames metrics paths readings rewriting",
    "bench": "domains engines extractors frames judges metrics",
}

# What a room may not bring in from outside, anywhere in its files, and why.
MODELS = {"torch", "transformers", "accelerate", "peft", "trl", "datasets", "vllm"}
TABLES = {"polars", "numpy"}
FILES = {"os", "io", "pathlib", "shutil", "subprocess", "tempfile", "socket", "urllib", "httpx"}
WALLS = {
    "config": MODELS | TABLES,  # the Snakefile reads it in every job
    "paths": MODELS | TABLES,
    "versions": MODELS | TABLES,
    "plugins": MODELS | TABLES,
    "cli": MODELS | TABLES,  # --help answers at once
    "frames": MODELS,
    "provenance": MODELS,
    "planning": MODELS | TABLES,
    "metrics": MODELS | FILES,  # numbers out of tables, no model and no file
    "report": MODELS,
    "domains": MODELS | TABLES | {"pathlib", "shutil", "tempfile", "socket", "urllib", "httpx"},  # no file is touched
    "rewriting": MODELS | FILES,  # pure: out of samples targets
    "preferences": MODELS | FILES,
    "confidence": MODELS | FILES,  # an engine is asked, none is loaded
    "floor": MODELS | FILES,
}

PROGRAMS = sorted(program for folder in ("scripts", "tools") for program in (ROOT / folder).glob("*.py"))
DOMAINS = sorted(file.stem for file in (ROOT / "scripts/halt/domains").glob("[a-z]*.py"))
HEAVY = {"torch", "polars", "transformers", "datasets", "accelerate", "peft", "trl", "numpy"}

_HELP = """
import runpy
program = sys.argv[1]
sys.argv = [program, "--help"]
try:
    runpy.run_path(program, run_name="__main__")
except SystemExit as end:
    assert end.code in (0, None), end.code
"""


def _loaded(code: str, *arguments: str) -> set[str]:
    """Names of the top-level modules in memory after running the code in a fresh interpreter."""
    listed = "print('modules in memory', *sys.modules, sep='\\n')"
    script = f"import sys\nsys.path.insert(0, {str(ROOT / 'scripts')!r})\n{code}\n{listed}"
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=120, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return {name.split(".")[0] for name in done.stdout.rpartition("modules in memory\n")[2].split()}


def _imported(file: Path) -> Iterator[str]:
    """Dotted names that a file imports anywhere, but for those that only a type checker reads."""
    tree = ast.parse(file.read_bytes())
    unread = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in unread:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}: imports by dots are not used here, and not counted"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _rooms() -> dict[str, list[Path]]:
    """The files of every room by its name."""
    found: dict[str, list[Path]] = {}
    for file in HALT.rglob("*.py"):
        found.setdefault(file.relative_to(HALT).parts[0].removesuffix(".py"), []).append(file)
    del found["__init__"]
    return found


def test_every_room_has_its_line_and_no_arrow_runs_back_up():
    assert set(_rooms()) <= set(ROOMS)
    above: set[str] = set()
    for room, uses in ROOMS.items():
        assert set(uses.split()) <= above, f"{room} uses what does not stand above it in the table"
        above.add(room)


@pytest.mark.parametrize("room", sorted(_rooms()))
def test_a_room_uses_no_other_than_its_line_names(room):
    allowed = {room, *ROOMS.get(room, "").split()}
    for file in _rooms()[room]:
        used = {name.split(".")[1] for name in _imported(file) if name.startswith("halt.")}
        assert used <= allowed, f"{file.relative_to(ROOT)} uses {', '.join(sorted(used - allowed))}"


@pytest.mark.parametrize("room", WALLS)
def test_a_room_brings_in_nothing_that_its_wall_keeps_out(room):
    for file in _rooms().get(room, []):
        brought = {name.split(".")[0] for name in _imported(file)} & WALLS[room]
        assert not brought, f"{file.relative_to(ROOT)} brings in {', '.join(sorted(brought))}"


def test_what_every_job_of_the_workflow_reads_loads_nothing_heavy():
    code = """
import halt.config, halt.paths, halt.versions, halt.planning, halt.prompting.texts, halt.running.processes
from halt import domains, judges, plugins
config = halt.config.merged(halt.config.SCHEMA.parents[1])
assert halt.config.validate(config) == []
for name in plugins.names("judges"):
    judges.load(name)
for judge in config["judges"].values():
    judges.needs(judge, dependent=True)
"""
    loaded = _loaded(code)
    assert "jsonschema" in loaded  # the check was really run
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize("module", DOMAINS)
def test_domain_module_loads_only_the_standard_library(module):
    loaded = _loaded(f"import halt.domains; halt.domains.load({module!r})")
    alien = {name for name in loaded if name not in sys.stdlib_module_names and not name.startswith("_")}
    assert alien <= _loaded("") | {"halt"}


def test_the_vocabulary_of_arguments_loads_only_the_standard_library():
    loaded = _loaded("import halt.cli")
    assert "argparse" in loaded  # it was really imported
    assert {name for name in loaded if name not in sys.stdlib_module_names} <= _loaded("") | {"halt"}


def test_the_frame_of_a_stage_does_not_load_torch():
    assert _loaded("import halt.stage").isdisjoint(HEAVY - {"polars", "numpy"})


@pytest.mark.parametrize("program", PROGRAMS, ids=[program.name for program in PROGRAMS])
def test_help_of_a_program_does_not_load_torch(program):
    assert _loaded(_HELP, str(program)).isdisjoint({"torch", "transformers", "trl", "peft", "accelerate"})
