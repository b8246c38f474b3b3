"""Drop from answers the fragments that the model is not sure of, at one threshold; what stays keeps its verdict."""

import argparse
import json
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--responses", type=Path, required=True, help="the answers")
    arguments.add_argument("--judgements", type=Path, required=True, help="their judged fragments")
    arguments.add_argument("--confidences", type=Path, required=True, help="of these fragments and of training ones")
    arguments.add_argument("--method", required=True)
    arguments.add_argument("--threshold", required=True, help="0.40")
    arguments.add_argument("--settings", type=json.loads, required=True, help="JSON: phrases, domains/<d>/module")
    arguments.add_argument("--version", type=int, required=True)
    arguments.add_argument("--output-responses", type=Path, required=True)
    arguments.add_argument("--output-judgements", type=Path, required=True)
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt import confidence, domains, frames, provenance

    [domain] = [domains.load(entry["module"]) for key, entry in args.settings.items() if key.startswith("domains/")]
    responses, judgements = confidence.filtered(
        frames.read(args.responses, frames.RESPONSES),
        frames.read(args.judgements, frames.JUDGEMENTS),
        frames.read(args.confidences, frames.CONFIDENCES),
        method=args.method,
        threshold=args.threshold,
        unsure=args.settings["phrases"]["unsure"],
        dependent=domain.DEPENDENT,
        join=domain.join,
    )
    inputs = [args.responses, args.judgements, args.confidences]
    footer = provenance.about("filter", args.version, args.settings, inputs)
    provenance.write(responses, args.output_responses, frames.RESPONSES, footer)
    provenance.write(judgements, args.output_judgements, frames.JUDGEMENTS, footer)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
