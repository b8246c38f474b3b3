"""Finetune a pretrained model on the targets of one method: an adapter, the settings really used and the loss curve.

Runs as one process or under `accelerate launch`. Continues from its last checkpoint in the work folder.
"""

import argparse

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "targets model settings seed version work batch-size output"
    return cli.parser(
        __doc__,
        names,
        settings="finetune, models/<m>, and domains/<d> for a model without chat template",
        help=cli.TRAINING,
    )


def main(args: argparse.Namespace) -> None:
    cli.offline()

    from halt import domains, frames, long_stage, paths, provenance
    from halt.engines import chat
    from halt.prompting import few_shot
    from halt.training import sft

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
    this = long_stage.LongStage("finetune", args, "targets model", provenance.MODEL_PACKAGES, run={"seed": args.seed})
    run = sft.Run(
        label=f"finetune {name}/{domain}/{method}/{threshold}/seed{args.seed}",
        seed=args.seed,
        provenance=this.footer,
        fingerprint=this.fingerprint,
    )
    sft.finetune(
        rows=few_shot.training_rows(targets.rows(named=True), model["chat"], modules),
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
    this.record()


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
