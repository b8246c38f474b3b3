"""Faults of the methods of a config: modules, options, phrases, and how pairs, filters and tuning fit the rest."""

from collections.abc import Mapping
from functools import partial

from halt import paths, plugins
from halt.config.crosschecks import lookup
from halt.config.crosschecks.lookup import Sound
from halt.config.messages import Faults, show
from halt.errors import HaltError
from halt.rewriting.shared import percentile


def check_methods(config: Mapping, sound: Sound) -> Faults:
    for name, module in lookup.registry(config, "methods", sound, "rewrite"):
        if module is not None:  # read, not loaded: polars would slow every start of the workflow
            broken = list(
                lookup.module_faults(
                    partial(plugins.check, "rewriting"), module, "rewriting", ("methods", name, "rewrite")
                )
            )
            yield from broken or _check_rewriting(config, name, module, sound)
    for name, method in lookup.registry(config, "methods", sound):
        if method.get("constant"):
            yield from _check_constant(name, method)
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


def _check_constant(name: str, method: Mapping) -> Faults:
    """A method that answers without a model is not trained and filters nothing."""
    for key in ("rewrite", "pairs", "filter"):
        if method.get(key) is not None:
            expected = "null" if key == "rewrite" else "none"
            yield ("methods", name, key), f"found {show(method[key])} beside constant, expected {expected}"


def _check_rewriting(config: Mapping, name: str, module: str, sound: Sound) -> Faults:
    """A method has a threshold if, and only if, its sound module reads one."""
    place = ("methods", name, "threshold")
    if sound(*place):
        chosen = config["methods"][name]["threshold"]
        rewrites, surveys = (plugins.reads("rewriting", module, one, place=2) for one in ("rewrite", "survey"))
        if rewrites and not chosen:
            yield place, f"found false, but module '{module}' needs one, expected true"
        elif rewrites is False and not surveys and chosen:
            yield place, f"found true, but module '{module}' reads none, expected false"
    yield from _check_method_options(config, name, module, sound, "rewrite", "rewriting")


def check_ranks(config: Mapping, sound: Sound) -> Faults:
    """No two thresholds of a method pick the same sample: one model would be trained twice and look like a trend."""
    if not (sound("generate", "samples") and sound("rewrite", "rank_base")):
        return
    samples, rank_base = config["generate"]["samples"], config["rewrite"]["rank_base"]
    told = set()
    for _, name in lookup.items(config, sound, "experiment", "methods"):
        if not sound("methods", name) or not config["methods"][name]["threshold"]:
            continue
        if not any(plugins.flag("rewriting", module, "RANKED") for module in _rewritings(config, name, sound)):
            continue
        section = ("methods", name) if "thresholds" in config["methods"][name] else ("experiment",)
        listed = lookup.part(config, *section, "thresholds") if sound(*section, "thresholds") else []
        picked: dict[int, float] = {}
        for number, threshold in enumerate(listed):
            try:
                place = percentile.place(paths.threshold_label(threshold), samples, rank_base)
            except ValueError:  # reported elsewhere
                continue
            at = (*section, "thresholds", number)
            if picked.setdefault(place, threshold) != threshold and at not in told:
                told.add(at)
                same = f"picks the same of {samples} samples as {picked[place]}"
                yield at, f"found {threshold}, which {same}, expected another, or more generate.samples"


def _rewritings(config: Mapping, name: str, sound: Sound) -> list[str]:
    """The rewriting modules of a method: its own, and those of the methods that it starts from."""
    found, seen = [], set()
    while name not in seen and sound("methods", name):
        seen.add(name)
        found.append(config["methods"][name]["rewrite"])
        name = config["methods"][name].get("after", name)
    return [module for module in found if module is not None]


def _check_method_options(config: Mapping, name: str, module: str, sound: Sound, key: str, package: str) -> Faults:
    """Options and phrases are those of the module that the method's entry names under `key`."""
    place = ("methods", name, "options")
    try:
        declared = plugins.literal(package, module, "OPTIONS", {})
        phrases = plugins.literal(package, module, "PHRASES", ())
    except HaltError as error:
        yield ("methods", name, key), str(error)
        return
    yield from _check_method_phrases(config, name, module, phrases, sound)
    file = plugins.file_of(package, module)
    if undescribed := plugins.undescribed(declared):
        yield (
            ("methods", name, key),
            f"{file}: option {undescribed[0]} of OPTIONS lacks a default or a description",
        )
    elif sound(*place):
        yield from lookup.options_of(config["methods"][name]["options"], declared, place, file)


