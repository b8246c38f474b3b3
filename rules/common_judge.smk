"""Inputs, params and resources of the rules that judge, and of the server that they ask."""


def judge_of(domain):
    """The judges entry that decides a domain's fragments."""
    return config["judges"][config["domains"][domain]["judge"]]


def judging(domain):
    """What the workflow provides for a domain's judge: its evaluator, what loads or serves it, its prompt texts."""
    return judges.needs(judge_of(domain), builds_up(domain))


def judging_environment(domain_wildcard):
    """Conda environment of `judge`."""

    def chosen(wildcards):
        return environment(judging(getattr(wildcards, domain_wildcard)).engine)

    return chosen


def serving_environment(wildcards):
    """Conda environment of `serve`."""
    return environment(judging(wildcards.domain).server)


def judge_settings(domain_wildcard):
    """Params of `judge`: the judge, the domain's module, and how to load a local evaluator."""

    def chosen(wildcards):
        domain = getattr(wildcards, domain_wildcard)
        name = config["domains"][domain]["judge"]
        own = [f"judges/{name}/{key}" for key in config["judges"][name] if key != "needs"]
        wanted = [subtree for subtree in own if has(config, subtree)]
        wanted.append(f"domains/{domain}/module")
        evaluator = judging(domain).model
        if evaluator:
            wanted += [f"models/{evaluator}/chat", f"models/{evaluator}/dtype"]
            wanted += [f"models/{evaluator}/system"] * has(config, f"models/{evaluator}/system")
        return subtrees(config, *wanted)

    return chosen


def evaluator_needs(domain):
    """What a domain's local or served evaluator needs to be loaded; nothing for a judge without one."""
    evaluator = judging(domain).model
    return config["models"][evaluator]["needs"]["judge"] if evaluator else {}


def judge_needs(domain_wildcard, what, otherwise):
    """A resource of judging: the evaluator's need, `otherwise` if it has none.

    Jobs that ask a server of the workflow run beside it: they are as long and take a small part of its memory.
    """

    def amount(wildcards, attempt):
        domain = getattr(wildcards, domain_wildcard)
        needs = {**evaluator_needs(domain), **judge_of(domain).get("needs", {})}
        if judging(domain).server:
            needs = {**needs, "gpus": 0, "memory_mb": 200, "processes": 1, "cpus": 1}
        return asked({what: otherwise, **needs}, what, attempt)

    return amount


def judge_spread(domain_wildcard):
    """How launch.sh starts judging: as a locally loaded evaluator needs it, in one process for any other judge."""

    def chosen(wildcards):
        domain = getattr(wildcards, domain_wildcard)
        return processes.spread({} if judging(domain).server else evaluator_needs(domain))

    return chosen


def judge_job(domain_wildcard):
    """Resources of a job that judges: see `judge_needs`. `threads` are beside them."""
    return {
        "gpu": judge_needs(domain_wildcard, "gpus", 0),
        "mem_mb": judge_needs(domain_wildcard, "memory_mb", 1000),
        "runtime": judge_needs(domain_wildcard, "minutes", 60),
        "cpus_per_task": judge_needs(domain_wildcard, "cpus", None),
        "processes": judge_spread(domain_wildcard),
        "batch_size": judge_needs(domain_wildcard, "batch_size", 1),
        "concurrency": judge_needs(domain_wildcard, "concurrency", 1),
        "request_timeout": judge_needs(domain_wildcard, "timeout", 1),
        "request_retries": judge_needs(domain_wildcard, "retries", 1),
    }


def judge_threads(domain_wildcard):
    """Cores of `judge`: none for a job that waits for the server beside it: a group then fits on few cores."""

    def amount(wildcards):
        return 0 if judging(getattr(wildcards, domain_wildcard)).server else 1

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
        brought = judging(domain)
        found = [paths.MODEL.format(model=brought.model)] if brought.model else []
        if brought.server:
            found.append(paths.ADDRESS.format(stage=stage, model=wildcards.model, domain=domain))
        return found

    return files


def served_model(wildcards):
    """Input of `serve`: the evaluator."""
    return paths.MODEL.format(model=judging(wildcards.domain).model)


def serve_settings(wildcards):
    """Params of `serve`: which server, and the number format of the model."""
    judge = config["domains"][wildcards.domain]["judge"]
    evaluator = judging(wildcards.domain).model
    return subtrees(config, f"judges/{judge}/server", f"models/{evaluator}/dtype")


def prompt_texts(domain_wildcard):
    """Input of `judge`: the prompt texts that the domain's judge asks with."""

    def files(wildcards):
        return [
            f"scripts/prompts/{name}.txt"
            for name in judging(getattr(wildcards, domain_wildcard)).texts
        ]

    return files
