"""A results folder is what it claims, wherever it was copied; and every way in which it is not is one line."""

import json
import shutil

import polars as pl
import pytest

from halt import frames, provenance
from halt.provenance.verification import Verification

SCHEMA = {"id": pl.String}
DATA, SPLIT = "results/data/facts/train.parquet", "results/fragments/s/facts/train.parquet"
SOURCE, ADAPTER = "results/sources/facts/manifest.json", "results/adapters/s/training.json"
WEIGHTS, MAIN = "results/adapters/s/adapter_model.safetensors", "results/tables/main.csv"
BESIDE, RECORD = "results/tables/provenance.json", "results/data/facts/.train.parquet.made"


def table(path, stage, inputs, id="a"):
    provenance.write(frames.build([{"id": id}], SCHEMA), path, SCHEMA, provenance.about(stage, 1, {}, inputs))


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A finished folder: source, data, fragments, an adapter, a table; one row file and one prompt text outside."""
    monkeypatch.chdir(tmp_path)
    for name in (DATA, SPLIT, SOURCE, ADAPTER, MAIN, "rows.tsv", "scripts/prompts/ask.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "rows.tsv").write_text("rows")
    (tmp_path / "scripts/prompts/ask.txt").write_text("ask")
    source = tmp_path / SOURCE
    files = {"rows.tsv": frames.file_digest("rows.tsv")}
    source.write_text(
        json.dumps({"source": [{"type": "path", "path": "rows.tsv"}], "files": files, "sha256": "0" * 64})
    )
    provenance.record({"stage": "fetch_source", "version": 1, "settings": {}}, source)
    table(tmp_path / DATA, "data", [source])
    table(tmp_path / SPLIT, "split", [DATA, "scripts/prompts/ask.txt"])
    (tmp_path / WEIGHTS).write_bytes(b"weights")
    training = provenance.about("finetune", 1, {}, [SPLIT])
    sums = {"adapter_model.safetensors": frames.file_digest(WEIGHTS)}
    (tmp_path / ADAPTER).write_text(json.dumps({**training, "sha256": sums}))
    provenance.record(training, tmp_path / ADAPTER)
    (tmp_path / MAIN).write_text("a,b\n")
    provenance.write_beside(provenance.about("tables", 1, {}, [SPLIT]), [tmp_path / MAIN])
    return tmp_path


def faults(project):
    return list(Verification(project / "results", project).faults())


def test_a_whole_folder_has_no_faults_and_everything_was_compared(project):
    verification = Verification(project / "results", project)
    assert list(verification.faults()) == []
    assert verification.count == (5, 8)
    assert not verification.elsewhere


def test_a_copy_elsewhere_is_as_good_and_says_what_was_not_there(project, tmp_path_factory):
    away = tmp_path_factory.mktemp("away")
    shutil.copytree(project / "results", away / "copied")
    verification = Verification(away / "copied", away)
    assert list(verification.faults()) == []
    assert verification.elsewhere == {"rows.tsv", "scripts/prompts/ask.txt"}
    (away / "rows.tsv").write_text("other rows")
    assert [line.split(" has ")[0] for line in Verification(away / "copied", away).faults()] == [f"{SOURCE}: rows.tsv"]


@pytest.mark.parametrize(
    ("name", "found_by"),
    [(DATA, [DATA, SPLIT]), (SPLIT, [ADAPTER, SPLIT, f"{MAIN[:-8]}provenance.json"])],
)
def test_a_changed_table_is_found_by_its_record_and_by_what_was_made_of_it(project, name, found_by):
    frames.write(frames.build([{"id": "b"}], SCHEMA), project / name, SCHEMA, frames.provenance(project / name))
    assert sorted(line.split(": ")[0] for line in faults(project)) == sorted(found_by)


@pytest.mark.parametrize(("name", "by"), [(WEIGHTS, ADAPTER), (MAIN, "results/tables/provenance.json")])
def test_weights_and_text_are_found_changed_and_missing(project, name, by):
    (project / name).write_bytes(b"other")
    [line] = faults(project)
    assert line.startswith(f"{by}: {name} has sha256 ")
    (project / name).unlink()
    [line] = faults(project)
    assert line.startswith(f"{by}: {name} is missing, expected sha256 ")


def test_a_missing_input_and_a_missing_record_are_found(project):
    (project / SOURCE).unlink()
    (project / SPLIT).with_name(".train.parquet.made").unlink()
    assert faults(project) == [
        f"{DATA}: {SOURCE} is missing, expected sha256 {frames.provenance(project / DATA)['inputs'][SOURCE][:12]}",
        f"{SPLIT}: no record beside it, expected one with its sha256",
    ]


def test_an_edited_footer_is_found(project):
    said = frames.provenance(project / SPLIT)
    frames.write(frames.read(SPLIT, SCHEMA), project / SPLIT, SCHEMA, said | {"settings": {"generate": {}}})
    assert f"{SPLIT}: has sha256" in "\n".join(faults(project))


def test_a_torn_table_and_one_without_footer_are_lines(project):
    (project / DATA).write_bytes((project / DATA).read_bytes()[:100])
    frames.build([{"id": "a"}], SCHEMA).write_parquet(project / SPLIT)
    lines = "\n".join(faults(project))
    assert f"{DATA}: cannot be read" in lines
    assert f"{SPLIT}: says nothing of its inputs" in lines


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        (ADAPTER, b"{}", "says nothing of the files beside it, expected their sha256"),
        (SOURCE, b"{}", "says nothing of its files, expected their sha256"),
        (SOURCE, b'{"files": ["rows.tsv"]}', "says nothing of its files, expected their sha256"),
        (SOURCE, b'{"files": {"rows.tsv": 7}}', "expected 7"),
        (SOURCE, b"\xff\xfe", "not readable JSON ('utf-8' codec"),
        (BESIDE, b"[]", "found [], expected a mapping"),
        (BESIDE, b"", "not readable JSON (Expecting value"),
        (RECORD, b'{"sha', "not readable JSON (Unterminated string"),
        (RECORD, b'{"stage": "data"}', "but was made with none"),
    ],
)
def test_damaged_json_is_a_line_and_the_rest_is_looked_at(project, name, content, line):
    (project / WEIGHTS).write_bytes(b"other")
    (project / MAIN).write_bytes(b"other")
    (project / name).write_bytes(content)
    lines = faults(project)
    of_file = name.replace(RECORD, DATA)
    assert any(one.startswith(f"{of_file}: ") and line in one for one in lines)
    others = {ADAPTER: WEIGHTS, BESIDE: MAIN}
    assert all(any(f"{by}: {of} has" in one for one in lines) for by, of in others.items() if by != name)
