"""Say how probable a model finds each answer that a question gives to choose from, where it would answer itself."""

import argparse
import json
import os
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True, help="the questions")
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
        "--settings",
        type=json.loads,
        required=True,
        help="JSON: respond/{shots,seed}, and parts of models/<m> and domains/<d>",
    )
    arguments.add_argument("--version", type=int, required=True)
    arguments.add_argument("--work", type=Path, required=True, help="folder for finished parts")
    arguments.add_argument("--batch-size", type=int, required=True, help="answers per forward pass; speed only")
    arguments.add_argument("--shards", type=int, default=1, help="GPUs that the model is spread over; memory only")
    arguments.add_argument("--output", type=Path, required=True)
    return arguments


def main(args: argparse.Namespace) -> None:
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")

    import polars as pl

    from halt import confidence, domains, engines, frames, judges, processes, prompting, provenance, resume
    from halt.confidence import choices
    from halt.progress import Progress

    data = frames.read(args.data, frames.DATA)
    context = frames.read(args.context, frames.DATA)
    [domain] = [domains.load(entry["module"]) for key, entry in args.settings.items() if key.startswith("domains/")]
    [(model, loading)] = [
        (key.split("/")[1], entry) for key, entry in args.settings.items() if key.startswith("models/")
    ]
    run = {name: vars(args)[name] for name in ("domain", "method", "threshold", "seed")}
    run |= {"model": model, "test_domain": data["domain"][0]}
    inputs = {"data": args.data, "context": args.context, "model": args.model}
    if args.adapter:
        inputs["adapter"] = args.adapter
    shots = 0 if args.adapter else args.settings["respond/shots"]
    pool = context.select(prompting.POOL).rows(named=True)
    prompts = prompting.few_shots(
        data.rows(named=True),
        pool,
        shots,
        args.settings["respond/seed"],
        loading["chat"],
        domain,
        args.settings.get("respond/contexts"),
    )
    asked = list(zip(prompts, judges.rows(data).values(), strict=True))
    engine = None

    def compute(part: list) -> "pl.DataFrame":
        nonlocal engine
        if engine is None:
            adapter = args.adapter.parent if args.adapter else None
            engine = engines.of_model(loading, args.model.parent, adapter, args.shards)
        return choices.table(engine, part, loading["chat"], domain, args.batch_size, run)

    size = confidence.PROMPTS_PER_PART
    parts = [asked[start : start + size] for start in range(0, len(asked), size)]
    fingerprint = resume.fingerprint(inputs, {**args.settings, **run}, args.version)
    here = processes.here()
    label = f"choose {model}/{args.domain}/{args.method}/{args.threshold}/seed{args.seed}"
    progress = Progress(label, len(asked), "questions", here.first)
    table = resume.run_parts(args.work, fingerprint, parts, compute, frames.CHOICES, progress, here)
    if table is None:
        return
    footer = provenance.about("choose", args.version, args.settings, inputs.values(), provenance.MODEL_PACKAGES)
    provenance.write(table, args.output, frames.CHOICES, footer)
    resume.remove(args.work)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
