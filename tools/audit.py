"""List stale results in results/: made by another stage version, with other settings or by other code than today's.

Nothing runs again because of it. If a stage's code changed and its version did not, the results are trusted to be
equal.
"""

import argparse
from pathlib import Path

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    return cli.parser(__doc__, "configfile* results")


def main(args: argparse.Namespace) -> None:
    from halt import provenance
    from halt.config import check, merged, telling
    from halt.provenance import stale

    config = merged(Path(__file__).parents[1], args.configfile)
    check(config)
    if not args.results.is_dir():
        raise errors.HaltError(f"{args.results}: no such folder, expected results")
    if next(provenance.carriers(args.results), None) is None:
        print(f"{args.results} holds no results")
        return
    files = set()
    for file, finding in stale.findings(args.results, telling(config)):
        files.add(file)
        print(f"{file}: {finding}")
    print(f"{len(files)} results are stale" if files else "nothing is stale")


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
