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

    from halt import domains, entailment, frames, judges, provenance, resume
    from halt.confidence import knowledge
    from halt.progress import Progress

    data = frames.read(args.data, frames.DATA)
    fragments = frames.read(args.fragments, frames.FRAGMENTS)
    fragments = fragments.filter(pl.col("sample") < args.settings["sk_tuning/samples"])
    rows = judges.rows(data)
    if strays := sorted(set(fragments["id"]) - rows.keys()):
        raise errors.HaltError(f"fragments of {len(strays)} prompts that are not in the data, the first '{strays[0]}'")
    [entry] = [entry for key, entry in args.settings.items() if key.startswith("domains/")]
    domain = domains.load(entry["module"])
    entail = None

    def compute(part: "list[pl.DataFrame]") -> "pl.DataFrame":
        nonlocal entail
        if entail is None:
            dtype = args.settings["sk_tuning/nli"]["dtype"]
            entail = entailment.classifier(args.classifier.parent, dtype, args.batch_size)
        tables = []
        for table in part:
            row = rows[table["id"][0]]
            answers = [answer["text"].to_list() for answer in table.partition_by("sample", maintain_order=True)]
            verdicts = entailment.decide(row.prompt, answers, domain.split(row.reference), entail, domain.DEPENDENT)
            flat = [verdict for answer in verdicts for verdict in answer]
            tables.append(
                table.with_columns(
                    label=pl.Series([verdict.label for verdict in flat], dtype=frames.JUDGEMENTS["label"]),
                    kind=pl.lit(None, pl.String),
                    fact=pl.Series([verdict.fact for verdict in flat], dtype=pl.String),
                    score=pl.Series([verdict.score for verdict in flat], dtype=pl.Float64),
                ).select(list(frames.JUDGEMENTS))
            )
        return pl.concat(tables)

    units = knowledge.parts(fragments)
    inputs = {"fragments": args.fragments, "data": args.data, "classifier": args.classifier}
    fingerprint = resume.fingerprint(inputs, args.settings, args.version)
    progress = Progress(f"sk_entail {data['domain'][0]}", sum(map(len, units)), "prompts")
    table = resume.run_parts(args.work, fingerprint, units, compute, frames.JUDGEMENTS, progress)
    footer = provenance.about("sk_entail", args.version, args.settings, inputs.values(), provenance.MODEL_PACKAGES)
    labels = judges.counts(table)
    print(f"[halt] sk_entail: {judges.summary(labels)}", file=sys.stderr)
    provenance.write(table, args.output, frames.JUDGEMENTS, footer | {"labels": labels})
    resume.remove(args.work)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
