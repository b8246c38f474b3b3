"""Compare p(True) before and after SK-Tuning, on judged samples of prompts that it was not trained on."""

import argparse

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "ratings+ judgements+ data+ settings output"
    return cli.parser(
        __doc__, names, settings="score, reading", help={"output": "CSV: one row per model, domain and evaluator"}
    )


def main(args: argparse.Namespace) -> None:
    from halt import frames, metrics, report, stage, versions
    from halt.report import calibration

    data = report.scan(args.data, frames.DATA).select("domain", "id", "cluster").collect()
    table = calibration.table(
        report.scan(args.ratings, frames.RATINGS),
        report.scan(args.judgements, frames.JUDGEMENTS),
        data,
        metrics.scoring_of(args.settings),
    )
    report.write_csv(table, args.output)
    stage.write_beside("calibration", versions.REPORT, args, "ratings judgements data", [args.output])


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
