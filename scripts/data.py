"""The rows of one domain that training, validation or testing has."""

import argparse
import json
from pathlib import Path

from halt import errors, paths


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--source", type=Path, required=True, help="manifest of the domain's source")
    arguments.add_argument("--domain", required=True)
    arguments.add_argument("--settings", type=json.loads, required=True, help="JSON: data and parts of domains/<name>")
    arguments.add_argument("--version", type=int, required=True)
    arguments.add_argument("--split", choices=paths.SPLITS, required=True)
    arguments.add_argument("--output", type=Path, required=True, help="table to write")
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt import domains, fetching, frames, modules, provenance, sources, splits

    settings, shares = args.settings[f"domains/{args.domain}"], args.settings["data"]
    module = domains.load(settings["module"])
    source = sources.open_source(fetching.files(args.source), settings["source"])
    with modules.blamed("domains", settings["module"]):
        rows = domains.checked(args.domain, module.rows(source, settings["options"]))
    parts = splits.assign(
        rows, shares["validation"], shares["test"], settings["rows"], shares["seed"], settings["fold"]
    )
    chosen = parts[args.split]
    if not chosen:
        raise errors.HaltError(f"{args.domain}: no rows for {args.split} among the {len(rows)} of its source")
    with modules.blamed("domains", settings["module"]):
        records = [
            {
                "domain": args.domain,
                "split": args.split,
                "id": row.id,
                "cluster": row.cluster,
                "prompt": row.prompt,
                "reference": row.reference,
                "reference_fragments": len(domains.reference_fragments(args.domain, module, row)),
                "truth": json.dumps(row.truth, sort_keys=True),
            }
            for row in chosen
        ]
    table = frames.build(records, frames.DATA)
    footer = provenance.about("data", args.version, args.settings, [args.source])
    provenance.write(table, args.output, frames.DATA, footer)
    repeated = len(rows) - len(splits.distinct(rows))
    print(f"{args.domain}/{args.split}: {len(chosen)} of {len(rows)} rows; {repeated} with a prompt or id seen before")


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
