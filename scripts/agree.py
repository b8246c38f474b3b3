"""Count how many samples of the same prompt say each fragment of the answers, and of training samples."""

import argparse

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "fragments responses data samples method settings version output"
    return cli.parser(
        __doc__,
        names,
        settings="generate/samples, methods/<m>",
        help={"samples": "fragments of the samples of these prompts"},
        files={"training": "fragments of the samples of training prompts"},
    )


def main(args: argparse.Namespace) -> None:
    import polars as pl

    from halt import confidence, frames, plugins, stage
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
    stage.Stage("agree", args, "fragments responses data samples training").write(table, frames.CONFIDENCES)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
