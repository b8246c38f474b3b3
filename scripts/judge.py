"""Label every fragment of every response: right, wrong, idle, unverifiable, or unjudged."""

import argparse
import sys
from pathlib import Path

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "fragments responses data training-data settings prompts version work batch-size shards"
    names += " concurrency timeout retries output"
    arguments = cli.parser(
        __doc__,
        names,
        settings="judges/<name>, domains/<test domain>; for a local evaluator models/<name> (chat, dtype)",
        default={"training-data": None, "batch-size": 16},
    )
    arguments.add_argument(
        "--judge-model",
        type=Path,
        nargs="*",
        default=[],
        help="manifest of the evaluator in `models`; if it is served, also the address file of its server",
    )
    arguments.add_argument("--processes", type=int, default=1, help="workers of the reference judge; speed only")
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt import domains, frames, judges, paths, provenance
    from halt.engines import asked
    from halt.judges.shared import shown
    from halt.prompting import texts
    from halt.running import launched, resume

    data = frames.read(args.data, frames.DATA)
    fragments = frames.read(args.fragments, frames.FRAGMENTS)
    judges.check_answers(fragments, frames.read(args.responses, frames.RESPONSES))
    [test_domain] = data["domain"].unique()
    domain = domains.load(args.settings[f"domains/{test_domain}"]["module"])
    [entry] = [value for key, value in args.settings.items() if key.startswith("judges/")]
    needs = judges.needs(entry, domain.DEPENDENT)
    wanted = {name: texts.load(args.prompts, name) for name in needs.texts}
    judge_model, server = (*args.judge_model, None, None)[:2]
    given = {"training_data": args.training_data, "judge_model": judge_model}
    inputs = {"fragments": args.fragments, "data": args.data}
    inputs |= {name: texts.path(args.prompts, name) for name in wanted}
    inputs |= {name: path for name, path in given.items() if path is not None}
    fingerprint = resume.fingerprint(inputs, args.settings, args.version)
    packages = provenance.MODEL_PACKAGES if args.judge_model else provenance.TABLE_PACKAGES
    footer = provenance.about(
        "judge", args.version, args.settings, [*inputs.values(), args.responses], ("math-verify", *packages)
    )
    stage_processes = launched.here()
    means = judges.Means(
        domain=domain,
        texts=wanted,
        fingerprint=fingerprint,
        work=args.work,
        training=judges.training_rows(args.training_data),
        evaluator=asked.of_settings(args.settings, needs.model, judge_model, args.shards, "--judge-model"),
        server=server,
        batch_size=args.batch_size,
        processes=args.processes,
        requests=asked.Requests(args.concurrency, args.timeout, args.retries),
        first=stage_processes.first,
        store=paths.replies(args.work),
    )
    with judges.load(entry["type"]).opened(entry, means) as (decide, calibrated):
        rows, parts = judges.rows(data), args.work / "parts"
        table = judges.run(fragments, rows, decide, domain, parts, fingerprint, test_domain, stage_processes)
    if table is None:
        return
    labels = judges.counts(table)
    reasons, cut = shown.reasons(table), means.cuts.count(rows)
    print(f"[halt] judged {test_domain}: {judges.summary(labels)}{shown.losses(reasons, cut)}", file=sys.stderr)
    footer |= {"calibration": calibrated._asdict() if calibrated else None, "labels": labels}
    footer |= {"unjudged": reasons, "evidence_cut": cut}
    provenance.write(table, args.output, frames.JUDGEMENTS, footer)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
