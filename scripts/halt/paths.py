"""Where every result lies, what a wildcard may be, and which results the experiment has.

The templates below are the only place where the path of a table, model or adapter is written. Each wildcard has its own
folder; no name joins two of them. `{domain}` is what the adapter was trained on, `{test_domain}` what it is tested on.
`{threshold}` is always there: it is `none` for a method without one, so one rule serves every method.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

SPLITS = ("train", "validation", "test")
STAGES = ("judge", "judge_responses", "sk_judge")  # stages that may ask a served evaluator
EXTRACTING = ("extract", "extract_responses", "sk_extract", "edit")  # stages that may ask a served extractor
EVALUATORS = ("pretrained", "tuned")  # whose p(True) rates the samples
NO_THRESHOLD = "none"

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"  # what a model, domain, method or judge may be called
ALL = "all"  # as {domain}: one adapter trained on every selected domain
RESERVED_DOMAINS = (ALL,)
RESERVED_METHODS = ("samples",)  # in the column `method`: the samples of the pretrained model
FULL = "-full"  # suffix in the tables: the method with the fragments that it marks as doubtful

# A manifest lists files with their sha256. The files of a model or package lie beside it. It is small, so Snakemake
# compares it by content: a new date on the weights reruns nothing.
MODEL = "results/models/{model}/manifest.json"
SOURCE = "results/sources/{domain}/manifest.json"
DATA = "results/data/{domain}/{split}.parquet"

# Results of the pretrained model, per model and domain: costly, and without a threshold.
GENERATIONS = "results/generations/{model}/{domain}/{split}.parquet"
FRAGMENTS = "results/fragments/{model}/{domain}/{split}.parquet"
JUDGEMENTS = "results/judgements/{model}/{domain}/{split}.parquet"

# With claims as fragments: sentences with their claims, and the rows with the claims of their references counted.
CLAIMS = "results/claims/{model}/{domain}/{split}.parquet"
REFERENCE_CLAIMS = "results/reference_claims/{domain}/{split}.parquet"
COUNTED = "results/counted/{domain}/{split}.parquet"

# Address of the server of a domain's evaluator, while the jobs of one stage judge one model's answers there.
ADDRESS = "results/work/serve/{stage}/{model}/{domain}.json"

# The same for its extractor.
EXTRACTOR_ADDRESS = "results/work/serve_extractor/{stage}/{model}/{domain}.json"
REFERENCES_ADDRESS = "results/work/serve_extractor/references/{domain}.json"

# Per method and threshold.
TARGETS = "results/targets/{model}/{domain}/{method}/{threshold}.parquet"
FIRST_TARGETS = "results/first_targets/{model}/{domain}/{method}/{threshold}.parquet"  # before `edit`
PAIRS = "results/pairs/{model}/{domain}/{method}/{threshold}.parquet"
# The record of a training, with the sha256 of the weights. Snakemake would compare their folder by time alone.
ADAPTER = "results/adapters/{model}/{domain}/{method}/{threshold}/seed{seed}/training.json"

# How sure the model is of each fragment, for a method that filters the answers of another; without a threshold.
CONFIDENCES = "results/confidences/{model}/{domain}/{method}/seed{seed}/{test_domain}.parquet"

# How sure a model is of each fragment of the pretrained model's samples: as it is, or after SK-Tuning.
RATINGS = "results/ratings/{model}/{domain}/{evaluator}/{split}.parquet"
# The same for the answers that each question offers, in the split that is answered.
CHOICE_RATINGS = "results/ratings/{model}/{domain}/{evaluator}/choices.parquet"
# SK-Tuning: its own samples if `generate` draws too few, their verdicts, and the adapter.
SK_GENERATIONS = "results/sk_tuning/{model}/{domain}/generations.parquet"
SK_FRAGMENTS = "results/sk_tuning/{model}/{domain}/fragments.parquet"
SK_CLAIMS = "results/sk_tuning/{model}/{domain}/claims.parquet"
SK_JUDGEMENTS = "results/sk_tuning/{model}/{domain}/judgements.parquet"
SK_ENTAILED = "results/sk_tuning/{model}/{domain}/entailed.parquet"
SK_ADAPTER = "results/sk_tuning/{model}/{domain}/adapter/training.json"
NLI = "results/nli/model/manifest.json"
CALIBRATION = "results/calibration/calibration.csv"
FACTS = "results/facts/facts.csv"
TRUTHFULQA = "results/truthfulqa/truthfulqa.csv"

_RUN = "{model}/{domain}/{method}/{threshold}/seed{seed}/{test_domain}.parquet"
RESPONSES = f"results/responses/{_RUN}"
RESPONSE_FRAGMENTS = f"results/fragments/{_RUN}"
RESPONSE_CLAIMS = f"results/claims/{_RUN}"
ASSESSMENTS = f"results/assessments/{_RUN}"  # judgements of responses
METRICS = f"results/metrics/{_RUN}"
ASSURANCES = f"results/assurances/{_RUN}"  # how sure a model is of its answers, if it learned to say so
CHOICES = f"results/choices/{_RUN}"  # how likely a model finds each answer that a question offers

_STEP = Decimal("0.01")


def replies(work: Path) -> Path | None:
    """results/work/replies/, where all jobs of a run keep the replies of evaluators; None outside results/work."""
    for folder in work.parents:
        if (folder.parent.name, folder.name) == ("results", "work"):
            return folder / "replies"
    return None


def threshold_label(threshold: float | str) -> str:
    """The canonical label of a threshold: 0.4 -> "0.40". Made only here.

    Decimal arithmetic, because 0.07 and 0.57 are no multiples of 0.01 in binary. ValueError unless the threshold is a
    multiple of 0.01, above 0 and at most 1.
    """
    try:
        exact = Decimal("NaN") if isinstance(threshold, bool) else Decimal(str(threshold))
    except InvalidOperation:
        exact = Decimal("NaN")
    if not exact.is_finite() or not 0 < exact <= 1 or exact % _STEP:
        raise ValueError(f"found {threshold!r}, expected a multiple of 0.01 above 0 and at most 1")
    return str(exact.quantize(_STEP))


def thresholds_of(method: str, config: Mapping) -> list[str]:
    """Labels of the thresholds that a method is run at, in the config's order; ["none"] for one without threshold."""
    if not config["methods"][method]["threshold"]:
        return [NO_THRESHOLD]
    own = config["methods"][method].get("thresholds", config["experiment"]["thresholds"])
    return [threshold_label(threshold) for threshold in own]


