"""Before the first job: what it needs is there, and no other run works in the results folder, whichever clone it is of."""

import os

from halt import errors
from halt.running import locking


def planned(wildcard, *rules):
    """Values of a wildcard in the jobs of these rules that are to be run."""
    jobs = (job for job in workflow.dag.needrun_jobs() if job.rule.name in rules)
    return {job.wildcards_dict[wildcard] for job in jobs}


def wanting_more_gpus():
    """The jobs to be run that want more GPUs than a limited run has: they would start as if they wanted no more."""
    limit = workflow.global_resources.get("gpu")
    for job in workflow.dag.needrun_jobs() if limit is not None else ():
        asked_for = job.rule.resources.get("gpu")  # job.resources has no more than the limit
        wanted = asked_for and asked_for.evaluate(job.wildcards, attempt=1).value
        if wanted and wanted > limit.value:
            yield (
                f"{job.rule.name}: found a need of {wanted} GPUs, but this run has {limit.value}: --resources"
                f" gpu={wanted} mem_mb=…, if there are so many"
            )


onstart:
    # Not for a dry run, and not in the Snakemake of a single job: that is started with --no-hooks.
    try:
        readiness.check_start(
            config,
            planned("model", "fetch_model"),
            planned("domain", "judge", "sk_judge") | planned("test_domain", "judge_responses"),
            os.environ,
        )
        if lines := sorted(set(wanting_more_gpus())):
            raise errors.HaltError("\n".join(lines))
        locking.hold(Path("results"))
    except errors.HaltError as error:
        sys.exit(str(error))
