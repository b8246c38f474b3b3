"""How a long stage is spread over processes and GPUs: what rules pass to launch.sh, and what a program then finds."""

from collections.abc import Callable, Mapping
from typing import NamedTuple


def spread(needs: Mapping) -> int | str:
    """What launch.sh takes: a number of processes, `cpu:N` if they must see no GPU, `fsdp:N` if they share one model,
    or `shard:N` for one process with its model on N GPUs.

    needs: `models.<name>.needs.<stage>` of the config, or {} for one process on the CPU.
    """
    processes, gpus = needs.get("processes", 1), needs.get("gpus", 0)
    if needs.get("parallel") == "fsdp":
        return f"fsdp:{processes}"
    if not gpus:
        return f"cpu:{processes}"
    return f"shard:{gpus}" if processes == 1 and gpus > 1 else processes


class Processes(NamedTuple):
    """This process among those of its stage. barrier returns once all of them have called it."""

    index: int
    count: int
    barrier: Callable[[], None]

    @property
    def first(self) -> bool:
        """Whether this is the process that prints, and writes the common result."""
        return self.index == 0


ALONE = Processes(0, 1, lambda: None)
