"""Sample K few-shot answers of the pretrained model to every training prompt, for SK-Tuning.

As `generate` does, from the same seeds: the first N of them are its samples.
"""

import argparse
import json
import os
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True, help="training rows, whose prompts are answered")
    arguments.add_argument("--model", type=Path, required=True, help="manifest of the model")
    arguments.add_argument(
        "--settings",
        type=json.loads,
        required=True,
        help="JSON: sk_tuning/samples, parts of generate, models/<m> and domains/<d>",
    )
    arguments.add_argument("--version", type=int, required=True)
    arguments.add_argument("--work", type=Path, required=True, help="folder for finished parts")
    arguments.add_argument("--batch-size", type=int, required=True, help="sequences at once; speed and memory only")
    arguments.add_argument("--shards", type=int, default=1, help="GPUs that the model is spread over; memory only")
    arguments.add_argument("--output", type=Path, required=True)
    return arguments


def main(args: argparse.Namespace) -> None:
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")

    from halt import answering
    from halt.engines import Sampling

    task = answering.Task.read(args.settings, args.data, args.data, args.model)
    shots, temperature, top_p, seed = (
        args.settings[f"generate/{name}"] for name in ("shots", "temperature", "top_p", "seed")
    )
    sampling = Sampling(args.settings["sk_tuning/samples"], temperature, top_p, task.max_new_tokens, seed, task.stop)
    keys = task.keys(method="samples", threshold="none", seed=seed)
    prompts = task.prompts(shots, seed, args.settings.get("generate/contexts"))
    answering.run("sk_sample", task, keys, prompts, sampling, args)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
