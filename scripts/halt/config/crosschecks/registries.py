"""Faults of a config that a schema cannot see: unknown names, and settings that do not fit each other.

A check looks only at values that obey the schema (`sound`): one mistake is reported once.
"""

import json
from collections.abc import Mapping
from types import ModuleType

from halt import domains, judges, paths, plugins
from halt.config.crosschecks import claims, lookup, methods
from halt.config.crosschecks.lookup import Sound
from halt.config.messages import Faults, Place, show
from halt.errors import HaltError


def _check_selections(config: Mapping, sound: Sound) -> Faults:
    for section in ("models", "domains", "methods"):
        for place, name in lookup.items(config, sound, "experiment", section):
            yield from lookup.known(name, config, section, place)


def _check_thresholds(config: Mapping, sound: Sound) -> Faults:
    listed = list(lookup.items(config, sound, "experiment", "thresholds"))
    for name, own in lookup.registry(config, "methods", sound, "thresholds"):
        listed += [(("methods", name, "thresholds", number), threshold) for number, threshold in enumerate(own)]
    for place, threshold in listed:
        try:
            paths.threshold_label(threshold)
        except ValueError as error:
            yield place, str(error)
    yield from methods.check_ranks(config, sound)
    if not (sound("experiment", "thresholds") and sound("experiment", "methods")) or config["experiment"]["thresholds"]:
        return
    without = {name for name, method in lookup.registry(config, "methods", sound) if "thresholds" not in method}
    with_threshold = {name for name, has_one in lookup.registry(config, "methods", sound, "threshold") if has_one}
    for name in config["experiment"]["methods"]:
        if name in with_threshold & without:
            yield ("experiment", "thresholds"), f"found an empty list, but method {show(name)} needs at least one"


def _check_joint(config: Mapping, sound: Sound) -> Faults:
    place = ("experiment", "joint")
    if not sound(*place) or not config["experiment"]["joint"]:
        return
    if len(lookup.selected_domains(config, sound)) == 1:
        yield place, "found true with one domain, expected several or false"
    by_source: dict[str, str] = {}
    for name in lookup.selected_domains(config, sound):
        if sound("domains", name):
            entry = config["domains"][name]
            other = by_source.setdefault(json.dumps([entry["module"], entry["source"]], sort_keys=True), name)
            if entry["fold"] != config["domains"][other]["fold"]:
                yield (
                    place,
                    f"found true, but {show(other)} and {show(name)} are folds of one source, expected one of them: the"
                    " model would be trained on what it is tested on",
                )
    selected = [name for _, name in lookup.items(config, sound, "experiment", "methods")]
    if selected and all(sound("methods", name) and config["methods"][name]["rewrite"] is None for name in selected):
        yield place, "found true, but no method of the experiment trains on targets, expected one that does, or false"


def _check_reserved_names(config: Mapping, sound: Sound) -> Faults:
    for section, reserved in (("domains", paths.RESERVED_DOMAINS), ("methods", paths.RESERVED_METHODS)):
        for name in lookup.names(config, section):
            if name in reserved:
                yield (section, name), f"the name {show(name)} is taken by the workflow, expected another"
    for name, module in lookup.registry(config, "methods", sound, "rewrite"):
        place = ("methods", f"{name}{paths.FULL}")
        if plugins.flag("rewriting", module, "MARKS") and place[1] in config["methods"]:
            yield place, f"the name {show(place[1])} is {show(name)} with its marks in the tables, expected another"


def _check_domain_modules(config: Mapping, sound: Sound) -> Faults:
    for name, module_name in lookup.registry(config, "domains", sound, "module"):
        place = ("domains", name, "module")
        broken = list(lookup.module_faults(domains.load, module_name, "domains", place))
        if broken:
            yield from broken
            continue
        module = domains.load(module_name)
        if sound("domains", name, "options"):
            options, place = config["domains"][name]["options"], ("domains", name, "options")
            file = plugins.file_of("domains", module_name)
            broken = list(lookup.options_of(options, module.OPTIONS, place, file))
            yield from broken or _check_bounds(options, module.OPTIONS, place)
        if sound("domains", name, "judge"):
            yield from _check_domain_judge(config, name, module, sound)


def _check_bounds(options: Mapping, declared: Mapping, place: Place) -> Faults:
    """For two options min_x and max_x, set or default: the first is not above the second."""
    chosen = {name: options.get(name, option["default"]) for name, option in declared.items()}
    for name, least in chosen.items():
        most = name.replace("min_", "max_", 1)
        if name.startswith("min_") and most in chosen and least > chosen[most]:
            yield (*place, name), f"found {least}, expected at most {most} ({chosen[most]})"


