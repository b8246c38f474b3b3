"""Supervised finetuning on the targets."""


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
        domain=paths.trained_on(config),
    conda:
        "../envs/model.yaml"
    resources:
        gpu=needs("finetune", "gpus"),
        mem_mb=needs("finetune", "memory_mb"),
        runtime=needs("finetune", "minutes"),
        cpus_per_task=needs("finetune", "cpus"),
        processes=spread("finetune"),
        batch_size=needs("finetune", "batch_size"),
    params:
        settings=training_settings,
        version=versions.FINETUNE,
        work="results/work/finetune/{model}/{domain}/{method}/{threshold}/seed{seed}",
    shell:
        "scripts/launch.sh {log:q} {resources.processes} scripts/finetune.py"
        " --targets {input.targets:q} --model {input.model:q} --settings {params.settings:q}"
        " --seed {wildcards.seed} --version {params.version} --work {params.work:q}"
        " --batch-size {resources.batch_size} --output {output.training:q}"
