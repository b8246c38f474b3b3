"""Turn the metrics of all results into tables: main, paired, equal, trend, kinds, controls, and one in Markdown."""

import argparse

import polars as pl

from halt import cli, domains, errors, frames, metrics, report, stage, versions
from halt.report import confidences, controls, main_table, tables, trends


def parser() -> argparse.ArgumentParser:
    names = "metrics+ judgements+ sample-judgements+ confidences* filtered-judgements* assurances* settings"
    return cli.parser(__doc__, names, settings="score, reading, methods, domains, judges/<name>/type", files=OUTPUTS)


OUTPUTS = {
    "main": "CSV: one row per result",
    "paired": "CSV: differences from the unchanged methods, the floor and the controls",
    "equal": "CSV: differences from HALT's curve at the same completeness",
    "trend": "CSV: rank correlation of the threshold with correctness and completeness, with p-values",
    "kinds": "CSV: correctness within each kind of fragment",
    "control": "CSV: the kind filter and random trim",
    "confidence": "CSV: how well the confidences of filters and R-Tuning tell right from wrong",
    "markdown": "the main table for a person to read",
}


def main(args: argparse.Namespace) -> None:
    settings = args.settings
    scoring = metrics.scoring_of(settings)
    halt = report.halt_methods(settings["methods"])
    add_on = metrics.add_on_methods(settings["methods"])
    counted = report.scan(args.metrics, frames.METRICS).collect()
    if counted.select(metrics.ANSWER).is_duplicated().any():
        raise frames.FrameError("--metrics: found one answer twice, expected each result in one file")
    entries = {name: settings["domains"][name] for name in counted["test_domain"].unique()}
    dependent = {name: domains.load(entry["module"]).DEPENDENT for name, entry in entries.items()}
    worded = metrics.worded({name: settings[f"judges/{entry['judge']}"]["type"] for name, entry in entries.items()})
    judgements = report.scan(args.judgements, frames.JUDGEMENTS)
    samples = report.scan(args.sample_judgements, frames.JUDGEMENTS)

    kept = controls.kept_kinds(samples, scoring.reading)
    unchanged = judgements.filter(pl.col("method").is_in(controls.FILTERED)).collect()
    filtered = controls.kind_filter(counted, unchanged, kept, scoring, worded)
    trimmed = controls.random_trim(counted, unchanged, halt, dependent, scoring, worded)
    controlled = pl.concat([filtered, trimmed])

    whole = tables.main(counted, scoring)
    floors = report.floor_methods(settings["methods"])
    against = (*report.BASELINES, *floors)
    paired = pl.concat([tables.paired(counted, scoring, against), controls.paired(counted, controlled, halt, scoring)])
    equal = tables.equal(pl.concat([counted, controls.as_methods(filtered)]), halt, scoring)
    trend = trends.trend(whole)
    control = controls.control(controlled, kept, scoring)
    kinds = tables.kinds(metrics.with_add_on(judgements, add_on), counted, scoring)
    confidence = pl.concat(
        [
            confidences.of_fragments(
                report.scan(args.confidences, frames.CONFIDENCES),
                report.scan(args.filtered_judgements, frames.JUDGEMENTS),
                counted,
                {name: method for name, method in settings["methods"].items() if "filter" in method},
                scoring,
            ),
            confidences.of_answers(
                report.scan(args.assurances, frames.ASSURANCES),
                counted,
                report.right_shares(settings["methods"]),
                dependent,
                scoring,
            ),
        ]
    )
    capable = settings["score"].get("capable", True)
    sampled = controls.sampled(samples, scoring.reading)
    text = main_table.report(whole, paired, trend, control, sampled, halt, scoring.reading, floors, capable)
    text += main_table.equal(equal, scoring.reading) + main_table.confidence(confidence)
    for table, path in (
        (whole, args.main),
        (paired, args.paired),
        (equal, args.equal),
        (trend, args.trend),
        (kinds, args.kinds),
        (control, args.control),
        (confidence, args.confidence),
    ):
        report.write_csv(table, path)
    report.write_text(text, args.markdown)
    inputs = "metrics judgements sample_judgements confidences filtered_judgements assurances"
    stage.write_beside("tables", versions.REPORT, args, inputs, [vars(args)[name] for name in OUTPUTS])


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
