"""Pair samples for preference training by the model's own p(True) of their fragments; no ground truth."""

import argparse
import json
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--data", type=Path, required=True, help="training rows; of these the prompts alone are read"
    )
    arguments.add_argument("--generations", type=Path, required=True, help="samples of the pretrained model")
    arguments.add_argument("--ratings", type=Path, required=True, help="p(True) of their fragments")
    arguments.add_argument("--method", required=True)
    arguments.add_argument("--threshold", required=True, help="0.40, or none")
    arguments.add_argument(
        "--settings",
        type=json.loads,
        required=True,
        help="JSON: methods/<m>/{pairs,options}, rewrite, phrases, domains/<d>/module",
    )
    arguments.add_argument("--version", type=int, required=True)
    arguments.add_argument("--output", type=Path, required=True)
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt import domains, frames, preferences, provenance, rewriting

    data = frames.read(args.data, frames.DATA)
    generations = frames.read(args.generations, frames.RESPONSES)
    ratings = frames.read(args.ratings, frames.RATINGS)
    domain = domains.load(args.settings[f"domains/{data['domain'][0]}"]["module"])
    method = args.settings[f"methods/{args.method}"]
    settings = rewriting.Settings(
        domain.DEPENDENT,
        domain.join,
        **args.settings["rewrite"],
        reading="ignore",  # there is no verdict to read
        **args.settings["phrases"],
        options=preferences.options(method["pairs"], method.get("options", {})),
    )
    keys = {
        "model": generations["model"][0],
        "domain": data["domain"][0],
        "method": args.method,
        "threshold": args.threshold,
    }
    asked = dict(data.select("id", "prompt").iter_rows())
    most = method.get("pairs_per_prompt")
    seed = 0 if most is None else args.settings["generate/seed"]
    rows = [
        {**keys, "id": prompt.id, "prompt": prompt.prompt, **pair._asdict()}
        for prompt in preferences.rated(asked, generations, ratings, domain)
        for pair in preferences.drawn(
            preferences.paired(method["pairs"], prompt, settings, args.threshold), most, seed, prompt.id
        )
    ]
    table = frames.build(rows, frames.PAIRS)
    footer = provenance.about("pair_rated", args.version, args.settings, [args.data, args.generations, args.ratings])
    provenance.write(table, args.output, frames.PAIRS, footer)
    print(f"{len(rows)} pairs of {table['id'].n_unique()} of {len(data)} prompts")


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
