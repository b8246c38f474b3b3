"""Is this config sound, and which part of it does a rule depend on?

The schema (schemas/config.schema.yaml) says what every key means and is the first check; `messages` puts its faults
into words. The second check (`crosschecks`) is whether names exist and settings fit each other. All faults are reported
at once, one line each.
"""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from halt import plugins
from halt.config import crosschecks, messages
from halt.config.crosschecks.lookup import soundness
from halt.config.files import LOADER, ConfigError
from halt.config.messages import SECRET, Faults, Place, at, show
from halt.errors import HaltError

SCHEMA = Path(__file__).parents[3] / "schemas" / "config.schema.yaml"

_TOO_LARGE = 10**18
_EACH = "*"  # any name of a registry
# Values that change nothing, by path. They are in no rule's params: without the key and with this value, the params are
# the same text. So a new key does not rerun older results.
NEUTRAL = {
    ("models", _EACH, "system"): "template",
    ("judges", _EACH, "ask"): "fragment",
    ("domains", _EACH, "fragments"): "rules",
    ("domains", _EACH, "join"): "claims",
    ("generate", "contexts"): None,
    ("respond", "contexts"): None,
    ("generate", "overlong"): "refuse",
    ("respond", "overlong"): "refuse",
    ("score", "capable"): True,
}
_WITH_NEUTRAL = {section for section, *_ in NEUTRAL}
_REGISTRIES = {section for section, *keys in NEUTRAL if _EACH in keys}
_SECRET_KEYS = {"api_key", "apikey", "token", "access_token", "password", "secret"}


def check(config: Mapping) -> None:
    """ConfigError with all the lines of `validate`, if there are any."""
    lines = validate(config)
    if lines:
        raise ConfigError("\n".join(lines))


def validate(config: Mapping) -> list[str]:
    """Every fault of a config as one line, "path: what was found, what was expected", sorted by path."""
    secrets = set(_secrets(config))
    texts, odd = _plain(config)
    hidden = {place for place, _ in secrets | odd}
    faults = {fault for fault in messages.faults(texts, load_schema()) if fault[0] not in hidden} | secrets | odd
    sound = soundness(texts, {place for place, _ in faults})
    for cross_check in crosschecks.ALL:
        faults.update(cross_check(texts, sound))
    return [f"{at(place)}: {message}" for place, message in sorted(faults, key=_order)]


def settings(config: Mapping, *subtrees: str) -> str:
    """Exactly these subtrees as sorted compact JSON by path: {"domains/biography": ..., "generate": ...}.

    A path into a registry entry (domains/biography/rows/train) gives that part of the entry alone:
    {"domains/biography": {"rows": {"train": ...}}}. Equal settings give equal text: Snakemake compares a rule's params
    as text. Values that change nothing (`NEUTRAL`) are left out. ConfigError if a subtree is missing.
    """
    chosen: dict[str, Any] = {}
    for subtree in subtrees:
        registry, *entry = subtree.split("/")
        *outer, last = ["/".join([registry, *entry[:1]]), *entry[1:]]
        into = chosen
        for key in outer:
            into = into.setdefault(key, {})
        into[last] = _telling(_subtree(config, subtree), tuple(subtree.split("/")))
    return json.dumps(chosen, sort_keys=True, separators=(",", ":"), allow_nan=False)


def has(config: Mapping, subtree: str) -> bool:
    """Whether a config has a subtree (models/smollm2-135m/engine) that changes anything: see `NEUTRAL`."""
    try:
        found = _subtree(config, subtree)
    except ConfigError:
        return False
    return not _is_neutral(found, tuple(subtree.split("/")))


def telling(config: Mapping) -> dict:
    """The config without the values that change nothing (`NEUTRAL`), as rules see it."""
    return {section: _telling(value, (section,)) for section, value in config.items()}


def load_schema() -> dict:
    """schemas/config.schema.yaml as a mapping, with the schema that each judge's module has for its entries."""
    schema = _schema()
    judge = {**schema["$defs"]["judge"], "allOf": [_entries_of(name) for name in plugins.names("judges")]}
    return {**schema, "$defs": {**schema["$defs"], "judge": judge}}


@functools.cache
def _schema() -> dict:
    return yaml.load(SCHEMA.read_text(encoding="utf-8"), Loader=LOADER)


def _entries_of(judge: str) -> dict:
    """The schema for the entries of one type of judge. The cross-checks report a broken module."""
    try:
        own = plugins.literal("judges", judge, "SCHEMA", {})
    except (HaltError, SyntaxError, ValueError):
        own = {}
    of_type = {"type": "object", "required": ["type"], "properties": {"type": {"const": judge}}}
    return {"if": of_type, "then": own or {"$ref": "#/$defs/plain_judge"}}


def _subtree(config: Mapping, path: str) -> Any:
    found: Any = config
    for key in path.split("/"):
        if not isinstance(found, Mapping) or key not in found:
            raise ConfigError(f"{path.replace('/', '.')}: not in the config ('{key}' is missing)")
        found = found[key]
    return found


def _is_neutral(value: Any, place: tuple[str, ...]) -> bool:
    name = (place[0], _EACH, *place[2:]) if place[0] in _REGISTRIES else place
    return name in NEUTRAL and value == NEUTRAL[name]


def _telling(value: Any, place: tuple[str, ...]) -> Any:
    """A subtree at its place without the values that change nothing."""
    if not isinstance(value, Mapping) or place[0] not in _WITH_NEUTRAL:
        return value
    told = {key: inner for key, inner in value.items() if not _is_neutral(inner, (*place, str(key)))}
    return {key: _telling(inner, (*place, str(key))) for key, inner in told.items()}


def _secrets(value: Any, place: Place = ()) -> Faults:
    """API keys do not belong in a config: it is committed, copied into results and shown by Snakemake."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if str(key).lower().replace("-", "_") in _SECRET_KEYS:
                yield (*place, str(key)), _SECRET
            else:
                yield from _secrets(inner, (*place, str(key)))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _secrets(inner, (*place, number))
    elif isinstance(value, str) and SECRET.match(value):
        yield place, _SECRET


_SECRET = "looks like an API key, expected none: export it and name the variable in the judge's api_key_variable"


def _plain(config: Any) -> tuple[Any, set]:
    """The config with keys as text and without endless numbers. Faults: keys that YAML did not read as text (1, yes,
    null), and numbers with more digits than any count, seed or rate."""
    faults = set()

    def walk(value: Any, place: Place) -> Any:
        if isinstance(value, Mapping):
            for key in value:
                if not isinstance(key, str):
                    faults.add(((*place, str(key)), f"found the key {show(key)}, expected text: put it in quotes"))
            return {str(key): walk(inner, (*place, str(key))) for key, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner, (*place, number)) for number, inner in enumerate(value)]
        if isinstance(value, int) and abs(value) >= _TOO_LARGE:
            faults.add((place, f"found {show(value)}, expected at most 18 digits"))
            return 0
        return value

    return walk(config, ()), faults


def _order(fault: tuple[Place, str]) -> tuple:
    place, message = fault
    return [(isinstance(key, str), key if isinstance(key, int) else 0, str(key)) for key in place], message
