"""What the rules after judging are told of methods and results: of one method, and of the whole experiment."""


def adapter(wildcards):
    """Input of `respond`: the record of the training, if the method finetunes."""
    return paths.ADAPTER.format(**wildcards) if paths.trained(wildcards.method, config) else []


def started_from(wildcards):
    """Input of `prefer`: the record of the training that the method goes on from, at its threshold if it has one."""
    before = config["methods"][wildcards.method]["after"]
    threshold = (
        wildcards.threshold if config["methods"][before]["threshold"] else paths.NO_THRESHOLD
    )
    return paths.ADAPTER.format(**{**wildcards, "method": before, "threshold": threshold})


def methods_that(prefer):
    """A regular expression for the methods that train on pairs, or for those that train on targets."""
    return paths.any_of(
        name
        for name in config["methods"]
        if paths.trained(name, config) and paths.preferring(name, config) == prefer
    )


def targets_of_domains(wildcards):
    """Input of `join_targets`: the targets of one method and threshold in every selected domain."""
    return [paths.TARGETS.format(domain=domain, **wildcards) for domain in selected_domains()]


def pairing_settings(wildcards):
    """Params of `pair` and `pair_rated`; the number of pairs a prompt and the seed of their draw only for a method that draws,
    and what verdicts count as only where there are any."""
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
    """Params of `score`: the method's module, the domain's, of which type its judge is, and whether capability is known."""
    judge = config["domains"][wildcards.test_domain]["judge"]
    return settings(
        "methods/{method}/rewrite",
        "domains/{test_domain}/module",
        f"judges/{judge}/type",
        optional=["score/capable"],
    )(wildcards)


def capable_samples(wildcards):
    """Input of `score`: the judged samples of the answered prompts; none where capability is not to be known."""
    if has(config, "score/capable"):  # it says: false
        return []
    return paths.JUDGEMENTS.format(
        model=wildcards.model, domain=wildcards.test_domain, split=config["respond"]["split"]
    )


def table_settings(wildcards):
    """Params of `tables`; of the judges that decide in the selected domains their type."""
    types = {f"judges/{config['domains'][domain]['judge']}/type" for domain in selected_domains()}
    return subtrees(config, "score", "reading", "methods", "domains", *types)


def filtered(template):
    """Input of what filters: a result of the method whose answers are filtered."""

    def file(wildcards):
        return template.format(**paths.filtered(wildcards, config))

    return file


def filters_by(program):
    """A regular expression of the methods whose filter is computed by one program."""
    kinds = {name: config["methods"][name]["filter"] for name in paths.filters(config)}
    return paths.any_of(name for name, kind in kinds.items() if plugins.program_of(kind) == program)


def filter_settings(unnamed, *templates, optional=()):
    """Params of what computes a filter: these subtrees, and which filter, but for the one that goes without its name."""

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
    """The results of the experiment that methods make by filtering the answers of another."""
    chosen = set(paths.filters(config))
    return [result for result in paths.grid(config) if result["method"] in chosen]


def confidences():
    """Input of `tables`: how sure the model is of each fragment, by every filter."""
    return list(dict.fromkeys(paths.CONFIDENCES.format(**result) for result in filtering()))


def filtered_judgements():
    """Input of `tables`: the judged answers that the filters filter."""
    found = (paths.ASSESSMENTS.format(**paths.filtered(result, config)) for result in filtering())
    return list(dict.fromkeys(found))


def assurances():
    """Input of `tables`: how sure the models that were taught to say so are of their answers."""
    chosen = set(paths.vouching(config))
    found = (result for result in paths.grid(config) if result["method"] in chosen)
    return [paths.ASSURANCES.format(**result) for result in found]


def answered(template):
    """Paths of the results whose answers a model gave; in place of a filter's, those that it leaves fragments out of."""
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
    """Paths per selected model and domain that is tested, without repetition."""
    found = (
        template.format(**{**result, "domain": result["test_domain"]}, **fixed)
        for result in paths.grid(config)
    )
    return list(dict.fromkeys(found))
