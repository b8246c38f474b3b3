"""Read and check the configs of a run as the workflow does, before Snakemake reads them. Snakemake's own loader ends in
a traceback, or hangs, at files with deep nesting or exploding aliases. Prints nothing if all is well."""

import argparse
from pathlib import Path

from halt import cli, errors

ROOT = Path(__file__).resolve().parents[1]


def parser() -> argparse.ArgumentParser:
    return cli.parser(__doc__, "configfile*")


def main(args: argparse.Namespace) -> None:
    from halt.config import check, merged

    check(merged(ROOT, args.configfile))


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
