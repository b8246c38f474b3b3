"""Answers to the prompts of the evaluated split, cut, judged and counted as the samples were."""


localrules:
    split_responses,
    score,


ANSWERING = paths.answering_constraint(config)
JUDGED = paths.judged_constraint(config)
RUN = "{model}/{domain}/{method}/{threshold}/seed{seed}/{test_domain}"
ASKED = paths.DATA.format(domain="{test_domain}", split=config["respond"]["split"])


rule respond:
    """Answer the test prompts greedily: a finetuned model zero-shot, the pretrained one few-shot."""
    input:
        data=ASKED,
        context=paths.DATA.format(domain="{test_domain}", split="train"),
        model=paths.MODEL,
        adapter=adapter,
    output:
        responses=paths.RESPONSES,
    log:
        f"results/logs/respond/{RUN}.log",
    benchmark:
        f"results/benchmarks/respond/{RUN}.tsv"
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
            "respond",
            "models/{model}/chat",
            "models/{model}/dtype",
            "domains/{test_domain}/module",
            "domains/{test_domain}/max_new_tokens",
            optional=["models/{model}/engine", "models/{model}/system"],
        ),
        version=versions.RESPOND,
        work=f"results/work/respond/{RUN}",
    shell:
        "scripts/launch.sh {log:q} {resources.processes} scripts/respond.py"
        " --data {input.data:q} --context {input.context:q} --model {input.model:q}"
        " --adapter {input.adapter:q} --domain {wildcards.domain:q} --method {wildcards.method:q}"
        " --threshold {wildcards.threshold} --seed {wildcards.seed} --settings {params.settings:q}"
        " --version {params.version} --work {params.work:q}"
        " --batch-size {resources.batch_size} --output {output.responses:q}"


rule floor:
    """Answer the test prompts with the best constant answer, found on training rows: the floor of every result."""
    input:
        data=ASKED,
        training=paths.DATA.format(domain="{test_domain}", split="train"),
    output:
        responses=paths.RESPONSES,
    log:
        f"results/logs/floor/{RUN}.log",
    benchmark:
        f"results/benchmarks/floor/{RUN}.tsv"
    wildcard_constraints:
        method=paths.constant_constraint(config),
    priority: in_turn
    conda:
        "../envs/model.yaml"
    resources:
        mem_mb=grows(1000),
        runtime=grows(60),
    params:
        settings=settings("domains/{test_domain}/module"),
        version=versions.FLOOR,
    shell:
        "python scripts/floor.py --data {input.data:q} --training-data {input.training:q}"
        " --model {wildcards.model:q} --method {wildcards.method:q} --threshold {wildcards.threshold}"
        " --seed {wildcards.seed} --settings {params.settings:q} --version {params.version}"
        " --output {output.responses:q} > {log:q} 2>&1"


rule vouch:
    """Ask a model that learned to say whether it is sure: how sure is it of each of its answers?"""
    input:
        responses=paths.RESPONSES,
        data=ASKED,
        model=paths.MODEL,
        adapter=paths.ADAPTER,
    output:
        assurances=paths.ASSURANCES,
    log:
        f"results/logs/vouch/{RUN}.log",
    benchmark:
        f"results/benchmarks/vouch/{RUN}.tsv"
    wildcard_constraints:
        domain=paths.trained_on(config),
        method=paths.any_of(paths.vouching(config)),
    priority: in_turn
    conda:
        answering_environment
    resources:
        **model_job("respond"),
    params:
        settings=settings(
            "models/{model}/chat",
            "models/{model}/dtype",
            "domains/{test_domain}/module",
            "methods/{method}/phrases",
            optional=["models/{model}/engine", "models/{model}/system"],
        ),
        version=versions.VOUCH,
        work=f"results/work/vouch/{RUN}",
    shell:
        "scripts/launch.sh {log:q} {resources.processes} scripts/vouch.py"
        " --responses {input.responses:q} --data {input.data:q} --model {input.model:q}"
        " --adapter {input.adapter:q} --settings {params.settings:q}"
        " --version {params.version} --work {params.work:q}"
        " --batch-size {resources.batch_size} --output {output.assurances:q}"


use rule split as split_responses with:
    """Cut the answers into fragments; the phrases of abstention are no fragments."""
    input:
        responses=paths.RESPONSES,
    output:
        fragments=paths.RESPONSE_FRAGMENTS,
    log:
        f"results/logs/split_responses/{RUN}.log",
    wildcard_constraints:
        domain=paths.trained_on(config),
        test_domain=paths.claimed_constraint(config, claims=False),
        method=JUDGED,
    priority: in_turn
    params:
        settings=settings(
            "phrases", "domains/{test_domain}/module", optional=["methods/{method}/phrases"]
        ),
        version=versions.SPLIT,


rule judge_responses:
    """Label every fragment of every answer, as the samples' were."""
    input:
        fragments=paths.RESPONSE_FRAGMENTS,
        responses=paths.RESPONSES,
        data=ASKED,
        training=paths.DATA.format(domain="{test_domain}", split="train"),
        evaluator=evaluator_files("judge_responses", "test_domain"),
        prompts=prompt_texts("test_domain"),
    output:
        assessments=paths.ASSESSMENTS,
    log:
        f"results/logs/judge_responses/{RUN}.log",
    benchmark:
        f"results/benchmarks/judge_responses/{RUN}.tsv"
    wildcard_constraints:
        domain=paths.trained_on(config),
        method=JUDGED,
    priority: in_turn
    conda:
        judging_environment("test_domain")
    threads: judge_threads("test_domain")
    resources:
        **judge_job("test_domain"),
    params:
        settings=judge_settings("test_domain"),
        version=versions.JUDGE,
        work=f"results/work/judge_responses/{RUN}",
    shell:
        "scripts/launch.sh {log:q} {resources.processes} scripts/judge.py"
        " --fragments {input.fragments:q} --responses {input.responses:q} --data {input.data:q}"
        " --training-data {input.training:q} --judge-model {input.evaluator:q}"
        " --settings {params.settings:q} --version {params.version} --work {params.work:q}"
        " --batch-size {resources.batch_size} --concurrency {resources.concurrency}"
        " --timeout {resources.request_timeout} --retries {resources.request_retries}"
        " --output {output.assessments:q}"


rule score:
    """Count what each answer gives, what of it is right, and what it could have given."""
    input:
        responses=paths.RESPONSES,
        judgements=paths.ASSESSMENTS,
        data=scored_rows,
        capability=capable_samples,
    output:
        metrics=paths.METRICS,
    log:
        f"results/logs/score/{RUN}.log",
    wildcard_constraints:
        domain=paths.trained_on(config),
    priority: in_turn
    conda:
        "../envs/table.yaml"
    params:
        settings=score_settings,
        version=versions.SCORE,
    shell:
        "python scripts/score.py --responses {input.responses:q} --judgements {input.judgements:q}"
        " --data {input.data:q} --sample-judgements {input.capability:q}"
        " --settings {params.settings:q} --output {output.metrics:q} > {log:q} 2>&1"
