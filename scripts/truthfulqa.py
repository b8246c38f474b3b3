"""Truth and information of the answers, and multiple choice, as TruthfulQA counts them."""

import argparse
import json
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--metrics", type=Path, nargs="+", required=True, help="metrics of the results")
    arguments.add_argument("--choices", type=Path, nargs="*", default=[], help="how probable models find the choices")
    arguments.add_argument("--ratings", type=Path, nargs="*", default=[], help="p(True) of the same choices")
    arguments.add_argument("--settings", type=json.loads, required=True, help="JSON: score, reading")
    arguments.add_argument("--output", type=Path, required=True, help="CSV: one row per result and evaluator")
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt import frames, metrics, provenance, report, versions
    from halt.report import truthfulqa

    table = truthfulqa.table(
        report.scan(args.metrics, frames.METRICS),
        report.scan(args.choices, frames.CHOICES),
        report.scan(args.ratings, frames.RATINGS),
        metrics.scoring_of(args.settings),
    )
    report.write_csv(table, args.output)
    inputs = [*args.metrics, *args.choices, *args.ratings]
    footer = provenance.about("truthfulqa", versions.REPORT, args.settings, inputs)
    provenance.write_beside(footer, [args.output])


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
