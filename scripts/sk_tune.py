"""Train a model's p(True) to be calibrated (SK-Tuning): an adapter, the settings really used and the loss curve.

Runs as one process or under `accelerate launch`. Continues from its last checkpoint in the work folder.
"""

import argparse

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "judgements data model settings prompts version work batch-size output"
    return cli.parser(
        __doc__,
        names,
        settings="confidence, finetune/lora, models/<m>, domains/<d>, sk_tuning/{samples,share,seed,training}",
        help=cli.TRAINING,
        files={"labelled": "labeled fragments to learn from"},
    )


def main(args: argparse.Namespace) -> None:
    cli.offline()

    from halt import domains, frames, long_stage, provenance, stage
    from halt.confidence import p_true
    from halt.confidence.shared import knowledge
    from halt.engines import chat
    from halt.prompting import texts
    from halt.training import sk_tuning

    data = frames.read(args.data, frames.DATA)
    labelled = frames.read(args.labelled, frames.JUDGEMENTS)
    judged = frames.read(args.judgements, frames.JUDGEMENTS)
    domain = domains.load(stage.entry(args.settings, "domains")["module"])
    name, model = stage.named(args.settings, "models")
    settings = {key.removeprefix("sk_tuning/"): entry for key, entry in args.settings.items()}
    prompt_of = dict(data.select("id", "prompt").iter_rows())
    asking, reading = args.settings["confidence"], args.settings["reading"]["unverifiable"]
    shots = p_true.shots(judged, prompt_of, asking["shots"], asking["seed"], domain.DEPENDENT)
    learnt = knowledge.learnt(dict(data.select("id", "cluster").iter_rows()), settings["share"], settings["seed"])
    learnt -= {shot.id for shot in shots}
    text = texts.of_self_evaluation(domain.DEPENDENT)
    further = {"prompt": texts.path(args.prompts, text)}
    this = long_stage.LongStage(
        "sk_tune", args, "labelled judgements data model", provenance.MODEL_PACKAGES, further=further
    )
    run = sk_tuning.Run(
        label=f"sk_tune {name}/{data['domain'][0]}",
        seed=settings["seed"],
        provenance=this.footer,
        fingerprint=this.fingerprint,
    )
    sk_tuning.tune(
        items=knowledge.items(labelled, prompt_of, learnt, settings["samples"], domain.DEPENDENT, reading),
        shots=shots,
        template=texts.load(args.prompts, text),
        chat=model["chat"],
        model=args.model.parent,
        dtype=model["dtype"],
        settings=settings["training"],
        lora=args.settings["finetune/lora"],
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
