"""What the pretrained model can do: N judged samples of every prompt. Costly, done once, without a threshold."""


localrules:
    split,


TRAIN = paths.DATA.format(domain="{domain}", split="train")


rule generate:
    """Sample N few-shot answers of the pretrained model to every prompt of a split."""
    input:
        data=paths.DATA,
        context=TRAIN,
        model=paths.MODEL,
    output:
        generations=paths.GENERATIONS,
    log:
        "results/logs/generate/{model}/{domain}/{split}.log",
    benchmark:
        "results/benchmarks/generate/{model}/{domain}/{split}.tsv"
    priority: in_turn
    conda:
        answering_environment
    resources:
        **model_job("generate"),
    params:
        settings=settings(
            "generate",
            "models/{model}/chat",
            "models/{model}/dtype",
            "domains/{domain}/module",
            "domains/{domain}/max_new_tokens",
            optional=["models/{model}/engine", "models/{model}/system"],
        ),
        version=versions.GENERATE,
        work="results/work/generate/{model}/{domain}/{split}",
    shell:
        "scripts/launch.sh {log:q} {resources.processes} scripts/generate.py"
        " --data {input.data:q} --context {input.context:q} --model {input.model:q}"
        " --settings {params.settings:q} --version {params.version} --work {params.work:q}"
        " --batch-size {resources.batch_size} --output {output.generations:q}"


rule split:
    """Cut the samples into fragments."""
    input:
        responses=paths.GENERATIONS,
    output:
        fragments=paths.FRAGMENTS,
    log:
        "results/logs/split/{model}/{domain}/{split}.log",
    wildcard_constraints:
        domain=paths.claimed_constraint(config, claims=False),
    priority: in_turn
    conda:
        "../envs/table.yaml"
    params:
        settings=settings("domains/{domain}/module"),
        version=versions.SPLIT,
    shell:
        "python scripts/split.py --responses {input.responses:q} --settings {params.settings:q}"
        " --version {params.version} --output {output.fragments:q} > {log:q} 2>&1"


rule judge:
    """Label every fragment of every sample as right or wrong."""
    input:
        fragments=paths.FRAGMENTS,
        responses=paths.GENERATIONS,
        data=paths.DATA,
        training=TRAIN,
        evaluator=evaluator_files("judge", "domain"),
        prompts=prompt_texts("domain"),
    output:
        judgements=paths.JUDGEMENTS,
    log:
        "results/logs/judge/{model}/{domain}/{split}.log",
    benchmark:
        "results/benchmarks/judge/{model}/{domain}/{split}.tsv"
    priority: in_turn
    conda:
        judging_environment("domain")
    threads: judge_threads("domain")
    resources:
        **judge_job("domain"),
    params:
        settings=judge_settings("domain"),
        version=versions.JUDGE,
        work="results/work/judge/{model}/{domain}/{split}",
    shell:
        "scripts/launch.sh {log:q} {resources.processes} scripts/judge.py"
        " --fragments {input.fragments:q} --responses {input.responses:q} --data {input.data:q}"
        " --training-data {input.training:q} --judge-model {input.evaluator:q}"
        " --settings {params.settings:q} --version {params.version} --work {params.work:q}"
        " --batch-size {resources.batch_size} --concurrency {resources.concurrency}"
        " --timeout {resources.request_timeout} --retries {resources.request_retries}"
        " --output {output.judgements:q}"
