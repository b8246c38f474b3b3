"""Claims instead of sentences: a language model takes them out of samples, answers and references."""


ruleorder: edit > rewrite


CLAIMED = paths.claimed_constraint(config)
ADDRESS = paths.EXTRACTOR_ADDRESS


rule extract:
    """Take self-contained claims out of the samples: they are the fragments, in place of what `split` cuts."""
    input:
        responses=paths.GENERATIONS,
        data=paths.DATA,
        extractor=extractor_files(ADDRESS.replace("{stage}", "extract"), "domain"),
        prompts=extraction_texts(extractors.TEXTS),
    output:
        fragments=paths.FRAGMENTS,
        claims=paths.CLAIMS,
    log:
        "results/logs/extract/{model}/{domain}/{split}.log",
    benchmark:
        "results/benchmarks/extract/{model}/{domain}/{split}.tsv"
    wildcard_constraints:
        domain=CLAIMED,
    priority: in_turn
    conda:
        extracting_environment("domain")
    threads: extract_threads("domain")
    resources:
        **extract_job("domain"),
    params:
        settings=extract_settings("domain"),
        version=versions.EXTRACT,
        work="results/work/extract/{model}/{domain}/{split}",
    shell:
        "scripts/launch.sh {log:q} {resources.processes} scripts/extract.py"
        " --responses {input.responses:q} --data {input.data:q} --extractor {input.extractor:q}"
        " --settings {params.settings:q} --version {params.version} --work {params.work:q}"
        " --batch-size {resources.batch_size} --concurrency {resources.concurrency}"
        " --timeout {resources.request_timeout} --retries {resources.request_retries}"
        " --output-claims {output.claims:q} --output {output.fragments:q}"


use rule extract as extract_responses with:
    """Take claims out of the answers; the phrases of abstention are no claims."""
    input:
        responses=paths.RESPONSES,
        data=ASKED,
        extractor=extractor_files(ADDRESS.replace("{stage}", "extract_responses"), "test_domain"),
        prompts=extraction_texts(extractors.TEXTS),
    output:
        fragments=paths.RESPONSE_FRAGMENTS,
        claims=paths.RESPONSE_CLAIMS,
    log:
        f"results/logs/extract_responses/{RUN}.log",
    benchmark:
        f"results/benchmarks/extract_responses/{RUN}.tsv"
    wildcard_constraints:
        domain=paths.trained_on(config),
        test_domain=CLAIMED,
        method=JUDGED,
    conda:
        extracting_environment("test_domain")
    threads: extract_threads("test_domain")
    resources:
        **extract_job("test_domain"),
    params:
        settings=extract_settings("test_domain", "phrases", optional=["methods/{method}/phrases"]),
        version=versions.EXTRACT,
        work=f"results/work/extract_responses/{RUN}",


use rule extract as sk_extract with:
    input:
        responses=paths.SK_GENERATIONS,
        data=TRAIN,
        extractor=extractor_files(ADDRESS.replace("{stage}", "sk_extract"), "domain"),
        prompts=extraction_texts(extractors.TEXTS),
    output:
        fragments=paths.SK_FRAGMENTS,
        claims=paths.SK_CLAIMS,
    log:
        "results/logs/sk_extract/{model}/{domain}.log",
    benchmark:
        "results/benchmarks/sk_extract/{model}/{domain}.tsv"
    params:
        settings=extract_settings("domain"),
        version=versions.EXTRACT,
        work="results/work/sk_extract/{model}/{domain}",


