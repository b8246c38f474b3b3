"""Train a model's p(True) to be calibrated (SK-Tuning): an adapter, the settings really used and the loss curve.

Started as it is (one process) or by `accelerate launch`; continues from its last checkpoint in the work folder.
"""

import argparse
import json
import os
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--labelled", type=Path, required=True, help="labelled fragments that are learnt from")
    arguments.add_argument("--judgements", type=Path, required=True, help="judged training samples, for the examples")
    arguments.add_argument("--data", type=Path, required=True, help="training rows")
    arguments.add_argument("--model", type=Path, required=True, help="manifest of the pretrained model")
    arguments.add_argument(
        "--settings",
        type=json.loads,
        required=True,
        help="JSON: confidence, finetune/lora, models/<m>, domains/<d>, sk_tuning/{samples,share,seed,training}",
    )
    arguments.add_argument(
        "--prompts", type=Path, default=Path(__file__).parent / "prompts", help="folder of prompt texts"
    )
    arguments.add_argument("--version", type=int, required=True, help="of this stage")
    arguments.add_argument("--work", type=Path, required=True, help="folder for checkpoints, removed at the end")
    arguments.add_argument(
        "--batch-size", type=int, required=True, help="questions at once per process, at most; changes no result"
    )
    arguments.add_argument("--output", type=Path, required=True, help="training.json, the weights lie beside it")
    return arguments


def main(args: argparse.Namespace) -> None:
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")  # read when the libraries are imported

    from accelerate import PartialState

    from halt import domains, frames, prompts, provenance, resume, sk_tuning
    from halt.confidence import knowledge, p_true
    from halt.engines import chat

    data = frames.read(args.data, frames.DATA)
    labelled = frames.read(args.labelled, frames.JUDGEMENTS)
    judged = frames.read(args.judgements, frames.JUDGEMENTS)
    [domain] = [domains.load(entry["module"]) for key, entry in args.settings.items() if key.startswith("domains/")]
    [(name, model)] = [(key.split("/")[1], entry) for key, entry in args.settings.items() if key.startswith("models/")]
    settings = {key.removeprefix("sk_tuning/"): entry for key, entry in args.settings.items()}
    prompt_of = dict(data.select("id", "prompt").iter_rows())
    asking, reading = args.settings["confidence"], args.settings["reading"]["unverifiable"]
    shots = p_true.shots(judged, prompt_of, asking["shots"], asking["seed"], domain.DEPENDENT)
    learnt = knowledge.learnt(dict(data.select("id", "cluster").iter_rows()), settings["share"], settings["seed"])
    learnt -= {shot.id for shot in shots}
    text = prompts.of_self_evaluation(domain.DEPENDENT)
    inputs = {
        "labelled": args.labelled,
        "judgements": args.judgements,
        "data": args.data,
        "model": args.model,
        "prompt": prompts.path(args.prompts, text),
    }
    footer = provenance.about("sk_tune", args.version, args.settings, inputs.values(), provenance.MODEL_PACKAGES)
    run = sk_tuning.Run(
        label=f"sk_tune {name}/{data['domain'][0]}",
        seed=settings["seed"],
        provenance=footer,
        fingerprint=resume.fingerprint(inputs, args.settings, args.version),
    )
    sk_tuning.tune(
        items=knowledge.items(labelled, prompt_of, learnt, settings["samples"], domain.DEPENDENT, reading),
        shots=shots,
        template=prompts.load(args.prompts, text),
        chat=model["chat"],
        model=args.model.parent,
        dtype=model["dtype"],
        settings=settings["training"],
        lora=args.settings["finetune/lora"],
        run=run,
        batch_size=args.batch_size,
        work=args.work,
        output=args.output.parent,
        quantization=model.get("quantization"),
        system=model.get("system", chat.TEMPLATE),
    )
    if PartialState().is_main_process:
        provenance.record(footer, args.output)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
