"""Supervised finetuning on the targets, and preference training on pairs after it."""


rule finetune:
    """Finetune the pretrained model on the targets of one method and threshold."""
    input:
        targets=paths.TARGETS,
        model=paths.MODEL,
    output:
        training=paths.ADAPTER,
    log:
        "results/logs/finetune/{model}/{domain}/{method}/{threshold}/seed{seed}.log",
    benchmark:
        "results/benchmarks/finetune/{model}/{domain}/{method}/{threshold}/seed{seed}.tsv"
    wildcard_constraints:
        method=methods_that(prefer=False),
        domain=paths.trained_on(config),
    priority: in_turn
    conda:
        "../envs/model.yaml"
    resources:
        **model_job("finetune"),
    params:
        settings=training_settings,
        version=versions.FINETUNE,
        work="results/work/finetune/{model}/{domain}/{method}/{threshold}/seed{seed}",
    shell:
        "scripts/launch.sh {log:q} {resources.processes} scripts/finetune.py"
        " --targets {input.targets:q} --model {input.model:q} --settings {params.settings:q}"
        " --seed {wildcards.seed} --version {params.version} --work {params.work:q}"
        " --batch-size {resources.batch_size} --output {output.training:q}"


rule prefer:
    """Train the finetuned adapter of another method on the pairs of this one, by DPO."""
    input:
        pairs=paths.PAIRS,
        model=paths.MODEL,
        adapter=started_from,
    output:
        training=paths.ADAPTER,
    log:
        "results/logs/prefer/{model}/{domain}/{method}/{threshold}/seed{seed}.log",
    benchmark:
        "results/benchmarks/prefer/{model}/{domain}/{method}/{threshold}/seed{seed}.tsv"
    wildcard_constraints:
        method=methods_that(prefer=True),
    priority: in_turn
    conda:
        "../envs/model.yaml"
    resources:
        **model_job("finetune"),
    params:
        settings=settings(
            "dpo",
            "models/{model}/chat",
            "models/{model}/dtype",
            "domains/{domain}/module",
            optional=["models/{model}/quantization", "models/{model}/system"],
        ),
        version=versions.PREFER,
        work="results/work/prefer/{model}/{domain}/{method}/{threshold}/seed{seed}",
    shell:
        "scripts/launch.sh {log:q} {resources.processes} scripts/prefer.py"
        " --pairs {input.pairs:q} --model {input.model:q} --adapter {input.adapter:q} --settings {params.settings:q}"
        " --seed {wildcards.seed} --version {params.version} --work {params.work:q}"
        " --batch-size {resources.batch_size} --output {output.training:q}"