rule extract_references:
    """Count the claims of every reference, as those of the answers: what a complete answer needs."""
    input:
        data=paths.DATA,
        extractor=extractor_files(paths.REFERENCES_ADDRESS, "domain"),
        prompts=extraction_texts(extractors.TEXTS),
    output:
        data=paths.COUNTED,
        claims=paths.REFERENCE_CLAIMS,
    log:
        "results/logs/extract_references/{domain}/{split}.log",
    benchmark:
        "results/benchmarks/extract_references/{domain}/{split}.tsv"
    wildcard_constraints:
        domain=CLAIMED,
    priority: in_turn
    conda:
        extracting_environment("domain")
    threads: extract_threads("domain")
    resources:
        **extract_job("domain"),
    params:
        settings=extract_settings("domain"),
        version=versions.EXTRACT,
        work="results/work/extract_references/{domain}/{split}",
    shell:
        "scripts/launch.sh {log:q} {resources.processes} scripts/extract.py"
        " --data {input.data:q} --extractor {input.extractor:q}"
        " --settings {params.settings:q} --version {params.version} --work {params.work:q}"
        " --batch-size {resources.batch_size} --concurrency {resources.concurrency}"
        " --timeout {resources.request_timeout} --retries {resources.request_retries}"
        " --output-claims {output.claims:q} --output {output.data:q}"


use rule rewrite as rewrite_claims with:
    """The targets of claims, before the extractor rewrites sentences (`join: edit`)."""
    output:
        targets=paths.FIRST_TARGETS,
    log:
        "results/logs/rewrite_claims/{model}/{domain}/{method}/{threshold}.log",


rule edit:
    """Write HALT's targets in the answer's own sentences, without what only wrong claims say."""
    input:
        data=TRAIN,
        generations=paths.GENERATIONS.format(model="{model}", domain="{domain}", split="train"),
        judgements=TRAIN_JUDGEMENTS,
        claims=paths.CLAIMS.format(model="{model}", domain="{domain}", split="train"),
        targets=paths.FIRST_TARGETS,
        extractor=extractor_files(ADDRESS.replace("{stage}", "edit"), "domain"),
        prompts=extraction_texts(extractors.EDIT_TEXTS),
    output:
        targets=paths.TARGETS,
    log:
        "results/logs/edit/{model}/{domain}/{method}/{threshold}.log",
    benchmark:
        "results/benchmarks/edit/{model}/{domain}/{method}/{threshold}.tsv"
    wildcard_constraints:
        domain=paths.edited_constraint(config),
        method=paths.any_of(
            name for name, method in config["methods"].items() if method["rewrite"] == "halt"
        ),
    priority: in_turn
    conda:
        extracting_environment("domain")
    threads: extract_threads("domain")
    resources:
        **{**extract_job("domain"), "processes": 1},
    params:
        settings=extract_settings("domain", "reading", "rewrite", "phrases"),
        version=versions.EDIT,
        work="results/work/edit/{model}/{domain}/{method}/{threshold}",
    shell:
        "scripts/launch.sh {log:q} {resources.processes} scripts/edit.py"
        " --data {input.data:q} --generations {input.generations:q} --judgements {input.judgements:q}"
        " --claims {input.claims:q} --targets {input.targets:q} --extractor {input.extractor:q}"
        " --settings {params.settings:q} --version {params.version} --work {params.work:q}"
        " --batch-size {resources.batch_size} --concurrency {resources.concurrency}"
        " --timeout {resources.request_timeout} --retries {resources.request_retries}"
        " --output {output.targets:q}"


rule serve_extractor:
    """Serve a domain's extractor to the jobs of one stage, as `serve` serves an evaluator."""
    input:
        model=served_extractor,
    output:
        address=service(paths.EXTRACTOR_ADDRESS),
    log:
        "results/logs/serve_extractor/{stage}/{model}/{domain}.log",
    conda:
        extractor_serving_environment
    resources:
        gpu=serve_extractor_needs("gpus"),
        mem_mb=serve_extractor_needs("memory_mb"),
        runtime=serve_extractor_needs("minutes"),
    params:
        settings=serve_extractor_settings,
    shell:
        "exec python scripts/serve.py --model {input.model:q} --settings {params.settings:q}"
        " --gpus {resources.gpu} --threads {threads} --log {log:q} --address {output.address:q}"
        " > {log:q} 2>&1"


use rule serve_extractor as serve_extractor_of_references with:
    output:
        address=service(paths.REFERENCES_ADDRESS),
    log:
        "results/logs/serve_extractor/references/{domain}.log",
