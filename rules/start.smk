"""Before the first job: its needs are there, and no other run, from any clone, works in the results folder."""

import os

from halt import errors
from halt.running import locking


def planned(wildcard, *rules):
    """Values of a wildcard in the planned jobs of these rules."""
    jobs = (job for job in workflow.dag.needrun_jobs() if job.rule.name in rules)
    return {job.wildcards_dict[wildcard] for job in jobs}


def wanting_more_gpus():
    """The planned jobs that need more GPUs than a limited run has: they would start as if they needed no more."""
    limit = workflow.global_resources.get("gpu")
    for job in workflow.dag.needrun_jobs() if limit is not None else ():
        asked_for = job.rule.resources.get("gpu")  # job.resources is cut at the limit
        wanted = asked_for and asked_for.evaluate(job.wildcards, attempt=1).value
        if wanted and wanted > limit.value:
            yield (
                f"{job.rule.name}: needs {wanted} GPUs, but this run has {limit.value}, expected"
                f" --resources gpu={wanted} mem_mb=… if the machine has them"
            )


onstart:
    # Not for a dry run, and not in the Snakemake of a single job, which starts with --no-hooks.
    try:
        readiness.check_start(
            config,
            planned("model", "fetch_model"),
            planned("domain", "judge", "sk_judge") | planned("test_domain", "judge_responses"),
            planned("domain", "extract", "sk_extract", "extract_references", "edit")
            | planned("test_domain", "extract_responses"),
            os.environ,
        )
        if lines := sorted(set(wanting_more_gpus())):
            raise errors.HaltError("\n".join(lines))
        locking.hold(Path("results"))
    except errors.HaltError as error:
        sys.exit(str(error))