def _check_domain_judge(config: Mapping, name: str, module: ModuleType, sound: Sound) -> Faults:
    judge, place = config["domains"][name]["judge"], ("domains", name, "judge")
    unknown = list(lookup.known(judge, config, "judges", place))
    yield from unknown
    if unknown or not sound("judges", judge) or list(_broken_judge(config["judges"][judge], place)):
        return
    if refused := judges.refuses(config["judges"][judge], module):
        yield place, f"found {show(judge)}, but module '{config['domains'][name]['module']}' {refused}"


def _broken_judge(judge: Mapping, place: Place) -> Faults:
    yield from lookup.module_faults(judges.load, judge["type"], "judges", (*place, "type"))


def _check_judges(config: Mapping, sound: Sound) -> Faults:
    for name, judge in lookup.registry(config, "judges", sound):
        place = ("judges", name)
        broken = list(_broken_judge(judge, place))
        yield from broken
        if broken:
            continue
        options = vars(judges.load(judge["type"])).get("OPTIONS", {})
        file = plugins.file_of("judges", judge["type"])
        yield from lookup.options_of(judge.get("options", {}), options, (*place, "options"), file)
        try:
            told, needs = judges.faults(judge), judges.needs(judge, dependent=False)
        except HaltError as error:
            yield (*place, "type"), str(error)
            continue
        for key, message in told:
            yield (*place, key), message
        if needs.model is not None:
            yield from _check_evaluator(config, name, needs, sound)


def _check_evaluator(config: Mapping, name: str, needs: judges.Needs, sound: Sound) -> Faults:
    """The model of a judge is there and fit to judge. If it is served, it has a chat template."""
    model, place = needs.model, ("judges", name, "model")
    yield from lookup.known(model, config, "models", place)
    if model not in lookup.names(config, "models") or not sound("models", model, "needs"):
        return
    if "judge" not in config["models"][model]["needs"]:
        yield ("models", model, "needs", "judge"), f"missing, expected a mapping: judge {show(name)} runs on it"
    elif "vllm" in (needs.engine, needs.server):
        yield from lookup.fits_vllm(config, model, "judge")
    if needs.server and sound("models", model, "chat") and not config["models"][model]["chat"]:
        found = f"found {show(model)}, which has no chat template"
        yield place, f"{found}, expected one with a chat template: it is asked by chat"


def _check_system(config: Mapping, sound: Sound) -> Faults:
    """A server uses the chat template that the model has."""
    for name, judge in lookup.registry(config, "judges", sound):
        model = judge.get("model") if judge.get("engine") == "served" else None
        if sound("models", model, "system") and config["models"][model]["system"] == "none":
            found = f"found 'none', expected 'template': judge {show(name)} serves it, with the template that it has"
            yield ("models", model, "system"), found


def _check_engines(config: Mapping, sound: Sound) -> Faults:
    for name, engine in lookup.registry(config, "models", sound, "engine"):
        if engine == "vllm" and sound("models", name, "needs"):
            for stage in ("generate", "respond"):
                yield from lookup.fits_vllm(config, name, stage)


def _check_shots(config: Mapping, sound: Sound) -> Faults:
    asking = {
        name
        for name, method in lookup.registry(config, "methods", sound)
        if "rated_by" in method or methods.filter_asks(method)
    }
    asked = any(name in asking for _, name in lookup.items(config, sound, "experiment", "methods"))
    for section in ("generate", "respond", *(["confidence"] if asked else [])):
        if not sound(section, "shots"):
            continue
        shots = config[section]["shots"]
        for name in lookup.selected_domains(config, sound):
            if sound("domains", name, "rows", "train") and shots >= config["domains"][name]["rows"]["train"]:
                rows = config["domains"][name]["rows"]["train"]
                yield (section, "shots"), f"found {shots}, expected fewer than domains.{name}.rows.train ({rows})"


def _check_sampling(config: Mapping, sound: Sound) -> Faults:
    if sound("generate", "temperature") and sound("generate", "samples"):
        samples = config["generate"]["samples"]
        if config["generate"]["temperature"] == 0 and samples > 1:
            yield ("generate", "temperature"), f"found 0, expected more: the {samples} samples would be the same"


def _check_phrases(config: Mapping, sound: Sound) -> Faults:
    if sound("phrases", "unsure") and sound("phrases", "uncertain"):
        unsure, uncertain = (config["phrases"][name] for name in ("unsure", "uncertain"))
        if uncertain.lower().startswith(unsure.lower()):  # else its lines would be read as the other phrase
            place = ("phrases", "uncertain")
            yield place, f"found {show(uncertain)}, expected one that does not begin like phrases.unsure"


