"""For people to look at: tables, the trade-off figure, answers before and after."""


localrules:
    tables,
    figures,
    page,


rule tables:
    """One row per result, differences on the same prompts and at the same completeness, the controls, a table to read."""
    input:
        metrics=every(paths.METRICS),
        judgements=every(paths.ASSESSMENTS),
        samples=each(paths.JUDGEMENTS, split="train"),
        confidences=confidences(),
        filtered=filtered_judgements(),
        assurances=assurances(),
    output:
        main=report(
            "results/tables/main.csv", caption="../captions/main_table.rst", category="Tables"
        ),
        paired=report(
            "results/tables/paired.csv", caption="../captions/paired.rst", category="Tables"
        ),
        equal=report("results/tables/equal.csv", caption="../captions/equal.rst", category="Tables"),
        trend="results/tables/trend.csv",
        kinds="results/tables/kinds.csv",
        control="results/tables/control.csv",
        confidence="results/tables/confidence.csv",
        markdown="results/tables/main.md",
    log:
        "results/logs/tables.log",
    conda:
        "../envs/table.yaml"
    params:
        settings=table_settings,
        version=versions.REPORT,
    shell:
        "python scripts/tables.py --metrics {input.metrics:q} --judgements {input.judgements:q}"
        " --sample-judgements {input.samples:q} --confidences {input.confidences:q}"
        " --filtered-judgements {input.filtered:q} --assurances {input.assurances:q}"
        " --settings {params.settings:q} --main {output.main:q}"
        " --paired {output.paired:q} --equal {output.equal:q} --trend {output.trend:q} --kinds {output.kinds:q}"
        " --control {output.control:q} --confidence {output.confidence:q} --markdown {output.markdown:q} > {log:q} 2>&1"


rule figures:
    """Correctness against completeness, a panel a domain, a point a method and threshold."""
    input:
        main=rules.tables.output.main,
    output:
        png=report(
            "results/figures/tradeoff.png", caption="../captions/tradeoff.rst", category="Figures"
        ),
        svg="results/figures/tradeoff.svg",
    log:
        "results/logs/figures.log",
    conda:
        "../envs/table.yaml"
    params:
        settings=settings("methods"),
        version=versions.REPORT,
    shell:
        "python scripts/figures.py --main {input.main:q} --settings {params.settings:q}"
        " --png {output.png:q} --svg {output.svg:q} > {log:q} 2>&1"


rule page:
    """Answers before and after, their fragments colored by verdict, for a person to look at."""
    input:
        data=each(paths.DATA, split=config["respond"]["split"]),
        responses=answered(paths.RESPONSES),
        judgements=answered(paths.ASSESSMENTS),
    output:
        html=report(
            "results/report/answers.html", caption="../captions/page.rst", category="Answers"
        ),
    log:
        "results/logs/page.log",
    conda:
        "../envs/table.yaml"
    params:
        settings=settings("report", "methods"),
        version=versions.REPORT,
    shell:
        "python scripts/page.py --data {input.data:q} --responses {input.responses:q}"
        " --judgements {input.judgements:q} --settings {params.settings:q}"
        " --output {output.html:q} > {log:q} 2>&1"
