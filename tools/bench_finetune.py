"""Finetune once on made-up rows: as this project does, as a script of Trainer and PEFT, or of TRL's SFTTrainer.

Prints the tokens per CPU-second inside `train()`: this project's with its checkpoints, the others' without any.
"""

import argparse
import os
import random
import tempfile
import time
from pathlib import Path

from halt import bench, errors

SIDES = (bench.OURS, "trainer", "trl")
BATCH = 8
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
    arguments.add_argument("--side", choices=SIDES, required=True)
    arguments.add_argument("--model", type=Path, required=True, help="folder of a model with a chat template")
    arguments.add_argument("--rows", type=int, required=True, help=f"training rows, a multiple of {BATCH}")
    return arguments


def main(args: argparse.Namespace) -> None:
    if args.rows % BATCH:
        raise errors.HaltError(f"--rows: found {args.rows}, expected a multiple of {BATCH}")
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    import torch
    from transformers import AutoTokenizer, Trainer

    from halt.training import encoding

    torch.set_num_threads(1)
    rows, tokenizer = _rows(args.rows), AutoTokenizer.from_pretrained(args.model)
    encoded = encoding.encode(rows, tokenizer, SETTINGS["max_length"]).examples
    spent, train = [], Trainer.train

    def timed(*arguments, **keywords):
        start = time.process_time()
        train(*arguments, **keywords)
        spent.append(time.process_time() - start)

    Trainer.train = timed
    with tempfile.TemporaryDirectory() as folder:
        if args.side == bench.OURS:
            _halt(args.model, rows, Path(folder))
        else:
            _bare(args.side, args.model, rows, encoded, tokenizer, folder)
    print(sum(len(example["input_ids"]) for example in encoded) / sum(spent))


def _rows(count: int) -> list[dict]:
    """Made-up people, one to four facts per line: like a rewritten biography."""
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
        said = {"prompt": [{"role": "user", "content": prompt}]}
        rows.append(said | {"completion": [{"role": "assistant", "content": answer}]})
    return rows


def _halt(model: Path, rows: list[dict], folder: Path) -> None:
    from halt.training import sft

    run = sft.Run(label="bench finetune", seed=0, provenance={}, fingerprint="bench")
    sft.finetune(rows, model, "bfloat16", SETTINGS, run, BATCH, folder / "work", folder / "adapter")


def _bare(side: str, model: Path, rows: list[dict], encoded: list, tokenizer, folder: str) -> None:
    import torch
    from datasets import Dataset
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, DataCollatorForSeq2Seq, Trainer, TrainingArguments
    from trl import SFTConfig, SFTTrainer

    from halt.engines import precision

    adapter = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    common = {
        "output_dir": folder,
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
    if side == "trl":
        chosen = SFTConfig(**common, model_init_kwargs={"dtype": "float32"})
        trainer = SFTTrainer(str(model), chosen, train_dataset=Dataset.from_list(rows), peft_config=adapter)
    else:
        trained = get_peft_model(AutoModelForCausalLM.from_pretrained(model, dtype="float32"), adapter)
        collator, data = DataCollatorForSeq2Seq(tokenizer), Dataset.from_list(encoded)
        trainer = Trainer(trained, TrainingArguments(**common), collator, data)
    trainer.train()


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
