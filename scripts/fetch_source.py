"""Bring the source of one domain: packages or hub files; a path is only checked."""

import argparse
import json
from pathlib import Path


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--settings", type=json.loads, required=True, help="JSON: domains/<name>/source")
    arguments.add_argument("--manifest", type=Path, required=True, help="written last; the files lie beside it")
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt import fetching

    [settings] = args.settings.values()
    source = settings["source"]
    try:
        fetching.bring(source if isinstance(source, list) else [source], args.manifest)
    except fetching.FetchError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main(parser().parse_args())
