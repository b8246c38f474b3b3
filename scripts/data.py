"""Take the rows of one domain that belong to one split: training, validation or test."""

import argparse
import json
from typing import TYPE_CHECKING

from halt import cli, errors, paths

if TYPE_CHECKING:
    from halt.domains import Row


def parser() -> argparse.ArgumentParser:
    names = "domain settings version output"
    arguments = cli.parser(
        __doc__,
        names,
        settings="data, and parts of domains/<name>",
        help={"domain": "whose rows"},
        files={"source": "manifest of the domain's source"},
    )
    arguments.add_argument("--split", choices=paths.SPLITS, required=True)
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt import domains, frames, plugins, stage
    from halt.domains.shared import skipped_rows
    from halt.inputs import fetching, sources, splits

    settings, shares = args.settings[f"domains/{args.domain}"], args.settings["data"]
    module = domains.load(settings["module"])
    source = sources.open_source(fetching.files(args.source), settings["source"], base=args.source.parent)
    with plugins.blamed("domains", settings["module"]), source.blamed(), skipped_rows.counted() as left_out:
        rows = domains.checked(args.domain, module.rows(source, settings["options"]))
    parts = splits.assign(
        rows, shares["validation"], shares["test"], settings["rows"], shares["seed"], settings["fold"]
    )
    chosen = parts[args.split]
    if not chosen:
        told = f"{args.domain}: no rows for {args.split} among the {len(rows)} of its source"
        raise errors.HaltError(f"{told}; {skipped_rows.told(left_out)}" if left_out else told)
    with plugins.blamed("domains", settings["module"]):
        records = [
            {
                "domain": args.domain,
                "split": args.split,
                "id": row.id,
                "cluster": row.cluster,
                "prompt": row.prompt,
                "reference": row.reference,
                "reference_fragments": len(domains.reference_fragments(args.domain, module, row)),
                "truth": _json(args.domain, row),
            }
            for row in chosen
        ]
    table = frames.build(records, frames.DATA)
    stage.Stage("data", args, "source").write(table, frames.DATA)
    repeated = len(rows) - len(splits.distinct(rows))
    print(f"{args.domain}/{args.split}: {len(chosen)} of {len(rows)} rows; {repeated} repeated a prompt or id")
    if left_out:
        print(f"{args.domain}: {skipped_rows.told(left_out)}")


def _json(domain: str, row: "Row") -> str:
    """A row's truth as JSON. DomainError, with the row and the type, if JSON cannot hold it."""
    from halt.domains import DomainError

    try:
        return json.dumps(row.truth, sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        told = f"{domain}: truth of the row {row.id!r} cannot be written as JSON ({error})"
        raise DomainError(f"{told}, expected only texts, numbers, lists and mappings") from error


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