def _check_split(config: Mapping, sound: Sound) -> Faults:
    if sound("data", "validation") and sound("data", "test"):
        validation, test = config["data"]["validation"], config["data"]["test"]
        if validation + test >= 1:
            yield (
                ("data",),
                f"found validation {validation} and test {test}, expected a sum below 1: train gets the rest",
            )
        for name, fold in lookup.registry(config, "domains", sound, "fold"):
            if (fold + 1) * test > 1 + 1e-9:
                folds = int(1 / test + 1e-9)
                yield (
                    ("domains", name, "fold"),
                    f"found {fold}, expected below {folds}: a test share of {test} makes that many folds",
                )


def _check_packages(config: Mapping, sound: Sound) -> Faults:
    for name, source in lookup.registry(config, "domains", sound, "source"):
        for number, one in enumerate(source if isinstance(source, list) else [source]):
            place = ("domains", name, "source", *((number,) if isinstance(source, list) else ()), "sha256")
            if one["type"] != "package":
                continue
            for package in one["packages"]:
                if package not in one["sha256"]:
                    yield (*place, package), "missing, expected the sha256 of this package's wheel"
            for package in one["sha256"]:
                if package not in one["packages"]:
                    yield (*place, package), "found a sha256, but this is none of the packages"


def _check_needs(config: Mapping, sound: Sound) -> Faults:
    for name, stages in lookup.registry(config, "models", sound, "needs"):
        for stage, needs in stages.items():
            yield from _check_processes(stage, needs, ("models", name, "needs", stage))
            if needs.get("cpus", needs["processes"]) < needs["processes"]:
                place = ("models", name, "needs", stage, "cpus")
                yield place, f"found {needs['cpus']}, expected at least one for each of {needs['processes']} processes"
        if sound("finetune", "global_batch"):
            yield from lookup.divides(config, name, "finetune", "global_batch")


def _check_processes(stage: str, needs: Mapping, place: Place) -> Faults:
    gpus, processes = needs["gpus"], needs["processes"]
    fsdp = needs.get("parallel") == "fsdp"
    if fsdp and not gpus:
        yield (*place, "parallel"), "found 'fsdp' without GPUs, expected 'ddp': accelerate shards nothing on a CPU"
    elif fsdp and processes == 1:
        yield (
            (*place, "parallel"),
            "found 'fsdp' with one process, expected 'ddp', or one process for each of several GPUs",
        )
    elif gpus and stage == "finetune" and processes != gpus:
        yield (*place, "processes"), f"found {processes}, expected {gpus}, one for each GPU"
    elif gpus and processes not in (1, gpus):
        expected = (
            f"{gpus}, a model on each GPU, or 1, one model over all of them" if gpus > 1 else "1, one for its GPU"
        )
        yield (*place, "processes"), f"found {processes}, expected {expected}"


def _check_quantization(config: Mapping, sound: Sound) -> Faults:
    for name, quantization in lookup.registry(config, "models", sound, "quantization"):
        place, found = ("models", name, "quantization"), f"found {show(quantization)}"
        if sound("models", name, "needs") and not config["models"][name]["needs"]["finetune"]["gpus"]:
            yield place, f"{found}, but models.{name}.needs.finetune.gpus is 0, expected GPUs or no quantization"
        if sound("finetune", "adapter") and config["finetune"]["adapter"] != "lora":
            yield place, f"{found}, whose weights cannot be trained, expected finetune.adapter lora"


def _check_lengths(config: Mapping, sound: Sound) -> Faults:
    selected = [name for _, name in lookup.items(config, sound, "experiment", "methods") if sound("methods", name)]
    for training in ("finetune", *(["dpo"] if any("pairs" in config["methods"][name] for name in selected) else [])):
        if not sound(training, "max_length"):
            continue
        length = config[training]["max_length"]
        for name in lookup.selected_domains(config, sound):
            if sound("domains", name, "max_new_tokens") and length <= config["domains"][name]["max_new_tokens"]:
                tokens = config["domains"][name]["max_new_tokens"]
                yield (
                    (training, "max_length"),
                    f"found {length}, expected more than domains.{name}.max_new_tokens ({tokens})",
                )


ALL = (
    _check_selections,
    _check_thresholds,
    _check_joint,
    _check_reserved_names,
    methods.check_methods,
    methods.check_filters,
    _check_domain_modules,
    _check_judges,
    claims.check_domains,
    claims.check_extractors,
    _check_system,
    _check_engines,
    _check_shots,
    _check_sampling,
    _check_phrases,
    _check_split,
    _check_packages,
    _check_needs,
    _check_quantization,
    _check_lengths,
)
