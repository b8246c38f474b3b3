"""Faults of a config that a schema cannot see: names that are in no registry, settings that do not fit each other.

A check looks only at values that obey the schema (`sound`), so that one mistake is reported once.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import ModuleType
from typing import Any

from halt import domains, modules, paths, schema
from halt.errors import HaltError
from halt.schema import Faults, Place, did_you_mean, show

Sound = Callable[..., bool]


def soundness(config: Any, faulty: set[Place]) -> Sound:
    """A test whether the value at a place exists and obeys the schema, so that a cross-check can rely on it."""

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


def _registry(config: Mapping, section: str, sound: Sound, *keys: str) -> Iterator[tuple[str, Any]]:
    """(name, entry or the part of it under `keys`) for the entries in which that is sound."""
    for name in _names(config, section):
        if sound(section, name, *keys):
            part = config[section][name]
            for key in keys:
                part = part[key]
            yield name, part


def _names(config: Mapping, section: str) -> list[str]:
    """The names in a registry, faulty entries included: a broken entry is not an unknown one."""
    return list(config[section]) if isinstance(config.get(section), Mapping) else []


def _items(config: Mapping, sound: Sound, section: str, key: str) -> Iterator[tuple[Place, Any]]:
    """(place, item) for the sound items of a list."""
    listed = config[section].get(key) if isinstance(config.get(section), Mapping) else None
    for number, item in enumerate(listed if isinstance(listed, list) else []):
        if sound(section, key, number):
            yield (section, key, number), item


def _selected_domains(config: Mapping, sound: Sound) -> list[str]:
    selected = [name for _, name in _items(config, sound, "experiment", "domains")]
    return [name for name in selected if name in _names(config, "domains")]


def _check_selections(config: Mapping, sound: Sound) -> Faults:
    for section in ("models", "domains", "methods"):
        for place, name in _items(config, sound, "experiment", section):
            yield from _known(name, config, section, place)


def _known(name: str, config: Mapping, section: str, place: Place) -> Faults:
    known = _names(config, section)
    if known and name not in known:  # a registry that is not there at all has a line of its own
        yield place, f"found {show(name)}, expected a key of {section}{did_you_mean(name, known, 'there')}"


def _check_thresholds(config: Mapping, sound: Sound) -> Faults:
    listed = list(_items(config, sound, "experiment", "thresholds"))
    for name, own in _registry(config, "methods", sound, "thresholds"):
        listed += [(("methods", name, "thresholds", number), threshold) for number, threshold in enumerate(own)]
    for place, threshold in listed:
        try:
            paths.threshold_label(threshold)
        except ValueError as error:
            yield place, str(error)
    if not (sound("experiment", "thresholds") and sound("experiment", "methods")) or config["experiment"]["thresholds"]:
        return
    without = {name for name, method in _registry(config, "methods", sound) if "thresholds" not in method}
    with_threshold = {name for name, has_one in _registry(config, "methods", sound, "threshold") if has_one}
    for name in config["experiment"]["methods"]:
        if name in with_threshold & without:
            yield ("experiment", "thresholds"), f"found an empty list, but method {show(name)} needs at least one"


def _check_joint(config: Mapping, sound: Sound) -> Faults:
    if sound("experiment", "joint") and config["experiment"]["joint"] and len(_selected_domains(config, sound)) == 1:
        yield ("experiment", "joint"), "found true with one domain, expected several or false"


def _check_reserved_names(config: Mapping, _sound: Sound) -> Faults:
    for section, reserved in (("domains", paths.RESERVED_DOMAINS), ("methods", paths.RESERVED_METHODS)):
        for name in _names(config, section):
            if name in reserved:
                yield (section, name), f"the name {show(name)} is taken by the workflow, expected another"


def _check_methods(config: Mapping, sound: Sound) -> Faults:
    for name, module in _registry(config, "methods", sound, "rewrite"):
        if module is not None:  # not loaded: that would load polars at every start of the workflow
            place = ("methods", name, "rewrite")
            broken = list(_module_faults(partial(modules.check, "rewriting"), module, "rewriting", place))
            yield from broken
            without = sound("methods", name, "threshold") and not config["methods"][name]["threshold"]
            if not broken and without and modules.reads("rewriting", module, "rewrite", place=2):
                yield ("methods", name, "threshold"), f"found false, but module '{module}' needs one, expected true"
            if not broken:
                yield from _check_method_options(config, name, module, sound, "rewrite", "rewriting")
    for name, method in _registry(config, "methods", sound):
        if "pairs" in method or "after" in method or "rated_by" in method:
            yield from _check_pairs(config, name, method, sound)
        elif method.get("pairs_per_prompt") is not None:
            found = show(method["pairs_per_prompt"])
            yield (
                ("methods", name, "pairs_per_prompt"),
                f"found {found}, but there are no pairs to draw from, expected none",
            )
        elif method["rewrite"] is None and method["threshold"] and not {"filter", "of"} & method.keys():
            yield ("methods", name, "threshold"), "found true, but there is nothing to rewrite, expected false"
        for key in ("options", "phrases"):
            if method["rewrite"] is None and method.get(key) and not (key == "options" and "rated_by" in method):
                yield ("methods", name, key), f"found {key}, but there is nothing to rewrite, expected none"
        if "thresholds" in method and not method["threshold"]:
            yield ("methods", name, "thresholds"), "found thresholds of a method without one, expected threshold true"


def _check_method_options(config: Mapping, name: str, module: str, sound: Sound, key: str, package: str) -> Faults:
    """Options and phrases are those of the module, which stands under `key` of the method's entry."""
    place = ("methods", name, "options")
    try:
        declared = modules.literal(package, module, "OPTIONS", {})
        phrases = modules.literal(package, module, "PHRASES", ())
    except HaltError as error:
        yield ("methods", name, key), str(error)
        return
    yield from _check_method_phrases(config, name, module, phrases, sound)
    if undescribed := modules.undescribed(declared):
        file = modules.file_of(package, module)
        yield (
            ("methods", name, key),
            f"{file}: option {undescribed[0]} of OPTIONS lacks a default or a description",
        )
    elif sound(*place):
        yield from _check_options(config["methods"][name]["options"], declared, place)