def trained(method: str, config: Mapping) -> bool:
    """Whether the method finetunes at all (the base model with few-shot prompts does not)."""
    return config["methods"][method]["rewrite"] is not None or preferring(method, config)


def preferring(method: str, config: Mapping) -> bool:
    """Whether the method trains on pairs of answers, from the adapter of another method."""
    return "pairs" in config["methods"][method]


def vouching(config: Mapping) -> list[str]:
    """The methods that teach the model to say whether it is sure of an answer."""
    return [name for name, method in config["methods"].items() if method.get("phrases")]


def rated(config: Mapping, *evaluators: str) -> list[str]:
    """The methods that pair samples by the model's own p(True). evaluators: only those rated by one of them."""
    return [
        name
        for name, method in config["methods"].items()
        if "rated_by" in method and (not evaluators or method["rated_by"] in evaluators)
    ]


def pairing_constraint(config: Mapping, by_rating: bool) -> str:
    """A regular expression: the methods that pair samples by p(True), or those that pair by anything else."""
    of_rating = rated(config)
    return any_of(name for name in config["methods"] if preferring(name, config) and (name in of_rating) == by_rating)


def filters(config: Mapping) -> list[str]:
    """The methods that only filter the answers of another (`of`)."""
    return [name for name, method in config["methods"].items() if "filter" in method]


def answers_of(method: str, config: Mapping) -> str:
    """The method whose answers a method uses: another's if it filters them, else its own."""
    return config["methods"][method].get("of", method)


def filtered(result: Mapping, config: Mapping) -> dict:
    """The wildcards of the result that a filter starts from: the answers of its `of`, without a threshold."""
    return {**result, "method": answers_of(result["method"], config), "threshold": NO_THRESHOLD}


