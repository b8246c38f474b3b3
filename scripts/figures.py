"""Draw the trade-off between correctness and completeness from the main table."""

import argparse

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    return cli.parser(__doc__, "main settings", settings="methods", files={"png": "the figure", "svg": "the figure"})


def main(args: argparse.Namespace) -> None:
    from halt import provenance, report, stage, versions
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
    stage.write_beside("figures", versions.REPORT, args, "main", [args.png, args.svg], packages)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
