"""Count the facts of all results as FActScore does: correct, incorrect, and the share of correct ones."""

import argparse

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "metrics+ settings output"
    return cli.parser(__doc__, names, settings="reading", help={"output": "CSV: one row per result"})


def main(args: argparse.Namespace) -> None:
    from halt import frames, report, stage, versions
    from halt.report import facts

    reading = args.settings["reading"]["unverifiable"]
    report.write_csv(facts.table(report.scan(args.metrics, frames.METRICS), reading), args.output)
    stage.write_beside("facts", versions.REPORT, args, "metrics", [args.output])


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
