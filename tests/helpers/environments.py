"""What the conda environments of the rules ask for and pin."""

import re
from itertools import pairwise

import yaml
from conda_names import PYPI_NAMES
from runs import ROOT

_RULE = re.compile(r"^rule (\w+):$", re.MULTILINE)
_CONDA = re.compile(r'^    conda:\n        (?:"\.\./envs/(\w+)\.yaml"|(\w+)\b)', re.MULTILINE)
_PIN = re.compile(
    r"\S+::(?P<name>[\w.-]+)=(?P<version>[^=\s]+)"  # channel::name=version
    r"|\S+/(?P<file_name>[\w.-]+)-(?P<file_version>[^-/]+)-[^-/]+\.conda#[0-9a-f]{32}"  # the URL of a package
)


def canonical(name: str) -> str:
    """PyPI's name of a package, from any spelling of it or conda-forge's."""
    return re.sub(r"[-_.]+", "-", PYPI_NAMES.get(name, name)).lower()


def requirements(name: str = "requirements.txt") -> dict[str, str]:
    """Versions of a requirements file."""
    found = re.findall(r"^([\w.-]+)==([\w.+]+)$", (ROOT / name).read_text(), re.MULTILINE)
    return {canonical(package): version for package, version in found}


def conda_packages(environment: str) -> dict[str, str]:
    """Versions that envs/<environment>.yaml asks for; AssertionError for one that is not exact."""
    spec = yaml.safe_load((ROOT / "envs" / f"{environment}.yaml").read_text())
    assert spec["channels"] == ["conda-forge"]
    parts = [re.fullmatch(r"([\w.-]+)=([\w.]+)", dependency) for dependency in spec["dependencies"]]
    assert None not in parts, spec["dependencies"]
    return {canonical(part[1]): part[2] for part in parts}


def pip_packages(environment: str) -> dict[str, str]:
    """Versions that the post-deploy script has pip install, if there is one."""
    script = f"envs/{environment}.post-deploy.sh"
    return requirements(script) if (ROOT / script).exists() else {}


def pinned(environment: str) -> dict[str, str]:
    """Versions in the pin file, in whichever of its two forms; AssertionError for a line of neither."""
    text = (ROOT / "envs" / f"{environment}.linux-64.pin.txt").read_text()
    lines = [line for line in text.splitlines() if not line.startswith(("#", "@EXPLICIT"))]
    parts = [_PIN.fullmatch(line) for line in lines]
    assert parts
    assert None not in parts, [line for line, part in zip(lines, parts, strict=True) if part is None]
    pairs = [(canonical(part["name"] or part["file_name"]), part["version"] or part["file_version"]) for part in parts]
    assert len(dict(pairs)) == len(pairs), "a package is pinned twice"
    return dict(pairs)


def rules() -> dict[str, tuple[str, set[str]]]:
    """Rules that run a program: the program, and the environments that it may run in.

    A rule whose environment is a function of the config may run in any that such functions return.
    """
    texts = [file.read_text() for file in sorted((ROOT / "rules").glob("*.smk"))]
    chosen = {name for text in texts for name in re.findall(r'return "\.\./envs/(\w+)\.yaml" if', text)}
    chosen |= {name for text in texts for name in re.findall(r'else "\.\./envs/(\w+)\.yaml"$', text, re.M)}
    found = {}
    for text in texts:
        starts = [*_RULE.finditer(text), None]
        for start, following in pairwise(starts):
            body = text[start.end() : following.start() if following else len(text)]
            program = re.search(r"scripts/(\w+\.py)", body)
            if program:
                conda = _CONDA.search(body)
                fixed = {conda[1]} if conda and conda[1] else set()
                found[start[1]] = (program[1], chosen if conda and conda[2] else fixed)
    return found
