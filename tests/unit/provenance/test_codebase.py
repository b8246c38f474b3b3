"""Which code made a result is known without running it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from runs import ROOT

from halt.provenance import codebase

_REACHED = """
import runpy, sys
sys.path.insert(0, "scripts")
runpy.run_path(sys.argv[1], run_name="imported")
for line in sys.argv[2:]:
    exec(line)
print(*(module.__file__ for name, module in sys.modules.items() if name.split(".")[0] == "halt"), sep="\\n")
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A small project in which the program `cook` reaches some files and not others."""
    files = {
        "scripts/cook.py": "def main():\n    from halt import pots\n",
        "scripts/halt/__init__.py": "",
        "scripts/halt/pots/__init__.py": "from .lids import lid\n",
        "scripts/halt/pots/lids.py": "import json, torch\nfrom .. import fire\nlid = 1\n",
        "scripts/halt/fire.py": "TEMPLATE = 'flame.j2'\n",
        "scripts/halt/flame.j2": "{{ flame }}",
        "scripts/halt/other.py": "",
        "scripts/halt/domains/_base.py": "",
        "scripts/halt/domains/soup.py": "import halt.broth",
        "scripts/halt/domains/stew.py": "",
        "scripts/halt/broth.py": "",
        "scripts/halt/rewriting/_base.py": "",
        "scripts/halt/rewriting/salt.py": "",
        "scripts/halt/judges/knife.py": "",
        "config.yaml": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(codebase, "ROOT", tmp_path)
    monkeypatch.setattr(codebase, "SCRIPTS", tmp_path / "scripts")
    codebase._mentioned.cache_clear()
    return tmp_path


def reached(settings):
    return {name.removeprefix("scripts/") for name in codebase.digests("cook", settings)}


IMPORTED = {
    "cook.py",
    "halt/__init__.py",
    "halt/pots/__init__.py",
    "halt/pots/lids.py",
    "halt/fire.py",
    "halt/flame.j2",
}


def test_imports_at_any_depth_and_files_named_in_text_are_reached_and_nothing_else(project):
    assert reached({}) == IMPORTED


def test_the_modules_that_settings_name_are_reached(project):
    soup = {"halt/domains/soup.py", "halt/broth.py"}
    assert reached({"domains/tomato": {"module": "soup"}}) == IMPORTED | soup
    salted = reached({"domains": {"tomato": {"module": "soup"}}, "methods/mine": {"rewrite": "salt"}})
    assert salted == IMPORTED | soup | {"halt/rewriting/salt.py"}
    assert reached({"judges/sharp": {"type": "knife"}}) == IMPORTED | {"halt/judges/knife.py"}
    assert reached({"methods/base": {"rewrite": None}, "rewrite": {"rank_base": 0}}) == IMPORTED


def test_a_changed_file_changes_its_digest_alone(project):
    before = codebase.digests("cook", {})
    (project / "scripts/halt/fire.py").write_text("TEMPLATE = 'flame.j2'  # hot\n")
    after = codebase.digests("cook", {})
    assert {name for name in before if before[name] != after[name]} == {"scripts/halt/fire.py"}


@pytest.mark.parametrize(
    ("stage", "inside"),
    [
        ("score", ()),
        ("tables", ()),
        ("page", ()),
        ("self_evaluate", ("from halt import confidence, domains, frames", "from halt.confidence import p_true")),
        ("probe", ("from halt.prompting import few_shot", "from halt.confidence import probe")),
        ("split", ("from halt import domains, frames, provenance", "from halt.prompting import fragments")),
        (
            "judge",
            ("from halt.prompting import texts", "from halt.running import resume", "from halt.judges import llm"),
        ),
    ],
)
def test_whatever_a_program_really_imports_is_reached(stage, inside):
    done = subprocess.run(
        [sys.executable, "-c", _REACHED, f"scripts/{stage}.py", *inside],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {Path(line).relative_to(ROOT).as_posix() for line in done.stdout.split()}
    assert len(imported) > 5
    assert imported <= set(codebase.digests(stage, {"judges/small": {"type": "llm"}}))


def git(folder, *arguments):
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")
    return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def committed(project):
    git(project, "init", "--quiet")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "-m", "first")
    return project


def test_the_commit_and_whether_the_code_is_its(committed):
    head = git(committed, "rev-parse", "HEAD").strip()
    assert codebase.commit() == {"commit": head, "dirty": False}
    (committed / "mine.yaml").write_text("a config: its settings are recorded")
    (committed / "config.yaml").write_text("another")
    assert codebase.commit() == {"commit": head, "dirty": False}
    (committed / "scripts/halt/fire.py").write_text("changed")
    assert codebase.commit() == {"commit": head, "dirty": True}


def test_code_that_git_does_not_know_is_dirty(committed):
    (committed / "scripts/halt/domains/mine.py").write_text("")
    assert codebase.commit()["dirty"]


def test_no_commit_is_claimed_outside_git_or_in_a_stranger_s_repository(project, tmp_path_factory, monkeypatch):
    nothing = {"commit": None, "dirty": None}
    assert codebase.commit() == nothing
    git(project, "init", "--quiet")
    git(project, "add", "config.yaml")
    git(project, "commit", "--quiet", "-m", "notes around the project")
    assert codebase.commit() == nothing
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))
    assert codebase.commit() == nothing


def test_the_record_is_plain_json(committed):
    json.dumps({**codebase.digests("cook", {}), **codebase.commit()})
