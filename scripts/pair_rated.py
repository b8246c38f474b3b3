"""Pair samples for preference training by the model's own p(True) of their fragments; no ground truth."""

import argparse

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "data generations ratings method threshold settings version output"
    return cli.parser(
        __doc__,
        names,
        settings="methods/<m>/{pairs,options}, rewrite, phrases, domains/<d>/module; generate/seed to draw pairs",
    )


def main(args: argparse.Namespace) -> None:
    from halt import domains, frames, preferences, rewriting, stage
    from halt.rewriting.shared import tables

    data = frames.read(args.data, frames.DATA)
    generations = frames.read(args.generations, frames.RESPONSES)
    ratings = frames.read(args.ratings, frames.RATINGS)
    domain = domains.load(stage.entry(args.settings, "domains")["module"])
    method = stage.entry(args.settings, "methods")
    settings = rewriting.Settings(
        domain.DEPENDENT,
        domain.join,
        **args.settings["rewrite"],
        reading="ignore",  # there is no verdict to read
        **args.settings["phrases"],
        options=preferences.options(method["pairs"], method.get("options", {})),
    )
    keys = tables.keys(generations, args.method, args.threshold)
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
    stage.Stage("pair_rated", args, "data generations ratings").write(table, frames.PAIRS)
    print(f"{len(rows)} pairs of {table['id'].n_unique()} of {len(data)} prompts")


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
