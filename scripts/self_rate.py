"""Ask a model, pretrained or SK-tuned, for p(True) of every fragment of the pretrained model's samples, or choice."""

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--fragments",
        type=Path,
        nargs="?",
        help="fragments of the samples of one split; none: the answers that the rows' questions give to choose from",
    )
    arguments.add_argument("--data", type=Path, required=True, help="the rows of that split")
    arguments.add_argument("--judgements", type=Path, required=True, help="judged training samples, for the examples")
    arguments.add_argument("--training-data", type=Path, required=True, help="training rows")
    arguments.add_argument("--model", type=Path, required=True, help="manifest of the pretrained model")
    arguments.add_argument("--adapter", type=Path, nargs="?", help="training.json of SK-Tuning; none: as pretrained")
    arguments.add_argument("--evaluator", required=True, help="pretrained or tuned")
    arguments.add_argument(
        "--settings",
        type=json.loads,
        required=True,
        help="JSON: confidence, parts of models/<m> and domains/<d>, with an adapter sk_tuning/{share,seed}",
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

    from halt import confidence, domains, engines, frames, judges, provenance
    from halt.confidence import choices, knowledge, p_true
    from halt.prompting import texts
    from halt.running import processes, resume
    from halt.running.progress import Progress

    data = frames.read(args.data, frames.DATA)
    training = frames.read(args.training_data, frames.DATA)
    judged = frames.read(args.judgements, frames.JUDGEMENTS)
    [domain] = [domains.load(entry["module"]) for key, entry in args.settings.items() if key.startswith("domains/")]
    [(name, loading)] = [
        (key.split("/")[1], entry) for key, entry in args.settings.items() if key.startswith("models/")
    ]
    if args.fragments:
        fragments = frames.read(args.fragments, frames.FRAGMENTS)
    else:
        fragments = choices.as_fragments(list(judges.rows(data).values()), domain, name, data["domain"][0])
    prompt_of = dict(pl.concat([data, training]).select("id", "prompt").iter_rows())
    text = texts.of_self_evaluation(domain.DEPENDENT)
    template = texts.load(args.prompts, text)
    asking = args.settings["confidence"]
    shots = p_true.shots(judged, prompt_of, asking["shots"], asking["seed"], domain.DEPENDENT)
    known = {shot.id for shot in shots}  # prompts about which the model was told something
    inputs = {
        "data": args.data,
        "judgements": args.judgements,
        "training_data": args.training_data,
        "model": args.model,
        "prompt": texts.path(args.prompts, text),
    }
    if args.fragments:
        inputs["fragments"] = args.fragments
    if args.adapter:
        inputs["adapter"] = args.adapter
        share, seed = (args.settings[f"sk_tuning/{key}"] for key in ("share", "seed"))
        known |= knowledge.learnt(dict(training.select("id", "cluster").iter_rows()), share, seed)
    asked = fragments.filter(~pl.col("id").is_in(list(known)))
    split = data["split"][0]
    ask = None

    def compute(part: "Sequence[tuple[str, pl.DataFrame]]") -> "pl.DataFrame":
        nonlocal ask
        if ask is None:
            adapter = args.adapter.parent if args.adapter else None
            engine = engines.of_model(loading, args.model.parent, adapter, args.shards)
            ask = p_true.asker(engine, shots, template, loading["chat"], args.batch_size)
        rows = pl.concat(rows for _, rows in part)
        return knowledge.ratings(rows, ask(p_true.questions(rows, prompt_of, domain.DEPENDENT)), split, args.evaluator)

    units = confidence.parts({split: asked})
    here = processes.here()
    label = f"self_rate {name}/{data['domain'][0]}/{args.evaluator}/{split}"
    progress = Progress(label, sum(map(len, units)), "prompts", here.first)
    fingerprint = resume.fingerprint(inputs, {**args.settings, "evaluator": args.evaluator}, args.version)
    table = resume.run_parts(args.work, fingerprint, units, compute, frames.RATINGS, progress, here)
    if table is None:
        return
    footer = provenance.about("self_rate", args.version, args.settings, inputs.values(), provenance.MODEL_PACKAGES)
    provenance.write(table, args.output, frames.RATINGS, footer | {"shots": len(shots)})
    print(f"{len(table)} fragments of {table['id'].n_unique()} of {len(data)} prompts, behind {len(shots)} examples")
    resume.remove(args.work)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
