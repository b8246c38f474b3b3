"""Truth and information of the answers, and multiple choice, as TruthfulQA counts them."""

import argparse

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "metrics+ choices* ratings* settings output"
    return cli.parser(
        __doc__, names, settings="score, reading", help={"output": "CSV: one row per result and evaluator"}
    )


def main(args: argparse.Namespace) -> None:
    from halt import frames, metrics, report, stage, versions
    from halt.report import truthfulqa

    table = truthfulqa.table(
        report.scan(args.metrics, frames.METRICS),
        report.scan(args.choices, frames.CHOICES),
        report.scan(args.ratings, frames.RATINGS),
        metrics.scoring_of(args.settings),
    )
    report.write_csv(table, args.output)
    stage.write_beside("truthfulqa", versions.REPORT, args, "metrics choices ratings", [args.output])


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
