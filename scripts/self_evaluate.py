"""Ask the pretrained model for p(True) of every fragment of its answers, and of training samples."""

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--fragments", type=Path, required=True, help="fragments of the answers")
    arguments.add_argument("--responses", type=Path, required=True, help="the answers they are the fragments of")
    arguments.add_argument("--data", type=Path, required=True, help="the rows whose prompts were answered")
    arguments.add_argument("--judgements", type=Path, required=True, help="judged fragments of the training samples")
    arguments.add_argument("--training-data", type=Path, required=True, help="the rows whose prompts were sampled from")
    arguments.add_argument("--model", type=Path, required=True, help="manifest of the pretrained model")
    arguments.add_argument("--method", required=True)
    arguments.add_argument(
        "--settings",
        type=json.loads,
        required=True,
        help="JSON: confidence, and parts of models, domains, methods",
    )
    arguments.add_argument(
        "--prompts", type=Path, default=Path(__file__).parent / "prompts", help="folder of prompt texts"
    )
    arguments.add_argument("--version", type=int, required=True)
    arguments.add_argument("--work", type=Path, required=True, help="folder for finished parts")
    arguments.add_argument("--batch-size", type=int, required=True, help="questions per forward pass; speed only")
    arguments.add_argument("--shards", type=int, default=1, help="GPUs that the model is spread over; memory only")
    arguments.add_argument("--output", type=Path, required=True)
    return arguments


def main(args: argparse.Namespace) -> None:
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")

    import polars as pl

    from halt import confidence, domains, engines, frames, provenance
    from halt.confidence import p_true
    from halt.prompting import texts
    from halt.running import processes, resume
    from halt.running.progress import Progress

    data = frames.read(args.data, frames.DATA)
    training = frames.read(args.training_data, frames.DATA)
    answered = frames.read(args.fragments, frames.FRAGMENTS)
    responses = frames.read(args.responses, frames.RESPONSES)
    judged = frames.read(args.judgements, frames.JUDGEMENTS)
    confidence.check(answered, responses, judged)
    [domain] = [domains.load(entry["module"]) for key, entry in args.settings.items() if key.startswith("domains/")]
    [loading] = [entry for key, entry in args.settings.items() if key.startswith("models/")]
    prompt_of = dict(pl.concat([data, training]).select("id", "prompt").iter_rows())
    kind = confidence.chosen(args.settings, p_true)
    name = kind.ASKS[domain.DEPENDENT]
    template = texts.load(args.prompts, name)
    settings = args.settings["confidence"]
    shots = kind.shots(judged, prompt_of, settings["shots"], settings["seed"], domain.DEPENDENT)
    setting = confidence.training_fragments(judged).filter(~pl.col("id").is_in([shot.id for shot in shots]))
    run = confidence.keys(responses, args.method)
    ask = None

    def compute(part: "Sequence[tuple[str, pl.DataFrame]]") -> "pl.DataFrame":
        nonlocal ask
        if ask is None:
            engine = engines.of_model(loading, args.model.parent, shards=args.shards)
            ask = kind.asker(engine, shots, template, loading["chat"], args.batch_size)
        asked = [kind.questions(rows, prompt_of, domain.DEPENDENT) for _, rows in part]
        values = iter(ask([question for each in asked for question in each]))
        return pl.concat(
            confidence.table(rows, [next(values) for _ in each], split, run)
            for (split, rows), each in zip(part, asked, strict=True)
        )

    units = confidence.parts({data["split"][0]: answered, confidence.TRAINING: setting})
    inputs = {
        "fragments": args.fragments,
        "responses": args.responses,
        "data": args.data,
        "judgements": args.judgements,
        "training_data": args.training_data,
        "model": args.model,
        "prompt": texts.path(args.prompts, name),
    }
    fingerprint = resume.fingerprint(inputs, args.settings, args.version)
    here = processes.here()
    label = f"self_evaluate {run['model']}/{run['domain']}/{args.method}/seed{run['seed']}"
    progress = Progress(label, sum(map(len, units)), "prompts", here.first)
    table = resume.run_parts(args.work, fingerprint, units, compute, frames.CONFIDENCES, progress, here)
    if table is None:
        return
    footer = provenance.about("self_evaluate", args.version, args.settings, inputs.values(), provenance.MODEL_PACKAGES)
    right = sum(shot.right for shot in shots)
    provenance.write(table, args.output, frames.CONFIDENCES, footer | {"shots": {"right": right, "all": len(shots)}})
    print(f"asked behind {right} right and {len(shots) - right} wrong fragments; {len(table)} fragments")
    resume.remove(args.work)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
