"""Inputs, params and resources of the rules that take claims out of text, and of the server that they ask."""


def extractor_name(domain):
    """The key of `extractors` that reads a domain's answers."""
    return config["domains"][domain]["extractor"]


def extracting(domain):
    """What the workflow provides for a domain's extractor."""
    return reached(config["extractors"][extractor_name(domain)])


def extracting_environment(domain_wildcard):
    """Conda environment of the rules that extract."""

    def chosen(wildcards):
        return environment(extracting(getattr(wildcards, domain_wildcard)).engine)

    return chosen


def extractor_serving_environment(wildcards):
    """Conda environment of `serve_extractor`."""
    return environment(extracting(wildcards.domain).server)


def extract_settings(domain_wildcard, *templates, optional=()):
    """Params of the rules that extract: the extractor, how to load it, the domain's module, and more subtrees."""

    def chosen(wildcards):
        domain = getattr(wildcards, domain_wildcard)
        name = extractor_name(domain)
        wanted = [
            f"extractors/{name}/{key}" for key in config["extractors"][name] if key != "needs"
        ]
        model = extracting(domain).model
        system = [f"models/{model}/system"] * bool(model)
        if model:
            wanted += [f"models/{model}/chat", f"models/{model}/dtype"]
        return settings(
            *wanted, f"domains/{domain}/module", *templates, optional=[*optional, *system]
        )(wildcards)

    return chosen


def extract_needs(domain_wildcard, what, otherwise):
    """A resource of a job that extracts: the model's need, `otherwise` if it has none.

    Jobs that ask a server of the workflow run beside it: they are as long and take a small part of its memory.
    """

    def amount(wildcards, attempt):
        domain = getattr(wildcards, domain_wildcard)
        brought = extracting(domain)
        model = config["models"][brought.model]["needs"]["extract"] if brought.model else {}
        needs = {**model, **config["extractors"][extractor_name(domain)].get("needs", {})}
        if brought.server:
            needs = {**needs, "gpus": 0, "memory_mb": 200, "processes": 1, "cpus": 1}
        return asked({what: otherwise, **needs}, what, attempt)

    return amount


def extract_spread(domain_wildcard):
    """How launch.sh starts extracting: as a locally loaded model needs it, in one process for any other extractor."""

    def chosen(wildcards):
        brought = extracting(getattr(wildcards, domain_wildcard))
        local = config["models"][brought.model]["needs"]["extract"] if brought.engine else {}
        return processes.spread(local)

    return chosen


def extract_job(domain_wildcard):
    """Resources of a job that extracts: see `extract_needs`. `threads` are beside them."""
    return {
        "gpu": extract_needs(domain_wildcard, "gpus", 0),
        "mem_mb": extract_needs(domain_wildcard, "memory_mb", 1000),
        "runtime": extract_needs(domain_wildcard, "minutes", 60),
        "cpus_per_task": extract_needs(domain_wildcard, "cpus", None),
        "processes": extract_spread(domain_wildcard),
        "batch_size": extract_needs(domain_wildcard, "batch_size", 1),
        "concurrency": extract_needs(domain_wildcard, "concurrency", 1),
        "request_timeout": extract_needs(domain_wildcard, "timeout", 1),
        "request_retries": extract_needs(domain_wildcard, "retries", 1),
    }


def extract_threads(domain_wildcard):
    """Cores of a job that extracts: none for one that waits for the server beside it, see `judge_threads`."""

    def amount(wildcards):
        return 0 if extracting(getattr(wildcards, domain_wildcard)).server else 1

    return amount


def extractor_files(address, domain_wildcard):
    """Input of the rules that extract: the extractor's model, and the address of its server if the workflow serves it."""

    def files(wildcards):
        domain = getattr(wildcards, domain_wildcard)
        brought = extracting(domain)
        found = [paths.MODEL.format(model=brought.model)] if brought.model else []
        if brought.server:
            found.append(address.format(**{**wildcards, "domain": domain}))
        return found

    return files


def served_extractor(wildcards):
    """Input of `serve_extractor`: the model."""
    return paths.MODEL.format(model=extracting(wildcards.domain).model)


def serve_extractor_needs(what):
    """A resource of `serve_extractor`."""

    def amount(wildcards, attempt):
        model = extracting(wildcards.domain).model
        return asked(config["models"][model]["needs"]["extract"], what, attempt)

    return amount


def serve_extractor_settings(wildcards):
    """Params of `serve_extractor`: which server, and the number format of the model."""
    model = extracting(wildcards.domain).model
    name = extractor_name(wildcards.domain)
    return subtrees(config, f"extractors/{name}/server", f"models/{model}/dtype")


def extraction_texts(names):
    """Prompt texts of the rules that extract, as their input."""
    return [f"scripts/prompts/{name}.txt" for name in names]


def scored_rows(wildcards):
    """Input of `score`: the rows that were answered; with claims, their references are counted in claims too."""
    if paths.claimed(config, wildcards.test_domain):
        return paths.COUNTED.format(domain=wildcards.test_domain, split=config["respond"]["split"])
    return ASKED.format(**wildcards)