def _check_method_phrases(config: Mapping, name: str, module: str, wanted: tuple[str, ...], sound: Sound) -> Faults:
    """The phrases that the module writes are there, and told apart from each other and from everybody's."""
    place = ("methods", name, "phrases")
    if not sound("methods", name):
        return
    given = config["methods"][name].get("phrases", {})
    if wanted and not given:
        yield place, f"missing, expected a mapping with {', '.join(wanted)}: module '{module}' writes them"
    elif given and not wanted:
        yield place, f"found phrases, but module '{module}' writes none, expected none"
    common = [config["phrases"][phrase] for phrase in ("unsure", "uncertain") if sound("phrases", phrase)]
    taken = [phrase.lower() for phrase in common]
    for phrase, text in given.items():
        own = text.lower()
        if any(own.startswith(other) or other.startswith(own) for other in taken):  # answers are read by beginnings
            yield (*place, phrase), f"found {show(text)}, expected one that begins as no other phrase"
        taken.append(own)


def _check_pairs(config: Mapping, name: str, method: Mapping, sound: Sound) -> Faults:
    """A method that trains on pairs goes on from one that finetunes, at the same thresholds."""
    place = ("methods", name)
    there = [key for key in ("pairs", "after", "rated_by") if key in method]
    for key in ("pairs", "after"):
        if key not in method:
            yield (*place, key), f"missing, expected it beside {there[0]}"
            return
    if method["rewrite"] is not None:
        yield (*place, "rewrite"), f"found {show(method['rewrite'])} beside pairs, expected null"
    module, after = method["pairs"], method["after"]
    broken = list(_module_faults(partial(modules.check, "preferences"), module, "preferences", (*place, "pairs")))
    yield from broken
    if not (broken or method["threshold"]) and modules.reads("preferences", module, "pairs", place=2):
        yield (*place, "threshold"), f"found false, but module '{module}' needs one, expected true"
    if not broken:
        rates = modules.mentions("preferences", module, "confidences")
        if rates and "rated_by" not in method:
            yield (*place, "rated_by"), f"missing, but module '{module}' pairs by p(True), expected whose"
        elif "rated_by" in method and not rates:
            yield (*place, "rated_by"), f"found {show(method['rated_by'])}, but module '{module}' reads no p(True)"
        if "rated_by" in method:
            yield from _check_method_options(config, name, module, sound, "pairs", "preferences")
    unknown = list(_known(after, config, "methods", (*place, "after")))
    yield from unknown
    if unknown or not sound("methods", after):
        return
    before = config["methods"][after]
    if before["rewrite"] is None:
        yield (*place, "after"), f"found {show(after)}, which has no targets, expected a method with `rewrite`"
    elif before["threshold"] and not method["threshold"]:
        yield (*place, "threshold"), f"found false, but {show(after)} has one, expected true"
    selected = [chosen for _, chosen in _items(config, sound, "experiment", "methods")]
    if name in selected:
        yield from _check_dpo(config, name, sound)
        if method.get("rated_by") == "tuned":
            yield from _check_sk_tuning(config, name, sound)


