"""Take self-contained claims out of answers: samples of the pretrained model and final responses alike."""

import argparse
import sys

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    return cli.parser(
        __doc__,
        "responses? data prompts extractor* settings version work batch-size shards concurrency timeout retries output",
        settings="extractors/<name>, domains/<d>/module; for a local extractor models/<name> (chat, dtype); phrases and"
        " methods/<m>/phrases for models that learned them",
        help={"responses": "the answers; without them the references are read", "data": "their prompts"},
        default={"batch-size": 16},
        files={"output-claims": "sentences with their claims"},
    )


def main(args: argparse.Namespace) -> None:
    from functools import partial

    from halt import domains, extractors, frames, provenance, stage
    from halt.extractors import asking, claims, tables
    from halt.prompting import texts
    from halt.running import launched, resume

    name, told = stage.named(args.settings, "domains")
    domain = domains.load(told["module"])
    entry = stage.entry(args.settings, "extractors")
    phrases = args.settings.get("phrases")
    for key, method in args.settings.items():
        if key.startswith("methods/"):
            phrases = {**phrases, **method["phrases"]}
    data = frames.read(args.data, frames.DATA)
    answers = tables.references(data) if args.responses is None else frames.read(args.responses, frames.RESPONSES)
    wanted = {text: texts.load(args.prompts, text) for text in extractors.TEXTS}
    inputs = {"data": args.data} | {text: texts.path(args.prompts, text) for text in wanted}
    inputs |= {"responses": args.responses} if args.responses else {}
    inputs |= {"model": args.extractor[0]} if args.extractor else {}
    fingerprint = resume.fingerprint(inputs, args.settings, args.version)
    packages = provenance.MODEL_PACKAGES if args.extractor else provenance.TABLE_PACKAGES
    footer = provenance.about("extract", args.version, args.settings, inputs.values(), packages)
    here = launched.here()
    prompts = dict(data.select("id", "prompt").iter_rows())
    with asking.opened(entry, asking.means(args, entry, here)) as ask:
        extract = partial(claims.extract, ask=ask, texts=wanted, window=claims.Window(**entry["window"]))
        table = tables.run(answers, prompts, domain, phrases, extract, args.work / "parts", fingerprint, name, here)
    if table is None:
        return
    found = tables.counts(table)
    print(f"[halt] extracted {name}: {tables.summary(found)}", file=sys.stderr)
    footer["extraction"] = found
    result = tables.counted(data, table) if args.responses is None else tables.as_fragments(table)
    provenance.write(table, args.output_claims, frames.CLAIMS, footer)
    provenance.write(result, args.output, frames.DATA if args.responses is None else frames.FRAGMENTS, footer)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
