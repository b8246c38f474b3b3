"""Rewrite judged samples into finetuning targets, by one method at one threshold."""

import argparse

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "data generations judgements method threshold settings version output"
    return cli.parser(
        __doc__, names, settings="methods/<m>/{rewrite,options,phrases}, reading, rewrite, phrases, domains/<d>/module"
    )


def main(args: argparse.Namespace) -> None:
    from halt import domains, frames, rewriting, stage
    from halt.rewriting.shared import tables

    data = frames.read(args.data, frames.DATA)
    generations = frames.read(args.generations, frames.RESPONSES)
    judgements = frames.read(args.judgements, frames.JUDGEMENTS)
    domain = domains.load(stage.entry(args.settings, "domains")["module"])
    entry = stage.entry(args.settings, "methods")
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
    keys = tables.keys(generations, args.method, args.threshold)
    drawn = list(tables.judged(data, generations, judgements))
    prompts = rewriting.usable(drawn, rewriting.load(method), settings)
    rows = [
        {**keys, "id": prompt.id, "prompt": prompt.prompt, **target._asdict()}
        for prompt, target in rewriting.targets(method, prompts, settings, args.threshold)
        if target is not None
    ]
    left_out = f"{rewriting.samples(drawn) - rewriting.samples(prompts)} samples left out: no usable verdict"
    if not rows:
        raise errors.HaltError(
            f"{args.method} makes no target from {len(data)} prompts ({left_out}): there is nothing to train on"
        )
    table = frames.build(rows, frames.TARGETS)
    stage.Stage("rewrite", args, "data generations judgements").write(table, frames.TARGETS)
    print(
        f"{len(rows)} targets of {len(data)} prompts,"
        f" {table['kept'].sum()} of {table['fragments'].sum()} fragments kept; {left_out}"
    )


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
