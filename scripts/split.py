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
        help="JSON: domains/<d>/module; phrases and methods/<m>/phrases, for models that were taught them",
    )
    arguments.add_argument("--version", type=int, required=True)
    arguments.add_argument("--output", type=Path, required=True)
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt import domains, frames, provenance
    from halt.prompting import fragments

    responses = frames.read(args.responses, frames.RESPONSES)
    [domain] = [domains.load(entry["module"]) for key, entry in args.settings.items() if key.startswith("domains/")]
    phrases = args.settings.get("phrases")
    for key, entry in args.settings.items():
        if key.startswith("methods/"):
            phrases = {**phrases, **entry["phrases"]}
    answer = [name for name in frames.RESPONSES if name in frames.FRAGMENTS and name != "text"]
    rows = (
        {**{name: row[name] for name in answer}, "fragment": index, **fragment._asdict()}
        for row in responses.iter_rows(named=True)
        for index, fragment in enumerate(fragments.cut(row["text"], domain, phrases))
    )
    table = frames.build(rows, frames.FRAGMENTS)
    footer = provenance.about("split", args.version, args.settings, [args.responses])
    provenance.write(table, args.output, frames.FRAGMENTS, footer)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
