"""Score each answer that a question offers: its log-probability in the place where the model would answer."""

import argparse
import functools

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "data context model adapter? domain method threshold seed settings version work batch-size shards output"
    return cli.parser(__doc__, names, settings="respond/{shots,seed}, and parts of models/<m> and domains/<d>")


def main(args: argparse.Namespace) -> None:
    cli.offline()

    import polars as pl

    from halt import confidence, domains, engines, frames, judges, long_stage, provenance, stage
    from halt.confidence import choices
    from halt.prompting import few_shot, fitting

    data = frames.read(args.data, frames.DATA)
    context = frames.read(args.context, frames.DATA)
    domain = domains.load(stage.entry(args.settings, "domains")["module"])
    model, loading = stage.named(args.settings, "models")
    run = {name: vars(args)[name] for name in ("domain", "method", "threshold", "seed")}
    run |= {"model": model, "test_domain": data["domain"][0]}
    shots, seed = 0 if args.adapter else args.settings["respond/shots"], args.settings["respond/seed"]
    pool = context.select(few_shot.POOL).rows(named=True)
    askings = few_shot.askings(
        data.rows(named=True), pool, shots, seed, loading["chat"], domain, args.settings.get("respond/contexts")
    )
    prompts = fitting.once_more(askings, args.settings, "respond", args.model.parent)
    asked = list(zip(prompts, judges.rows(data).values(), strict=True))
    adapter = args.adapter.parent if args.adapter else None
    engine = functools.cache(lambda: engines.of_model(loading, args.model.parent, adapter, args.shards))

    def compute(part: list) -> pl.DataFrame:
        return choices.table(engine(), part, loading["chat"], domain, args.batch_size, run)

    size = confidence.PROMPTS_PER_PART
    parts = [asked[start : start + size] for start in range(0, len(asked), size)]
    this = long_stage.LongStage("choose", args, "data context model adapter", provenance.MODEL_PACKAGES, run=run)
    label = f"{model}/{args.domain}/{args.method}/{args.threshold}/seed{args.seed}"
    table = this.in_parts(parts, compute, frames.CHOICES, label, "questions")
    if table is not None:
        this.write(table, frames.CHOICES)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
