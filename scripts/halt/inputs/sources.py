"""Sources: files that `fetch` brought or a path names, read as members (bytes, lines) or as records (mappings).

A source is a list of files and folders. A wheel gives the members of its archive. So does a zip file, below its own
name. A folder gives the files below it, any other file itself. Nothing in them is ever imported, executed or unpacked.
"""

import contextlib
import os
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from halt.errors import HaltError
from halt.inputs import tabular
from halt.inputs.tabular import SUFFIXES, SourceError

MOST_MEMBERS = 200_000  # of one archive
LARGEST = 2 << 30  # bytes of a member of an archive that is read whole
LONGEST = 1 << 20  # bytes of a line

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError)  # encrypted; an unknown method


class Record(dict):
    """One row of a table. A missing field names its place."""

    def __init__(self, fields: Mapping, member: str, number: int):
        super().__init__(fields)
        self.member, self.number = member, number  # rows of a member are counted from 1

    def __missing__(self, field: str):
        place = f"{self.member}: row {self.number}"
        raise SourceError(f"{place} has no {field!r}, only {', '.join(map(repr, self)) or 'nothing'}")

    @property
    def name(self) -> str:
        """Its own name within the source: "algebra/train-12" of algebra/train-00000-of-00001.parquet."""
        return f"{re.sub(r'-0+-of-0+1$', '', stem(self.member))}-{self.number}"


class Source:
    """Members by name, whichever file holds them. Names are posix paths relative to their folder or archive."""

    def __init__(self, files: Sequence[Path], name: str, base: Path | None = None):
        """base: files below this folder are named by their path in it, others by their last name alone."""
        self.name = name
        self.place = ""  # of the last record from `records`: "x.jsonl: row 7"
        self._places: dict[str, tuple[Path, str | None]] = {}  # member -> (file, member of the archive)
        self._archives: dict[Path, zipfile.ZipFile] = {}  # open: to list ten thousand members takes a while
        for file in files:
            if unusable := lacks(file):
                raise SourceError(f"{self.name}: {unusable}")
            if file.is_dir():
                self._add_folder(file)
            else:
                self._add_file(file, _below(file, base))

    def _add_folder(self, folder: Path) -> None:
        for file in inside(folder):
            self._add_file(file, file.relative_to(folder).as_posix())

    def _add_file(self, file: Path, name: str) -> None:
        if file.suffix not in (".whl", ".zip"):
            self._add(name, file, None)
            return
        above = f"{name}/" if file.suffix == ".zip" else ""
        try:
            self._archives[file] = zipfile.ZipFile(file)
            members = [member for member in self._archives[file].namelist() if not member.endswith("/")]
        except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError) as error:
            kind = "wheel" if file.suffix == ".whl" else "zip file"
            raise SourceError(f"{self.name}: {file.name} is not a readable {kind} ({error})") from error
        if len(members) > MOST_MEMBERS:
            raise SourceError(f"{self.name}: {file.name} has {len(members)} members, expected at most {MOST_MEMBERS}")
        for member in members:
            self._add(f"{above}{member}", file, member)

    def _add(self, name: str, file: Path, member: str | None) -> None:
        if name.startswith("/") or ".." in name.split("/") or not name.isprintable():
            raise SourceError(f"{self.name}: found a file named {name!r}, expected a path without .. and control signs")
        if name in self._places:
            raise SourceError(f"{self.name}: two files have the member {name}: {self._places[name][0]} and {file}")
        self._places[name] = (file, member)

    def members(self) -> list[str]:
        """All member names, sorted."""
        return sorted(self._places)

    def find(self, suffix: str) -> str | None:
        """The one member whose path ends in `suffix` (at a slash), or None. SourceError if there are several."""
        found = [name for name in self.members() if name == suffix or name.endswith(f"/{suffix}")]
        if len(found) > 1:
            raise SourceError(f"{self.name}: several members end in {suffix}: {', '.join(found)}")
        return found[0] if found else None

    def read(self, member: str) -> bytes:
        """The bytes of one member. SourceError without such a member, or above LARGEST in an archive."""
        with self._open(member) as stream:
            data = stream.read(LARGEST + 1) if self._places[member][1] is not None else stream.read()
        if self._places[member][1] is not None and len(data) > LARGEST:
            raise SourceError(
                f"{self.name}: {member} has more than {LARGEST} bytes, which is too much to be read whole"
            )
        return data

    def lines(self, member: str) -> Iterator[str]:
        """The lines of one member without their ends, read no further than needed.

        SourceError if there is no such member, or if a line is above LONGEST or is not UTF-8.
        """
        with self._open(member) as stream:
            number = 0
            while line := stream.readline(LONGEST + 1):
                number += 1
                if len(line) > LONGEST:
                    raise SourceError(f"{member}: line {number} has more than {LONGEST} bytes, expected fewer")
                try:
                    yield line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                except UnicodeDecodeError as error:
                    raise SourceError(f"{member}: byte {error.start} of line {number} is not UTF-8") from error

    @contextlib.contextmanager
    def _open(self, member: str) -> Iterator[BinaryIO]:
        if member not in self._places:
            raise SourceError(f"{self.name}: no member {member} (it has {len(self._places)} others)")
        file, inner = self._places[member]
        if inner is None:
            with file.open("rb") as stream:
                yield stream
            return
        try:
            with self._archives[file].open(inner) as stream:
                yield stream
        except _BROKEN as error:
            raise SourceError(f"{self.name}: {member} of {file.name} cannot be read ({error})") from error

    def records(self, columns: Sequence[str] | None = None) -> Iterator[Record]:
        """Rows of every .jsonl, .csv, .tsv and .parquet member, members in sorted order.

        columns: names for csv and tsv members that have no header line; None if the first line is the header.
        """
        names = [name for name in self.members() if name.endswith(SUFFIXES)]
        if not names:
            raise SourceError(f"{self.name}: no table among its members (looked for {', '.join(SUFFIXES)})")
        for name in names:
            for record in self.table(name, columns):
                self.place = f"{name}: row {record.number}"
                yield record

    @contextlib.contextmanager
    def blamed(self) -> Iterator[None]:
        """A fault in reading records gets the file and row of the last one."""
        try:
            yield
        except HaltError as error:
            told = str(error)
            if not self.place or self.place in told:
                raise
            raise SourceError(f"{told} ({self.place})") from error

    def table(self, member: str, columns: Sequence[str] | None = None, stray_quotes: bool = False) -> list[Record]:
        """The rows of one .jsonl, .csv, .tsv or .parquet member; see halt.inputs.tabular.read."""
        rows = enumerate(tabular.read(member, self.read(member), columns, stray_quotes), 1)
        return [Record(row, member, number) for number, row in rows]


