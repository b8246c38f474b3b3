"""What a program finds that accelerate's launcher may have started in several processes."""

import os

from halt.running.processes import ALONE, Processes


def here() -> Processes:
    """The processes that accelerate's launcher started, one per GPU if there are GPUs; else ALONE."""
    if "LOCAL_RANK" not in os.environ:
        return ALONE  # and nothing heavy is loaded
    import torch
    from accelerate import PartialState

    state = PartialState(cpu=not torch.cuda.is_available())  # without cpu=True it sees one process where no GPU is
    return Processes(state.process_index, state.num_processes, state.wait_for_everyone)
