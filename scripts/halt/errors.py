"""Faults that a person can fix end a program with one line, not with a traceback."""

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

_HEAD, _TAIL = 450, 150  # characters kept at both ends of a line that is too long
_LINES = 100  # of one message


class HaltError(Exception):
    """Wrong input, config, endpoint or machine. The message says what was found and what was expected."""

    def __str__(self) -> str:
        """The message without control characters. Both ends are kept of a line that is too long."""
        lines = super().__str__().split("\n")
        told = [_printable(shortened(line)) for line in lines[:_LINES]]
        more = len(lines) - len(told)
        return "\n".join([*told, f"... and {more} more lines"] if more else told)


def shortened(text: str) -> str:
    """A text of at most about 650 characters. A longer one loses its middle; the text says how much."""
    left_out = len(text) - _HEAD - _TAIL
    if left_out <= 0:
        return text
    return f"{text[:_HEAD]}... ({left_out} characters left out) ...{text[-_TAIL:]}"


def _printable(line: str) -> str:
    return line if line.isprintable() else "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)


def run(main: Callable[[Any], None], arguments: Any) -> None:
    """Run a program. A HaltError becomes one line that names the program; anything else is our bug and is shown."""
    try:
        main(arguments)
    except HaltError as error:
        sys.exit(f"{Path(sys.argv[0]).stem}: {error}")


def in_file(error: BaseException, file: str) -> str:
    """An unforeseen exception in one line: "line 7: KeyError: 'name'". The line is the last one in `file`."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    if isinstance(error, SyntaxError) and error.filename == file:
        lines.append(error.lineno)
    found = " ".join(traceback.format_exception_only(error)[-1].split())
    return f"line {lines[-1]}: {found}" if lines else found
