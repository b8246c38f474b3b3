"""Every command of README and documentation works, or it is said why it cannot be tried here.

A command is held to two things. It must be what it claims: `make` knows its target and files, Snakemake plans it. And
something must run it in earnest: a test that is named here, or a reason why none does.
"""

import ast
import re
import subprocess
from pathlib import Path

import documents
import pytest
import yaml
from runs import ROOT, Run, environment
from snakemake.utils import update_config

TABLE = yaml.safe_load((Path(__file__).parent / "commands.yaml").read_text())
RUN_BY, NOT_RUN = TABLE["run_by"], TABLE["not_run"]
NEEDS_CONDA = re.compile(r".*--sdm conda")
COMMANDS = documents.commands()


def matching(table: dict[str, str], command: str) -> list[str]:
    return [told for pattern, told in table.items() if re.fullmatch(pattern, command)]


@pytest.fixture(scope="module")
def clone(tmp_path_factory, random_tiny) -> Path:
    """A copy of the project as after reading the pages: with the reader's own config, module and files."""
    folder = tmp_path_factory.mktemp("clone")
    Run.of_project(folder, random_tiny)
    mine: dict = {}
    for block in documents.blocks("yaml"):
        if block.text.startswith("# mine.yaml"):
            update_config(mine, yaml.safe_load(block.text.replace("/data/", f"{folder}/own/")))
    (folder / "mine.yaml").write_text(yaml.safe_dump(mine))
    for block in documents.blocks("python"):
        if placed := re.match(r"# (scripts/\S+\.py)\n", block.text):
            (folder / placed[1]).write_text(block.text)
    (folder / "own/models").mkdir(parents=True)
    (folder / "own/models/mine").symlink_to(random_tiny)
    (folder / "own/capitals.jsonl").write_text("{}\n")
    (folder / "copy/of").mkdir(parents=True)
    return folder


def run(command: str, folder: Path) -> subprocess.CompletedProcess:
    variables = {"OPENAI_API_KEY": "none", "SCRATCH": str(folder / "scratch"), "MAKEFLAGS": ""}
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_something_runs_it_or_it_is_said_why_nothing_does(command):
    assert matching(RUN_BY | NOT_RUN, command), f"{COMMANDS[command]}: name what runs `{command}`, or why nothing does"


@pytest.mark.parametrize("named", sorted(set(RUN_BY.values())))
def test_what_runs_a_command_is_there(named):
    file, _, name = named.partition("::")
    functions = [
        node.name for node in ast.walk(ast.parse((ROOT / file).read_text())) if isinstance(node, ast.FunctionDef)
    ]
    assert name in functions


@pytest.mark.parametrize("pattern", RUN_BY | NOT_RUN)
def test_no_command_is_spoken_for_that_no_page_has(pattern):
    assert any(re.fullmatch(pattern, command) for command in COMMANDS)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("make ")])
def test_make_knows_it(clone, command):
    done = run(re.sub(r"^make ", "make --dry-run --no-print-directory ", command), clone)
    assert done.returncode == 0, f"{COMMANDS[command]}: {done.stdout[-2000:]}"


def planned(command: str) -> str:
    """A Snakemake command as one that only plans and says little."""
    words = [word for word in command.split() if word not in ("-n", "--dry-run") and not word.startswith("PATH=")]
    plans = [] if "--unlock" in words else ["--dry-run", "--quiet", "rules"]
    return " ".join(["snakemake", *plans, *words[1:]])


def plans() -> list[str]:
    """The Snakemake commands that can be planned here."""
    return sorted({planned(one) for one in COMMANDS if "snakemake " in one and not NEEDS_CONDA.match(one)})


@pytest.mark.parametrize("command", plans())
def test_snakemake_plans_it(clone, command):
    done = run(command, clone)
    assert done.returncode == 0, done.stdout[-3000:]
