"""What is not today's is found: version, settings, code; and nothing else is."""

import copy

import pytest

from halt import versions
from halt.provenance import codebase, stale

CONFIG = {
    "generate": {"samples": 5, "temperature": 0.4},
    "domains": {
        "biography": {
            "module": "biography",
            "options": {},
            "rows": {"train": 80, "test": 60},
            "source": {"type": "path", "path": "people.tsv"},
            "max_new_tokens": 64,
        }
    },
    "judges": {"served": {"type": "llm", "model": "big", "needs": {"concurrency": 8}}},
    "methods": {"halt": {"rewrite": "halt", "threshold": True}},
}
SETTINGS = {
    "generate": {"samples": 5, "temperature": 0.4},
    "domains/biography": {
        "module": "biography",
        "options": {},
        "rows": {"train": 80},
        "source": {"type": "path", "path": "people.tsv"},
    },
    "judges/served": {"type": "llm", "model": "big"},
    "methods": {"halt": {"rewrite": "halt", "threshold": True}},
}
SAID = {"stage": "generate", "version": versions.GENERATE, "settings": SETTINGS}


@pytest.fixture(scope="module")
def code():
    return codebase.digests("generate", SETTINGS)


def lines(said, code, config=CONFIG):
    return [str(finding) for finding in stale.of_result(said, code, config)]


def changed(*path, to):
    config = copy.deepcopy(CONFIG)
    inner = config
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return config


def test_nothing_is_found_where_all_is_today_s(code):
    assert lines(SAID, code) == []


def test_another_version(code):
    assert lines(SAID | {"version": 0}, code) == [f"version of generate: found 0, expected {versions.GENERATE}"]


@pytest.mark.parametrize(
    ("config", "line"),
    [
        (changed("generate", "temperature", to=0.7), "generate.temperature: found 0.4, expected 0.7"),
        (changed("generate", "top_p", to=0.9), "generate.top_p: found none, expected 0.9"),
        (changed("domains", "biography", "rows", "train", to=9), "domains.biography.rows.train: found 80, expected 9"),
        (
            changed("domains", "biography", "options", to={"largest": 3}),
            "domains.biography.options.largest: found none, expected 3",
        ),
        (
            changed("domains", "biography", "source", to=[]),
            "domains.biography.source: found {'type': 'path', 'path': 'people.tsv'}, expected []",
        ),
        (changed("judges", "served", "decide", to="label"), "judges.served.decide: found none, expected label"),
        (changed("methods", "halt", "threshold", to=False), "methods.halt.threshold: found True, expected False"),
    ],
)
def test_another_setting_is_named_by_its_key(code, config, line):
    assert lines(SAID, code, config) == [line]


@pytest.mark.parametrize(
    "config",
    [
        changed("domains", "biography", "rows", "test", to=9),
        changed("domains", "biography", "max_new_tokens", to=9),
        changed("domains", "other", to={"module": "code"}),
        changed("judges", "served", "needs", to={"concurrency": 1}),
    ],
)
def test_what_the_stage_does_not_take_is_not_its_setting(code, config):
    assert lines(SAID, code, config) == []


def test_an_entry_that_is_gone_is_found(code):
    [line] = lines(SAID, code, changed("judges", to={}))
    assert line.startswith("judges.served: found {")
    assert line.endswith("expected none")


def test_changed_new_and_gone_files_of_code_are_named(code):
    before = {**code, "scripts/halt/frames.py": "0" * 64, "scripts/halt/gone.py": "1" * 64}
    today = before.pop("scripts/generate.py")
    assert lines(SAID, before) == [
        f"code scripts/generate.py: found none, expected {today[:12]}",
        f"code scripts/halt/frames.py: found {'0' * 12}, expected {code['scripts/halt/frames.py'][:12]}",
        f"code scripts/halt/gone.py: found {'1' * 12}, expected none",
    ]


def test_a_result_that_says_nothing_is_found(code):
    assert lines({}, None) == ["provenance: found none, expected stage, version and settings"]
    [line] = lines(SAID, None)
    assert line.startswith("code: found no record")
    assert lines(SAID | {"stage": "guess"}, code) == ["stage: found guess, expected one of today's"]


@pytest.mark.parametrize(
    "stage", ["fetch_model", "fetch_source", "tables", "figures", "page", "split", "judge", "filter"]
)
def test_every_stage_has_a_version(stage):
    said = {"stage": stage, "version": 0, "settings": {}}
    assert lines(said, codebase.digests(stage, {}))[0].startswith(f"version of {stage}: found 0, expected ")


def test_a_result_that_cannot_be_read_is_found_and_the_rest_is_looked_at(tmp_path):
    for name, content in (
        ("a.parquet", b"PAR1"),
        ("b/training.json", b""),
        ("c/manifest.json", b'{"sha'),
        ("d/provenance.json", b"[]"),
        ("e/training.json", b'{"stage": "finetune"}'),
        ("f/training.json", b"{}"),
        ("f/.training.json.made", b""),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    found = {file.relative_to(tmp_path).as_posix(): str(finding) for file, finding in stale.findings(tmp_path, CONFIG)}
    assert sorted(found) == [
        "a.parquet",
        "b/training.json",
        "c/manifest.json",
        "d/provenance.json",
        "e/training.json",
        "f/training.json",
    ]
    assert all(line.startswith("provenance: found none") for line in found.values())
    assert found["e/training.json"] == "provenance: found none, expected stage, version and settings"
    assert ".training.json.made: not readable JSON (" in found["f/training.json"]


def test_an_optional_key_that_was_added_since(code):
    said = SAID | {"settings": {"models/tiny": {"chat": True, "dtype": "float32"}}}
    config = {"models": {"tiny": {"chat": True, "dtype": "float32", "engine": "vllm", "quantization": "4bit"}}}
    assert [
        str(finding) for finding in stale.of_result(said, codebase.digests("generate", said["settings"]), config)
    ] == [
        "models.tiny.engine: found none, expected vllm"  # quantization is read by what trains
    ]
