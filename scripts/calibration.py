"""Compare p(True) before and after SK-Tuning, on judged samples of the prompts that were not trained on."""

import argparse
import json
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--ratings", type=Path, nargs="+", required=True, help="p(True) of the samples' fragments")
    arguments.add_argument("--judgements", type=Path, nargs="+", required=True, help="the same samples, judged")
    arguments.add_argument("--data", type=Path, nargs="+", required=True, help="the rows whose prompts were sampled")
    arguments.add_argument("--settings", type=json.loads, required=True, help="JSON: score, reading")
    arguments.add_argument("--output", type=Path, required=True, help="CSV: one row per model, domain and evaluator")
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt import frames, metrics, provenance, report, versions
    from halt.report import calibration

    data = report.scan(args.data, frames.DATA).select("domain", "id", "cluster").collect()
    table = calibration.table(
        report.scan(args.ratings, frames.RATINGS),
        report.scan(args.judgements, frames.JUDGEMENTS),
        data,
        metrics.scoring_of(args.settings),
    )
    report.write_csv(table, args.output)
    inputs = [*args.ratings, *args.judgements, *args.data]
    footer = provenance.about("calibration", versions.REPORT, args.settings, inputs)
    provenance.write_beside(footer, [args.output])


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
