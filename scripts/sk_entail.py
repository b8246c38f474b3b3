"""Label every fragment of training samples by two-way entailment with the reference, for SK-Tuning."""

import argparse
import json
import os
import sys
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--fragments", type=Path, required=True, help="fragments of the samples")
    arguments.add_argument("--data", type=Path, required=True, help="the rows whose prompts were answered")
    arguments.add_argument("--classifier", type=Path, required=True, help="manifest of the entailment model")
    arguments.add_argument(
        "--settings", type=json.loads, required=True, help="JSON: sk_tuning/samples, sk_tuning/nli (dtype), domains/<d>"
    )
    arguments.add_argument("--version", type=int, required=True)
    arguments.add_argument("--work", type=Path, required=True, help="folder for finished parts")
    arguments.add_argument("--batch-size", type=int, required=True, help="pairs per forward pass; speed only")
    arguments.add_argument("--output", type=Path, required=True)
    return arguments


def main(args: argparse.Namespace) -> None:
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")

    import polars as pl

    from halt import domains, frames, judges, provenance
    from halt.judges import entailment
    from halt.running import resume

    data = frames.read(args.data, frames.DATA)
    fragments = frames.read(args.fragments, frames.FRAGMENTS)
    fragments = fragments.filter(pl.col("sample") < args.settings["sk_tuning/samples"])
    [entry] = [entry for key, entry in args.settings.items() if key.startswith("domains/")]
    dtype = args.settings["sk_tuning/nli"]["dtype"]
    domain = domains.load(entry["module"])
    judge = entailment.judge(entailment.classifier(args.classifier.parent, dtype, args.batch_size), domain)
    inputs = {"fragments": args.fragments, "data": args.data, "classifier": args.classifier}
    fingerprint = resume.fingerprint(inputs, args.settings, args.version)
    what = f"{data['domain'][0]} by entailment"
    table = judges.run(fragments, judges.rows(data), judge, domain, args.work, fingerprint, what)
    footer = provenance.about("sk_entail", args.version, args.settings, inputs.values(), provenance.MODEL_PACKAGES)
    labels = judges.counts(table)
    print(f"[halt] judged {what}: {judges.summary(labels)}", file=sys.stderr)
    provenance.write(table, args.output, frames.JUDGEMENTS, footer | {"labels": labels})
    resume.remove(args.work)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
