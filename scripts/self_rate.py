"""Ask a model, pretrained or SK-tuned, for p(True) of every fragment of the samples, or of every choice."""

import argparse
import functools
from collections.abc import Callable, Sequence

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "fragments? data judgements training-data model adapter? settings prompts"
    names += " version work batch-size shards output"
    arguments = cli.parser(
        __doc__,
        names,
        settings="confidence, parts of models/<m> and domains/<d>; with an adapter also sk_tuning/{share,seed}",
        help={"fragments": "fragments of the samples; left out: rate the answers that each question offers"},
    )
    arguments.add_argument("--evaluator", required=True, help="pretrained or tuned")
    return arguments


def main(args: argparse.Namespace) -> None:
    cli.offline()

    import polars as pl

    from halt import confidence, domains, engines, frames, judges, long_stage, provenance, stage
    from halt.confidence import choices, knowledge, p_true
    from halt.prompting import texts

    data = frames.read(args.data, frames.DATA)
    training = frames.read(args.training_data, frames.DATA)
    judged = frames.read(args.judgements, frames.JUDGEMENTS)
    domain = domains.load(stage.entry(args.settings, "domains")["module"])
    name, loading = stage.named(args.settings, "models")
    if args.fragments:
        fragments = frames.read(args.fragments, frames.FRAGMENTS)
    else:
        fragments = choices.as_fragments(list(judges.rows(data).values()), domain, name, data["domain"][0])
    prompt_of = dict(pl.concat([data, training]).select("id", "prompt").iter_rows())
    text = texts.of_self_evaluation(domain.DEPENDENT)
    template, template_file = texts.load(args.prompts, text), texts.path(args.prompts, text)
    asking = args.settings["confidence"]
    shots = p_true.shots(judged, prompt_of, asking["shots"], asking["seed"], domain.DEPENDENT)
    known = {shot.id for shot in shots}  # prompts that the examples are about
    if args.adapter:
        share, seed = (args.settings[f"sk_tuning/{key}"] for key in ("share", "seed"))
        known |= knowledge.learnt(dict(training.select("id", "cluster").iter_rows()), share, seed)
    asked = fragments.filter(~pl.col("id").is_in(list(known)))
    split = data["split"][0]

    @functools.cache
    def asker() -> Callable:
        adapter = args.adapter.parent if args.adapter else None
        engine = engines.of_model(loading, args.model.parent, adapter, args.shards)
        return p_true.asker(engine, shots, template, loading["chat"], args.batch_size)

    def compute(part: "Sequence[tuple[str, pl.DataFrame]]") -> "pl.DataFrame":
        rows = pl.concat(rows for _, rows in part)
        found = asker()(p_true.questions(rows, prompt_of, domain.DEPENDENT))
        return knowledge.ratings(rows, found, split, args.evaluator)

    units = confidence.parts({split: asked})
    inputs, further = "fragments data judgements training_data model adapter", {"prompt": template_file}
    run = {"evaluator": args.evaluator}
    this = long_stage.LongStage("self_rate", args, inputs, provenance.MODEL_PACKAGES, further=further, run=run)
    label = f"{name}/{data['domain'][0]}/{args.evaluator}/{split}"
    table = this.in_parts(units, compute, frames.RATINGS, label, "prompts")
    if table is None:
        return
    this.write(table, frames.RATINGS, shots=len(shots))
    print(f"{len(table)} fragments of {table['id'].n_unique()} of {len(data)} prompts, after {len(shots)} examples")


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
