"""Rows of table files: .jsonl, .csv, .tsv and .parquet; each fault names its file and line.

A JSON number of more than 4,300 digits, and JSON nested deeper than Python can read, are faults of the file.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence

from halt.errors import HaltError

SUFFIXES = (".jsonl", ".csv", ".tsv", ".parquet")

_DIGITS = 4300  # Python's own limit
_WHOLE = re.compile(r'"[^"]*+(?:""[^"]*+)*+"(?=\t|\r?\n|\Z)')  # a quoted cell, up to its separator
_END = re.compile(r"\t|\r?\n|\Z")


class SourceError(HaltError):
    """A source lacks something or cannot be read; the message names the file or member."""


def read(name: str, data: bytes, columns: Sequence[str] | None, stray_quotes: bool = False) -> Iterator[dict]:
    """The rows of one table. name: its suffix decides how it is read; messages show it.

    columns: names for csv and tsv without a header line; None if the first line is the header. stray_quotes: in a tsv
    with `columns`, quotation marks that nothing closes are text. SourceError if it cannot be read.
    """
    if name.endswith(".parquet"):
        yield from _parquet(name, data)
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{name}: byte {error.start} is not UTF-8") from error
    if name.endswith(".jsonl"):
        for number, line in enumerate(io.StringIO(text, newline=""), 1):
            if line.strip():
                yield _record(name, number, line)
    elif stray_quotes and columns is not None:
        yield from _tolerant(name, text, columns)
    else:
        yield from _separated(name, text, columns, "\t" if name.endswith(".tsv") else ",")


def _parquet(name: str, data: bytes) -> Iterator[dict]:
    import polars

    try:
        table = polars.read_parquet(io.BytesIO(data))
    except polars.exceptions.PolarsError as error:
        raise SourceError(f"{name}: not a readable parquet table ({str(error).splitlines()[0]})") from error
    yield from table.iter_rows(named=True)


def _record(name: str, number: int, line: str) -> dict:
    try:
        record = json.loads(line, parse_int=_integer)
    except RecursionError:
        raise SourceError(
            f"{name}: line {number} is JSON with brackets nested too deeply, expected fewer levels"
        ) from None
    except ValueError as error:
        raise SourceError(f"{name}: line {number} is not JSON ({error})") from error
    if not isinstance(record, dict):
        raise SourceError(f"{name}: line {number} is not a JSON object")
    return record


def _integer(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(f"found a number of {len(text)} digits, expected at most {_DIGITS}")
    return int(text)


def _separated(name: str, text: str, columns: Sequence[str] | None, separator: str) -> Iterator[dict]:
    lines, read = list(io.StringIO(text, newline="")), 0
    reader = csv.reader(lines, delimiter=separator)
    try:
        for fields in reader:
            if any("\n" in field or "\r" in field for field in fields):
                # strict: an open quotation mark swallows all lines up to the next one
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


def _tolerant(name: str, text: str, columns: Sequence[str]) -> Iterator[dict]:
    """Rows with exactly these columns, by tabs. A row that quoted cells do not fit is read as one line of text."""
    place = 0
    while place < len(text):
        fields, end = _cells(text, place, quoted=True)
        if len(fields) != len(columns):
            fields, end = _cells(text, place, quoted=False)
        while len(fields) > len(columns) and not fields[-1]:
            fields.pop()  # trailing tabs
        if len(fields) == len(columns):
            yield dict(zip(columns, fields, strict=True))
        elif fields != [""]:
            line = text.count("\n", 0, place) + 1
            raise SourceError(f"{name}: the row in line {line} has {len(fields)} fields, expected {len(columns)}")
        place = end


def _cells(text: str, place: int, quoted: bool) -> tuple[list[str], int]:
    """The cells of the row that begins at a place, and where the next row begins."""
    fields = []
    while True:
        whole = _WHOLE.match(text, place) if quoted else None
        if whole:
            fields.append(whole[0][1:-1].replace('""', '"'))
            place = whole.end()
        else:
            stop = _END.search(text, place)
            fields.append(text[place : stop.start()])
            place = stop.start()
        if text[place : place + 1] != "\t":
            return fields, place + (2 if text.startswith("\r\n", place) else 1)
        place += 1
