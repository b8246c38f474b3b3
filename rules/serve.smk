"""The evaluator as a server beside the jobs that ask it."""


rule serve:
    """Serve a domain's evaluator to the jobs of one stage that judge one model's answers; it ends after them.

    Snakemake puts a service and its consumers into one group: they start together, in one allocation. So the consumers
    of one server must not depend on each other: there is one server per stage, model and domain. The shell is replaced
    by the program (`exec`): Snakemake then ends the process that it started.
    """
    input:
        model=served_model,
    output:
        address=service(paths.ADDRESS),
    log:
        "results/logs/serve/{stage}/{model}/{domain}.log",
    conda:
        serving_environment
    resources:
        gpu=serve_needs("gpus"),
        mem_mb=serve_needs("memory_mb"),
        runtime=serve_needs("minutes"),
    params:
        settings=serve_settings,
    shell:
        "exec python scripts/serve.py --model {input.model:q} --settings {params.settings:q}"
        " --gpus {resources.gpu} --threads {threads} --log {log:q} --address {output.address:q}"
        " > {log:q} 2>&1"
