"""Count how many samples of the same prompt say each fragment of the answers, and of training samples."""

import argparse
import json
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--fragments", type=Path, required=True, help="fragments of the answers")
    arguments.add_argument("--responses", type=Path, required=True, help="the answers they are the fragments of")
    arguments.add_argument("--data", type=Path, required=True, help="the rows whose prompts were answered")
    arguments.add_argument("--samples", type=Path, required=True, help="fragments of the samples of these prompts")
    arguments.add_argument("--training", type=Path, required=True, help="fragments of the samples of training prompts")
    arguments.add_argument("--method", required=True)
    arguments.add_argument("--settings", type=json.loads, required=True, help="JSON: generate/samples, methods/<m>")
    arguments.add_argument("--version", type=int, required=True)
    arguments.add_argument("--output", type=Path, required=True)
    return arguments


def main(args: argparse.Namespace) -> None:
    import polars as pl

    from halt import confidence, frames, plugins, provenance
    from halt.confidence import self_consistency

    data = frames.read(args.data, frames.DATA)
    answered = frames.read(args.fragments, frames.FRAGMENTS)
    responses = frames.read(args.responses, frames.RESPONSES)
    samples = frames.read(args.samples, frames.FRAGMENTS)
    training = frames.read(args.training, frames.FRAGMENTS)
    confidence.check(answered, responses, training)
    count, run = args.settings["generate/samples"], confidence.keys(responses, args.method)
    kind = confidence.chosen(args.settings, self_consistency)
    with plugins.blamed("confidence", kind.__name__.rpartition(".")[2]):
        values = kind.of_answers(answered, samples, count)
        setting, measured = kind.of_training(training, count)
    table = pl.concat(
        [
            confidence.table(answered, values, data["split"][0], run),
            confidence.table(setting, measured, confidence.TRAINING, run),
        ]
    )
    inputs = [args.fragments, args.responses, args.data, args.samples, args.training]
    footer = provenance.about("agree", args.version, args.settings, inputs)
    provenance.write(table, args.output, frames.CONFIDENCES, footer)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
