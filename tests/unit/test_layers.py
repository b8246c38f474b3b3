"""The walls: what the Snakefile imports in every cluster job is light, and `--help` answers at once."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
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


def test_config_paths_and_versions_load_nothing_heavy():
    code = """
import halt.config, halt.paths, halt.versions
config = {"experiment": None}
halt.config.validate(config)
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