def _check_sk_tuning(config: Mapping, name: str, sound: Sound) -> Faults:
    """Whether the model that this method asks can be tuned."""
    place = ("sk_tuning",)
    if sound(*place, "labels") and config["sk_tuning"]["labels"] == "nli" and "nli" not in config["sk_tuning"]:
        yield (*place, "nli"), f"missing, expected a mapping: method {show(name)} is labelled by entailment"
    if sound("generate", "temperature") and sound(*place, "samples"):
        samples = config["sk_tuning"]["samples"]
        if config["generate"]["temperature"] == 0 and samples > 1 and config["generate"].get("samples") == 1:
            yield ("generate", "temperature"), f"found 0, expected more: the {samples} samples would be the same"
    if not sound(*place, "training", "global_batch"):
        return
    batch = config["sk_tuning"]["training"]["global_batch"]
    for _, model in _items(config, sound, "experiment", "models"):
        if sound("models", model, "needs"):
            processes = config["models"][model]["needs"]["finetune"]["processes"]
            if batch % processes:
                yield (
                    ("models", model, "needs", "finetune", "processes"),
                    f"found {processes}, expected a divisor of sk_tuning.training.global_batch ({batch})",
                )


def _check_dpo(config: Mapping, name: str, sound: Sound) -> Faults:
    """Whether this experiment can train on pairs: by LoRA, with the model whole in every process."""
    if sound("finetune", "adapter") and config["finetune"]["adapter"] != "lora":
        yield ("finetune", "adapter"), f"found 'full', expected 'lora': method {show(name)} goes on from an adapter"
    for _, model in _items(config, sound, "experiment", "models"):
        if not sound("models", model, "needs"):
            continue
        needs, place = config["models"][model]["needs"]["finetune"], ("models", model, "needs", "finetune")
        if needs.get("parallel") == "fsdp":
            yield (*place, "parallel"), f"found 'fsdp', expected 'ddp': method {show(name)} shards no model"
        if sound("dpo", "global_batch") and config["dpo"]["global_batch"] % needs["processes"]:
            yield (
                (*place, "processes"),
                f"found {needs['processes']}, expected a divisor of dpo.global_batch ({config['dpo']['global_batch']})",
            )


def _check_filters(config: Mapping, sound: Sound) -> Faults:
    for name, method in _registry(config, "methods", sound):
        if "filter" not in method:
            if "of" in method:
                yield ("methods", name, "filter"), "missing, expected one: `of` says whose answers are filtered"
            continue
        if method["rewrite"] is not None:
            found = show(method["rewrite"])
            yield ("methods", name, "rewrite"), f"found {found}, but a filter trains nothing, expected null"
        if not method["threshold"]:
            yield ("methods", name, "threshold"), "found false, but a filter needs a threshold, expected true"
        if "of" not in method:
            yield ("methods", name, "of"), "missing, expected the method whose answers are filtered"
            continue
        place = ("methods", name, "of")
        yield from _known(method["of"], config, "methods", place)
        of = config["methods"][method["of"]] if sound("methods", method["of"]) else {}
        if of.get("threshold") and (of["rewrite"] is not None or "filter" in of):  # else it has a fault of its own
            yield place, f"found {show(method['of'])}, which has a threshold, expected a method without one"
        if method["filter"] in paths.PROBING:
            yield from _check_probing(config, name, of, sound)
        if (
            method["filter"] == "self_consistency"
            and sound("generate", "samples")
            and config["generate"]["samples"] < 2
        ):
            yield ("generate", "samples"), f"found 1, but method {show(name)} compares samples, expected at least 2"


