"""Small trainings of every stage in this process, in another one, or in two; and what is read of their results."""

import csv
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import warm
from runs import ROOT, Run, environment

from halt.confidence.p_true import Question, Shot
from halt.confidence.shared.knowledge import Item
from halt.training import common, dpo, sft, sk_tuning

LORA = {"rank": 4, "alpha": 8, "dropout": 0.0}
_SHARED = {
    "learning_rate": 1e-2,
    "warmup": 0.1,
    "global_batch": 4,
    "weight_decay": 0.0,
    "max_grad_norm": 1.0,
    "gradient_checkpointing": False,
}
FINETUNE = _SHARED | {"adapter": "lora", "lora": LORA, "schedule": "cosine", "epochs": 2, "max_length": 64}
PREFER = _SHARED | {"beta": 0.3, "schedule": "linear", "epochs": 3, "max_length": 64}
TUNE = _SHARED | {"schedule": "linear", "epochs": 4, "max_length": 160}

# what is tuned: all asked after one example
TEMPLATE = "Q: {prompt} {fragment}\nAnswer:"
SHOTS = [Shot("s", Question("s?", (), "shown"), True)]
ITEMS = [
    Item(Question("q" * (1 + number % 3), (), "a" if number % 2 else "b"), bool(number % 2)) for number in range(10)
]


def row(prompt: str, answer: str) -> dict:
    """A finetuning row."""
    return {
        "prompt": [{"role": "user", "content": prompt}],
        "completion": [{"role": "assistant", "content": answer}],
    }


def rows(count: int) -> list[dict]:
    """Finetuning rows of different lengths, the same every time."""
    dice = random.Random(0)
    return [row("q" * dice.randint(1, 9), "a" * dice.randint(1, 9)) for _ in range(count)]


def pairs(count: int) -> list[dict]:
    """Pairs for preference training, of different lengths, the same every time."""
    dice = random.Random(0)
    words = {"prompt": ("user", "q"), "chosen": ("assistant", "a"), "rejected": ("assistant", "b")}
    return [
        {name: [{"role": role, "content": letter * dice.randint(1, 9)}] for name, (role, letter) in words.items()}
        for _ in range(count)
    ]


def finetune(model, folder, given=None, batch_size=4, dtype="bfloat16", quantization=None, seed=0, **changes) -> Path:
    """One finetuning in this process; the folder of the result. changes: of FINETUNE."""
    sft.finetune(
        rows=rows(10) if given is None else given,
        model=model,
        dtype=dtype,
        settings=FINETUNE | changes,
        run=sft.Run(label="finetune test", seed=seed, provenance={"version": 1}, fingerprint="f"),
        batch_size=batch_size,
        work=folder / "work",
        output=folder / "adapter",
        quantization=quantization,
    )
    return folder / "adapter"


def prefer(
    model, adapter, folder, given=None, batch_size=4, dtype="float32", quantization=None, seed=0, **changes
) -> Path:
    """One preference training in this process; the folder of the result. changes: of PREFER."""
    dpo.prefer(
        rows=pairs(10) if given is None else given,
        model=model,
        adapter=adapter,
        dtype=dtype,
        settings=PREFER | changes,
        run=dpo.Run(label="prefer test", seed=seed, provenance={"version": 1}, fingerprint="f"),
        batch_size=batch_size,
        work=folder / "work",
        output=folder / "adapter",
        quantization=quantization,
    )
    return folder / "adapter"


def tune(model, folder, items=ITEMS, batch_size=4, seed=0, **changes) -> Path:
    """One SK-Tuning in this process; the folder of the result. changes: of TUNE."""
    sk_tuning.tune(
        items=items,
        shots=SHOTS,
        template=TEMPLATE,
        chat=True,
        model=model,
        dtype="float32",
        settings=TUNE | changes,
        lora=LORA,
        run=sk_tuning.Run(label="sk_tune test", seed=seed, provenance={"version": 1}, fingerprint="f"),
        batch_size=batch_size,
        work=folder / "work",
        output=folder / "adapter",
    )
    return folder / "adapter"


