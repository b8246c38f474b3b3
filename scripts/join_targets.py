"""Join the targets of several domains, to finetune one model on all of them."""

import argparse

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    return cli.parser(__doc__, "targets+ version output")


def main(args: argparse.Namespace) -> None:
    import polars as pl

    from halt import frames, provenance

    # each row keeps its `domain`: finetuning takes the form of a prompt from it
    table = pl.concat([frames.read(path, frames.TARGETS) for path in args.targets])
    if len(found := table.select("model", "method", "threshold").unique().rows()) > 1:
        raise errors.HaltError(f"found targets of {len(found)} models, methods or thresholds, expected one of each")
    footer = provenance.about("join_targets", args.version, {}, args.targets)
    provenance.write(table, args.output, frames.TARGETS, footer)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
