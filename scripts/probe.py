"""Learn from hidden states of judged training samples to predict which fragments of the answers are right."""

import argparse
import functools
from collections.abc import Sequence

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "fragments responses data judgements samples training-data model method settings"
    names += " version work batch-size shards output"
    return cli.parser(
        __doc__,
        names,
        settings="probe, reading, {generate,respond}/{shots,seed}, parts of models/<m>, domains/<d>, methods/<m>",
    )


def main(args: argparse.Namespace) -> None:
    cli.offline()

    import polars as pl

    from halt import confidence, domains, frames, long_stage, provenance, stage
    from halt.confidence import probe
    from halt.engines import chat
    from halt.prompting import few_shot, fitting

    data = frames.read(args.data, frames.DATA)
    training = frames.read(args.training_data, frames.DATA)
    answered = frames.read(args.fragments, frames.FRAGMENTS)
    responses = frames.read(args.responses, frames.RESPONSES)
    samples = frames.read(args.samples, frames.RESPONSES)
    judged = frames.read(args.judgements, frames.JUDGEMENTS)
    confidence.check(answered, responses, judged)
    domain = domains.load(stage.entry(args.settings, "domains")["module"])
    loading = stage.entry(args.settings, "models")
    kind = stage.entry(args.settings, "methods")["filter"]
    settings, split = args.settings["probe"], data["split"][0]
    pool = training.select(few_shot.POOL).rows(named=True)
    written = {}  # split: its answers, and the prompt of each
    for name, rows, texts, section in (
        (split, data, responses, "respond"),
        (confidence.TRAINING, training, samples, "generate"),
    ):
        shots, seed = (args.settings[f"{section}/{key}"] for key in ("shots", "seed"))
        shared = args.settings.get(f"{section}/contexts")
        askings = few_shot.askings(rows.rows(named=True), pool, shots, seed, loading["chat"], domain, shared)
        behind = fitting.once_more(askings, args.settings, section, args.model.parent)
        written[name] = texts, {prompt.id: prompt for prompt in behind}
    run = confidence.keys(responses, args.method)
    positions = probe.positions(kind, settings["positions"])

    @functools.cache
    def engine():
        from halt.engines.transformers import Engine

        return Engine(
            args.model.parent, loading["dtype"], shards=args.shards, system=loading.get("system", chat.TEMPLATE)
        )

    def compute(part: "Sequence[tuple[str, pl.DataFrame]]") -> "pl.DataFrame":
        tables = []
        for name, rows in part:
            asked = probe.answers(written[name][0], rows, written[name][1])
            layers, found = probe.read(engine(), asked, positions, settings["layers"], args.batch_size)
            tables.append(probe.states_table(rows, name, positions, layers, found))
        return pl.concat(tables)

    units = confidence.parts({split: answered, confidence.TRAINING: judged})
    inputs = "fragments responses data judgements samples training_data model"
    this = long_stage.LongStage("probe", args, inputs, (*provenance.MODEL_PACKAGES, "scikit-learn"))
    label = f"{run['model']}/{run['domain']}/{args.method}/seed{run['seed']}"
    states = this.in_parts(units, compute, frames.STATES, label, "prompts")
    if states is None:
        return
    clusters = dict(training.select("id", "cluster").iter_rows())
    reading = args.settings["reading"]["unverifiable"]
    setting, measured, values, chosen = probe.confidences(
        judged, answered, states, clusters, settings, kind, split, reading
    )
    table = pl.concat(
        [
            confidence.table(answered, values, split, run),
            confidence.table(setting, measured, confidence.TRAINING, run),
        ]
    )
    this.write(table, frames.CONFIDENCES, chosen=chosen._asdict())
    found = "all labels equal, nothing learned" if chosen.auroc is None else f"AUROC {chosen.auroc:.3f} held out"
    print(f"token '{chosen.position}' at layer {chosen.layer}, {found}; {len(table)} fragments")


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
