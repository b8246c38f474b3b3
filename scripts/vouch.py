"""Ask a model that was taught to say whether it is sure how sure it is of each of its answers (R-Tuning)."""

import argparse
import json
import os
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--responses", type=Path, required=True, help="its answers")
    arguments.add_argument("--data", type=Path, required=True, help="the rows whose prompts were answered")
    arguments.add_argument("--model", type=Path, required=True, help="manifest of the pretrained model")
    arguments.add_argument("--adapter", type=Path, required=True, help="training.json beside the finetuned weights")
    arguments.add_argument(
        "--settings",
        type=json.loads,
        required=True,
        help="JSON: methods/<m>/phrases, and parts of models/<m> and domains/<d>",
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

    from halt import confidence, domains, engines, frames, provenance
    from halt.confidence import sure
    from halt.prompting import few_shot
    from halt.running import processes, resume
    from halt.running.progress import Progress

    responses = frames.read(args.responses, frames.RESPONSES)
    data = frames.read(args.data, frames.DATA)
    [domain] = [domains.load(entry["module"]) for key, entry in args.settings.items() if key.startswith("domains/")]
    [loading] = [entry for key, entry in args.settings.items() if key.startswith("models/")]
    [phrases] = [entry["phrases"] for key, entry in args.settings.items() if key.startswith("methods/")]
    prompt_of = dict(data.select("id", "prompt").iter_rows())
    if strays := sorted(set(responses["id"]) - prompt_of.keys()):
        raise confidence.ConfidenceError(
            f"{len(strays)} answered prompts are not in the data, the first is '{strays[0]}': of different runs"
        )
    engine = None

    def compute(rows: "pl.DataFrame") -> "pl.DataFrame":
        nonlocal engine
        if engine is None:
            engine = engines.of_model(loading, args.model.parent, args.adapter.parent, args.shards)
        asked = [
            sure.statement(engine, few_shot.few_shot(id, [], prompt_of[id], loading["chat"], domain), text, phrases)
            for id, text in rows.select("id", "text").iter_rows()
        ]
        found = sure.weighed(engine, asked, args.batch_size)
        columns = pl.DataFrame(found, {"sure": pl.Float64, "likelihood": pl.Float64}, orient="row")
        return rows.hstack(columns).select(list(frames.ASSURANCES))

    size = confidence.PROMPTS_PER_PART
    units = [responses.slice(start, size) for start in range(0, len(responses), size)]
    inputs = {"responses": args.responses, "data": args.data, "model": args.model, "adapter": args.adapter}
    fingerprint = resume.fingerprint(inputs, args.settings, args.version)
    here = processes.here()
    run = responses.row(0, named=True)
    label = f"vouch {run['model']}/{run['domain']}/{run['method']}/{run['threshold']}/seed{run['seed']}"
    progress = Progress(label, len(responses), "answers", here.first)
    table = resume.run_parts(args.work, fingerprint, units, compute, frames.ASSURANCES, progress, here)
    if table is None:
        return
    footer = provenance.about("vouch", args.version, args.settings, inputs.values(), provenance.MODEL_PACKAGES)
    provenance.write(table, args.output, frames.ASSURANCES, footer)
    resume.remove(args.work)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