def open_source(files: Sequence[Path | str], spec: Mapping | Sequence[Mapping], base: Path | None = None) -> Source:
    """A source of fetched wheels or hub files, or of the file or folder that a `path` spec names.

    spec: the `source` of the config (a list if a domain has several); it only names the source in messages. base: the
    folder that holds hub files: their members are named by the path in the repository.
    """
    specs = [spec] if isinstance(spec, Mapping) else list(spec)
    return Source([Path(file) for file in files], " + ".join(describe(one) for one in specs), base)


def inside(folder: Path) -> list[Path]:
    """The files of a folder, sorted: all below it except hidden ones and those in hidden folders."""
    return [
        file
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]


def _below(file: Path, base: Path | None) -> str:
    path = os.path.relpath(file, base) if base is not None else ".."
    return file.name if path.startswith("..") else Path(path).as_posix()


def stem(member: str) -> str:
    """A member's path without the suffix of its last name."""
    folder, slash, name = member.rpartition("/")
    return folder + slash + (name.rpartition(".")[0] or name)


def lacks(path: Path) -> str | None:
    """Why a path gives no rows, in words that name it; None for a folder or a readable regular file.

    A read of a pipe or a device might never end.
    """
    try:
        if path.is_dir() or path.is_file():
            return None if os.access(path, os.R_OK) else f"{path} cannot be read: no permission"
        if path.exists():
            return f"{path} is a pipe or a device, expected a file or folder"
        return f"no such file or folder: {path}"
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"


def has_braces(path: Path | str) -> bool:
    """Whether Snakemake would read wildcards in a path."""
    return "{" in str(path) or "}" in str(path)


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
