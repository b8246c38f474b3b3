"""Faults that a person can mend end a program with one line, not with a traceback."""

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

_HEAD, _TAIL = 450, 150  # characters that stay of a line that is too long
_LINES = 100  # of one message


class HaltError(Exception):
    """Input, config, endpoint or machine are not what is needed; the message says what was found and expected."""

    def __str__(self) -> str:
        """The message; what was found may be a value of megabytes, of which both ends are enough, or control signs."""
        lines = super().__str__().split("\n")
        told = [_printable(shortened(line)) for line in lines[:_LINES]]
        more = len(lines) - len(told)
        return "\n".join([*told, f"... and {more} more lines"] if more else told)


def shortened(text: str) -> str:
    """A text of at most some 650 characters: the middle of a longer one is left out, and how much."""
    left_out = len(text) - _HEAD - _TAIL
    if left_out <= 0:
        return text
    return f"{text[:_HEAD]}... ({left_out} characters left out) ...{text[-_TAIL:]}"


def _printable(line: str) -> str:
    return line if line.isprintable() else "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)


def run(main: Callable[[Any], None], arguments: Any) -> None:
    """Run a program. A HaltError becomes one line that names the program; anything else is our fault and is shown."""
    try:
        main(arguments)
    except HaltError as error:
        sys.exit(f"{Path(sys.argv[0]).stem}: {error}")


def in_file(error: BaseException, file: str) -> str:
    """An unforeseen exception in a line: "line 7: KeyError: 'name'", the line being the last one in `file`."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    if isinstance(error, SyntaxError) and error.filename == file:
        lines.append(error.lineno)
    found = " ".join(traceback.format_exception_only(error)[-1].split())
    return f"line {lines[-1]}: {found}" if lines else found