def _check_probing(config: Mapping, name: str, of: Mapping, sound: Sound) -> Faults:
    """The pretrained model's own answers can be read, by transformers, and there are prompts for every fold."""
    place = ("methods", name, "of")
    if of.get("rewrite") is not None or "pairs" in of:
        found = show(config["methods"][name]["of"])
        yield place, f"found {found}, which finetunes, expected one that does not: the probe reads the pretrained model"
    selected = [chosen for _, chosen in _items(config, sound, "experiment", "methods")]
    if name not in selected:
        return
    for _, model in _items(config, sound, "experiment", "models"):
        if sound("models", model, "engine") and config["models"][model]["engine"] == "vllm":
            place = ("models", model, "engine")
            yield place, f"found 'vllm', expected 'transformers': method {show(name)} reads hidden states"
    if not sound("probe", "folds"):
        return
    folds = config["probe"]["folds"]
    for domain in _selected_domains(config, sound):
        if sound("domains", domain, "rows", "train") and folds > config["domains"][domain]["rows"]["train"]:
            rows = config["domains"][domain]["rows"]["train"]
            yield ("probe", "folds"), f"found {folds}, expected at most domains.{domain}.rows.train ({rows})"


def _check_domain_modules(config: Mapping, sound: Sound) -> Faults:
    for name, module_name in _registry(config, "domains", sound, "module"):
        place = ("domains", name, "module")
        broken = list(_module_faults(domains.load, module_name, "domains", place))
        if broken:
            yield from broken
            continue
        module = domains.load(module_name)
        if sound("domains", name, "options"):
            yield from _check_options(config["domains"][name]["options"], module.OPTIONS, ("domains", name, "options"))
        if sound("domains", name, "judge"):
            yield from _check_domain_judge(config, name, module, sound)


def _module_faults(check: Callable[[str], object], module: str, package: str, place: Place) -> Faults:
    known = modules.names(package)
    if module not in known:
        hint = did_you_mean(module, known, "there")
        yield place, f"found {show(module)}, expected a module in scripts/halt/{package}/{hint}"
        return
    try:
        check(module)
    except HaltError as error:
        yield place, str(error)


def _check_options(options: Mapping, properties: Mapping, place: Place) -> Faults:
    declared = {"type": "object", "additionalProperties": False, "properties": properties}
    yield from schema.faults(options, declared, place)


def _check_domain_judge(config: Mapping, name: str, module: ModuleType, sound: Sound) -> Faults:
    judge, place = config["domains"][name]["judge"], ("domains", name, "judge")
    unknown = list(_known(judge, config, "judges", place))
    if unknown:
        yield from unknown
    elif sound("judges", judge) and config["judges"][judge]["type"] == "reference" and not module.REFERENCE_JUDGE:
        module_name = config["domains"][name]["module"]
        yield place, f"found {show(judge)}, but module '{module_name}' has no reference judge, expected an llm judge"


def _check_llm_judges(config: Mapping, sound: Sound) -> Faults:
    for name, judge in _registry(config, "judges", sound):
        if judge["type"] != "llm" or judge["engine"] == "openai":
            continue
        model = judge["model"]
        yield from _known(model, config, "models", ("judges", name, "model"))
        if model not in _names(config, "models") or not sound("models", model, "needs"):
            continue
        if "judge" not in config["models"][model]["needs"]:
            yield ("models", model, "needs", "judge"), f"missing, expected a mapping: judge {show(name)} runs on it"
        elif "vllm" in (judge["engine"], judge.get("server")):
            yield from _fits_vllm(config, model, "judge")
        if judge["engine"] == "served" and sound("models", model, "chat") and not config["models"][model]["chat"]:
            yield (
                ("judges", name, "model"),
                f"found {show(model)}, which has no chat template, expected one that has: it is asked by chat",
            )


def _check_engines(config: Mapping, sound: Sound) -> Faults:
    for name, engine in _registry(config, "models", sound, "engine"):
        if engine == "vllm" and sound("models", name, "needs"):
            for stage in ("generate", "respond"):
                yield from _fits_vllm(config, name, stage)


