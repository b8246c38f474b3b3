"""Faults that the JSON schema finds, in words: what was found, what was expected, did you mean."""

import difflib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Place = tuple[str | int, ...]  # keys and list positions from the top of the config
Faults = Iterator[tuple[Place, str]]

_LONGEST_NAME = 100  # as in the schema; names are folders and files

SECRET = re.compile(r"\s*(sk-|hf_[A-Za-z0-9]{16})")  # how the keys of model servers begin


def faults(instance: Any, schema: Mapping, at: Place = ()) -> Faults:
    """Every (place, message) where an instance breaks a schema; `at` is the place of the instance in the config."""
    for error in _validator(schema).iter_errors(instance):
        yield from _translate(error, at + tuple(error.absolute_path), schema)


def broken(schema: Mapping) -> str | None:
    """What is wrong with a schema itself, in a few words; None if nothing is."""
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
    return None


def _validator(schema: Mapping):
    # imported here: the import takes longer than the check of a config
    from jsonschema import Draft202012Validator, validators

    # to JSON schema 5.0 is an integer, and .nan is fine
    strict = Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _is_whole, "number": _is_number})
    return validators.extend(Draft202012Validator, type_checker=strict)(_for_python(schema))


def _for_python(schema: Any) -> Any:
    """A schema with patterns that mean the same to Python as to JSON schema, in values and names."""
    if isinstance(schema, list):
        return [_for_python(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    translated = {keyword: _for_python(part) for keyword, part in schema.items()}
    if isinstance(schema.get("pattern"), str):
        translated["pattern"] = _whole_end(schema["pattern"])
    if isinstance(schema.get("patternProperties"), Mapping):
        names = translated["patternProperties"]
        translated["patternProperties"] = {_whole_end(pattern): part for pattern, part in names.items()}
    return translated


def _whole_end(pattern: str) -> str:
    """In Python `$` also matches before a last line break; in JSON schema it does not."""
    return re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\$", lambda part: r"\Z" if part[0] == "$" else part[0], pattern)


def _is_whole(_checker, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_checker, value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _translate(error, place: Place, root: Mapping) -> Faults:
    found, schema = error.instance, error.schema
    match error.validator:
        case "additionalProperties":
            yield from _unknown_keys(found, schema, place)
        case "required":
            meant = _meant(found, schema)
            for key in error.validator_value:
                if key not in found and key not in meant:
                    yield (*place, key), f"missing, expected {expected(schema['properties'][key], root)}"
        case "uniqueItems":
            twice = next(item for number, item in enumerate(found) if item in found[:number])
            yield place, f"found {show(twice)} twice, expected {expected(schema, root)}"
        case _:
            yield place, f"found {show(found)}, expected {expected(schema, root)}{_advice(found, schema)}"


def _meant(found: Mapping, schema: Mapping) -> set[str | None]:
    """Missing keys that are there under a misspelled name. `_unknown_keys` reports them: they are not also missing."""
    if schema.get("additionalProperties") is not False:
        return set()
    return {_closest(key, schema["properties"]) for key in found if key not in schema["properties"]}


def _unknown_keys(found: Mapping, schema: Mapping, place: Place) -> Faults:
    patterns = schema.get("patternProperties", {})
    for key in found:
        if key in schema.get("properties", {}) or any(re.search(pattern, key) for pattern in patterns):
            continue
        if patterns:
            at_most = f", at most {_LONGEST_NAME} of them" if len(key) > _LONGEST_NAME else ""
            signs = "letters, digits, '.', '_' and '-', the first a letter or digit"
            yield (*place, key), f"not a name, expected {signs}{at_most}"
        else:
            known = schema.get("properties", {})
            told = f"unknown key{did_you_mean(key, known, 'known')}"
            if place[-1:] == ("source",) and _closest(key, known) is None:  # of the source that was there
                told += "; a source of another type needs an entry of its own, since files of a config are merged"
            yield (*place, key), told


def expected(schema: Mapping, root: Mapping) -> str:
    """What a value should be, in words: the schema's title, else its type and bounds."""
    if "title" in schema:
        return schema["title"]
    if "const" in schema:
        return show(schema["const"])
    if "enum" in schema:
        choices = ", ".join(show(choice) for choice in schema["enum"])
        return choices if len(schema["enum"]) == 1 else f"one of {choices}"
    if "type" not in schema and "$ref" in schema:
        return expected(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root)
    match schema.get("type"):
        case "integer":
            return "a whole number" + _bounds(schema)
        case "number":
            return "a number" + _bounds(schema)
        case "string":
            return "text"
        case "boolean":
            return "true or false"
        case "array":
            return "a list"
        case "object":
            return "a mapping with at least one entry" if "minProperties" in schema else "a mapping"
    return f"a value with {json.dumps(schema)}"  # OPTIONS of a domain's module may use any other keyword


def _bounds(schema: Mapping) -> str:
    signs = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {schema[keyword]}" for keyword, sign in signs.items() if keyword in schema]
    return f" {' and '.join(bounds)}" if bounds else ""


def _advice(found: Any, schema: Mapping) -> str:
    if schema.get("type") != "number" or not isinstance(found, str):
        return ""
    try:
        return f" (YAML reads this as text, write {float(found)})"
    except ValueError:
        return ""


def show(value: Any) -> str:
    """A value for a message: short, in YAML's words, and never a secret."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str() if SECRET.match(value):
            return "a secret"
        case str():
            return repr(value if len(value) <= 70 else f"{value[:67]}...")
        case Mapping():
            return "a mapping" if value else "an empty mapping"
        case list() | tuple():
            return "a list" if value else "an empty list"
    try:
        return str(value)
    except ValueError:  # Python refuses to write so many digits
        return "a number with too many digits"


def at(place: Place) -> str:
    """("experiment", "models", 0) -> "experiment.models[0]"."""
    keys = [key if isinstance(key, int) or key.isprintable() else repr(key) for key in place]
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return text.removeprefix(".") or "config"


def _closest(name: str, known: Iterable[str]) -> str | None:
    if len(name) > _LONGEST_NAME:  # a comparison takes long with a long name
        return None
    return next(iter(difflib.get_close_matches(name, list(known), n=1)), None)


def did_you_mean(name: str, known: Iterable[str], listing: str) -> str:
    """The hint after an unknown name: the closest known one, else all of them."""
    closest = _closest(name, known)
    if closest is not None:
        return f", did you mean '{closest}'?"
    return f" ({listing}: {', '.join(sorted(known)) or 'none'})"
