"""Write the HTML page of answers before and after, fragments coloured by verdict."""

import argparse
import json
from pathlib import Path

from halt import errors, frames, provenance, report, versions
from halt.report import page


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, nargs="+", required=True, help="test splits")
    arguments.add_argument("--responses", type=Path, nargs="+", required=True, help="responses to the test prompts")
    arguments.add_argument("--judgements", type=Path, nargs="+", required=True, help="judged fragments of these")
    arguments.add_argument("--settings", type=json.loads, required=True, help="JSON: report, methods")
    arguments.add_argument("--output", type=Path, required=True)
    return arguments


def main(args: argparse.Namespace) -> None:
    text = page.render(
        report.scan(args.data, frames.DATA),
        report.scan(args.responses, frames.RESPONSES),
        report.scan(args.judgements, frames.JUDGEMENTS),
        args.settings["report"]["prompts"],
        report.halt_methods(args.settings["methods"]),
    )
    report.write_text(text, args.output)
    inputs, packages = [*args.data, *args.responses, *args.judgements], ("jinja2", *provenance.TABLE_PACKAGES)
    footer = provenance.about("page", versions.REPORT, args.settings, inputs, packages)
    provenance.write_beside(footer, [args.output])


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
