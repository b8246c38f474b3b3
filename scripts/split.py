"""Cut answers into fragments: samples of the pretrained model and final responses alike."""

import argparse

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "responses settings version output"
    return cli.parser(
        __doc__, names, settings="domains/<d>/module; phrases and methods/<m>/phrases for models that learned them"
    )


def main(args: argparse.Namespace) -> None:
    from halt import domains, frames, stage
    from halt.prompting import fragments

    responses = frames.read(args.responses, frames.RESPONSES)
    domain = domains.load(stage.entry(args.settings, "domains")["module"])
    phrases = args.settings.get("phrases")
    for key, entry in args.settings.items():
        if key.startswith("methods/"):
            phrases = {**phrases, **entry["phrases"]}
    answer = [name for name in frames.RESPONSES if name in frames.FRAGMENTS and name != "text"]
    rows = (
        {**{name: row[name] for name in answer}, "fragment": index, **fragment._asdict()}
        for row in responses.iter_rows(named=True)
        for index, fragment in enumerate(fragments.cut(row["text"], domain, phrases))
    )
    table = frames.build(rows, frames.FRAGMENTS)
    stage.Stage("split", args, "responses").write(table, frames.FRAGMENTS)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