def _fits_vllm(config: Mapping, model: str, stage: str) -> Faults:
    needs, place = config["models"][model]["needs"][stage], ("models", model, "needs", stage)
    if needs["gpus"] < 1:
        yield (*place, "gpus"), f"found {needs['gpus']}, expected at least 1: vllm runs on GPUs alone"
    if needs["processes"] != 1:
        yield (*place, "processes"), f"found {needs['processes']}, expected 1: vllm takes all GPUs in one process"


def _check_shots(config: Mapping, sound: Sound) -> Faults:
    for section in ("generate", "respond"):
        if not sound(section, "shots"):
            continue
        shots = config[section]["shots"]
        for name in _selected_domains(config, sound):
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
        unsure, uncertain = (config["phrases"][name].strip().lower() for name in ("unsure", "uncertain"))
        if unsure == uncertain:
            yield ("phrases", "uncertain"), f"found {show(uncertain)}, expected another phrase than phrases.unsure"


def _check_split(config: Mapping, sound: Sound) -> Faults:
    if sound("data", "validation") and sound("data", "test"):
        validation, test = config["data"]["validation"], config["data"]["test"]
        if validation + test >= 1:
            yield (
                ("data",),
                f"found validation {validation} and test {test}, expected a sum below 1: train gets the rest",
            )
        for name, fold in _registry(config, "domains", sound, "fold"):
            if (fold + 1) * test > 1 + 1e-9:
                folds = int(1 / test + 1e-9)
                yield (
                    ("domains", name, "fold"),
                    f"found {fold}, expected below {folds}: that many folds of {test} there are",
                )


def _check_packages(config: Mapping, sound: Sound) -> Faults:
    for name, source in _registry(config, "domains", sound, "source"):
        for number, one in enumerate(source if isinstance(source, list) else [source]):
            place = ("domains", name, "source", *((number,) if isinstance(source, list) else ()), "sha256")
            if one["type"] != "package":
                continue
            for package in one["packages"]:
                if package not in one["sha256"]:
                    yield (*place, package), "missing, expected the sum of this package's wheel"
            for package in one["sha256"]:
                if package not in one["packages"]:
                    yield (*place, package), "found a sum, but this is none of the packages"


def _check_needs(config: Mapping, sound: Sound) -> Faults:
    for name, stages in _registry(config, "models", sound, "needs"):
        for stage, needs in stages.items():
            yield from _check_processes(stage, needs, ("models", name, "needs", stage))
            if needs.get("cpus", needs["processes"]) < needs["processes"]:
                place = ("models", name, "needs", stage, "cpus")
                yield place, f"found {needs['cpus']}, expected at least one for each of {needs['processes']} processes"
        if sound("finetune", "global_batch"):
            yield from _check_global_batch(name, stages["finetune"], config["finetune"]["global_batch"])


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
    for name, quantization in _registry(config, "models", sound, "quantization"):
        place, found = ("models", name, "quantization"), f"found {show(quantization)}"
        if sound("models", name, "needs") and not config["models"][name]["needs"]["finetune"]["gpus"]:
            yield place, f"{found}, but models.{name}.needs.finetune.gpus is 0, expected GPUs or no quantization"
        if sound("finetune", "adapter") and config["finetune"]["adapter"] != "lora":
            yield place, f"{found}, whose weights cannot be trained, expected finetune.adapter lora"


def _check_global_batch(name: str, needs: Mapping, global_batch: int) -> Faults:
    place = ("models", name, "needs", "finetune")
    if global_batch % needs["processes"]:
        yield (
            (*place, "processes"),
            f"found {needs['processes']}, expected a divisor of finetune.global_batch ({global_batch})",
        )


def _check_lengths(config: Mapping, sound: Sound) -> Faults:
    if not sound("finetune", "max_length"):
        return
    length = config["finetune"]["max_length"]
    for name in _selected_domains(config, sound):
        if sound("domains", name, "max_new_tokens") and length <= config["domains"][name]["max_new_tokens"]:
            tokens = config["domains"][name]["max_new_tokens"]
            yield (
                ("finetune", "max_length"),
                f"found {length}, expected more than domains.{name}.max_new_tokens ({tokens})",
            )


ALL = (
    _check_selections,
    _check_thresholds,
    _check_joint,
    _check_reserved_names,
    _check_methods,
    _check_filters,
    _check_domain_modules,
    _check_llm_judges,
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
