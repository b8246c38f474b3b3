"""Sample K few-shot answers of the pretrained model to every training prompt, for SK-Tuning.

Seeds are those of `generate`, so the first N samples are the same.
"""

import argparse

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "data model settings version work batch-size shards output"
    return cli.parser(__doc__, names, settings="sk_tuning/samples, parts of generate, models/<m> and domains/<d>")


def main(args: argparse.Namespace) -> None:
    cli.offline()

    from halt.engines import Sampling
    from halt.prompting import answering

    task = answering.Task.read(args.settings, args.data, args.data, args.model)
    shots, temperature, top_p, seed = (
        args.settings[f"generate/{name}"] for name in ("shots", "temperature", "top_p", "seed")
    )
    sampling = Sampling(args.settings["sk_tuning/samples"], temperature, top_p, task.max_new_tokens, seed, task.stop)
    keys = task.keys(method="samples", threshold="none", seed=seed)
    drawn = {name: args.settings.get(f"generate/{name}") for name in ("seed", "contexts")}
    drawn["overlong"] = args.settings.get("generate/overlong", "refuse")
    prompts = task.prompts("generate", shots, drawn)
    answering.run("sk_sample", task, keys, prompts, sampling, args)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
