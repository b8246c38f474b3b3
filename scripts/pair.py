"""Pair judged samples for preference training, by one method at one threshold."""

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
        help="JSON: methods/<m>/pairs, reading, rewrite, phrases, domains/<d>/module; to draw generate/seed",
    )
    arguments.add_argument("--version", type=int, required=True)
    arguments.add_argument("--output", type=Path, required=True)
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt import domains, frames, preferences, provenance, rewriting
    from halt.rewriting.shared import tables

    data = frames.read(args.data, frames.DATA)
    generations = frames.read(args.generations, frames.RESPONSES)
    judgements = frames.read(args.judgements, frames.JUDGEMENTS)
    domain = domains.load(args.settings[f"domains/{data['domain'][0]}"]["module"])
    method = args.settings[f"methods/{args.method}"]
    most = method.get("pairs_per_prompt")
    seed = 0 if most is None else args.settings["generate/seed"]
    settings = rewriting.Settings(
        domain.DEPENDENT,
        domain.join,
        **args.settings["rewrite"],
        reading=args.settings["reading"]["unverifiable"],
        **args.settings["phrases"],
    )
    keys = {
        "model": generations["model"][0],
        "domain": data["domain"][0],
        "method": args.method,
        "threshold": args.threshold,
    }
    rows, found = [], 0
    drawn = list(tables.judged(data, generations, judgements))
    prompts = rewriting.usable(drawn, preferences.load(method["pairs"]), settings)
    for prompt in prompts:
        pairs = preferences.paired(method["pairs"], prompt, settings, args.threshold)
        found += len(pairs)
        for pair in preferences.drawn(pairs, most, seed, prompt.id):
            rows.append({**keys, "id": prompt.id, "prompt": prompt.prompt, **pair._asdict()})
    table = frames.build(rows, frames.PAIRS)
    inputs = [args.data, args.generations, args.judgements]
    footer = provenance.about("pair", args.version, args.settings, inputs)
    provenance.write(table, args.output, frames.PAIRS, footer)
    left_out = rewriting.samples(drawn) - rewriting.samples(prompts)
    print(
        f"{len(rows)} of {found} pairs, of {table['id'].n_unique()} of {len(data)} prompts;"
        f" {left_out} samples left out, without a usable verdict"
    )


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
