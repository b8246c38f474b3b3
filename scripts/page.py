"""Write the HTML page of answers before and after, fragments colored by verdict."""

import argparse

from halt import cli, errors, frames, provenance, report, stage, versions
from halt.report import page


def parser() -> argparse.ArgumentParser:
    return cli.parser(__doc__, "data+ responses+ judgements+ settings output", settings="report, methods")


def main(args: argparse.Namespace) -> None:
    text = page.render(
        report.scan(args.data, frames.DATA),
        report.scan(args.responses, frames.RESPONSES),
        report.scan(args.judgements, frames.JUDGEMENTS),
        args.settings["report"]["prompts"],
        report.halt_methods(args.settings["methods"]),
    )
    report.write_text(text, args.output)
    packages = ("jinja2", *provenance.TABLE_PACKAGES)
    stage.write_beside("page", versions.REPORT, args, "data responses judgements", [args.output], packages)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
