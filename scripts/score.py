"""Count the judged fragments of every response: the metrics table of one result."""

import argparse
import json
from pathlib import Path

from halt import domains, errors, frames, metrics, provenance, versions


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--responses", type=Path, required=True, help="responses to the test prompts")
    arguments.add_argument("--judgements", type=Path, required=True, help="judged fragments of these responses")
    arguments.add_argument("--data", type=Path, required=True, help="the test split the prompts come from")
    arguments.add_argument(
        "--sample-judgements",
        type=Path,
        nargs="?",
        help="judged samples of the pretrained model on the same prompts: what lies within its capability; or none",
    )
    arguments.add_argument(
        "--settings",
        type=json.loads,
        required=True,
        help="JSON: methods/<method>, domains/<test domain> and judges/<its judge>/type",
    )
    arguments.add_argument("--output", type=Path, required=True)
    return arguments


def main(args: argparse.Namespace) -> None:
    data = frames.read(args.data, frames.DATA)
    methods = {
        key.removeprefix("methods/"): value for key, value in args.settings.items() if key.startswith("methods/")
    }
    [test_domain] = data["domain"].unique()
    [judge] = [value for key, value in args.settings.items() if key.startswith("judges/")]
    table = metrics.per_prompt(
        frames.read(args.responses, frames.RESPONSES),
        frames.read(args.judgements, frames.JUDGEMENTS),
        data,
        frames.read(args.sample_judgements, frames.JUDGEMENTS) if args.sample_judgements else None,
        dependent=domains.load(args.settings[f"domains/{test_domain}"]["module"]).DEPENDENT,
        add_on=metrics.add_on_methods(methods),
        worded=metrics.worded({test_domain: judge["type"]}),
    )
    inputs = [args.responses, args.judgements, args.data]
    inputs += [args.sample_judgements] if args.sample_judgements else []
    footer = provenance.about("score", versions.SCORE, args.settings, inputs)
    provenance.write(table, args.output, frames.METRICS, footer)
    for line in metrics.summary(table):
        print(f"[halt] {line}")


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
