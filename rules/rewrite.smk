"""From judged samples to finetuning targets: the first place with a threshold."""


localrules:
    rewrite,
    pair,
    join_targets,


rule rewrite:
    """Rewrite the alpha-percentile sample of every training prompt by one method."""
    input:
        data=TRAIN,
        generations=paths.GENERATIONS.format(model="{model}", domain="{domain}", split="train"),
        judgements=paths.JUDGEMENTS.format(model="{model}", domain="{domain}", split="train"),
    output:
        targets=paths.TARGETS,
    log:
        "results/logs/rewrite/{model}/{domain}/{method}/{threshold}.log",
    wildcard_constraints:
        method=methods_that(prefer=False),
    priority: in_turn
    conda:
        "../envs/table.yaml"
    params:
        settings=settings(
            "reading",
            "rewrite",
            "phrases",
            "methods/{method}/rewrite",
            "domains/{domain}/module",
            optional=["methods/{method}/options", "methods/{method}/phrases"],
        ),
        version=versions.REWRITE,
    shell:
        "python scripts/rewrite.py --data {input.data:q} --generations {input.generations:q}"
        " --judgements {input.judgements:q} --method {wildcards.method:q}"
        " --threshold {wildcards.threshold} --settings {params.settings:q}"
        " --version {params.version} --output {output.targets:q} > {log:q} 2>&1"


rule pair:
    """Pair the samples of every training prompt by what one method prefers."""
    input:
        data=TRAIN,
        generations=paths.GENERATIONS.format(model="{model}", domain="{domain}", split="train"),
        judgements=paths.JUDGEMENTS.format(model="{model}", domain="{domain}", split="train"),
    output:
        pairs=paths.PAIRS,
    log:
        "results/logs/pair/{model}/{domain}/{method}/{threshold}.log",
    wildcard_constraints:
        method=paths.pairing_constraint(config, by_rating=False),
    priority: in_turn
    conda:
        "../envs/table.yaml"
    params:
        settings=pairing_settings,
        version=versions.PAIR,
    shell:
        "python scripts/pair.py --data {input.data:q} --generations {input.generations:q}"
        " --judgements {input.judgements:q} --method {wildcards.method:q}"
        " --threshold {wildcards.threshold} --settings {params.settings:q}"
        " --version {params.version} --output {output.pairs:q} > {log:q} 2>&1"


rule join_targets:
    """Join the targets of all selected domains, to finetune one model on all of them."""
    input:
        targets=targets_of_domains,
    output:
        targets=paths.TARGETS.replace("{domain}", paths.ALL),
    log:
        "results/logs/join_targets/{model}/{method}/{threshold}.log",
    wildcard_constraints:
        method=methods_that(prefer=False),
    conda:
        "../envs/table.yaml"
    params:
        version=versions.JOIN_TARGETS,
    shell:
        "python scripts/join_targets.py --targets {input.targets:q} --version {params.version}"
        " --output {output.targets:q} > {log:q} 2>&1"
