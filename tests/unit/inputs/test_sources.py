"""Sources: members and records, whether they lie in wheels, folders or files."""

import json
import os
import zipfile
from pathlib import Path

import polars
import pytest

from halt.inputs import sources

SPEC = {"type": "path", "path": "here"}


def _wheel(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_a_wheel_a_folder_and_a_file_are_read_alike(tmp_path):
    wheel = _wheel(tmp_path / "tool-1-py3-none-any.whl", {"tool/a.txt": "from the wheel"})
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/b.txt").write_text("from the folder")
    (folder / ".hidden").write_text("not a member")
    file = tmp_path / "c.txt"
    file.write_text("from the file")
    source = sources.open_source([wheel, folder, file], [SPEC, SPEC])
    assert source.members() == ["c.txt", "sub/b.txt", "tool/a.txt"]
    assert [source.read(name) for name in source.members()] == [b"from the file", b"from the folder", b"from the wheel"]


def test_find_goes_by_the_end_of_the_path_and_refuses_to_choose(tmp_path):
    wheel = _wheel(tmp_path / "tool-1-py3-none-any.whl", {"tool/x/a.txt": "", "tool/y/a.txt": "", "tool/za.txt": ""})
    source = sources.open_source([wheel], SPEC)
    assert source.find("x/a.txt") == "tool/x/a.txt"
    assert source.find("missing.txt") is None
    with pytest.raises(sources.SourceError, match=r"several members end in a\.txt"):
        source.find("a.txt")


def test_every_table_format_gives_the_same_records(tmp_path):
    rows = [{"a": 'one, "quoted"', "b": "1"}, {"a": "two\twords", "b": "2"}]
    (tmp_path / "jsonl").mkdir()
    (tmp_path / "jsonl/x.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    (tmp_path / "parquet").mkdir()
    polars.DataFrame(rows).write_parquet(tmp_path / "parquet/x.parquet")
    for name, separator in (("csv", ","), ("tsv", "\t")):
        (tmp_path / name).mkdir()
        polars.DataFrame(rows).write_csv(tmp_path / f"{name}/x.{name}", separator=separator)
    for name in ("jsonl", "parquet", "csv", "tsv"):
        assert list(sources.open_source([tmp_path / name], SPEC).records()) == rows, name


@pytest.mark.parametrize("name", ["x.jsonl", "x.csv"])
def test_a_missing_field_is_told_with_its_row(tmp_path, name):
    rows = {"x.jsonl": '{"id": 1, "question": "?"}\n{"id": 2}\n', "x.csv": "id\n1\n2\n"}
    (tmp_path / name).write_text(rows[name])
    second = list(sources.open_source([tmp_path / name], SPEC).records())[1]
    with pytest.raises(sources.SourceError, match=rf"{name}: row 2 has no 'question', only 'id'"):
        second["question"]
    assert second.get("question") is None


@pytest.mark.parametrize(("row", "fields"), [("3,a,b", 3), ("3", 1)])
def test_a_row_with_other_fields_than_the_header_is_told_with_its_line(tmp_path, row, fields):
    (tmp_path / "x.csv").write_text(f'id,question\n1,"What,\nis?"\n{row}\n')
    with pytest.raises(sources.SourceError, match=rf"x\.csv: .* line 4 has {fields} fields, expected 2"):
        list(sources.open_source([tmp_path / "x.csv"], SPEC).records())


@pytest.mark.parametrize("name", ["x.csv", "x.tsv"])
@pytest.mark.parametrize("rest", ["", "4,b\n", '4,"b" is\n5,c\n'], ids=["last", "never closed", "closed later"])
def test_a_stray_quotation_mark_is_told_with_its_line(tmp_path, name, rest):
    text = f'id,question\n1,"What,\nis?"\n2,"Who" is?\n3,"a\n{rest}'
    (tmp_path / name).write_text(text.replace(",", "," if name == "x.csv" else "\t"))
    with pytest.raises(sources.SourceError, match=r"x\..sv: the row that begins in line 5 cannot be read \(.*\)$"):
        list(sources.open_source([tmp_path / name], SPEC).records())


def test_a_stray_quotation_mark_in_the_header_is_told(tmp_path):
    (tmp_path / "x.csv").write_text('id,"question\n1,a\n')
    with pytest.raises(sources.SourceError, match=r"x\.csv: the row that begins in line 1 cannot be read"):
        list(sources.open_source([tmp_path / "x.csv"], SPEC).records())


def test_a_repeated_column_is_refused_unless_it_has_no_name(tmp_path):
    (tmp_path / "x.csv").write_text("id,question,question,,\n1,a,b,,\n")
    with pytest.raises(
        sources.SourceError, match=r"x\.csv: line 1 names 2 columns 'question', expected each name once"
    ):
        list(sources.open_source([tmp_path / "x.csv"], SPEC).records())
    (tmp_path / "x.csv").write_text("id,question,,\n1,a,,\n\n")
    assert list(sources.open_source([tmp_path / "x.csv"], SPEC).records()) == [{"id": "1", "question": "a", "": ""}]


def test_columns_name_what_has_no_header(tmp_path):
    (tmp_path / "x.tsv").write_text("1\t2\n3\t4\n")
    source = sources.open_source([tmp_path / "x.tsv"], SPEC)
    assert source.table("x.tsv", ("a", "b")) == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "absent", "no such file or folder"),
        (lambda folder: _text(folder / "a.whl", "no archive"), "not a readable wheel"),
        (lambda folder: _text(folder / "a.txt", "text"), "no table among its members"),
        (lambda folder: _text(folder / "a.jsonl", "{}\n{"), "line 2 is not JSON"),
        (lambda folder: _text(folder / "a.parquet", "PAR1"), r"a\.parquet: not a readable parquet table"),
        (lambda folder: _text(folder / "a.jsonl", "\udcff"), r"a\.jsonl: byte 0 is not UTF-8"),
        (lambda folder: _text(folder / "a.jsonl", "[1]"), "line 1 is not a JSON object"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, make, message):
    with pytest.raises(sources.SourceError, match=message):
        list(sources.open_source([make(tmp_path)], SPEC).records())


DEEP, LONG = "[" * 100_000 + "]" * 100_000, "9" * 5000


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (f'{{"a": {DEEP}}}', "line 2 is JSON with brackets nested too deeply"),
        (f'{{"a": {LONG}}}', r"line 2 is not JSON \(found a number of 5000 digits, expected at most 4300\)"),
    ],
)
def test_a_json_line_that_python_does_not_read_is_told_with_its_line(tmp_path, line, fault):
    (tmp_path / "x.jsonl").write_text(f'{{"a": 1}}\n{line}\n')
    with pytest.raises(sources.SourceError, match=rf"x\.jsonl: {fault}"):
        list(sources.open_source([tmp_path / "x.jsonl"], SPEC).records())


