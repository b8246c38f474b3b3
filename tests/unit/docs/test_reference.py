"""The generated reference forgets no key, no file and no column, and says of each key where it comes from."""

import documents
import polars as pl
import pytest

import reference_pages
from halt import frames, paths
from halt.config import load_schema
from halt.report import calibration, confidences, controls, facts, tables, trends, truthfulqa

KEYS = list(reference_pages.all_keys(load_schema()))
CSV = {
    "main": tables.MAIN,
    "paired": tables.PAIRED,
    "equal": tables.EQUAL,
    "kinds": tables.KINDS,
    "trend": trends.TREND,
    "control": controls.CONTROL,
    "confidence": confidences.CONFIDENCE,
    "calibration": calibration.CALIBRATION,
    "facts": facts.FACTS,
    "truthfulqa": truthfulqa.TRUTHFULQA,
}


@pytest.mark.parametrize(("section", "key"), KEYS, ids=[f"{section}: {'.'.join(key.place)}" for section, key in KEYS])
def test_a_key_that_holds_a_value_says_where_it_comes_from(section, key):
    """A mapping of other keys has no origin: each of those has one."""
    assert key.origin in ([None] if key.holds else reference_pages.ORIGINS)


def _described(schema):
    """Every description in a part of the schema, list items and the like apart."""
    for inner in [*schema.get("properties", {}).values(), *schema.get("patternProperties", {}).values()]:
        yield inner["description"]
        yield from _described(inner)


def test_every_key_of_the_schema_is_on_the_page():
    schema = load_schema()
    page = reference_pages.config_reference()
    shared = [schema["$defs"][name] for name in reference_pages.SHARED]
    descriptions = [text for part in (schema, *shared) for text in _described(part)]
    assert len(descriptions) > 150
    for description in descriptions:
        shown = reference_pages._OPTIONAL.sub("", description)
        assert any(reference_pages._prose(text) in page for text in (shown, shown[:1].upper() + shown[1:]))


def test_a_sign_that_would_begin_a_tag_is_shown():
    assert reference_pages._prose("a < b and `<name>`") == "a &lt; b and `<name>`"


def test_no_form_of_a_source_a_judge_or_needs_lacks_a_section():
    """Every mapping of $defs that is closed is one that the page names."""
    closed = {name for name, part in load_schema()["$defs"].items() if part.get("additionalProperties") is False}
    assert closed == set(reference_pages.SHARED)


def test_values_are_those_of_the_configs():
    page = reference_pages.config_reference()
    entry = page.partition('id="finetune-learning_rate"')[2].partition("</div>")[0]
    assert "default run: `0.001`" in entry
    assert "paper's grid: `0.0002`" in entry


def test_a_name_that_is_free_and_an_optional_key_are_shown_so():
    page = reference_pages.config_reference()
    assert "`models.<name>.dtype`" in page
    assert "optional, else ddp" in page
    assert "optional, with `pairs`" in page


def test_the_options_of_every_module_are_there():
    page = reference_pages.options_reference()
    for file in reference_pages.LIBRARY.glob("domains/[a-z]*.py"):
        for name in reference_pages.module_options(file):
            assert f'id="domains-{file.stem}-{name}"' in page
    assert 'id="rewriting-idk_share-share"' in page
    assert 'id="preferences-self_eval-top"' in page


def test_the_columns_read_from_the_text_are_those_of_the_tables():
    """All tables that halt.frames declares, each column in its place."""
    declared = {
        name: list(value)
        for name, value in vars(frames).items()
        if name.isupper() and not name.startswith("_") and isinstance(value, dict)
    }
    found = reference_pages.columns()
    assert {name: [column.name for column in table] for name, table in found.items()} == declared
    kinds = {"text": pl.String, "number": pl.Float64, "true or false": pl.Boolean}
    for name, table in found.items():
        for column in table:
            assert column.kind not in kinds or vars(frames)[name][column.name] == kinds[column.kind]


def test_every_path_of_the_results_is_on_the_page():
    templates = {value for name, value in vars(paths).items() if name.isupper() and str(value).startswith("results/")}
    listed = {path for files in reference_pages.TABLES.values() for path, _ in files} | {
        path for path, _ in reference_pages.OTHER_FILES
    }
    elsewhere = {paths.CALIBRATION, paths.FACTS, paths.TRUTHFULQA}  # csv files, on the page about tables
    assert templates == listed | elsewhere
    assert all(path in documents.text("docs/tables.md") for path in elsewhere)
    assert set(reference_pages.TABLES) | {"STATES"} == set(reference_pages.columns())


@pytest.mark.parametrize(("name", "column"), [(name, column) for name, columns in CSV.items() for column in columns])
def test_every_column_of_the_csv_files_is_explained(name, column):
    page = documents.text("docs/files.md").partition("## Columns of the csv files")[2]
    bare = column.removesuffix("_lo").removesuffix("_hi").removesuffix("_strict").removesuffix("_lenient")
    assert f"`{bare}`" in page


def test_a_marker_that_nothing_makes_is_refused():
    with pytest.raises(
        reference_pages.ReferenceError, match=r"page\.md: found generated: nothing, expected one of config"
    ):
        reference_pages.fill("<!-- generated: nothing -->", "page.md")


def test_a_column_without_a_comment_is_refused(tmp_path, monkeypatch):
    (tmp_path / "frames.py").write_text('DATA = {\n    "id": pl.String,\n}\n')
    monkeypatch.setattr(reference_pages, "LIBRARY", tmp_path)
    with pytest.raises(reference_pages.ReferenceError, match=r"frames\.DATA: column 'id'"):
        reference_pages.columns()


def test_options_that_are_computed_are_refused(tmp_path):
    (tmp_path / "mine.py").write_text("OPTIONS = dict(a=1)\n")
    with pytest.raises(reference_pages.ReferenceError, match="OPTIONS is computed"):
        reference_pages.module_options(tmp_path / "mine.py")
