"""Count the judged fragments of every response: the metrics table of one result."""

import argparse

from halt import cli, domains, errors, frames, metrics, provenance, stage, versions


def parser() -> argparse.ArgumentParser:
    names = "responses judgements data sample-judgements? settings output"
    return cli.parser(__doc__, names, settings="methods/<method>, domains/<test domain>, judges/<its judge>/type")


def main(args: argparse.Namespace) -> None:
    data = frames.read(args.data, frames.DATA)
    method, made = stage.named(args.settings, "methods")
    test_domain, domain = stage.named(args.settings, "domains")
    judge = stage.entry(args.settings, "judges")
    table = metrics.per_prompt(
        frames.read(args.responses, frames.RESPONSES),
        frames.read(args.judgements, frames.JUDGEMENTS),
        data,
        frames.read(args.sample_judgements, frames.JUDGEMENTS) if args.sample_judgements else None,
        dependent=domains.load(domain["module"]).DEPENDENT,
        add_on=metrics.add_on_methods({method: made}),
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
