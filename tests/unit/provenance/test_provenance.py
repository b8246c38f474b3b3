"""What a result says of itself: equal for equal inputs, whole, and about no machine or person."""

import getpass
import json
import platform
import socket
from importlib import metadata

import polars as pl
import pytest

from halt import frames, provenance
from halt.provenance import codebase

SHA = "0" * 64
SCHEMA = {"id": pl.String}


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A model's manifest and a source's, in the results folder of a project."""
    monkeypatch.chdir(tmp_path)
    manifest("models/small", {"type": "package", "packages": ["a==1", "b==2"], "sha256": SHA})
    manifest("sources/facts", {"type": "hub", "repository": "lab/facts", "revision": "1" * 40, "files": ["x"]})
    return tmp_path / "results"


def manifest(folder, *specs, sha256=SHA):
    from pathlib import Path

    path = Path("results", folder, "manifest.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"source": specs, "files": {}, "sha256": sha256}))
    return path


def table(path, inputs, stage="split"):
    footer = provenance.about(stage, 1, {"phrases": {"unsure": "x"}}, inputs)
    provenance.write(frames.build([{"id": "a"}], SCHEMA), path, SCHEMA, footer)
    return path


def test_a_footer_says_stage_settings_inputs_and_packages(results):
    path = table(results / "data/facts/train.parquet", [results / "sources/facts/manifest.json"])
    said = frames.provenance(path)
    assert (said["stage"], said["version"], said["settings"]) == ("split", 1, {"phrases": {"unsure": "x"}})
    name = "results/sources/facts/manifest.json"
    assert said["inputs"] == {name: frames.file_digest(name)}
    assert said["packages"] == {
        "python": platform.python_version(),
        "numpy": metadata.version("numpy"),
        "polars": metadata.version("polars"),
    }


def test_a_package_that_is_not_installed_is_left_out(results):
    assert "no-such-thing" not in provenance.about("split", 1, {}, [], ("no-such-thing", "polars"))["packages"]


def test_revisions_are_handed_on_from_table_to_table(results):
    data = table(results / "data/facts/train.parquet", [results / "sources/facts/manifest.json"])
    samples = table(results / "generations/s/facts/train.parquet", [data, results / "models/small/manifest.json"])
    last = table(results / "fragments/s/facts/train.parquet", [samples])
    assert frames.provenance(last)["revisions"] == {
        "models/small": {"source": [["a==1", "b==2"]], "sha256": SHA},
        "sources/facts": {"source": ["lab/facts@" + "1" * 40], "sha256": SHA},
    }


def test_revisions_are_read_from_adapters_and_from_beside_text(results):
    data = table(results / "data/facts/train.parquet", [results / "sources/facts/manifest.json"])
    main = results / "tables/main.csv"
    main.parent.mkdir()
    main.write_text("a,b\n")
    provenance.write_beside(provenance.about("tables", 1, {}, [data]), [main])
    adapter = results / "adapters/s/training.json"
    adapter.parent.mkdir(parents=True)
    adapter.write_text(json.dumps(provenance.about("finetune", 1, {}, [results / "models/small/manifest.json"])))
    assert set(provenance.about("figures", 1, {}, [main, adapter])["revisions"]) == {"models/small", "sources/facts"}


def test_inputs_of_two_revisions_of_one_model_are_refused(results):
    before = table(results / "data/a/train.parquet", [results / "models/small/manifest.json"])
    manifest("models/small", {"type": "path", "path": "elsewhere"}, sha256="f" * 64)
    with pytest.raises(provenance.ProvenanceError, match="models/small of sha256 ffffffffffff"):
        provenance.about("split", 1, {}, [before, results / "models/small/manifest.json"])


def test_equal_inputs_give_equal_bytes_in_any_folder_at_any_commit(results, monkeypatch, tmp_path_factory):
    inputs = ["results/sources/facts/manifest.json", "results/models/small/manifest.json"]
    first = table(results / "data/facts/train.parquet", inputs)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    for name in inputs:
        (elsewhere / name).parent.mkdir(parents=True)
        (elsewhere / name).write_bytes((results.parent / name).read_bytes())
    monkeypatch.setattr(codebase, "commit", lambda: {"commit": "a" * 40, "dirty": True})
    second = table(elsewhere / "results/data/facts/train.parquet", [elsewhere / name for name in reversed(inputs)])
    assert second.read_bytes() == first.read_bytes()
    assert provenance.recorded(second)["commit"] == "a" * 40
    assert provenance.recorded(first)["commit"] != "a" * 40


def test_a_footer_names_no_folder_host_or_user_of_this_machine(results):
    away = manifest("models/away", {"type": "path", "path": "/home/someone/models/mine"})
    path = table(results / "data/facts/train.parquet", [away.absolute(), results / "sources/facts/manifest.json"])
    footer = pl.read_parquet_metadata(path)["halt"]
    for word in (str(results.parent), "/home", socket.gethostname(), getpass.getuser()):
        assert f'"{word}' not in footer
        assert f"/{word}" not in footer


def test_the_record_has_the_sum_and_the_code_and_is_no_table(results):
    path = table(results / "data/facts/train.parquet", [results / "sources/facts/manifest.json"])
    made = provenance.recorded(path)
    assert made["sha256"] == frames.file_digest(path)
    assert made["code"]["scripts/split.py"] == frames.file_digest(codebase.ROOT / "scripts/split.py")
    assert set(made) == {"stage", "version", "settings", "sha256", "code", "commit", "dirty"}
    assert list(path.parent.glob("*.parquet")) == [path]
    assert provenance.recorded(results / "models/small/manifest.json") == {}


def test_carriers_are_results_and_not_what_lies_in_work_or_came_with_a_source(results):
    path = table(results / "data/facts/train.parquet", [])
    for name in ("work/judge/part-0.parquet", "sources/facts/rows.parquet", "logs/x.parquet", "tables/main.csv"):
        (results / name).parent.mkdir(parents=True, exist_ok=True)
        (results / name).write_bytes(path.read_bytes())
    expected = {"data/facts/train.parquet", "models/small/manifest.json", "sources/facts/manifest.json"}
    assert {file.relative_to(results).as_posix() for file in provenance.carriers(results)} == expected
