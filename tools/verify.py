"""Hash a finished results folder again: does it match its footers? Exit status 1 if not."""

import argparse
import sys
from pathlib import Path

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    return cli.parser(__doc__, "results", help={"results": "a results folder, or a copy of one"})


def main(args: argparse.Namespace) -> None:
    from halt.provenance.verification import Verification

    if not args.results.is_dir():
        raise errors.HaltError(f"{args.results}: no such folder, expected results")
    verification = Verification(args.results, Path(__file__).parents[1])
    faults = 0
    for fault in verification.faults():
        faults += 1
        print(fault)
    for name in sorted(verification.elsewhere):
        print(f"{name}: lies outside the results and is not here, so it was not compared")
    results, compared = verification.count
    if not results:
        raise errors.HaltError(f"{args.results}: no results in it")
    said = f"{results} results, {compared} claimed files"
    if faults:
        sys.exit(f"{said}: {faults} mismatches")
    print(f"{said}: all as claimed")


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
