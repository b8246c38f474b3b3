"""What the rules of self-alignment are told: inputs and params as functions of the wildcards."""


def sk_samples(drawn, more):
    """Input of SK-Tuning: results of `generate`'s training samples if they are as many as it learns from, else its own."""

    def file(wildcards):
        enough = config["sk_tuning"]["samples"] <= config["generate"]["samples"]
        return drawn.format(**wildcards, split="train") if enough else more.format(**wildcards)

    return file


def sk_labels(wildcards):
    """Input of `sk_tune`: the fragments that it learns from, labelled as the config says."""
    if config["sk_tuning"]["labels"] == "nli":
        return paths.SK_ENTAILED.format(**wildcards)
    return sk_samples(paths.JUDGEMENTS, paths.SK_JUDGEMENTS)(wildcards)


def nli_needs(what):
    """A resource of `sk_entail`."""

    def amount(wildcards, attempt):
        return asked(config["sk_tuning"]["nli"]["needs"], what, attempt)

    return amount


def rating_text(wildcards):
    """Input of what asks for p(True) of samples: the prompt text of its questions."""
    return f"scripts/prompts/{texts.of_self_evaluation(builds_up(wildcards.domain))}.txt"


def rating_adapter(wildcards):
    """Input of `self_rate`: the record of SK-Tuning, if it is the tuned model that rates."""
    return [] if wildcards.evaluator == "pretrained" else paths.SK_ADAPTER.format(**wildcards)


def rating_settings(wildcards):
    """Params of `self_rate`; of the tuned model also which prompts it has learnt from: these it does not rate."""
    tuned = wildcards.evaluator == "tuned"
    return settings(
        "confidence",
        "models/{model}/chat",
        "models/{model}/dtype",
        "domains/{domain}/module",
        *(["sk_tuning/share", "sk_tuning/seed"] if tuned else []),
        optional=["models/{model}/engine", "models/{model}/system"],
    )(wildcards)


def ratings_of_method(wildcards):
    """Input of `pair_rated`: p(True) of the training samples, by the model that the method trusts."""
    evaluator = config["methods"][wildcards.method]["rated_by"]
    return paths.RATINGS.format(**wildcards, evaluator=evaluator, split="train")


def tried(template, *evaluators):
    """Input of `calibration`: results of the samples of the answered split, one by each evaluator if there are any."""

    def files(wildcards):
        split = config["respond"]["split"]
        return [
            file
            for evaluator in evaluators or [""]
            for file in each(template, evaluator=evaluator, split=split)
        ]

    return files


def counted(wildcards):
    """Input of `facts`: the metrics of all results."""
    return every(paths.METRICS)


def alignments():
    """What the experiment shows beside the report: the facts, as the paper of self-alignment counts them, if a selected
    method pairs by p(True), and the calibration of p(True) if one trusts the tuned model."""
    selected = set(config["experiment"]["methods"])
    return [paths.FACTS] * bool(selected & set(paths.rated(config))) + [paths.CALIBRATION] * bool(
        selected & set(paths.rated(config, "tuned"))
    )


def choosing():
    """The selected domains whose questions give answers to choose from."""
    return [
        domain
        for domain in selected_domains()
        if domains.has_choices(domains.load(config["domains"][domain]["module"]))
    ]


def truthfulness():
    """What the experiment shows beside the report: truthfulness and multiple choice, if a selected domain has choices."""
    return [paths.TRUTHFULQA] * bool(choosing())


def tested_on_choices(template, *left_out):
    """Paths of the results in domains that have choices, but for those of some methods."""
    tested = choosing()
    return [
        template.format(**result)
        for result in paths.grid(config)
        if result["test_domain"] in tested and result["method"] not in left_out
    ]


def truths(wildcards):
    """Input of `truthfulqa`: the metrics of the answers."""
    return tested_on_choices(paths.METRICS)


def choices(wildcards):
    """Input of `truthfulqa`: what the models make of the choices; filters and constant answers have no model of their own."""
    return tested_on_choices(paths.CHOICES, *paths.filters(config), *paths.constants(config))


def choice_ratings(wildcards):
    """Input of `truthfulqa`: p(True) of the choices, if a selected method trusts it: as pretrained, and as tuned if one does."""
    selected = set(config["experiment"]["methods"])
    pretrained, tuned = paths.EVALUATORS
    trusted = [pretrained] * bool(selected & set(paths.rated(config)))
    trusted += [tuned] * bool(selected & set(paths.rated(config, tuned)))
    return [
        paths.CHOICE_RATINGS.format(model=model, domain=domain, evaluator=evaluator)
        for model in config["experiment"]["models"]
        for domain in choosing()
        for evaluator in trusted
    ]