def test_a_pipe_and_a_device_are_refused_and_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.jsonl")
    for path in (tmp_path / "pipe.jsonl", Path("/dev/zero")):
        with pytest.raises(sources.SourceError, match=f"{path} is a pipe or a device, expected a file or folder"):
            sources.open_source([path], SPEC)
    with pytest.raises(sources.SourceError, match="cannot be read: File name too long"):
        sources.open_source([tmp_path / ("x" * 300)], SPEC)


def test_hub_files_of_one_name_are_members_by_their_path(tmp_path):
    files = [tmp_path / f"{folder}/train-00000-of-00001.jsonl" for folder in ("algebra", "geometry")]
    for number, file in enumerate(files):
        file.parent.mkdir()
        file.write_text(f'{{"a": {number}}}\n{{"a": 7}}\n')
    source = sources.open_source([os.path.relpath(file) for file in files], SPEC, base=tmp_path)
    assert source.members() == ["algebra/train-00000-of-00001.jsonl", "geometry/train-00000-of-00001.jsonl"]
    named = [(record.name, record["a"]) for record in source.records()]
    assert named == [("algebra/train-1", 0), ("algebra/train-2", 7), ("geometry/train-1", 1), ("geometry/train-2", 7)]


def test_a_zip_file_gives_its_members_below_its_own_name(tmp_path):
    (tmp_path / "data").mkdir()
    _wheel(tmp_path / "data/set.zip", {"set/test/a.sent": "one\ntwo\r\n\nlast", "set/x.jsonl": '{"a": 1}\n'})
    source = sources.open_source([tmp_path / "data/set.zip"], SPEC, base=tmp_path)
    assert source.members() == ["data/set.zip/set/test/a.sent", "data/set.zip/set/x.jsonl"]
    assert list(source.lines(source.find("test/a.sent"))) == ["one", "two", "", "last"]
    assert list(source.records()) == [{"a": 1}]


