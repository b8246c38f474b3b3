"""Drop from answers the fragments that the model is not sure of, at one threshold. The rest keeps its verdict."""

import argparse

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "responses judgements confidences method threshold settings version"
    return cli.parser(
        __doc__,
        names,
        settings="phrases, domains/<d>/module",
        files={"output-responses": "the answers without them", "output-judgements": "the fragments that stay"},
    )


def main(args: argparse.Namespace) -> None:
    from halt import confidence, domains, frames, provenance, stage

    domain = domains.load(stage.entry(args.settings, "domains")["module"])
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
    footer = stage.Stage("filter", args, "responses judgements confidences").footer
    provenance.write(responses, args.output_responses, frames.RESPONSES, footer)
    provenance.write(judgements, args.output_judgements, frames.JUDGEMENTS, footer)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
