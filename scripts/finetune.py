"""Finetune a pretrained model on the targets of one method: an adapter, the settings really used and the loss curve.

Started as it is (one process) or by `accelerate launch`; continues from its last checkpoint in the work folder.
"""

import argparse
import json
import os
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--targets", type=Path, required=True, help="finetuning targets of one method and threshold")
    arguments.add_argument("--model", type=Path, required=True, help="manifest of the pretrained model")
    arguments.add_argument(
        "--settings",
        type=json.loads,
        required=True,
        help="JSON: finetune, models/<model>, and, for a model without chat template, domains/<domain>",
    )
    arguments.add_argument("--seed", type=int, required=True, help="of the adapter's first weights and the order")
    arguments.add_argument("--version", type=int, required=True, help="of this stage")
    arguments.add_argument("--work", type=Path, required=True, help="folder for checkpoints, removed at the end")
    arguments.add_argument(
        "--batch-size", type=int, required=True, help="examples at once per process, at most; changes no result"
    )
    arguments.add_argument("--output", type=Path, required=True, help="training.json, the weights lie beside it")
    return arguments


def main(args: argparse.Namespace) -> None:
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")  # read when the libraries are imported

    from accelerate import PartialState

    from halt import domains, frames, paths, prompting, provenance, resume, training
    from halt.engines import chat

    targets = frames.read(args.targets, frames.TARGETS)
    if targets.is_empty():
        raise errors.HaltError(f"{args.targets}: no targets to train on")
    name, domain, method, threshold = targets.select("model", "domain", "method", "threshold").row(0)
    domain = domain if targets["domain"].n_unique() == 1 else paths.ALL
    model = args.settings[f"models/{name}"]
    modules = {
        key.removeprefix("domains/"): domains.load(entry["module"])
        for key, entry in args.settings.items()
        if key.startswith("domains/")
    }
    footer = provenance.about(
        "finetune", args.version, args.settings, [args.targets, args.model], provenance.MODEL_PACKAGES
    )
    run = training.Run(
        label=f"finetune {name}/{domain}/{method}/{threshold}/seed{args.seed}",
        seed=args.seed,
        provenance=footer,
        fingerprint=resume.fingerprint(
            {"targets": args.targets, "model": args.model}, {**args.settings, "seed": args.seed}, args.version
        ),
    )
    training.finetune(
        rows=prompting.training_rows(targets.rows(named=True), model["chat"], modules),
        model=args.model.parent,
        dtype=model["dtype"],
        settings=args.settings["finetune"],
        run=run,
        batch_size=args.batch_size,
        work=args.work,
        output=args.output.parent,
        quantization=model.get("quantization"),
        system=model.get("system", chat.TEMPLATE),
    )
    if PartialState().is_main_process:
        provenance.record(footer, args.output)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
