"""Inputs and params of the rules of self-alignment, as functions of the wildcards."""


def sk_samples(drawn, more):
    """Input of SK-Tuning: results of `generate`'s training samples if there are enough, else of its own samples."""

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
    """Input of the rules that ask for p(True) of samples: the prompt text of the questions."""
    return f"scripts/prompts/{texts.of_self_evaluation(builds_up(wildcards.domain))}.txt"


def rating_adapter(wildcards):
    """Input of `self_rate`: the record of SK-Tuning, if the tuned model rates."""
    return [] if wildcards.evaluator == "pretrained" else paths.SK_ADAPTER.format(**wildcards)


def rating_settings(wildcards):
    """Params of `self_rate`. For the tuned model also which prompts it learned from: it does not rate these."""
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
    """The results of self-alignment: the facts, counted as its paper counts them, if a selected method pairs by
    p(True); the calibration of p(True) if one uses the tuned model."""
    selected = set(config["experiment"]["methods"])
    return [paths.FACTS] * bool(selected & set(paths.rated(config))) + [paths.CALIBRATION] * bool(
        selected & set(paths.rated(config, "tuned"))
    )


def choosing():
    """The selected domains whose questions offer answers to choose from."""
    return [
        domain
        for domain in selected_domains()
        if domains.has_choices(domains.load(config["domains"][domain]["module"]))
    ]


def truthfulness():
    """The results of multiple choice: truthfulness and choices, if a selected domain has choices."""
    return [paths.TRUTHFULQA] * bool(choosing())


def tested_on_choices(template, *left_out):
    """Paths of the results in domains with choices, except those of some methods."""
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
    """Input of `truthfulqa`: the choices of the models. Filters and constant answers have no model of their own."""
    return tested_on_choices(paths.CHOICES, *paths.filters(config), *paths.constants(config))


def choice_ratings(wildcards):
    """Input of `truthfulqa`: p(True) of the choices, if a selected method uses it: pretrained, and tuned if one does."""
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
