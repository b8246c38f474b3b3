"""Measure finetuning beside two bare scripts on the same rows: one of Trainer and PEFT, one of TRL's SFTTrainer.

Every measurement is a process of its own with one thread; the three sides take turns. Counted are the CPU seconds
inside `train()`, for this project with its checkpoints, for the others without any.
"""

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from halt import bench, errors

SIDES = (bench.OURS, "trainer", "trl")
BATCH = 8
LEAST = 0.95  # of the faster bare script
SETTINGS = {
    "adapter": "lora",
    "lora": {"rank": 16, "alpha": 32, "dropout": 0.0},
    "learning_rate": 2e-4,
    "schedule": "cosine",
    "warmup": 0.03,
    "epochs": 1,
    "global_batch": BATCH,
    "max_length": 512,
    "weight_decay": 0.0,
    "max_grad_norm": 1.0,
    "gradient_checkpointing": False,
}


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--model", type=Path, required=True, help="folder of a model with a chat template")
    arguments.add_argument("--rows", type=int, default=32, help=f"training rows, a multiple of {BATCH}")
    arguments.add_argument("--repeats", type=int, default=3, help="measurements of every side")
    arguments.add_argument("--side", choices=SIDES, help="measure this side once, in this process")
    arguments.add_argument("--output", type=Path, help="also write the JSON here")
    return arguments


def main(args: argparse.Namespace) -> None:
    if args.rows % BATCH:
        raise SystemExit(f"--rows: {args.rows} is not a multiple of {BATCH}")
    if args.side:
        print(json.dumps(_measure(args.side, args.model, _rows(args.rows))))
        return
    found = turns(args.model, args.rows, args.repeats)
    result = {
        side: {key: statistics.median(one[key] for one in found[side]) for key in found[side][0]} for side in SIDES
    }
    speeds = {side: [one["tokens_per_second"] for one in found[side]] for side in SIDES}
    line = bench.beside("finetune", "tokens per CPU-second", speeds, LEAST)
    result["ratio"] = line.ratio
    text = json.dumps(result, indent=2, sort_keys=True)
    if args.output:
        args.output.write_text(text + "\n")
    print(text)
    print(bench.markdown([line]), end="")


def turns(model: Path, rows: int, repeats: int) -> dict[str, list[dict[str, float]]]:
    """By side, for every turn: tokens_per_second (of CPU time), tokens_per_wall_second, peak_mb of the process.

    model: folder of a model with a chat template. rows: a multiple of BATCH. subprocess.CalledProcessError if a side
    fails, its messages are on stderr.
    """
    found = {side: [] for side in SIDES}
    for _ in range(repeats):
        for side in SIDES:
            found[side].append(_apart(side, model, rows))
    return found


def _apart(side: str, model: Path, rows: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--model", str(model), "--rows", str(rows), "--side", side]
    done = subprocess.run(
        command, env=os.environ | {"OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def _rows(count: int) -> list[dict]:
    """Made-up people, one to four facts a line: what a rewritten biography looks like."""
    dice = random.Random(0)
    rows = []
    for _ in range(count):
        name = " ".join("".join(dice.choices("aeiourstlnmk", k=dice.randint(4, 9))).title() for _ in range(2))
        facts = [
            f"{name} was {dice.choice(['French', 'German', 'Japanese'])}.",
            f"{name} was a {dice.choice(['painter', 'physicist and inventor', 'composer of operas'])}.",
            f"{name} was born in {dice.randint(1500, 1950)}.",
            f"{name} died in {dice.randint(1560, 2000)}.",
        ]
        prompt = f"Who was {name}? Give the nationality, the occupation and the years, one short fact a line."
        answer = "\n".join(facts[: dice.randint(1, 4)])
        rows.append(
            {
                "prompt": [{"role": "user", "content": prompt}],
                "completion": [{"role": "assistant", "content": answer}],
            }
        )
    return rows


def _measure(side: str, model: Path, rows: list[dict]) -> dict:
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    import torch
    from transformers import AutoTokenizer, Trainer

    from halt.training import encoding

    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(model)
    encoded = encoding.encode(rows, tokenizer, SETTINGS["max_length"]).examples
    tokens = sum(len(example["input_ids"]) for example in encoded)
    seconds = {}
    train = Trainer.train

    def timed(*arguments, **keywords):
        wall, cpu = time.monotonic(), time.process_time()
        train(*arguments, **keywords)
        seconds.update(wall=time.monotonic() - wall, cpu=time.process_time() - cpu)

    Trainer.train = timed
    with tempfile.TemporaryDirectory() as folder:
        {bench.OURS: _halt, "trainer": _trainer, "trl": _trl}[side](model, rows, encoded, tokenizer, Path(folder))
    return {
        "tokens_per_second": tokens / seconds["cpu"],
        "tokens_per_wall_second": tokens / seconds["wall"],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _halt(model, rows, encoded, tokenizer, folder):
    from halt.training import sft

    run = sft.Run(label="bench finetune", seed=0, provenance={}, fingerprint="bench")
    sft.finetune(rows, model, "bfloat16", SETTINGS, run, BATCH, folder / "work", folder / "adapter")


def _trainer(model, rows, encoded, tokenizer, folder):
    from datasets import Dataset
    from peft import get_peft_model
    from transformers import AutoModelForCausalLM, DataCollatorForSeq2Seq, Trainer, TrainingArguments

    trained = get_peft_model(AutoModelForCausalLM.from_pretrained(model, dtype="float32"), _adapter())
    Trainer(
        model=trained,
        args=TrainingArguments(**_common(folder)),
        train_dataset=Dataset.from_list(encoded),
        data_collator=DataCollatorForSeq2Seq(tokenizer),
    ).train()


def _trl(model, rows, encoded, tokenizer, folder):
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    SFTTrainer(
        model=str(model),
        args=SFTConfig(**_common(folder), model_init_kwargs={"dtype": "float32"}),
        train_dataset=Dataset.from_list(rows),
        peft_config=_adapter(),
    ).train()


def _adapter():
    from peft import LoraConfig

    return LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")


def _common(folder: Path) -> dict:
    import torch

    from halt.engines import precision

    return {
        "output_dir": str(folder),
        "per_device_train_batch_size": BATCH,
        "num_train_epochs": 1,
        "learning_rate": SETTINGS["learning_rate"],
        "bf16": precision.computed_in("bfloat16") == "bfloat16",
        "use_cpu": not torch.cuda.is_available(),
        "activation_checkpointing": False,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
