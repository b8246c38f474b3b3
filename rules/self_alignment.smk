"""Self-alignment: the model rates its own samples by p(True), before or after SK-Tuning; pairs come from the ratings."""


localrules:
    fetch_nli,
    sk_split,
    pair_rated,
    calibration,
    facts,


TRAIN_JUDGEMENTS = paths.JUDGEMENTS.format(model="{model}", domain="{domain}", split="train")


rule sk_sample:
    """Sample K few-shot answers to every training prompt, if `generate` draws fewer than SK-Tuning needs."""
    input:
        data=TRAIN,
        model=paths.MODEL,
    output:
        generations=paths.SK_GENERATIONS,
    log:
        "results/logs/sk_sample/{model}/{domain}.log",
    benchmark:
        "results/benchmarks/sk_sample/{model}/{domain}.tsv"
    priority: in_turn
    conda:
        answering_environment
    resources:
        **model_job("generate"),
    params:
        settings=settings(
            "sk_tuning/samples",
            "generate/shots",
            "generate/temperature",
            "generate/top_p",
            "generate/seed",
            "models/{model}/chat",
            "models/{model}/dtype",
            "domains/{domain}/module",
            "domains/{domain}/max_new_tokens",
            optional=[
                "generate/contexts",
                "generate/overlong",
                "models/{model}/engine",
                "models/{model}/system",
            ],
        ),
        version=versions.SK_SAMPLE,
        work="results/work/sk_sample/{model}/{domain}",
    shell:
        "scripts/launch.sh {log:q} {resources.processes} scripts/sk_sample.py"
        " --data {input.data:q} --model {input.model:q} --settings {params.settings:q}"
        " --version {params.version} --work {params.work:q}"
        " --batch-size {resources.batch_size} --output {output.generations:q}"


use rule split as sk_split with:
    input:
        responses=paths.SK_GENERATIONS,
    output:
        fragments=paths.SK_FRAGMENTS,
    log:
        "results/logs/sk_split/{model}/{domain}.log",


use rule judge as sk_judge with:
    input:
        fragments=paths.SK_FRAGMENTS,
        responses=paths.SK_GENERATIONS,
        data=TRAIN,
        training=TRAIN,
        evaluator=evaluator_files("sk_judge", "domain"),
        prompts=prompt_texts("domain"),
    output:
        judgements=paths.SK_JUDGEMENTS,
    log:
        "results/logs/sk_judge/{model}/{domain}.log",
    benchmark:
        "results/benchmarks/sk_judge/{model}/{domain}.tsv"
    params:
        settings=judge_settings("domain"),
        version=versions.JUDGE,
        work="results/work/sk_judge/{model}/{domain}",


use rule fetch_model as fetch_nli with:
    """Bring the classifier of entailment."""
    output:
        manifest=paths.NLI,
    log:
        "results/logs/fetch_nli.log",
    params:
        settings=settings("sk_tuning/nli/source", "sk_tuning/nli/dtype"),
        version=versions.FETCH,


rule sk_entail:
    """Label every fragment of the samples by two-way entailment with the reference."""
    input:
        fragments=sk_samples(paths.FRAGMENTS, paths.SK_FRAGMENTS),
        data=TRAIN,
        classifier=paths.NLI,
    output:
        entailed=paths.SK_ENTAILED,
    log:
        "results/logs/sk_entail/{model}/{domain}.log",
    benchmark:
        "results/benchmarks/sk_entail/{model}/{domain}.tsv"
    priority: in_turn
    conda:
        "../envs/model.yaml"
    resources:
        gpu=nli_needs("gpus"),
        mem_mb=nli_needs("memory_mb"),
        runtime=nli_needs("minutes"),
        processes=1,
        batch_size=nli_needs("batch_size"),
    params:
        settings=settings("sk_tuning/samples", "sk_tuning/nli/dtype", "domains/{domain}/module"),
        version=versions.SK_ENTAIL,
        work="results/work/sk_entail/{model}/{domain}",
    shell:
        "scripts/launch.sh {log:q} {resources.processes} scripts/sk_entail.py"
        " --fragments {input.fragments:q} --data {input.data:q} --classifier {input.classifier:q}"
        " --settings {params.settings:q} --version {params.version} --work {params.work:q}"
        " --batch-size {resources.batch_size} --output {output.entailed:q}"