def _check_method_phrases(config: Mapping, name: str, module: str, wanted: tuple[str, ...], sound: Sound) -> Faults:
    """The phrases that the module writes are there, and differ from each other and from the common ones."""
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
            yield (*place, phrase), f"found {show(text)}, expected one that begins like no other phrase"
        taken.append(own)


def _check_pairs(config: Mapping, name: str, method: Mapping, sound: Sound) -> Faults:
    """A method that trains on pairs starts from one that finetunes, at the same thresholds."""
    place = ("methods", name)
    there = [key for key in ("pairs", "after", "rated_by") if key in method]
    for key in ("pairs", "after"):
        if key not in method:
            yield (*place, key), f"missing, expected it beside {there[0]}"
            return
    if method["rewrite"] is not None:
        yield (*place, "rewrite"), f"found {show(method['rewrite'])} beside pairs, expected null"
    module, after = method["pairs"], method["after"]
    broken = list(lookup.module_faults(partial(plugins.check, "preferences"), module, "preferences", (*place, "pairs")))
    yield from broken
    if not (broken or method["threshold"]) and plugins.reads("preferences", module, "pairs", place=2):
        yield (*place, "threshold"), f"found false, but module '{module}' needs one, expected true"
    if not broken:
        rates = plugins.mentions("preferences", module, "confidences")
        if rates and "rated_by" not in method:
            yield (*place, "rated_by"), f"missing, but module '{module}' pairs by p(True), expected whose"
        elif "rated_by" in method and not rates:
            yield (*place, "rated_by"), f"found {show(method['rated_by'])}, but module '{module}' reads no p(True)"
        if "rated_by" in method:
            yield from _check_method_options(config, name, module, sound, "pairs", "preferences")
    unknown = list(lookup.known(after, config, "methods", (*place, "after")))
    yield from unknown
    if unknown or not sound("methods", after):
        return
    before = config["methods"][after]
    if before["rewrite"] is None:
        yield (*place, "after"), f"found {show(after)}, which has no targets, expected a method with `rewrite`"
    elif before["threshold"] and not method["threshold"]:
        yield (*place, "threshold"), f"found false, but {show(after)} has one, expected true"
    selected = [chosen for _, chosen in lookup.items(config, sound, "experiment", "methods")]
    if name in selected:
        yield from _check_dpo(config, name, sound)
        if not broken:
            yield from _check_sample_count(config, name, "pairs", "preferences", sound)
        if method.get("rated_by") == "tuned":
            yield from _check_sk_tuning(config, name, sound)


def _check_sample_count(config: Mapping, name: str, key: str, package: str, sound: Sound) -> Faults:
    """Whether there are enough samples for the module under `key`, which pairs or compares them."""
    try:
        least = plugins.literal(package, config["methods"][name][key], "SAMPLES", 1)
    except HaltError as error:
        yield ("methods", name, key), str(error)
        return
    if sound("generate", "samples") and config["generate"]["samples"] < least:
        found, does = config["generate"]["samples"], "pairs" if key == "pairs" else "compares"
        yield (
            ("generate", "samples"),
            f"found {found}, but method {show(name)} {does} samples, expected at least {least}",
        )


def _check_sk_tuning(config: Mapping, name: str, sound: Sound) -> Faults:
    """Whether the model that this method asks can be tuned."""
    place = ("sk_tuning",)
    if sound(*place, "labels") and config["sk_tuning"]["labels"] == "nli" and "nli" not in config["sk_tuning"]:
        yield (*place, "nli"), f"missing, expected a mapping: method {show(name)} is labelled by entailment"
    if sound("generate", "temperature") and sound(*place, "samples"):
        samples = config["sk_tuning"]["samples"]
        if config["generate"]["temperature"] == 0 and samples > 1 and config["generate"].get("samples") == 1:
            yield ("generate", "temperature"), f"found 0, expected more: the {samples} samples would be the same"
    for _, model in lookup.items(config, sound, "experiment", "models"):
        if sound(*place, "training", "global_batch") and sound("models", model, "needs"):
            yield from lookup.divides(config, model, "sk_tuning", "training", "global_batch")


