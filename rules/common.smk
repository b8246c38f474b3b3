"""What all rules share: the checked config, and the params and resources that are functions of wildcards."""

import gc
import sys

from halt import domains, paths, processes, prompts, readiness, sources, versions
from halt.config import ConfigError, check, check_keys, has
from halt.config import settings as subtrees

try:
    check_keys(map(Path, workflow.configfiles))
    check(config)
    if workflow.is_main_process:  # a job may run where the files are not, and needs none of them
        readiness.check_sources(config)
except ConfigError as error:
    sys.exit(f"the config is not sound:\n{error}")  # a WorkflowError would add where in this file

# A graph of 30,000 jobs is millions of objects and no garbage: looking for it again and again is a third of the planning.
gc.set_threshold(100_000, 20, 100)


wildcard_constraints:
    **paths.wildcard_constraints(config),


def settings(*templates, optional=()):
    """Exactly these config subtrees as sorted JSON; `{model}` and other wildcards stand in the paths.

    optional: further subtrees, left out where the config does not have them.
    """

    def chosen(wildcards):
        wanted = [template.format(**wildcards) for template in templates]
        further = [template.format(**wildcards) for template in optional]
        return subtrees(config, *wanted, *(subtree for subtree in further if has(config, subtree)))

    return chosen


def grows(amount):
    """Memory or time of which each further attempt gets more: the lack of it may have ended the one before."""

    def grown(wildcards, attempt):
        return amount * attempt

    return grown


def asked(needs, what, attempt):
    """What an attempt asks for. `cpus`: one a process unless `needs` says more."""
    if what == "cpus":
        return needs.get("cpus") or needs.get("processes", 1)
    return needs[what] * attempt if what in ("memory_mb", "minutes") else needs[what]


def in_turn(wildcards):
    """Priority of a job: models first, then the domains as the experiment lists them, so that the first is soon seen whole."""
    order = config["experiment"]["domains"]
    domain = wildcards.get("test_domain", wildcards.get("domain"))
    if domain is None:
        return len(order) + 1
    return len(order) - order.index(domain) if domain in order else 0


def needs(stage, what):
    """A resource of one stage of the wildcards' model. Resources never trigger a rerun."""

    def amount(wildcards, attempt):
        return asked(config["models"][wildcards.model]["needs"][stage], what, attempt)

    return amount


def spread(stage):
    """How launch.sh starts a stage of the wildcards' model: on how many processes, with a sharded model or not."""

    def chosen(wildcards):
        return processes.spread(config["models"][wildcards.model]["needs"][stage])

    return chosen


def judge_of(domain):
    """The judges entry that decides a domain's fragments."""
    return config["judges"][config["domains"][domain]["judge"]]


def local_evaluator(domain):
    """Name of the model that a domain's judge runs or serves here, None for a judge that needs none."""
    judge = judge_of(domain)
    return judge["model"] if judge.get("engine") in ("transformers", "vllm", "served") else None


def served(domain):
    """Whether the workflow serves a domain's evaluator."""
    return judge_of(domain).get("engine") == "served"


def environment(engine):
    """The conda environment of a local engine, beside the rules."""
    return "../envs/vllm.yaml" if engine == "vllm" else "../envs/model.yaml"


def answering_environment(wildcards):
    """Conda environment of `generate` and `respond`."""
    return environment(config["models"][wildcards.model].get("engine"))


def judging_environment(domain_wildcard):
    """Conda environment of `judge`."""

    def chosen(wildcards):
        return environment(judge_of(getattr(wildcards, domain_wildcard)).get("engine"))

    return chosen


def serving_environment(wildcards):
    """Conda environment of `serve`."""
    return environment(judge_of(wildcards.domain)["server"])


def judge_settings(domain_wildcard):
    """Params of `judge`: the judge, the domain's module, and how to load a local evaluator."""

    def chosen(wildcards):
        domain = getattr(wildcards, domain_wildcard)
        name = config["domains"][domain]["judge"]
        wanted = [f"judges/{name}/{key}" for key in config["judges"][name] if key != "needs"]
        wanted.append(f"domains/{domain}/module")
        evaluator = local_evaluator(domain)
        if evaluator:
            wanted += [f"models/{evaluator}/chat", f"models/{evaluator}/dtype"]
            wanted += [f"models/{evaluator}/system"] * has(config, f"models/{evaluator}/system")
        return subtrees(config, *wanted)

    return chosen


def evaluator_needs(domain):
    """What a domain's local or served evaluator needs where it is loaded; nothing for a judge without one."""
    evaluator = local_evaluator(domain)
    return config["models"][evaluator]["needs"]["judge"] if evaluator else {}


def judge_needs(domain_wildcard, what, otherwise):
    """A resource of judging: what the evaluator needs, `otherwise` if it has no such need.

    The jobs that ask a server of the workflow's own run beside it: they are as long and take a small part of its memory.
    """

    def amount(wildcards, attempt):
        domain = getattr(wildcards, domain_wildcard)
        needs = {**evaluator_needs(domain), **judge_of(domain).get("needs", {})}
        if served(domain):
            needs = {**needs, "gpus": 0, "memory_mb": 200, "processes": 1, "cpus": 1}
        return asked({what: otherwise, **needs}, what, attempt)

    return amount