rule sk_tune:
    """SK-Tuning: train the model's p(True) on labelled samples of a share of the training prompts."""
    input:
        labelled=sk_labels,
        judgements=TRAIN_JUDGEMENTS,
        data=TRAIN,
        model=paths.MODEL,
        prompt=rating_text,
    output:
        training=paths.SK_ADAPTER,
    log:
        "results/logs/sk_tune/{model}/{domain}.log",
    benchmark:
        "results/benchmarks/sk_tune/{model}/{domain}.tsv"
    priority: in_turn
    conda:
        "../envs/model.yaml"
    resources:
        **model_job("finetune"),
    params:
        settings=settings(
            "sk_tuning/samples",
            "reading",
            "sk_tuning/share",
            "sk_tuning/seed",
            "sk_tuning/training",
            "finetune/lora",
            "confidence",
            "models/{model}/chat",
            "models/{model}/dtype",
            "domains/{domain}/module",
            optional=["models/{model}/quantization", "models/{model}/system"],
        ),
        version=versions.SK_TUNE,
        work="results/work/sk_tune/{model}/{domain}",
    shell:
        "scripts/launch.sh {log:q} {resources.processes} scripts/sk_tune.py"
        " --labelled {input.labelled:q} --judgements {input.judgements:q} --data {input.data:q}"
        " --model {input.model:q} --settings {params.settings:q}"
        " --version {params.version} --work {params.work:q}"
        " --batch-size {resources.batch_size} --output {output.training:q}"


rule self_rate:
    """Ask the model, pretrained or SK-tuned, for p(True) of every fragment of the pretrained model's samples."""
    input:
        fragments=paths.FRAGMENTS,
        data=paths.DATA,
        judgements=TRAIN_JUDGEMENTS,
        training=TRAIN,
        model=paths.MODEL,
        adapter=rating_adapter,
        prompt=rating_text,
    output:
        ratings=paths.RATINGS,
    log:
        "results/logs/self_rate/{model}/{domain}/{evaluator}/{split}.log",
    benchmark:
        "results/benchmarks/self_rate/{model}/{domain}/{evaluator}/{split}.tsv"
    priority: in_turn
    conda:
        answering_environment
    resources:
        **model_job("respond"),
    params:
        settings=rating_settings,
        version=versions.SELF_RATE,
        work="results/work/self_rate/{model}/{domain}/{evaluator}/{split}",
    shell:
        "scripts/launch.sh {log:q} {resources.processes} scripts/self_rate.py"
        " --fragments {input.fragments:q} --data {input.data:q} --judgements {input.judgements:q}"
        " --training-data {input.training:q} --model {input.model:q} --adapter {input.adapter:q}"
        " --evaluator {wildcards.evaluator:q} --settings {params.settings:q}"
        " --version {params.version} --work {params.work:q}"
        " --batch-size {resources.batch_size} --output {output.ratings:q}"


rule pair_rated:
    """Pair the samples of every rated training prompt by p(True); no verdict is an input."""
    input:
        data=TRAIN,
        generations=paths.GENERATIONS.format(model="{model}", domain="{domain}", split="train"),
        ratings=ratings_of_method,
    output:
        pairs=paths.PAIRS,
    log:
        "results/logs/pair_rated/{model}/{domain}/{method}/{threshold}.log",
    wildcard_constraints:
        method=paths.pairing_constraint(config, by_rating=True),
    priority: in_turn
    conda:
        "../envs/table.yaml"
    params:
        settings=pairing_settings,
        version=versions.PAIR_RATED,
    shell:
        "python scripts/pair_rated.py --data {input.data:q} --generations {input.generations:q}"
        " --ratings {input.ratings:q} --method {wildcards.method:q}"
        " --threshold {wildcards.threshold} --settings {params.settings:q}"
        " --version {params.version} --output {output.pairs:q} > {log:q} 2>&1"


rule calibration:
    """How good p(True) is before and after SK-Tuning, on samples of the prompts that are answered."""
    input:
        ratings=tried(paths.RATINGS, *paths.EVALUATORS),
        judgements=tried(paths.JUDGEMENTS),
        data=tried(paths.DATA),
    output:
        table=report(paths.CALIBRATION, caption="../captions/calibration.rst", category="Tables"),
    log:
        "results/logs/calibration.log",
    conda:
        "../envs/table.yaml"
    params:
        settings=settings("score", "reading"),
        version=versions.REPORT,
    shell:
        "python scripts/calibration.py --ratings {input.ratings:q} --judgements {input.judgements:q}"
        " --data {input.data:q} --settings {params.settings:q} --output {output.table:q} > {log:q} 2>&1"


rule facts:
    """Right and wrong facts of every result, counted as FActScore does."""
    input:
        metrics=counted,
    output:
        table=report(paths.FACTS, caption="../captions/facts.rst", category="Tables"),
    log:
        "results/logs/facts.log",
    conda:
        "../envs/table.yaml"
    params:
        settings=settings("reading"),
        version=versions.REPORT,
    shell:
        "python scripts/facts.py --metrics {input.metrics:q} --settings {params.settings:q} --output {output.table:q} > {log:q} 2>&1"
