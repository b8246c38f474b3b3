"""Started by accelerate's launcher in each of two processes: `two_processes.py STAGE FOLDER TRAININGS INPUT...`.

STAGE: `finetune` (the input is a model) or `prefer` (a model, an adapter). TRAININGS is JSON, a mapping of a name (a
folder below FOLDER) to arguments of test_training._train or test_preferring._prefer.
"""

import json
import sys
from pathlib import Path

from accelerate import state
from accelerate.utils import DistributedType

TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS.parents[1] / "scripts"), str(TESTS.parent), str(TESTS)]


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
    import test_preferring
    import test_training

    stage, folder, trainings, *inputs = sys.argv[1:]
    train = {"finetune": test_training._train, "prefer": test_preferring._prefer}[stage]
    for name, arguments in json.loads(trainings).items():
        (Path(folder) / name).mkdir(parents=True, exist_ok=True)
        train(*map(Path, inputs), Path(folder, name), **arguments)