def constants(config: Mapping) -> list[str]:
    """The methods that give every prompt the same answer. The score of the best one is the floor of all results."""
    return [name for name, method in config["methods"].items() if method.get("constant")]


def constant_constraint(config: Mapping) -> str:
    """A regular expression: the methods that give every prompt the same answer."""
    return any_of(constants(config))


def answering_constraint(config: Mapping) -> str:
    """A regular expression: the methods whose answers come from a model."""
    without = {*filters(config), *constants(config)}
    return any_of(name for name in config["methods"] if name not in without)


def judged_constraint(config: Mapping) -> str:
    """A regular expression: the methods whose answers are split and judged, all except the filters."""
    return any_of(name for name in config["methods"] if name not in filters(config))


def claimed(config: Mapping, domain: str) -> bool:
    """Whether the fragments of a domain are claims that an extractor takes out of the text."""
    return config["domains"][domain].get("fragments", "rules") == "claims"


def claimed_constraint(config: Mapping, *, claims: bool = True) -> str:
    """A regular expression: the domains whose fragments are claims, or those whose fragments rules cut."""
    return any_of(name for name in config["domains"] if claimed(config, name) == claims)


def edited_constraint(config: Mapping) -> str:
    """A regular expression: the domains whose targets are the answer's own sentences, rewritten."""
    return any_of(
        name
        for name, domain in config["domains"].items()
        if claimed(config, name) and domain.get("join", "claims") == "edit"
    )


def wildcard_constraints(config: Mapping) -> dict[str, str]:
    """A regular expression per wildcard, from the registries: any entry may be asked for, selected or not."""
    return {
        "model": any_of(config["models"]),
        "domain": any_of(config["domains"]),
        "test_domain": any_of(config["domains"]),
        "method": any_of(config["methods"]),
        "split": any_of(SPLITS),
        "stage": any_of([*STAGES, *EXTRACTING]),
        "evaluator": any_of(EVALUATORS),
        "threshold": _threshold_constraint(config),
        "seed": "0|[1-9][0-9]*",
    }


def _threshold_constraint(config: Mapping) -> str:
    """A label after the folder of a method with a threshold, `none` after the folder of a method without one."""
    labels = r"0\.(?:0[1-9]|[1-9][0-9])|1\.00"
    behind = {
        has_one: "|".join(
            rf"(?<=/{re.escape(name)}/)" for name, method in config["methods"].items() if method["threshold"] is has_one
        )
        for has_one in (True, False)
    }
    return rf"(?:{behind[True] or '(?!)'})(?:{labels})|(?:{behind[False] or '(?!)'}){NO_THRESHOLD}"


def trained_on(config: Mapping) -> str:
    """A regular expression: what an adapter may be trained on, a domain of the registry or all selected ones."""
    return any_of([*config["domains"], ALL])


def grid(config: Mapping) -> Iterator[dict]:
    """Every result of the experiment as the wildcards of `METRICS`.

    A method that trains nothing runs once, under the first seed. A filter runs as often as the method that it filters.
    A model is tested on the domain it was trained on. With `experiment.joint` there is also one model trained on all
    domains and tested on each, by the methods that train on targets.
    """
    experiment = config["experiment"]
    joint = [ALL] if experiment.get("joint") else []
    for model in experiment["models"]:
        for domain in [*experiment["domains"], *joint]:
            for method in experiment["methods"]:
                if domain == ALL and (not trained(method, config) or preferring(method, config)):
                    continue
                seeds = experiment["seeds"] if trained(answers_of(method, config), config) else experiment["seeds"][:1]
                for threshold in thresholds_of(method, config):
                    for seed in seeds:
                        for test_domain in experiment["domains"] if domain == ALL else [domain]:
                            yield {
                                "model": model,
                                "domain": domain,
                                "method": method,
                                "threshold": threshold,
                                "seed": seed,
                                "test_domain": test_domain,
                            }


def any_of(names: Iterable[str]) -> str:
    """A regular expression for exactly these names; without names it matches nothing."""
    return "|".join(re.escape(name) for name in names) or "(?!)"
