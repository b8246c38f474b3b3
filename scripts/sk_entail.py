"""Label every fragment of training samples by two-way entailment with the reference, for SK-Tuning."""

import argparse
import sys

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "fragments data settings version work batch-size output"
    return cli.parser(
        __doc__,
        names,
        settings="sk_tuning/samples, sk_tuning/nli (dtype), domains/<d>",
        files={"classifier": "manifest of the entailment model"},
    )


def main(args: argparse.Namespace) -> None:
    cli.offline()

    import polars as pl

    from halt import domains, frames, judges, provenance, stage
    from halt.judges import entailment

    data = frames.read(args.data, frames.DATA)
    fragments = frames.read(args.fragments, frames.FRAGMENTS)
    fragments = fragments.filter(pl.col("sample") < args.settings["sk_tuning/samples"])
    dtype = args.settings["sk_tuning/nli"]["dtype"]
    domain = domains.load(stage.entry(args.settings, "domains")["module"])
    judge = entailment.judge(entailment.classifier(args.classifier.parent, dtype, args.batch_size), domain)
    this = stage.Stage("sk_entail", args, "fragments data classifier", provenance.MODEL_PACKAGES)
    what = f"{data['domain'][0]} by entailment"
    table = judges.run(fragments, judges.rows(data), judge, domain, args.work, this.fingerprint, what)
    labels = judges.counts(table)
    print(f"[halt] judged {what}: {judges.summary(labels)}", file=sys.stderr)
    this.write(table, frames.JUDGEMENTS, labels=labels)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
