"""Multiple choice and truthfulness, as TruthfulQA counts them, in domains whose questions offer answers."""


localrules:
    truthfulqa,


rule choose:
    """How likely a model finds each choice in the place of its answer: finetuned zero-shot, pretrained few-shot."""
    input:
        data=ASKED,
        context=paths.DATA.format(domain="{test_domain}", split="train"),
        model=paths.MODEL,
        adapter=adapter,
    output:
        choices=paths.CHOICES,
    log:
        f"results/logs/choose/{RUN}.log",
    benchmark:
        f"results/benchmarks/choose/{RUN}.tsv"
    wildcard_constraints:
        domain=paths.trained_on(config),
        method=ANSWERING,
    priority: in_turn
    conda:
        answering_environment
    resources:
        **model_job("respond"),
    params:
        settings=settings(
            "respond/shots",
            "respond/seed",
            "models/{model}/chat",
            "models/{model}/dtype",
            "domains/{test_domain}/module",
            optional=[
                "respond/contexts",
                "models/{model}/engine",
                "models/{model}/system",
                *fitting("respond"),
            ],
        ),
        version=versions.CHOOSE,
        work=f"results/work/choose/{RUN}",
    shell:
        "scripts/launch.sh {log:q} {resources.processes} scripts/choose.py"
        " --data {input.data:q} --context {input.context:q} --model {input.model:q}"
        " --adapter {input.adapter:q} --domain {wildcards.domain:q} --method {wildcards.method:q}"
        " --threshold {wildcards.threshold} --seed {wildcards.seed} --settings {params.settings:q}"
        " --version {params.version} --work {params.work:q}"
        " --batch-size {resources.batch_size} --output {output.choices:q}"


use rule self_rate as rate_choices with:
    input:
        fragments=[],
        data=paths.DATA.format(domain="{domain}", split=config["respond"]["split"]),
        judgements=TRAIN_JUDGEMENTS,
        training=TRAIN,
        model=paths.MODEL,
        adapter=rating_adapter,
        prompt=rating_text,
    output:
        ratings=paths.CHOICE_RATINGS,
    log:
        "results/logs/rate_choices/{model}/{domain}/{evaluator}.log",
    benchmark:
        "results/benchmarks/rate_choices/{model}/{domain}/{evaluator}.tsv"
    params:
        settings=rating_settings,
        version=versions.SELF_RATE,
        work="results/work/rate_choices/{model}/{domain}/{evaluator}",


rule truthfulqa:
    """Truth and information of the answers, and how well the models and their p(True) choose."""
    input:
        metrics=truths,
        choices=choices,
        ratings=choice_ratings,
    output:
        table=report(paths.TRUTHFULQA, caption="../captions/truthfulqa.rst", category="Tables"),
    log:
        "results/logs/truthfulqa.log",
    conda:
        "../envs/table.yaml"
    params:
        settings=settings("score", "reading"),
        version=versions.REPORT,
    shell:
        "python scripts/truthfulqa.py --metrics {input.metrics:q} --choices {input.choices:q}"
        " --ratings {input.ratings:q} --settings {params.settings:q} --output {output.table:q} > {log:q} 2>&1"
