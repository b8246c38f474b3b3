"""Train a finetuned adapter on pairs of answers (DPO): an adapter, the settings really used and the loss curve.

Started as it is (one process) or by `accelerate launch`; continues from its last checkpoint in the work folder.
"""

import argparse
import json
import os
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--pairs", type=Path, required=True, help="pairs of answers of one method and threshold")
    arguments.add_argument("--model", type=Path, required=True, help="manifest of the pretrained model")
    arguments.add_argument("--adapter", type=Path, required=True, help="training.json of the adapter to start from")
    arguments.add_argument(
        "--settings",
        type=json.loads,
        required=True,
        help="JSON: dpo, models/<model>, and, for a model without chat template, domains/<domain>",
    )
    arguments.add_argument("--seed", type=int, required=True, help="of the order of pairs")
    arguments.add_argument("--version", type=int, required=True, help="of this stage")
    arguments.add_argument("--work", type=Path, required=True, help="folder for checkpoints, removed at the end")
    arguments.add_argument(
        "--batch-size", type=int, required=True, help="pairs at once per process, at most; changes no result"
    )
    arguments.add_argument("--output", type=Path, required=True, help="training.json, the weights lie beside it")
    return arguments


def main(args: argparse.Namespace) -> None:
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")  # read when the libraries are imported

    from accelerate import PartialState

    from halt import domains, frames, preferring, prompting, provenance, resume
    from halt.engines import chat

    pairs = frames.read(args.pairs, frames.PAIRS)
    _, name, domain, method, threshold, seed = args.output.parent.parts[-6:]  # a table may have no pair to name them
    model = args.settings[f"models/{name}"]
    module = None if model["chat"] else domains.load(args.settings[f"domains/{domain}"]["module"])
    inputs = {"pairs": args.pairs, "model": args.model, "adapter": args.adapter}
    footer = provenance.about("prefer", args.version, args.settings, inputs.values(), provenance.MODEL_PACKAGES)
    run = preferring.Run(
        label=f"prefer {name}/{domain}/{method}/{threshold}/{seed}",
        seed=args.seed,
        provenance=footer,
        fingerprint=resume.fingerprint(inputs, {**args.settings, "seed": args.seed}, args.version),
    )
    preferring.prefer(
        rows=prompting.preference_rows(pairs.rows(named=True), model["chat"], module),
        model=args.model.parent,
        adapter=args.adapter.parent,
        dtype=model["dtype"],
        settings=args.settings["dpo"],
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
