"""Rewrite judged samples into finetuning targets, by one method at one threshold."""

import argparse
import json
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True, help="training rows")
    arguments.add_argument("--generations", type=Path, required=True, help="samples of the pretrained model")
    arguments.add_argument("--judgements", type=Path, required=True, help="their judged fragments")
    arguments.add_argument("--method", required=True)
    arguments.add_argument("--threshold", required=True, help="0.40, or none")
    arguments.add_argument(
        "--settings",
        type=json.loads,
        required=True,
        help="JSON: methods/<m>/{rewrite,options,phrases}, reading, rewrite, phrases, domains/<d>/module",
    )
    arguments.add_argument("--version", type=int, required=True)
    arguments.add_argument("--output", type=Path, required=True)
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt import domains, frames, provenance, rewriting
    from halt.rewriting.shared import tables

    data = frames.read(args.data, frames.DATA)
    generations = frames.read(args.generations, frames.RESPONSES)
    judgements = frames.read(args.judgements, frames.JUDGEMENTS)
    domain = domains.load(args.settings[f"domains/{data['domain'][0]}"]["module"])
    entry = args.settings[f"methods/{args.method}"]
    method = entry["rewrite"]
    settings = rewriting.Settings(
        domain.DEPENDENT,
        domain.join,
        **args.settings["rewrite"],
        reading=args.settings["reading"]["unverifiable"],
        **args.settings["phrases"],
        options=rewriting.options(method, entry.get("options", {})),
        phrases=entry.get("phrases", {}),
        domain=domain,
    )
    keys = {
        "model": generations["model"][0],
        "domain": data["domain"][0],
        "method": args.method,
        "threshold": args.threshold,
    }
    drawn = list(tables.judged(data, generations, judgements))
    prompts = rewriting.usable(drawn, rewriting.load(method), settings)
    rows = [
        {**keys, "id": prompt.id, "prompt": prompt.prompt, **target._asdict()}
        for prompt, target in rewriting.targets(method, prompts, settings, args.threshold)
        if target is not None
    ]
    left_out = f"{rewriting.samples(drawn) - rewriting.samples(prompts)} samples left out, without a usable verdict"
    if not rows:
        raise errors.HaltError(
            f"{args.method} leaves no target of {len(data)} prompts ({left_out}): there is nothing to train on"
        )
    table = frames.build(rows, frames.TARGETS)
    inputs = [args.data, args.generations, args.judgements]
    footer = provenance.about("rewrite", args.version, args.settings, inputs)
    provenance.write(table, args.output, frames.TARGETS, footer)
    print(
        f"{len(rows)} targets of {len(data)} prompts,"
        f" {table['kept'].sum()} of {table['fragments'].sum()} fragments kept; {left_out}"
    )


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
