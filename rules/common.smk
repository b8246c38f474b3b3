"""Shared by all rules: the checked config, and the params and resources that are functions of wildcards."""

import gc
import sys

from halt import domains, extractors, judges, paths, plugins, versions
from halt.config import ConfigError, check, check_keys, has, readiness
from halt.config import settings as subtrees
from halt.engines.asked import reached
from halt.inputs import sources
from halt.prompting import texts
from halt.running import processes

try:
    check_keys(map(Path, workflow.configfiles))
    check(config)
    if workflow.is_main_process:  # a job may run elsewhere, and does not need these files
        readiness.check_sources(config)
except ConfigError as error:
    sys.exit(f"the config is not sound:\n{error}")  # a WorkflowError would add where in this file

# A graph of 30,000 jobs is millions of objects without garbage: searching for it takes a third of the planning.
gc.set_threshold(100_000, 20, 100)


wildcard_constraints:
    **paths.wildcard_constraints(config),


def settings(*templates, optional=()):
    """Exactly these config subtrees as sorted JSON; paths contain `{model}` and other wildcards.

    optional: further subtrees, left out if the config does not have them.
    """

    def chosen(wildcards):
        wanted = [template.format(**wildcards) for template in templates]
        further = [template.format(**wildcards) for template in optional]
        return subtrees(config, *wanted, *(subtree for subtree in further if has(config, subtree)))

    return chosen


def fitting(*sections):
    """How these sections' prompts are made to fit, if the config says it: for a program that makes them once more."""
    told = [f"{section}/overlong" for section in sections if has(config, f"{section}/overlong")]
    return [*told, "domains/{test_domain}/max_new_tokens"] if told else []


def grows(amount):
    """Memory or time that grows with each attempt: attempt n asks for n times this amount."""

    def grown(wildcards, attempt):
        return amount * attempt

    return grown


def asked(needs, what, attempt):
    """What an attempt asks for. `cpus`: one per process unless `needs` says more."""
    if what == "cpus":
        return needs.get("cpus") or needs.get("processes", 1)
    return needs[what] * attempt if what in ("memory_mb", "minutes") else needs[what]


def in_turn(wildcards):
    """Priority of a job: models first, then the domains in the experiment's order: the first is complete early."""
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


def model_job(stage):
    """Resources of a job that loads the wildcards' model: what the stage needs, and how launch.sh starts it."""
    return {
        "gpu": needs(stage, "gpus"),
        "mem_mb": needs(stage, "memory_mb"),
        "runtime": needs(stage, "minutes"),
        "cpus_per_task": needs(stage, "cpus"),
        "processes": spread(stage),
        "batch_size": needs(stage, "batch_size"),
    }


def builds_up(domain):
    """Whether the fragments of a domain build on each other."""
    return domains.load(config["domains"][domain]["module"]).DEPENDENT


def environment(engine):
    """The conda environment of a local engine, beside the rules."""
    return "../envs/vllm.yaml" if engine == "vllm" else "../envs/model.yaml"


def answering_environment(wildcards):
    """Conda environment of `generate` and `respond`."""
    return environment(config["models"][wildcards.model].get("engine"))


def local_files(wildcards):
    """Input of `fetch_source`: the files in a domain's `path` sources. A changed file makes the rows again."""
    source = config["domains"][wildcards.domain]["source"]
    named = [
        one["path"]
        for one in (source if isinstance(source, list) else [source])
        if one["type"] == "path"
    ]
    # The files of a folder, not the folder: Snakemake would compare it by its time. Unreadable paths are left to the
    # job, which reports them: Snakemake would read a pipe for ever, and braces in a name as wildcards.
    return [
        file
        for path in named
        if sources.lacks(Path(path)) is None
        for file in (sources.inside(Path(path)) if Path(path).is_dir() else [path])
        if not sources.has_braces(file)
    ]


def selected_domains():
    """The domains of the experiment, sorted by name: their order in the config changes nothing."""
    return sorted(config["experiment"]["domains"])