def _check_dpo(config: Mapping, name: str, sound: Sound) -> Faults:
    """Whether this experiment can train on pairs: with LoRA, and the whole model in every process."""
    if sound("finetune", "adapter") and config["finetune"]["adapter"] != "lora":
        yield ("finetune", "adapter"), f"found 'full', expected 'lora': method {show(name)} goes on from an adapter"
    for _, model in lookup.items(config, sound, "experiment", "models"):
        if not sound("models", model, "needs"):
            continue
        needs, place = config["models"][model]["needs"]["finetune"], ("models", model, "needs", "finetune")
        if needs.get("parallel") == "fsdp":
            yield (*place, "parallel"), f"found 'fsdp', expected 'ddp': method {show(name)} shards no model"
        if sound("dpo", "global_batch"):
            yield from lookup.divides(config, model, "dpo", "global_batch")


def filter_asks(method: Mapping) -> bool:
    """Whether a method's filter asks the model with examples. Broken filters are reported elsewhere."""
    try:
        return "filter" in method and plugins.program_of(method["filter"]) == "self_evaluate"
    except (HaltError, SyntaxError, ValueError):
        return False


def check_filters(config: Mapping, sound: Sound) -> Faults:
    for name, method in lookup.registry(config, "methods", sound):
        if "filter" not in method:
            if "of" in method:
                yield ("methods", name, "filter"), "missing, expected one: `of` says whose answers are filtered"
            continue
        if "pairs" in method:
            yield (
                ("methods", name, "pairs"),
                f"found {show(method['pairs'])}, but a filter trains nothing, expected none",
            )
        if method["rewrite"] is not None:
            found = show(method["rewrite"])
            yield ("methods", name, "rewrite"), f"found {found}, but a filter trains nothing, expected null"
        if not method["threshold"]:
            yield ("methods", name, "threshold"), "found false, but a filter needs a threshold, expected true"
        if "of" not in method:
            yield ("methods", name, "of"), "missing, expected the method whose answers are filtered"
            continue
        place = ("methods", name, "of")
        yield from lookup.known(method["of"], config, "methods", place)
        of = config["methods"][method["of"]] if sound("methods", method["of"]) else {}
        if of.get("threshold") and (
            of["rewrite"] is not None or {"pairs", "filter"} & of.keys()
        ):  # else it has its own fault
            yield place, f"found {show(method['of'])}, which has a threshold, expected a method without one"
        if plugins.flag("rewriting", of.get("rewrite"), "MARKS") and not of["threshold"]:
            yield place, f"found {show(method['of'])}, which marks its answers, expected a method that does not"
        if of.get("constant"):
            yield place, f"found {show(method['of'])}, which answers without a model, expected a method with one"
        check = partial(plugins.check, "confidence")
        broken = list(lookup.module_faults(check, method["filter"], "confidence", ("methods", name, "filter")))
        yield from broken
        if broken:
            continue
        if plugins.program_of(method["filter"]) == "probe":
            yield from _check_probing(config, name, of, sound)
        if name in [chosen for _, chosen in lookup.items(config, sound, "experiment", "methods")]:
            yield from _check_sample_count(config, name, "filter", "confidence", sound)


def _check_probing(config: Mapping, name: str, of: Mapping, sound: Sound) -> Faults:
    """The answers are the pretrained model's, transformers reads them, and there are prompts for every fold."""
    place = ("methods", name, "of")
    if of.get("rewrite") is not None or "pairs" in of:
        found = show(config["methods"][name]["of"])
        yield place, f"found {found}, which finetunes, expected one that does not: the probe reads the pretrained model"
    selected = [chosen for _, chosen in lookup.items(config, sound, "experiment", "methods")]
    if name not in selected:
        return
    for _, model in lookup.items(config, sound, "experiment", "models"):
        if sound("models", model, "engine") and config["models"][model]["engine"] == "vllm":
            place = ("models", model, "engine")
            yield place, f"found 'vllm', expected 'transformers': method {show(name)} reads hidden states"
    if not sound("probe", "folds"):
        return
    folds = config["probe"]["folds"]
    for domain in lookup.selected_domains(config, sound):
        if sound("domains", domain, "rows", "train") and folds > config["domains"][domain]["rows"]["train"]:
            rows = config["domains"][domain]["rows"]["train"]
            yield ("probe", "folds"), f"found {folds}, expected at most domains.{domain}.rows.train ({rows})"
