"""Ask the pretrained model for p(True) of every fragment of its answers, and of training samples."""

import argparse
import functools
from collections.abc import Callable, Sequence

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "fragments responses data judgements training-data model method settings prompts"
    names += " version work batch-size shards output"
    return cli.parser(__doc__, names, settings="confidence, and parts of models, domains, methods")


def main(args: argparse.Namespace) -> None:
    cli.offline()

    import polars as pl

    from halt import confidence, domains, engines, frames, long_stage, provenance, stage
    from halt.confidence import p_true
    from halt.prompting import texts

    data = frames.read(args.data, frames.DATA)
    training = frames.read(args.training_data, frames.DATA)
    answered = frames.read(args.fragments, frames.FRAGMENTS)
    responses = frames.read(args.responses, frames.RESPONSES)
    judged = frames.read(args.judgements, frames.JUDGEMENTS)
    confidence.check(answered, responses, judged)
    domain = domains.load(stage.entry(args.settings, "domains")["module"])
    loading = stage.entry(args.settings, "models")
    prompt_of = dict(pl.concat([data, training]).select("id", "prompt").iter_rows())
    kind = confidence.chosen(args.settings, p_true)
    name = kind.ASKS[domain.DEPENDENT]
    template, template_file = texts.load(args.prompts, name), texts.path(args.prompts, name)
    settings = args.settings["confidence"]
    shots = kind.shots(judged, prompt_of, settings["shots"], settings["seed"], domain.DEPENDENT)
    setting = confidence.training_fragments(judged).filter(~pl.col("id").is_in([shot.id for shot in shots]))
    run = confidence.keys(responses, args.method)

    @functools.cache
    def asker() -> Callable:
        engine = engines.of_model(loading, args.model.parent, shards=args.shards)
        return kind.asker(engine, shots, template, loading["chat"], args.batch_size)

    def compute(part: "Sequence[tuple[str, pl.DataFrame]]") -> "pl.DataFrame":
        asked = [kind.questions(rows, prompt_of, domain.DEPENDENT) for _, rows in part]
        values = iter(asker()([question for each in asked for question in each]))
        return pl.concat(
            confidence.table(rows, [next(values) for _ in each], split, run)
            for (split, rows), each in zip(part, asked, strict=True)
        )

    units = confidence.parts({data["split"][0]: answered, confidence.TRAINING: setting})
    inputs, further = "fragments responses data judgements training_data model", {"prompt": template_file}
    this = long_stage.LongStage("self_evaluate", args, inputs, provenance.MODEL_PACKAGES, further=further)
    label = f"{run['model']}/{run['domain']}/{args.method}/seed{run['seed']}"
    table = this.in_parts(units, compute, frames.CONFIDENCES, label, "prompts")
    if table is None:
        return
    right = sum(shot.right for shot in shots)
    this.write(table, frames.CONFIDENCES, shots={"right": right, "all": len(shots)})
    print(f"examples: {right} right and {len(shots) - right} wrong fragments; asked about {len(table)} fragments")


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
