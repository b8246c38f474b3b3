"""Test-time methods, which train nothing: they drop the fragments of given answers that the model is not sure of."""


localrules:
    agree,
    filter,


CONFIDENT = "{model}/{domain}/{method}/seed{seed}/{test_domain}"


rule self_evaluate:
    """Ask the pretrained model for p(True) of every fragment of the answers, and of training samples."""
    input:
        fragments=filtered(paths.RESPONSE_FRAGMENTS),
        responses=filtered(paths.RESPONSES),
        data=ASKED,
        judgements=paths.JUDGEMENTS.format(model="{model}", domain="{test_domain}", split="train"),
        training=paths.DATA.format(domain="{test_domain}", split="train"),
        model=paths.MODEL,
        prompt=self_evaluation_text,
    output:
        confidences=paths.CONFIDENCES,
    log:
        f"results/logs/self_evaluate/{CONFIDENT}.log",
    benchmark:
        f"results/benchmarks/self_evaluate/{CONFIDENT}.tsv"
    wildcard_constraints:
        method=filters_by("self_evaluate"),
    priority: in_turn
    conda:
        answering_environment
    resources:
        **model_job("respond"),
    params:
        settings=filter_settings(
            "p_true",
            "confidence",
            "models/{model}/chat",
            "models/{model}/dtype",
            "domains/{test_domain}/module",
            optional=["models/{model}/engine", "models/{model}/system"],
        ),
        version=versions.SELF_EVALUATE,
        work=f"results/work/self_evaluate/{CONFIDENT}",
    shell:
        "scripts/launch.sh {log:q} {resources.processes} scripts/self_evaluate.py"
        " --fragments {input.fragments:q} --responses {input.responses:q} --data {input.data:q}"
        " --judgements {input.judgements:q} --training-data {input.training:q}"
        " --model {input.model:q} --method {wildcards.method:q} --settings {params.settings:q}"
        " --version {params.version} --work {params.work:q}"
        " --batch-size {resources.batch_size} --output {output.confidences:q}"


rule agree:
    """Count how many samples of the same prompt say each fragment of the answers, and of training samples."""
    input:
        fragments=filtered(paths.RESPONSE_FRAGMENTS),
        responses=filtered(paths.RESPONSES),
        data=ASKED,
        samples=paths.FRAGMENTS.format(
            model="{model}", domain="{test_domain}", split=config["respond"]["split"]
        ),
        training=paths.FRAGMENTS.format(model="{model}", domain="{test_domain}", split="train"),
    output:
        confidences=paths.CONFIDENCES,
    log:
        f"results/logs/agree/{CONFIDENT}.log",
    wildcard_constraints:
        method=filters_by("agree"),
    priority: in_turn
    conda:
        "../envs/table.yaml"
    params:
        settings=filter_settings("self_consistency", "generate/samples"),
        version=versions.AGREE,
    shell:
        "python scripts/agree.py --fragments {input.fragments:q} --responses {input.responses:q}"
        " --data {input.data:q} --samples {input.samples:q} --training {input.training:q}"
        " --method {wildcards.method:q} --settings {params.settings:q} --version {params.version}"
        " --output {output.confidences:q} > {log:q} 2>&1"


rule probe:
    """Read hidden states at the fragments, learn on training samples which are right, predict for the answers."""
    input:
        fragments=filtered(paths.RESPONSE_FRAGMENTS),
        responses=filtered(paths.RESPONSES),
        data=ASKED,
        judgements=paths.JUDGEMENTS.format(model="{model}", domain="{test_domain}", split="train"),
        samples=paths.GENERATIONS.format(model="{model}", domain="{test_domain}", split="train"),
        training=paths.DATA.format(domain="{test_domain}", split="train"),
        model=paths.MODEL,
    output:
        confidences=paths.CONFIDENCES,
    log:
        f"results/logs/probe/{CONFIDENT}.log",
    benchmark:
        f"results/benchmarks/probe/{CONFIDENT}.tsv"
    wildcard_constraints:
        method=filters_by("probe"),
    priority: in_turn
    conda:
        "../envs/model.yaml"
    resources:
        **model_job("respond"),
    params:
        settings=settings(
            "probe",
            "reading",
            "generate/shots",
            "generate/seed",
            "respond/shots",
            "respond/seed",
            "models/{model}/chat",
            "models/{model}/dtype",
            "domains/{test_domain}/module",
            "methods/{method}/filter",
            optional=[
                "generate/contexts",
                "respond/contexts",
                "models/{model}/system",
                *fitting("generate", "respond"),
            ],
        ),
        version=versions.PROBE,
        work=f"results/work/probe/{CONFIDENT}",
    shell:
        "scripts/launch.sh {log:q} {resources.processes} scripts/probe.py"
        " --fragments {input.fragments:q} --responses {input.responses:q} --data {input.data:q}"
        " --judgements {input.judgements:q} --samples {input.samples:q}"
        " --training-data {input.training:q} --model {input.model:q} --method {wildcards.method:q}"
        " --settings {params.settings:q} --version {params.version} --work {params.work:q}"
        " --batch-size {resources.batch_size} --output {output.confidences:q}"


rule filter:
    """Drop the fragments below the bound of one threshold; the others keep their verdict."""
    input:
        responses=filtered(paths.RESPONSES),
        judgements=filtered(paths.ASSESSMENTS),
        confidences=paths.CONFIDENCES,
    output:
        responses=paths.RESPONSES,
        assessments=paths.ASSESSMENTS,
    log:
        f"results/logs/filter/{RUN}.log",
    wildcard_constraints:
        method=paths.any_of(paths.filters(config)),
    priority: in_turn
    conda:
        "../envs/table.yaml"
    params:
        settings=settings("phrases", "domains/{test_domain}/module"),
        version=versions.FILTER,
    shell:
        "python scripts/filter.py --responses {input.responses:q} --judgements {input.judgements:q}"
        " --confidences {input.confidences:q} --method {wildcards.method:q}"
        " --threshold {wildcards.threshold} --settings {params.settings:q}"
        " --version {params.version} --output-responses {output.responses:q}"
        " --output-judgements {output.assessments:q} > {log:q} 2>&1"
