"""Draw the trade-off between correctness and completeness from the main table."""

import argparse
import json
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--main", type=Path, required=True, help="the main table (CSV)")
    arguments.add_argument("--settings", type=json.loads, required=True, help="JSON: methods")
    arguments.add_argument("--png", type=Path, required=True)
    arguments.add_argument("--svg", type=Path, required=True)
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt import provenance, report, versions
    from halt.report import figures, tables

    methods = args.settings["methods"]
    rows = tables.read_csv(args.main, tables.MAIN).iter_rows(named=True)
    figure = figures.tradeoff(
        rows,
        report.halt_methods(methods),
        report.filter_methods(methods),
        report.families(methods),
        report.floor_methods(methods),
    )
    figures.save(figure, args.png, args.svg)
    packages = ("matplotlib", *provenance.TABLE_PACKAGES)
    footer = provenance.about("figures", versions.REPORT, args.settings, [args.main], packages)
    provenance.write_beside(footer, [args.png, args.svg])


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
