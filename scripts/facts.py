"""Count the facts of all results as FActScore does: correct, incorrect, and the share of correct ones."""

import argparse
import json
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--metrics", type=Path, nargs="+", required=True, help="metrics of the results")
    arguments.add_argument("--settings", type=json.loads, required=True, help="JSON: reading")
    arguments.add_argument("--output", type=Path, required=True, help="CSV: one row per result")
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt import frames, provenance, report, versions
    from halt.report import facts

    reading = args.settings["reading"]["unverifiable"]
    report.write_csv(facts.table(report.scan(args.metrics, frames.METRICS), reading), args.output)
    footer = provenance.about("facts", versions.REPORT, args.settings, args.metrics)
    provenance.write_beside(footer, [args.output])


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