STAGES = {"finetune": finetune, "prefer": prefer, "tune": tune}


def train(stage: str, folder: Path, trainings: Mapping[str, Mapping], *inputs: Path) -> None:
    """Several trainings of one stage, by the name of a folder below `folder` and with other arguments each."""
    for name, arguments in trainings.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        STAGES[stage](*inputs, folder / name, **arguments)


def apart(stage: str, folder: Path, *inputs: Path, **arguments) -> subprocess.Popen:
    """The same of one, which leaves its result in `folder`, in a process of its own, for kill().

    folder/journal gets a line for every step, and one for the steps that a resumed training skips.
    """
    program = [ROOT / "tests/helpers/training_apart.py", stage, folder, json.dumps(arguments), *inputs]
    return subprocess.Popen(["python", *program], env=_environment(Run.warm), stderr=subprocess.DEVNULL)


def in_two(
    kind: str, folder: Path, trainings: Mapping[str, Mapping], *inputs: Path, stage="finetune", to_be_killed=False
) -> subprocess.Popen:
    """Trainings in two processes, one example at once in each, as launch.sh starts them; the launcher.

    kind: of envs/accelerate. folder/log gets what they say. to_be_killed: all processes are below the launcher.
    """
    trainings = {name: {"batch_size": 1, **arguments} for name, arguments in trainings.items()}
    launch = ["accelerate", "launch", "--config_file", ROOT / f"envs/accelerate/{kind}.yaml"]
    program = [ROOT / "tests/helpers/two_processes.py", stage, folder, json.dumps(trainings), *inputs]
    with (folder / "log").open("a") as log:
        return subprocess.Popen(
            [*launch, "--num_processes", "2", "--main_process_port", "0", *program],
            env=_environment(Run.warm and not to_be_killed),
            stderr=log,
        )


def finish(launcher: subprocess.Popen, folder: Path, seconds: int = 600) -> None:
    """Wait for trainings in two processes; AssertionError with the end of folder/log if they fail."""
    assert launcher.wait(timeout=seconds) == 0, (folder / "log").read_text()[-4000:]


def wait(process: subprocess.Popen, ready: Callable[[], bool], seconds: float = 300) -> None:
    """Until `ready`; AssertionError if the process ends first or time is up."""
    end = time.monotonic() + seconds
    while not ready():
        assert process.poll() is None, "the training ended before it could be killed"
        assert time.monotonic() < end, "the training never came to where it is to be killed"
        time.sleep(0.01)


def kill(process: subprocess.Popen, folder: Path) -> None:
    """kill -9 a training that apart() started; it is gone when this returns."""
    os.kill(int((folder / "process").read_text()), signal.SIGKILL)
    process.wait()


class _Interrupted(BaseException):
    pass


def interrupted(monkeypatch: pytest.MonkeyPatch, steps: int, train: Callable[[], Path]) -> int:
    """A training in this process, interrupted when so many steps are done and nothing that follows the last is.

    How many of them it did not do, because an earlier one had.
    """
    skipped = []

    class Ends(common.Progress):
        def skip(self, count):
            super().skip(count)
            skipped.append(count)

        def advance(self, count=1):
            super().advance(count)
            if self.done == steps:
                raise _Interrupted

    with monkeypatch.context() as patched:
        patched.setattr(common, "Progress", Ends)
        with pytest.raises(_Interrupted):
            train()
    return sum(skipped)


def contents(folder: Path) -> dict[str, bytes]:
    """What a folder holds, byte by byte."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def course(folder: Path) -> list[dict[str, float]]:
    """The steps of a training."""
    with (folder / "loss.csv").open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def column(folder: Path, name: str) -> list[float]:
    return [row[name] for row in course(folder)]


def _environment(start_warm: bool) -> dict[str, str]:
    modules = os.pathsep.join(str(ROOT / folder) for folder in ("scripts", "tests/helpers"))
    usual = environment(PYTHONPATH=modules)
    return usual | warm.environment(usual["PATH"]) if start_warm else usual
