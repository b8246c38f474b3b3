"""Label every fragment of every response: right, wrong, idle, unverifiable, or unjudged."""

import argparse
import json
import sys
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--fragments", type=Path, required=True, help="fragments of the responses")
    arguments.add_argument("--responses", type=Path, required=True, help="the responses they are the fragments of")
    arguments.add_argument("--data", type=Path, required=True, help="the rows whose prompts were answered")
    arguments.add_argument("--training-data", type=Path, help="training rows; for a judge with a calibrated threshold")
    arguments.add_argument(
        "--settings",
        type=json.loads,
        required=True,
        help="JSON: judges/<name> and domains/<test domain>; for a local evaluator models/<name> too (chat, dtype)",
    )
    arguments.add_argument(
        "--prompts", type=Path, default=Path(__file__).parent / "prompts", help="folder of prompt texts"
    )
    arguments.add_argument(
        "--judge-model",
        type=Path,
        nargs="*",
        default=[],
        help="manifest of an evaluator out of `models`; behind it, for a served one, the file of its server's address",
    )
    arguments.add_argument("--version", type=int, required=True, help="version of this stage")
    arguments.add_argument("--work", type=Path, required=True, help="folder that outlives a killed run")
    arguments.add_argument("--batch-size", type=int, default=16, help="questions per forward pass; speed only")
    arguments.add_argument("--shards", type=int, default=1, help="GPUs that the evaluator is spread over; memory only")
    arguments.add_argument("--concurrency", type=int, default=8, help="requests in flight to a served evaluator")
    arguments.add_argument("--timeout", type=int, default=120, help="seconds for a whole reply, then it is asked again")
    arguments.add_argument("--retries", type=int, default=6, help="further tries of a request")
    arguments.add_argument("--processes", type=int, default=1, help="workers of the reference judge; speed only")
    arguments.add_argument("--output", type=Path, required=True)
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt import domains, frames, judges, provenance
    from halt.judges.shared import shown
    from halt.prompting import texts
    from halt.running import processes, resume

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
    stage_processes = processes.here()
    means = judges.Means(
        domain=domain,
        texts=wanted,
        fingerprint=fingerprint,
        work=args.work,
        training=judges.training_rows(args.training_data),
        evaluator=judges.evaluator(args.settings, needs, judge_model, args.shards),
        server=server,
        batch_size=args.batch_size,
        processes=args.processes,
        requests=judges.Requests(args.concurrency, args.timeout, args.retries),
        first=stage_processes.first,
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
