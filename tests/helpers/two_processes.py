"""Started by accelerate's launcher in each of two processes: `two_processes.py STAGE FOLDER TRAININGS INPUT...`.

See trainings.in_two. TRAININGS: JSON, a mapping of a name (a folder below FOLDER) to arguments.
"""

import json
import sys
from pathlib import Path

import trainings
from accelerate import state
from accelerate.utils import DistributedType


def shard_on_cpu() -> None:
    """Lift the one condition that keeps accelerate from FSDP without a GPU; all that it then does is its own."""
    initialise = state.AcceleratorState.__init__

    def initialise_on_cpu(self, *args, fsdp_plugin=None, **kwargs):
        initialise(self, *args, fsdp_plugin=fsdp_plugin, **kwargs)
        if fsdp_plugin is not None and self.distributed_type == DistributedType.MULTI_CPU:
            self.distributed_type = DistributedType.FSDP
            if self.mixed_precision != "no":
                fsdp_plugin.set_mixed_precision(self.mixed_precision)
            self.fsdp_plugin = fsdp_plugin

    state.AcceleratorState.__init__ = initialise_on_cpu


if __name__ == "__main__":
    shard_on_cpu()
    stage, folder, given, *inputs = sys.argv[1:]
    trainings.train(stage, Path(folder), json.loads(given), *map(Path, inputs))
