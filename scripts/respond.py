"""Answer the test prompts greedily: a finetuned model zero-shot, the pretrained one few-shot."""

import argparse

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "data context model adapter? domain method threshold seed settings version work batch-size shards output"
    return cli.parser(__doc__, names, settings="respond, and parts of models/<m> and domains/<d>")


def main(args: argparse.Namespace) -> None:
    cli.offline()

    from halt.engines import Sampling
    from halt.prompting import answering

    adapter = args.adapter.parent if args.adapter else None
    task = answering.Task.read(args.settings, args.data, args.context, args.model, adapter)
    settings = args.settings["respond"]
    sampling = Sampling(1, 0.0, 1.0, task.max_new_tokens, settings["seed"], task.stop)
    prompts = task.prompts("respond", 0 if args.adapter else settings["shots"], settings)
    keys = task.keys(method=args.method, threshold=args.threshold, seed=args.seed, domain=args.domain)
    answering.run("respond", task, keys, prompts, sampling, args)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
