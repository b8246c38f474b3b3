"""Sources: what `fetch` brought or a path names, read as members (bytes) or as records (mappings).

A source is a list of files and folders. A wheel gives the members of its archive, a folder the files below it, any
other file itself. Nothing of a package is ever imported or executed.
"""

import csv
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from halt.errors import HaltError

TABLES = (".jsonl", ".csv", ".tsv", ".parquet")


class SourceError(HaltError):
    """A source lacks something or cannot be read; the message names the file or member."""


class Record(dict):
    """One row of a table, which says what it lacks and where."""

    def __init__(self, fields: Mapping, member: str, number: int):
        super().__init__(fields)
        self._place = f"{member}: row {number}"

    def __missing__(self, field: str):
        raise SourceError(f"{self._place} has no {field!r}, only {', '.join(map(repr, self)) or 'nothing'}")


class Source:
    """Members by name, whichever file holds them. Names are posix paths relative to their folder or archive."""

    def __init__(self, files: Sequence[Path], name: str):
        self.name = name
        self._places: dict[str, tuple[Path, str | None]] = {}  # member -> (file, member of the archive)
        for file in files:
            if file.is_dir():
                self._add_folder(file)
            elif file.is_file():
                self._add_file(file, file.name)
            else:
                raise SourceError(f"{self.name}: no such file or folder: {file}")

    def _add_folder(self, folder: Path) -> None:
        for file in inside(folder):
            self._add_file(file, file.relative_to(folder).as_posix())

    def _add_file(self, file: Path, name: str) -> None:
        if file.suffix != ".whl":
            self._add(name, file, None)
            return
        try:
            with zipfile.ZipFile(file) as archive:
                for member in archive.namelist():
                    if not member.endswith("/"):
                        self._add(member, file, member)
        except zipfile.BadZipFile as error:
            raise SourceError(f"{self.name}: {file.name} is not a readable wheel ({error})") from error

    def _add(self, name: str, file: Path, member: str | None) -> None:
        if name in self._places:
            raise SourceError(f"{self.name}: two files have the member {name}: {self._places[name][0]} and {file}")
        self._places[name] = (file, member)

    def members(self) -> list[str]:
        """All member names, sorted."""
        return sorted(self._places)

    def find(self, suffix: str) -> str | None:
        """The one member whose path ends in `suffix` (at a slash), or None; SourceError if there are several."""
        found = [name for name in self.members() if name == suffix or name.endswith(f"/{suffix}")]
        if len(found) > 1:
            raise SourceError(f"{self.name}: several members end in {suffix}: {', '.join(found)}")
        return found[0] if found else None

    def read(self, member: str) -> bytes:
        """The bytes of one member; SourceError if there is no such member."""
        if member not in self._places:
            raise SourceError(f"{self.name}: no member {member} (it has {len(self._places)} others)")
        file, inner = self._places[member]
        if inner is None:
            return file.read_bytes()
        with zipfile.ZipFile(file) as archive:
            return archive.read(inner)

    def records(self, columns: Sequence[str] | None = None) -> Iterator[Record]:
        """Rows of every .jsonl, .csv, .tsv and .parquet member, members in sorted order.

        columns: names for csv and tsv members that have no header line; None where the first line is the header.
        """
        tables = [name for name in self.members() if name.endswith(TABLES)]
        if not tables:
            raise SourceError(f"{self.name}: no table among its members (looked for {', '.join(TABLES)})")
        for name in tables:
            yield from self.table(name, columns)

    def table(self, member: str, columns: Sequence[str] | None = None) -> list[Record]:
        """The rows of one .jsonl, .csv, .tsv or .parquet member."""
        rows = enumerate(_rows(member, self.read(member), columns), 1)
        return [Record(row, member, number) for number, row in rows]


def open_source(files: Sequence[Path | str], spec: Mapping | Sequence[Mapping]) -> Source:
    """A source of fetched wheels or hub files, or of the file or folder that a `path` spec names.

    spec: the `source` of the config (a list where a domain draws on several); it only names the source in messages.
    """
    specs = [spec] if isinstance(spec, Mapping) else list(spec)
    return Source([Path(file) for file in files], " + ".join(describe(one) for one in specs))


def inside(folder: Path) -> list[Path]:
    """The files that a folder gives, sorted: all below it but for hidden ones and those in hidden folders."""
    return [
        file
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]


def describe(spec: Mapping) -> str:
    """A source in words, for messages: "package a==1", "hub owner/name@0123abcd", "path data/x.tsv"."""
    match spec["type"]:
        case "package":
            return f"package {' '.join(spec['packages'])}"
        case "hub":
            return f"hub {spec['repository']}@{spec['revision'][:8]}"
        case "path":
            return f"path {spec['path']}"
        case other:
            raise SourceError(f"source type '{other}' is none of package, hub, path")


def _rows(name: str, data: bytes, columns: Sequence[str] | None) -> Iterator[dict]:
    if name.endswith(".parquet"):
        import polars

        try:
            table = polars.read_parquet(io.BytesIO(data))
        except polars.exceptions.PolarsError as error:
            raise SourceError(f"{name}: not a readable parquet table ({str(error).splitlines()[0]})") from error
        yield from table.iter_rows(named=True)
        return
    try:
        text = io.StringIO(data.decode("utf-8-sig"), newline="")
    except UnicodeDecodeError as error:
        raise SourceError(f"{name}: byte {error.start} is not UTF-8") from error
    if name.endswith(".jsonl"):
        for number, line in enumerate(text, 1):
            if line.strip():
                yield _record(name, number, line)
    else:
        yield from _separated(name, text, columns, "\t" if name.endswith(".tsv") else ",")


def _separated(name: str, text: io.StringIO, columns: Sequence[str] | None, separator: str) -> Iterator[dict]:
    lines, read = list(text), 0
    reader = csv.reader(lines, delimiter=separator)
    try:
        for fields in reader:
            if any("\n" in field or "\r" in field for field in fields):
                # read strictly: a quotation mark that nothing closes takes in the lines up to the next one
                list(csv.reader(lines[read : reader.line_num], delimiter=separator, strict=True))
            read = reader.line_num
            if columns is None:
                columns = _header(name, fields)
            elif fields and len(fields) != len(columns):
                raise SourceError(
                    f"{name}: the row that ends in line {read} has {len(fields)} fields, expected {len(columns)}"
                )
            elif fields:
                yield dict(zip(columns, fields, strict=True))
    except csv.Error as error:
        raise SourceError(f"{name}: the row that begins in line {read + 1} cannot be read ({error})") from error


def _header(name: str, fields: list[str]) -> list[str]:
    repeated = [field for field in fields if field and fields.count(field) > 1]
    if repeated:
        raise SourceError(f"{name}: line 1 names {len(repeated)} columns {repeated[0]!r}, expected each name once")
    return fields


def _record(name: str, number: int, line: str) -> dict:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise SourceError(f"{name}: line {number} is not JSON ({error})") from error
    if not isinstance(record, dict):
        raise SourceError(f"{name}: line {number} is not a JSON object")
    return record
