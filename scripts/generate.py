"""Sample N few-shot answers of the pretrained model to every prompt of one split."""

import argparse

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "data context model settings version work batch-size shards output"
    return cli.parser(__doc__, names, settings="generate, and parts of models/<m> and domains/<d>")


def main(args: argparse.Namespace) -> None:
    cli.offline()

    from halt.engines import Sampling
    from halt.prompting import answering

    task = answering.Task.read(args.settings, args.data, args.context, args.model)
    settings = args.settings["generate"]
    sampling = Sampling(
        settings["samples"],
        settings["temperature"],
        settings["top_p"],
        task.max_new_tokens,
        settings["seed"],
        task.stop,
    )
    prompts = task.prompts("generate", settings["shots"], settings)
    keys = task.keys(method="samples", threshold="none", seed=settings["seed"])
    answering.run("generate", task, keys, prompts, sampling, args)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
