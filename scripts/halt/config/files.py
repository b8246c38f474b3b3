"""Read one config file within bounds: what would hang, or end in a traceback, becomes a line with file and line number.

Snakemake's own loader has no such bounds, and reads the files of its command line before any line of this project:
tools/check_config.py tries them first.
"""

import json
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from halt.config.messages import Place, at, show
from halt.errors import HaltError

MOST_BYTES = 10_000_000
DEEPEST = 50  # levels of mappings and lists
MOST_VALUES = 200_000  # an alias counts as all that it stands for

LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader  # the C one is ten times faster


MODELS = Path("config/models")  # beside config.yaml: one entry of `models` a file, named after it


class ConfigError(HaltError):
    """The config has faults. The message has one line for each, its path first."""


def read(file: Path) -> dict:
    """The mapping in a config file, YAML or JSON. ConfigError, in one line, if it cannot be read or is no mapping."""
    text = _text(file)
    _check_bounds(file, text)
    try:
        found = json.loads(text) if _is_json(text) else yaml.load(text, Loader=LOADER)
    except RecursionError as error:  # JSON that is no YAML
        raise ConfigError(f"{file}: found brackets nested too deeply, expected at most {DEEPEST} levels") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{file}: cannot be read as YAML: {_flat(error)}") from error
    except ValueError as error:  # an impossible date, a number with too many digits
        raise ConfigError(f"{file}{_line_of_odd_value(text)}: cannot be read as YAML: {_flat(error)}") from error
    if not isinstance(found, dict):
        raise ConfigError(f"{file}: found {show(found)}, expected a mapping of config keys")
    check_keys([file])
    return found


def defaults(folder: Path) -> list[Path]:
    """The config files of every run in the order of reading. A later file wins, and overlays win over all."""
    models = (file for file in (folder / MODELS).glob("*.yaml") if not file.name.startswith("."))
    return [*sorted(models), folder / "config.yaml"]


def merged(folder: Path, overlays: Iterable[Path] = ()) -> dict:
    """The config of a folder's files and overlays, merged as Snakemake does it. ConfigError as in `read`."""
    from snakemake.utils import update_config

    config: dict = {}
    for file in (*defaults(folder), *overlays):
        update_config(config, read(file))
    return config


def check_keys(files: Iterable[Path]) -> None:
    """ConfigError if a mapping in these config files has a key twice (YAML would take the last) or contains itself, or
    if a file in MODELS has more than the model that it is named after.

    A file that is no YAML is skipped: Snakemake also reads JSON with tabs.
    """
    lines = []
    for file in files:
        text = _text(file)
        _check_bounds(file, text)
        try:
            top = yaml.compose(text, Loader=LOADER)
        except yaml.YAMLError:
            continue
        lines += [f"{os.path.relpath(file)}, {line}" for line in _faults(top)]
        if file.absolute().parts[-3:-1] == MODELS.parts and _keys(top) != [("models", [(file.stem, None)])]:
            lines.append(f"{os.path.relpath(file)}: expected `models` with one entry, '{file.stem}' like the file")
    if lines:
        raise ConfigError("\n".join(lines))


def _text(file: Path) -> str:
    try:
        about = file.stat()
        if not stat.S_ISREG(about.st_mode):
            raise ConfigError(f"{file}: found a folder, pipe or device, expected a file")
        if about.st_size > MOST_BYTES:
            raise ConfigError(f"{file}: found {about.st_size} bytes, expected at most {MOST_BYTES}")
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: cannot be read as YAML: byte {error.start} is not UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read as YAML: {_flat(error)}") from error


def _is_json(text: str) -> bool:
    """Whether Snakemake reads this as JSON, which it tries first."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _check_bounds(file: Path, text: str) -> None:
    """ConfigError for nesting beyond DEEPEST or more than MOST_VALUES values. None of them is built."""
    sizes: dict[str, int] = {}  # values under each anchor
    around: list[tuple[str | None, int]] = []  # for each open mapping or list: its anchor, the values before it
    values = 0
    try:
        for event in yaml.parse(text, Loader=LOADER):
            line = event.start_mark.line + 1
            if isinstance(event, yaml.AliasEvent):
                values += sizes.get(event.anchor, 1)
            elif isinstance(event, yaml.ScalarEvent):
                values += 1
            elif isinstance(event, yaml.CollectionStartEvent):
                around.append((event.anchor, values))
            elif isinstance(event, yaml.CollectionEndEvent):
                anchor, before = around.pop()
                values += 1
                if anchor is not None:
                    sizes[anchor] = values - before
            if len(around) > DEEPEST:
                raise ConfigError(f"{file}, line {line}: found more than {DEEPEST} levels, expected fewer")
            if values > MOST_VALUES:
                raise ConfigError(
                    f"{file}, line {line}: found more than {MOST_VALUES} values with its aliases, expected fewer"
                )
    except yaml.YAMLError:  # reported by the reader
        return


def _line_of_odd_value(text: str) -> str:
    loader = yaml.SafeLoader("")
    for node in _scalars(yaml.compose(text, Loader=LOADER)):
        try:
            loader.construct_object(node)
        except ValueError:
            return f", line {node.start_mark.line + 1}"
    return ""


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    for inner in node.value if isinstance(node, yaml.CollectionNode) else ():
        for part in inner if isinstance(inner, tuple) else (inner,):
            yield from _scalars(part)


def _faults(node: yaml.Node | None, place: Place = (), around: tuple[yaml.Node, ...] = ()) -> Iterator[str]:
    """A line for each key that stands twice in its mapping, and for each alias of something that contains it."""
    if any(node is outer for outer in around):
        yield f"line {node.start_mark.line + 1}: {at(place)} is an alias of something that contains it, expected none"
    elif isinstance(node, yaml.SequenceNode):
        for number, inner in enumerate(node.value):
            yield from _faults(inner, (*place, number), (*around, node))
    elif isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, inner in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in first:
                yield f"line {line}: {at((*place, name))} is there twice, first in line {first[name]}, expected once"
            first.setdefault(name, line)
            yield from _faults(inner, (*place, name), (*around, node))


def _keys(node: yaml.Node | None, depth: int = 2) -> list[tuple] | None:
    """(key, keys under it) of a mapping, to a depth; None for anything else."""
    if not isinstance(node, yaml.MappingNode) or not depth:
        return None
    return [(str(key.value), _keys(inner, depth - 1)) for key, inner in node.value]


def _flat(error: BaseException) -> str:
    return " ".join(str(error).split())
