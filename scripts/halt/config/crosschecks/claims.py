"""Faults of extractors, and of domains whose fragments are claims."""

from collections.abc import Mapping

from halt import domains, plugins
from halt.config.crosschecks import lookup
from halt.config.crosschecks.lookup import Sound
from halt.config.messages import Faults, show
from halt.engines import asked
from halt.errors import HaltError

_TEXTUAL = ("probe",)  # programs that look for a fragment's own words in the answer


def check_domains(config: Mapping, sound: Sound) -> Faults:
    """A domain with claims has an extractor and fragments that stand alone; one without has neither key."""
    for name, entry in lookup.registry(config, "domains", sound):
        place = ("domains", name)
        if entry.get("fragments", "rules") == "rules":
            for key in ("extractor", "join"):
                if key in entry and entry[key] != "claims":
                    found = f"found {show(entry[key])}, expected none without fragments 'claims': it is not read"
                    yield (*place, key), found
            continue
        if "extractor" not in entry:
            yield (*place, "extractor"), "missing, expected a key of extractors: the fragments are claims"
        elif not lookup.names(config, "extractors"):
            yield (*place, "extractor"), f"found {show(entry['extractor'])}, but the config has no extractors"
        else:
            yield from lookup.known(entry["extractor"], config, "extractors", (*place, "extractor"))
        try:
            module = domains.load(entry["module"])
        except HaltError:
            continue  # it has its own line
        if module.DEPENDENT:
            found = f"found 'claims', but the fragments of module {show(entry['module'])} build on each other"
            yield (*place, "fragments"), f"{found}, expected 'rules'"
        if name in lookup.selected_domains(config, sound):
            yield from _check_filters(config, name, sound)


def _check_filters(config: Mapping, domain: str, sound: Sound) -> Faults:
    for place, name in lookup.items(config, sound, "experiment", "methods"):
        method = config["methods"].get(name, {}) if sound("methods", name) else {}
        kind = method.get("filter")
        if kind in plugins.names("confidence") and plugins.program_of(kind) in _TEXTUAL:
            told = f"found {show(name)}, which looks for the words of fragments in the answer"
            yield place, f"{told}, but the fragments of domain {show(domain)} are claims"


def check_extractors(config: Mapping, sound: Sound) -> Faults:
    """The model of an extractor is there and fit to extract."""
    for name, entry in lookup.registry(config, "extractors", sound):
        place = ("extractors", name)
        for key, message in asked.faults(entry):
            yield (*place, key), message
        needs = asked.reached(entry)
        if needs.model is None:
            continue
        yield from lookup.known(needs.model, config, "models", (*place, "model"))
        if needs.model not in lookup.names(config, "models") or not sound("models", needs.model, "needs"):
            continue
        model = config["models"][needs.model]
        if "extract" not in model["needs"]:
            found = f"missing, expected a mapping: extractor {show(name)} runs on it"
            yield ("models", needs.model, "needs", "extract"), found
        elif "vllm" in (needs.engine, needs.server):
            yield from lookup.fits_vllm(config, needs.model, "extract")
        if needs.server and sound("models", needs.model, "chat") and not model["chat"]:
            found = f"found {show(needs.model)}, which has no chat template"
            yield (*place, "model"), f"{found}, expected one with a chat template: it is asked by chat"
        if needs.server and model.get("system") == "none":
            told = f"extractor {show(name)} serves it, with the template that it has"
            yield ("models", needs.model, "system"), f"found 'none', expected 'template': {told}"
