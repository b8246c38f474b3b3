"""List what is stale in results/: made by another stage version, with other settings or by other code than today's.

Nothing runs again for it. A stage whose code changed and whose version did not is trusted to give the same results.
"""

import argparse
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--configfile", type=Path, nargs="*", default=[], help="overlays on config.yaml, in order")
    arguments.add_argument("--results", type=Path, default=Path("results"))
    return arguments


def main(args: argparse.Namespace) -> None:
    import yaml
    from snakemake.utils import update_config

    from halt import stale
    from halt.config import check

    config: dict = {}
    for file in (Path(__file__).parents[1] / "config.yaml", *args.configfile):
        try:
            overlay = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise errors.HaltError(f"{file}: cannot be read as YAML: {' '.join(str(error).split())}") from error
        if not isinstance(overlay, dict):
            raise errors.HaltError(f"{file}: found {type(overlay).__name__}, expected a mapping of config keys")
        update_config(config, overlay)
    check(config)
    if not args.results.is_dir():
        raise errors.HaltError(f"{args.results}: no such folder, expected results")
    files = set()
    for file, finding in stale.findings(args.results, config):
        files.add(file)
        print(f"{file}: {finding}")
    print(f"{len(files)} results are stale" if files else "nothing is stale")


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
