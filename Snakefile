"""HALT, capability-aligned finetuning (arXiv 2506.04051), as a workflow: rules declare, programs compute."""

import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")
sys.path.insert(0, str(Path(workflow.basedir, "scripts")))

from halt.config import defaults

for file in map(str, defaults(Path())):

    configfile: file


include: "rules/common.smk"
include: "rules/common_judge.smk"
include: "rules/common_extract.smk"
include: "rules/common_results.smk"
include: "rules/common_self_alignment.smk"
include: "rules/start.smk"
include: "rules/data.smk"
include: "rules/serve.smk"
include: "rules/sample.smk"
include: "rules/rewrite.smk"
include: "rules/finetune.smk"
include: "rules/evaluate.smk"
include: "rules/filter.smk"
include: "rules/self_alignment.smk"
include: "rules/truthfulqa.smk"
include: "rules/extract.smk"
include: "rules/report.smk"


report: "captions/workflow.rst"


rule all:
    """Everything that the configured experiment shows."""
    default_target: True
    input:
        # All files of each: a rule with a new output runs again only if that output is asked for.
        rules.tables.output,
        rules.figures.output,
        rules.page.output,
        alignments(),
        truthfulness(),
