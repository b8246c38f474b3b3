"""Answer the test prompts greedily: a finetuned model zero-shot, the pretrained one few-shot."""

import argparse
import json
import os
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True, help="the prompts")
    arguments.add_argument("--context", type=Path, required=True, help="training rows, for the few-shot examples")
    arguments.add_argument("--model", type=Path, required=True, help="manifest of the pretrained model")
    arguments.add_argument(
        "--adapter", type=Path, nargs="?", help="training.json beside the finetuned weights; none: few-shot"
    )
    arguments.add_argument("--domain", required=True, help="what the adapter was trained on")
    arguments.add_argument("--method", required=True)
    arguments.add_argument("--threshold", required=True)
    arguments.add_argument("--seed", type=int, required=True, help="of finetuning")
    arguments.add_argument(
        "--settings", type=json.loads, required=True, help="JSON: respond, and parts of models/<m> and domains/<d>"
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

    adapter = args.adapter.parent if args.adapter else None
    task = answering.Task.read(args.settings, args.data, args.context, args.model, adapter)
    settings = args.settings["respond"]
    sampling = Sampling(1, 0.0, 1.0, task.max_new_tokens, settings["seed"], task.stop)
    prompts = task.prompts(0 if args.adapter else settings["shots"], settings["seed"], settings.get("contexts"))
    keys = task.keys(method=args.method, threshold=args.threshold, seed=args.seed, domain=args.domain)
    answering.run("respond", task, keys, prompts, sampling, args)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
