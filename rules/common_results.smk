"""Inputs and params of the rules after judging: of one method, and of the whole experiment."""


def adapter(wildcards):
    """Input of `respond`: the record of the training, if the method finetunes."""
    return paths.ADAPTER.format(**wildcards) if paths.trained(wildcards.method, config) else []


def started_from(wildcards):
    """Input of `prefer`: the record of the training that the method starts from, at its threshold if it has one."""
    before = config["methods"][wildcards.method]["after"]
    threshold = (
        wildcards.threshold if config["methods"][before]["threshold"] else paths.NO_THRESHOLD
    )
    return paths.ADAPTER.format(**{**wildcards, "method": before, "threshold": threshold})


def methods_that(prefer):
    """A regular expression: the methods that train on pairs, or those that train on targets."""
    return paths.any_of(
        name
        for name in config["methods"]
        if paths.trained(name, config) and paths.preferring(name, config) == prefer
    )


def targets_of_domains(wildcards):
    """Input of `join_targets`: the targets of one method and threshold in every selected domain."""
    return [paths.TARGETS.format(domain=domain, **wildcards) for domain in selected_domains()]


def pairing_settings(wildcards):
    """Params of `pair` and `pair_rated`. The number of pairs per prompt and the seed only for a method that draws, the
    reading of verdicts only if there are verdicts."""
    method = config["methods"][wildcards.method]
    draws = method.get("pairs_per_prompt") is not None
    judged = [] if "rated_by" in method else ["reading"]
    drawing = ["methods/{method}/pairs_per_prompt", "generate/seed"] if draws else []
    return settings(
        "rewrite",
        "phrases",
        "methods/{method}/pairs",
        "domains/{domain}/module",
        *judged,
        *drawing,
        optional=["methods/{method}/options"],
    )(wildcards)


def training_settings(wildcards):
    """Params of `finetune`: how it trains, the model, and the form of prompts in the domains it is trained on."""
    joint = wildcards.domain == paths.ALL
    domains = selected_domains() if joint else [wildcards.domain]
    return settings(
        "finetune",
        "models/{model}/chat",
        "models/{model}/dtype",
        *(f"domains/{domain}/module" for domain in domains),
        optional=["models/{model}/quantization", "models/{model}/system"],
    )(wildcards)


def score_settings(wildcards):
    """Params of `score`: the method's module, the domain's, the type of its judge, and whether capability counts."""
    judge = config["domains"][wildcards.test_domain]["judge"]
    return settings(
        "methods/{method}/rewrite",
        "domains/{test_domain}/module",
        f"judges/{judge}/type",
        optional=["score/capable"],
    )(wildcards)


def capable_samples(wildcards):
    """Input of `score`: the judged samples of the answered prompts; none if capability is not measured."""
    if has(config, "score/capable"):  # it is false
        return []
    return paths.JUDGEMENTS.format(
        model=wildcards.model, domain=wildcards.test_domain, split=config["respond"]["split"]
    )


def table_settings(wildcards):
    """Params of `tables`, with the type of every judge of the selected domains."""
    types = {f"judges/{config['domains'][domain]['judge']}/type" for domain in selected_domains()}
    return subtrees(config, "score", "reading", "methods", "domains", *types)


def filtered(template):
    """Input of filters: a result of the method whose answers are filtered."""

    def file(wildcards):
        return template.format(**paths.filtered(wildcards, config))

    return file


def filters_by(program):
    """A regular expression: the methods whose filter is computed by one program."""
    kinds = {name: config["methods"][name]["filter"] for name in paths.filters(config)}
    return paths.any_of(name for name, kind in kinds.items() if plugins.program_of(kind) == program)


def filter_settings(unnamed, *templates, optional=()):
    """Params of the rules that compute filters: these subtrees, and the filter's name unless it is `unnamed`."""

    def chosen(wildcards):
        kind = ["methods/{method}/filter"] * (
            config["methods"][wildcards.method]["filter"] != unnamed
        )
        return settings(*templates, *kind, optional=optional)(wildcards)

    return chosen


def self_evaluation_text(wildcards):
    """Input of `self_evaluate`: the prompt text of its questions."""
    kind = config["methods"][wildcards.method]["filter"]
    return f"scripts/prompts/{texts.of_self_evaluation(builds_up(wildcards.test_domain), kind)}.txt"


def filtering():
    """The results of methods that filter the answers of another."""
    chosen = set(paths.filters(config))
    return [result for result in paths.grid(config) if result["method"] in chosen]


def confidences():
    """Input of `tables`: how sure the model is of each fragment, by every filter."""
    return list(dict.fromkeys(paths.CONFIDENCES.format(**result) for result in filtering()))


def filtered_judgements():
    """Input of `tables`: the judged answers before filtering."""
    found = (paths.ASSESSMENTS.format(**paths.filtered(result, config)) for result in filtering())
    return list(dict.fromkeys(found))


def assurances():
    """Input of `tables`: how sure models are of their answers, if they learned to say so."""
    chosen = set(paths.vouching(config))
    found = (result for result in paths.grid(config) if result["method"] in chosen)
    return [paths.ASSURANCES.format(**result) for result in found]


def answered(template):
    """Paths of the results whose answers a model gave; for a filter, those of the method that it filters."""
    chosen = set(paths.filters(config))
    found = (
        paths.filtered(result, config) if result["method"] in chosen else result
        for result in paths.grid(config)
    )
    return list(dict.fromkeys(template.format(**result) for result in found))


def every(template, **fixed):
    """Paths of all results of the experiment."""
    return [template.format(**result, **fixed) for result in paths.grid(config)]


def each(template, **fixed):
    """Paths per selected model and tested domain, without repetition."""
    found = (
        template.format(**{**result, "domain": result["test_domain"]}, **fixed)
        for result in paths.grid(config)
    )
    return list(dict.fromkeys(found))
