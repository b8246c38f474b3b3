"""What all rules share: the checked config, and the params and resources that are functions of wildcards."""

import gc
import sys

from halt import domains, paths, processes, prompts, versions
from halt.config import ConfigError, check
from halt.config import settings as subtrees

try:
    check(config)
except ConfigError as error:
    sys.exit(f"the config is not sound:\n{error}")  # a WorkflowError would add where in this file

# A graph of 30,000 jobs is millions of objects and no garbage: looking for it again and again is a third of the planning.
gc.set_threshold(100_000, 20, 100)


wildcard_constraints:
    **paths.wildcard_constraints(config),


def settings(*templates):
    """Exactly these config subtrees as sorted JSON; `{model}` and other wildcards stand in the paths."""

    def chosen(wildcards):
        return subtrees(config, *(template.format(**wildcards) for template in templates))

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


def finetune_settings(wildcards):
    """Params of `finetune`; a model's quantization is among them where it has one."""
    model = f"models/{wildcards.model}"
    wanted = ["finetune", f"{model}/chat", f"{model}/dtype", f"domains/{wildcards.domain}/module"]
    if "quantization" in config["models"][wildcards.model]:
        wanted.append(f"{model}/quantization")
    return subtrees(config, *wanted)


def judge_of(domain):
    """The judges entry that decides a domain's fragments."""
    return config["judges"][config["domains"][domain]["judge"]]


def local_evaluator(domain):
    """Name of the model that a domain's judge runs here, None for a judge that needs none."""
    judge = judge_of(domain)
    return judge["model"] if judge.get("engine") == "transformers" else None


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
        return subtrees(config, *wanted)

    return chosen


def judge_needs(domain_wildcard, what, otherwise):
    """A resource of judging: what the local or served evaluator needs, `otherwise` if it has no such need."""

    def amount(wildcards, attempt):
        domain = getattr(wildcards, domain_wildcard)
        evaluator = local_evaluator(domain)
        needs = (
            config["models"][evaluator]["needs"]["judge"]
            if evaluator
            else judge_of(domain).get("needs", {})
        )
        return asked({what: otherwise, **needs}, what, attempt)

    return amount


def judge_spread(domain_wildcard):
    """How launch.sh starts judging: as the local evaluator needs it, one process for any other judge."""

    def chosen(wildcards):
        evaluator = local_evaluator(getattr(wildcards, domain_wildcard))
        return processes.spread(config["models"][evaluator]["needs"]["judge"] if evaluator else {})

    return chosen


def evaluator_manifest(domain_wildcard):
    """Input of `judge`: the local evaluator, if the domain's judge has one."""

    def manifest(wildcards):
        evaluator = local_evaluator(getattr(wildcards, domain_wildcard))
        return paths.MODEL.format(model=evaluator) if evaluator else []

    return manifest


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
    """Input of `fetch_source`: the files that a domain's `path` sources name; a changed file makes the rows anew."""
    source = config["domains"][wildcards.domain]["source"]
    named = [
        one["path"]
        for one in (source if isinstance(source, list) else [source])
        if one["type"] == "path"
    ]
    # no folders: Snakemake would compare them by their time
    return [path for path in named if not Path(path).is_dir()]


def adapter(wildcards):
    """Input of `respond`: the record of the training, if the method finetunes."""
    return paths.ADAPTER.format(**wildcards) if paths.trained(wildcards.method, config) else []


def every(template, **fixed):
    """Paths of all results of the experiment."""
    return [template.format(**result, **fixed) for result in paths.grid(config)]


def each(template, **fixed):
    """Paths per selected model and domain, without repetition."""
    found = (template.format(**result, **fixed) for result in paths.grid(config))
    return list(dict.fromkeys(found))
