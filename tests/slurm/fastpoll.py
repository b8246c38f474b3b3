"""Snakemake's own command line with the Slurm executor's status poll held at three seconds, for tests of faults.

The executor waits ten seconds longer after every poll in which no job ended, up to three minutes, and no option says
otherwise. Nothing else differs. One test runs the plain command.
"""

import sys

import snakemake_executor_plugin_slurm as plugin
from snakemake.cli import main

plugin.Executor.next_seconds_between_status_checks = property(lambda self: 3, lambda self, seconds: None)

sys.exit(main())
