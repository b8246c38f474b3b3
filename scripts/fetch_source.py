"""Bring the source of one domain: packages or hub files; a path is only checked."""

import argparse
import json
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--settings", type=json.loads, required=True, help="JSON: domains/<name>/source")
    arguments.add_argument("--manifest", type=Path, required=True, help="written last; the files lie beside it")
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt import provenance, versions
    from halt.inputs import fetching

    [settings] = args.settings.values()
    source = settings["source"]
    fetching.bring(source if isinstance(source, list) else [source], args.manifest)
    provenance.record({"stage": "fetch_source", "version": versions.FETCH, "settings": args.settings}, args.manifest)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