def test_a_zip_file_is_read_as_far_as_is_asked_for(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", "line\n" * 200_000)
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[500_000] ^= 1  # far behind the first lines
    (tmp_path / "a.zip").write_bytes(data)
    lines = sources.open_source([tmp_path / "a.zip"], SPEC).lines("a.zip/a.txt")
    assert [next(lines) for _ in range(1000)] == ["line"] * 1000
    with pytest.raises(sources.SourceError, match=r"a\.zip/a\.txt of a\.zip cannot be read"):
        list(lines)


def test_a_zip_file_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "LARGEST", 10_000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.txt", b"0" * 20_000_000)
    source = sources.open_source([tmp_path / "a.zip"], SPEC)
    with pytest.raises(sources.SourceError, match="has more than 10000 bytes, which is too much"):
        source.read("a.zip/bomb.txt")
    with pytest.raises(sources.SourceError, match="line 1 has more than 1048576 bytes"):
        next(source.lines("a.zip/bomb.txt"))
    monkeypatch.setattr(sources, "MOST_MEMBERS", 0)
    with pytest.raises(sources.SourceError, match=r"a\.zip has 1 members, expected at most 0"):
        sources.open_source([tmp_path / "a.zip"], SPEC)


@pytest.mark.parametrize("name", ["../a.txt", "a/../../b", "/etc/a", "a\nb", "a\x1b[2Jb"])
def test_a_member_that_leaves_its_archive_is_refused(tmp_path, name):
    _wheel(tmp_path / "a.whl", {name: ""})
    with pytest.raises(sources.SourceError, match=r"found a file named '.*', expected a path without \.\.") as refused:
        sources.open_source([tmp_path / "a.whl"], SPEC)
    assert str(refused.value).isprintable()


LINE = "\t".join(["Q?", "a", "b", "c", "d", "Because.", "Else.", "B"])


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (LINE.replace("a\tb", 'he "said" a\t"b" is'),
         ["Q?", 'he "said" a', '"b" is', "c", "d", "Because.", "Else.", "B"]),
        (LINE.replace("Else.", '"never closed'), ["Q?", "a", "b", "c", "d", "Because.", '"never closed', "B"]),
        (LINE.replace("Else.", '"closed, on\ntwo ""lines"""'),
         ["Q?", "a", "b", "c", "d", "Because.", 'closed, on\ntwo "lines"', "B"]),
        (LINE + "\t\t", LINE.split("\t")),
        (LINE + "\r", LINE.split("\t")),
    ],
)  # fmt: skip
def test_stray_quotation_marks_are_text_where_a_set_has_them(tmp_path, text, fields):
    (tmp_path / "x.tsv").write_text(
        f"{text}\n\n{LINE.replace('Q?', 'R?')}\n{LINE.replace('d', chr(34) + 'x' + chr(34))}", newline=""
    )
    source = sources.open_source([tmp_path / "x.tsv"], SPEC)
    first, second, third = source.table("x.tsv", "12345678", stray_quotes=True)
    assert list(first.values()) == fields
    assert (second["1"], third["5"]) == ("R?", "x")


def test_of_stray_quotation_marks_a_row_of_another_length_is_told_with_its_line(tmp_path):
    (tmp_path / "x.tsv").write_text(f'{LINE}\nQ?\t"a\n{LINE}\n')
    with pytest.raises(sources.SourceError, match=r"x\.tsv: the row in line 2 has 2 fields, expected 8"):
        sources.open_source([tmp_path / "x.tsv"], SPEC).table("x.tsv", "12345678", stray_quotes=True)


def test_two_files_with_one_member_are_refused(tmp_path):
    one = _wheel(tmp_path / "one-1-py3-none-any.whl", {"a.txt": ""})
    two = _wheel(tmp_path / "two-1-py3-none-any.whl", {"a.txt": ""})
    with pytest.raises(sources.SourceError, match=r"two files have the member a\.txt"):
        sources.open_source([one, two], SPEC)


def test_a_missing_member_is_named(tmp_path):
    source = sources.open_source([_text(tmp_path / "a.txt", "")], SPEC)
    with pytest.raises(sources.SourceError, match=r"no member b\.txt"):
        source.read("b.txt")


def test_a_source_names_itself_in_words():
    hub = {"type": "hub", "repository": "owner/set", "revision": "0123456789" * 4}
    assert sources.describe(hub) == "hub owner/set@01234567"
    assert sources.describe({"type": "package", "packages": ["a==1", "b==2"]}) == "package a==1 b==2"
    with pytest.raises(sources.SourceError, match="none of package, hub, path"):
        sources.describe({"type": "ftp"})


def _text(path, text):
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return path
