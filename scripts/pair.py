"""Pair judged samples for preference training, by one method at one threshold."""

import argparse

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "data generations judgements method threshold settings version output"
    return cli.parser(
        __doc__,
        names,
        settings="methods/<m>/pairs, reading, rewrite, phrases, domains/<d>/module; generate/seed to draw pairs",
    )


def main(args: argparse.Namespace) -> None:
    from halt import domains, frames, preferences, rewriting, stage
    from halt.rewriting.shared import tables

    data = frames.read(args.data, frames.DATA)
    generations = frames.read(args.generations, frames.RESPONSES)
    judgements = frames.read(args.judgements, frames.JUDGEMENTS)
    domain = domains.load(stage.entry(args.settings, "domains")["module"])
    method = stage.entry(args.settings, "methods")
    most = method.get("pairs_per_prompt")
    seed = 0 if most is None else args.settings["generate/seed"]
    settings = rewriting.Settings(
        domain.DEPENDENT,
        domain.join,
        **args.settings["rewrite"],
        reading=args.settings["reading"]["unverifiable"],
        **args.settings["phrases"],
    )
    keys = tables.keys(generations, args.method, args.threshold)
    rows, found = [], 0
    drawn = list(tables.judged(data, generations, judgements))
    prompts = rewriting.usable(drawn, preferences.load(method["pairs"]), settings)
    for prompt in prompts:
        pairs = preferences.paired(method["pairs"], prompt, settings, args.threshold)
        found += len(pairs)
        for pair in preferences.drawn(pairs, most, seed, prompt.id):
            rows.append({**keys, "id": prompt.id, "prompt": prompt.prompt, **pair._asdict()})
    table = frames.build(rows, frames.PAIRS)
    stage.Stage("pair", args, "data generations judgements").write(table, frames.PAIRS)
    left_out = rewriting.samples(drawn) - rewriting.samples(prompts)
    print(
        f"{len(rows)} of {found} pairs, of {table['id'].n_unique()} of {len(data)} prompts;"
        f" {left_out} samples left out: no usable verdict"
    )


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
