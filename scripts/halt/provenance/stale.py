"""Results that do not match today's versions, config and code."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from halt import provenance, versions
from halt.errors import HaltError
from halt.provenance import codebase

_VERSION_OF = {
    **{"fetch_model": "FETCH", "fetch_source": "FETCH"},
    **{"tables": "REPORT", "figures": "REPORT", "page": "REPORT", "calibration": "REPORT", "facts": "REPORT"},
    "truthfulqa": "REPORT",
}
# What rules take of a registry's entry is a part of it; `rows` is the only key whose value is taken in part.
_IN_PART = ("rows",)
# Keys that an entry may lack, and the stages that read them. A stage that recorded none ran without.
_OPTIONAL = {
    "models": {
        "engine": ("generate", "sk_sample", "respond", "vouch", "self_evaluate", "self_rate", "choose"),
        "quantization": ("finetune", "prefer", "sk_tune"),
    },
    "methods": {
        "options": ("rewrite", "pair_rated"),
        "phrases": ("rewrite", "split"),
        "pairs_per_prompt": ("pair", "pair_rated"),
    },
}
_NO_SETTING = ("needs",)  # resources: they change no result
_PROVENANCE = "stage, version and settings"


class Finding(NamedTuple):
    """One thing that differs from today."""

    what: str
    found: Any
    expected: Any

    def __str__(self) -> str:
        return f"{self.what}: found {self.found}, expected {self.expected}"


def findings(results: Path, config: Mapping) -> Iterator[tuple[Path, Finding]]:
    """Every stale thing of every result in the folder, by file. An unreadable file is one of them."""
    for file in provenance.carriers(results):
        try:
            made = provenance.recorded(file)
            said = provenance.read(file)
        except HaltError as error:
            yield file, Finding("provenance", f"none ({error})", _PROVENANCE)
            continue
        for finding in of_result(said if "stage" in said else made, made.get("code"), config):
            yield file, finding


def of_result(said: Mapping, code: Mapping[str, str] | None, config: Mapping) -> Iterator[Finding]:
    """What is stale in one result. said: its stage, version and settings; code: sha256 by file when it was made."""
    if not {"stage", "settings"} <= said.keys():
        yield Finding("provenance", "none", _PROVENANCE)
        return
    stage = said["stage"]
    if not (codebase.SCRIPTS / f"{stage}.py").is_file():
        yield Finding("stage", stage, "one of today's")
        return
    today = vars(versions)[_VERSION_OF.get(stage, stage.upper())]
    if said.get("version") != today:
        yield Finding(f"version of {stage}", said.get("version", "none"), today)
    yield from settings(_with_optional(said["settings"], stage), config)
    if code is None:
        yield Finding("code", "no record", f"the digests of what {stage}.py reaches")
        return
    expected = codebase.digests(stage, said["settings"])
    for file in sorted(code.keys() | expected.keys()):
        if code.get(file) != expected.get(file):
            yield Finding(f"code {file}", _short(code.get(file)), _short(expected.get(file)))


def _with_optional(recorded: Mapping, stage: str) -> dict:
    """Settings with null for each optional key that the stage reads and did not find when it ran."""
    found = {}
    for key, value in recorded.items():
        registry, _, entry = key.partition("/")
        readers = _OPTIONAL.get(registry, {}) if entry else {}
        missing = {name: None for name, stages in readers.items() if stage in stages and name not in value}
        found[key] = value | missing if missing else value
    return found


def settings(recorded: Mapping, config: Mapping) -> Iterator[Finding]:
    """Recorded settings that differ from the config's, each by the path of its key.

    recorded: in the form of `halt.config.settings`: a section or registry whole ("generate"), an entry in part
    ("domains/biography").
    """
    for key, value in recorded.items():
        registry, _, entry = key.partition("/")
        if entry:
            today = config.get(registry, {}).get(entry)
            whole = registry == "judges"
            yield from _differences(f"{registry}.{entry}", value, today, in_part=not whole)
        else:
            yield from _differences(key, value, config.get(key), in_part=False)


def _differences(path: str, recorded: Any, today: Any, in_part: bool) -> Iterator[Finding]:
    if not isinstance(recorded, Mapping) or not isinstance(today, Mapping):
        if recorded != today:
            yield Finding(path, _shown(recorded), _shown(today))
        return
    for key in sorted(recorded.keys() | (set() if in_part else today.keys() - set(_NO_SETTING))):
        yield from _differences(f"{path}.{key}", recorded.get(key), today.get(key), in_part and key in _IN_PART)


def _shown(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _short(sha256: str | None) -> str:
    return sha256[:12] if sha256 else "none"
