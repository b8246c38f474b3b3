"""Learn from the hidden states of judged training samples which fragments of the answers are right (or will be)."""

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
    arguments.add_argument("--samples", type=Path, required=True, help="the training samples")
    arguments.add_argument("--training-data", type=Path, required=True, help="the rows whose prompts were sampled from")
    arguments.add_argument("--model", type=Path, required=True, help="manifest of the pretrained model")
    arguments.add_argument("--method", required=True)
    arguments.add_argument(
        "--settings",
        type=json.loads,
        required=True,
        help="JSON: probe, reading, {generate,respond}/{shots,seed}, parts of models/<m>, domains/<d>, methods/<m>",
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

    from halt import confidence, domains, frames, processes, prompting, provenance, resume
    from halt.confidence import probe
    from halt.engines import chat
    from halt.progress import Progress

    data = frames.read(args.data, frames.DATA)
    training = frames.read(args.training_data, frames.DATA)
    answered = frames.read(args.fragments, frames.FRAGMENTS)
    responses = frames.read(args.responses, frames.RESPONSES)
    samples = frames.read(args.samples, frames.RESPONSES)
    judged = frames.read(args.judgements, frames.JUDGEMENTS)
    confidence.check(answered, responses, judged)
    [domain] = [domains.load(entry["module"]) for key, entry in args.settings.items() if key.startswith("domains/")]
    [loading] = [entry for key, entry in args.settings.items() if key.startswith("models/")]
    [kind] = [entry["filter"] for key, entry in args.settings.items() if key.startswith("methods/")]
    settings, split = args.settings["probe"], data["split"][0]
    pool = training.select(prompting.POOL).rows(named=True)
    written = {}  # split: its answers, and what each was written behind
    for name, rows, texts, stage in (
        (split, data, responses, "respond"),
        (confidence.TRAINING, training, samples, "generate"),
    ):
        shots, seed = args.settings[f"{stage}/shots"], args.settings[f"{stage}/seed"]
        shared = args.settings.get(f"{stage}/contexts")
        behind = prompting.few_shots(rows.rows(named=True), pool, shots, seed, loading["chat"], domain, shared)
        written[name] = texts, {prompt.id: prompt for prompt in behind}
    run = confidence.keys(responses, args.method)
    positions = probe.positions(kind, settings["positions"])
    engine = None

    def compute(part: "Sequence[tuple[str, pl.DataFrame]]") -> "pl.DataFrame":
        nonlocal engine
        if engine is None:
            from halt.engines.transformers import Engine  # the only one that shows its hidden states

            system = loading.get("system", chat.TEMPLATE)
            engine = Engine(args.model.parent, loading["dtype"], shards=args.shards, system=system)
        tables = []
        for name, rows in part:
            asked = probe.answers(written[name][0], rows, written[name][1])
            layers, found = probe.read(engine, asked, positions, settings["layers"], args.batch_size)
            tables.append(probe.states_table(rows, name, positions, layers, found))
        return pl.concat(tables)

    units = confidence.parts({split: answered, confidence.TRAINING: judged})
    inputs = {
        "fragments": args.fragments,
        "responses": args.responses,
        "data": args.data,
        "judgements": args.judgements,
        "samples": args.samples,
        "training_data": args.training_data,
        "model": args.model,
    }
    fingerprint = resume.fingerprint(inputs, args.settings, args.version)
    here = processes.here()
    label = f"probe {run['model']}/{run['domain']}/{args.method}/seed{run['seed']}"
    progress = Progress(label, sum(map(len, units)), "prompts", here.first)
    states = resume.run_parts(args.work, fingerprint, units, compute, frames.STATES, progress, here)
    if states is None:
        return
    clusters = dict(training.select("id", "cluster").iter_rows())
    reading = args.settings["reading"]["unverifiable"]
    setting, measured, values, chosen = probe.confidences(
        judged, answered, states, clusters, settings, kind, split, reading
    )
    table = pl.concat(
        [
            confidence.table(answered, values, split, run),
            confidence.table(setting, measured, confidence.TRAINING, run),
        ]
    )
    packages = (*provenance.MODEL_PACKAGES, "scikit-learn")
    footer = provenance.about("probe", args.version, args.settings, inputs.values(), packages)
    provenance.write(table, args.output, frames.CONFIDENCES, footer | {"chosen": chosen._asdict()})
    found = "one label alone, nothing learned" if chosen.auroc is None else f"AUROC {chosen.auroc:.3f} held out"
    print(f"token '{chosen.position}' at layer {chosen.layer}, {found}; {len(table)} fragments")
    resume.remove(args.work)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
