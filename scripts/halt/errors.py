"""Faults that a person can mend end a program with one line, not with a traceback."""

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any


class HaltError(Exception):
    """Input, config, endpoint or machine are not what is needed; the message says what was found and expected."""


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