def judge_spread(domain_wildcard):
    """How launch.sh starts judging: as the evaluator loaded here needs it, one process for any other judge."""

    def chosen(wildcards):
        domain = getattr(wildcards, domain_wildcard)
        return processes.spread({} if served(domain) else evaluator_needs(domain))

    return chosen


def judge_threads(domain_wildcard):
    """Cores of `judge`: none for a job that waits for the server beside it, so that a group fits on few cores."""

    def amount(wildcards):
        return 0 if served(getattr(wildcards, domain_wildcard)) else 1

    return amount


def serve_needs(what):
    """A resource of `serve`."""

    def amount(wildcards, attempt):
        return asked(evaluator_needs(wildcards.domain), what, attempt)

    return amount


def evaluator_files(stage, domain_wildcard):
    """Input of `judge`: the model of the evaluator, and the address of its server if the workflow serves it."""

    def files(wildcards):
        domain = getattr(wildcards, domain_wildcard)
        evaluator = local_evaluator(domain)
        found = [paths.MODEL.format(model=evaluator)] if evaluator else []
        if served(domain):
            found.append(paths.ADDRESS.format(stage=stage, model=wildcards.model, domain=domain))
        return found

    return files


def served_model(wildcards):
    """Input of `serve`: the evaluator."""
    return paths.MODEL.format(model=local_evaluator(wildcards.domain))


def serve_settings(wildcards):
    """Params of `serve`: which server, and the number format of the model."""
    judge = config["domains"][wildcards.domain]["judge"]
    evaluator = local_evaluator(wildcards.domain)
    return subtrees(config, f"judges/{judge}/server", f"models/{evaluator}/dtype")


def prompt_texts(domain_wildcard):
    """Input of `judge`: the prompt texts that the domain's judge asks with, none for a reference judge."""

    def texts(wildcards):
        domain = getattr(wildcards, domain_wildcard)
        judge = judge_of(domain)
        if judge["type"] == "reference":
            return []
        dependent = domains.load(config["domains"][domain]["module"]).DEPENDENT
        return [f"scripts/prompts/{name}.txt" for name in prompts.of_judge(judge, dependent)]

    return texts


def local_files(wildcards):
    """Input of `fetch_source`: the files that a domain's `path` sources name or hold; a changed one makes the rows anew."""
    source = config["domains"][wildcards.domain]["source"]
    named = [
        one["path"]
        for one in (source if isinstance(source, list) else [source])
        if one["type"] == "path"
    ]
    # The files of a folder, not the folder: Snakemake would compare that by its time. What cannot be read is left to the
    # job, which says so: Snakemake would read a pipe for ever, and braces in a name as wildcards.
    return [
        file
        for path in named
        if sources.lacks(Path(path)) is None
        for file in (sources.inside(Path(path)) if Path(path).is_dir() else [path])
        if not sources.has_braces(file)
    ]


def targets_of_domains(wildcards):
    """Input of `join_targets`: the targets of one method and threshold in every selected domain."""
    return [paths.TARGETS.format(domain=domain, **wildcards) for domain in selected_domains()]


def selected_domains():
    """The domains of the experiment by name, so that their order in the config changes nothing."""
    return sorted(config["experiment"]["domains"])


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
    judges = {config["domains"][domain]["judge"] for domain in selected_domains()}
    types = [f"judges/{judge}/type" for judge in judges]
    return subtrees(config, "score", "reading", "methods", "domains", *types)


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


def adapter(wildcards):
    """Input of `respond`: the record of the training, if the method finetunes."""
    return paths.ADAPTER.format(**wildcards) if paths.trained(wildcards.method, config) else []


def methods_that(prefer):
    """A regular expression for the methods that train on pairs, or for those that train on targets."""
    return paths.any_of(
        name
        for name in config["methods"]
        if paths.trained(name, config) and paths.preferring(name, config) == prefer
    )


def started_from(wildcards):
    """Input of `prefer`: the record of the training that the method goes on from, at its threshold if it has one."""
    before = config["methods"][wildcards.method]["after"]
    threshold = (
        wildcards.threshold if config["methods"][before]["threshold"] else paths.NO_THRESHOLD
    )
    return paths.ADAPTER.format(**{**wildcards, "method": before, "threshold": threshold})


def filtered(template):
    """Input of what filters: a result of the method whose answers are filtered."""

    def file(wildcards):
        return template.format(**paths.filtered(wildcards, config))

    return file


def self_evaluation_text(wildcards):
    """Input of `self_evaluate`: the prompt text of its questions."""
    dependent = domains.load(config["domains"][wildcards.test_domain]["module"]).DEPENDENT
    return f"scripts/prompts/{prompts.of_self_evaluation(dependent)}.txt"


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
