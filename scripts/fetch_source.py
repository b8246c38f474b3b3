"""Bring the source of one domain: packages or hub files. A path is only checked."""

import argparse

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    return cli.parser(__doc__, "settings manifest", settings="domains/<name>/source")


def main(args: argparse.Namespace) -> None:
    from halt import provenance, versions
    from halt.inputs import fetching

    [settings] = args.settings.values()
    source = settings["source"]
    fetching.bring(source if isinstance(source, list) else [source], args.manifest)
    provenance.record({"stage": "fetch_source", "version": versions.FETCH, "settings": args.settings}, args.manifest)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
