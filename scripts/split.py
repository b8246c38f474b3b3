"""Cut answers into fragments: samples of the pretrained model and final responses alike."""

import argparse
import json
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--responses", type=Path, required=True)
    arguments.add_argument(
        "--settings",
        type=json.loads,
        required=True,
        help="JSON: domains/<d>/module; phrases, for models that were taught them",
    )
    arguments.add_argument("--version", type=int, required=True)
    arguments.add_argument("--output", type=Path, required=True)
    return arguments


def main(args: argparse.Namespace) -> None:
    import polars as pl

    from halt import domains, frames, splitting

    responses = frames.read(args.responses, frames.RESPONSES)
    [domain] = [domains.load(entry["module"]) for key, entry in args.settings.items() if key.startswith("domains/")]
    answer = [name for name in frames.RESPONSES if name in frames.FRAGMENTS and name != "text"]
    cut = [splitting.fragments(text, domain, args.settings.get("phrases")) for text in responses["text"]]
    lists = {  # by answer; exploded, because a million mappings of rows would not fit
        "fragment": pl.Series([range(len(found)) for found in cut], dtype=pl.List(pl.Int32)),
        "text": pl.Series([[fragment.text for fragment in found] for found in cut], dtype=pl.List(pl.String)),
        "marked": pl.Series([[fragment.marked for fragment in found] for found in cut], dtype=pl.List(pl.Boolean)),
    }
    table = (
        responses.select(answer)
        .with_columns(**lists)
        .filter(pl.col("fragment").list.len() > 0)
        .explode(*lists)
        .select(list(frames.FRAGMENTS))
        .rechunk()
    )
    provenance = {"stage": "split", "version": args.version, "settings": args.settings}
    frames.write(table, args.output, frames.FRAGMENTS, provenance)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
