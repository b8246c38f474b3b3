"""The shipped configs are sound; the schema explains every key, is closed at every level and requires every key."""

import copy

import jsonschema
import pytest
import yaml
from snakemake.utils import update_config

from halt import config, paths

ROOT = config.SCHEMA.parents[1]
DEFAULT = config.merged(ROOT)
OVERLAYS = sorted(path.name for path in (ROOT / "config").glob("*.yaml"))


def test_default_config_is_sound():
    assert config.validate(DEFAULT) == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_shipped_overlay_is_sound_and_selects_something(overlay):
    below = [ROOT / "config/paper.yaml"] * (overlay == "rehearsal.yaml")
    merged = config.merged(ROOT, [*below, ROOT / "config" / overlay])
    assert config.validate(merged) == []
    assert list(paths.grid(merged))


def test_paper_overlay_is_the_papers_grid():
    merged = copy.deepcopy(DEFAULT)
    update_config(merged, yaml.safe_load((ROOT / "config" / "paper.yaml").read_text()))
    runs = {(run["model"], run["domain"], run["threshold"]) for run in paths.grid(merged) if run["method"] == "halt"}
    assert len(runs) == 4 * 4 * 3


def test_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(config.load_schema())


def _keys_of(schema, place):
    """(place, schema) of everything that a config may hold: keys, registry entries and list items."""
    for keyword in ("properties", "patternProperties"):
        for key, inner in schema.get(keyword, {}).items():
            yield (*place, key), inner
            yield from _keys_of(inner, (*place, key))
    if "items" in schema:
        yield (*place, "items"), schema["items"]
        yield from _keys_of(schema["items"], (*place, "items"))


def test_every_key_of_the_schema_says_what_it_means():
    schema = config.load_schema()
    parts = [("", schema), *schema["$defs"].items()]
    silent = [
        "/".join(place)
        for name, part in parts
        for place, inner in _keys_of(part, (name,))
        if len(inner.get("description", "")) < 5
    ]
    assert silent == []


def test_every_mapping_of_the_schema_is_closed():
    schema = config.load_schema()
    closed_by_branches = {"source_type", "judge", "llm_judge", "extractor"}  # each branch of their `allOf` is closed
    open_mappings = [
        "/".join(place)
        for name, part in [("", schema), *schema["$defs"].items()]
        for place, inner in [((name,), part), *_keys_of(part, (name,))]
        if inner.get("type") == "object" and inner.get("additionalProperties", True) is True
        if name not in closed_by_branches and place[-1] != "options"  # options: closed by the module's OPTIONS
    ]
    assert open_mappings == []


def _mappings(value, place=()):
    if isinstance(value, dict):
        yield place
        for key, inner in value.items():
            yield from _mappings(inner, (*place, key))


SMALL = copy.deepcopy(DEFAULT)  # with one entry of a kind
SMALL["models"] = {name: SMALL["models"][name] for name in SMALL["experiment"]["models"]}
SMALL["experiment"]["domains"] = ["biography", "code"]
SMALL["domains"] = {name: SMALL["domains"][name] for name in SMALL["experiment"]["domains"]}
for _domain in SMALL["domains"].values():
    _domain["options"] = {}  # every option of a module has a default
for _method in SMALL["methods"].values():
    _method.pop("options", None)
SMALL["judges"] = {"reference": SMALL["judges"]["reference"]}


# parameters and throughput are for `make plan` alone, which says what it took; without `constant` floor is as base;
# without the last three the run is as the paper's
OPTIONAL = ("joint", "parameters", "throughput", "constant", "system", "contexts", "overlong", "capable")


def _at(tree, place):
    for key in place:
        tree = tree[key]
    return tree


@pytest.mark.parametrize("place", list(_mappings(SMALL)), ids="/".join)
def test_unknown_key_is_refused_at_every_level(place):
    broken = copy.deepcopy(SMALL)
    _at(broken, place)["zzz"] = 1
    lines = config.validate(broken)
    assert [line.split(":")[0] for line in lines] == [".".join((*place, "zzz"))]


@pytest.mark.parametrize("place", [p for p in _mappings(SMALL) if p not in [("judges",), ("models",)]], ids="/".join)
def test_missing_key_is_an_error_and_never_a_default(place):
    for key in _at(SMALL, place):
        broken = copy.deepcopy(SMALL)
        del _at(broken, place)[key]
        lines = config.validate(broken)
        if key in OPTIONAL or (key == "thresholds" and place[0] == "methods"):  # in place of experiment.thresholds
            assert lines == []
        elif len(place) == 1 and place[0] in ("domains", "methods"):  # a registry: who selects the entry complains
            assert all(f"found '{key}', expected a key of {place[0]}" in line for line in lines)
        else:
            assert [line.split(",")[0] for line in lines] == [".".join((*place, key)) + ": missing"]


@pytest.mark.parametrize("place", list(_mappings(SMALL)), ids="/".join)
def test_misspelt_key_breaks_no_other_check(place):
    for key in _at(SMALL, place):
        broken = copy.deepcopy(SMALL)
        _at(broken, place)[f"{key}x"] = _at(broken, place).pop(key)
        assert config.validate(broken) or place == ("methods",)  # another name for a method that is not selected


@pytest.mark.parametrize("place", list(_mappings(SMALL)), ids="/".join)
def test_no_value_breaks_the_validation_itself(place):
    for key in _at(SMALL, place):
        for value in (None, 3, [None], {"type": "llm"}):
            broken = copy.deepcopy(SMALL)
            _at(broken, place)[key] = value
            assert all(": " in line and "\n" not in line for line in config.validate(broken))
