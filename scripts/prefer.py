"""Train a finetuned adapter on pairs of answers (DPO): an adapter, the settings really used and the loss curve.

Runs as one process or under `accelerate launch`. Continues from its last checkpoint in the work folder.
"""

import argparse

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "pairs model adapter settings seed version work batch-size output"
    return cli.parser(
        __doc__,
        names,
        settings="dpo, models/<m>, and domains/<d> for a model without chat template",
        help=cli.TRAINING,
    )


def main(args: argparse.Namespace) -> None:
    cli.offline()

    from halt import domains, frames, long_stage, provenance
    from halt.engines import chat
    from halt.prompting import few_shot
    from halt.training import dpo

    pairs = frames.read(args.pairs, frames.PAIRS)
    _, name, domain, method, threshold, seed = args.output.parent.parts[-6:]  # from the path: the table may be empty
    model = args.settings[f"models/{name}"]
    module = None if model["chat"] else domains.load(args.settings[f"domains/{domain}"]["module"])
    this = long_stage.LongStage(
        "prefer", args, "pairs model adapter", provenance.MODEL_PACKAGES, run={"seed": args.seed}
    )
    run = dpo.Run(
        label=f"prefer {name}/{domain}/{method}/{threshold}/{seed}",
        seed=args.seed,
        provenance=this.footer,
        fingerprint=this.fingerprint,
    )
    dpo.prefer(
        rows=few_shot.preference_rows(pairs.rows(named=True), model["chat"], module),
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
    this.record()


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
