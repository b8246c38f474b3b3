"""Write HALT's targets of claims in the answer's own sentences (`join: edit`)."""

import argparse
import sys

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    return cli.parser(
        __doc__,
        "data generations judgements targets prompts extractor* settings version work batch-size shards concurrency"
        " timeout retries output",
        settings="methods/<m>/rewrite, reading, rewrite, phrases, domains/<d>/module, extractors/<name>; for a local"
        " extractor models/<name> (chat, dtype)",
        help={"targets": "the kept claims of the chosen samples as sentences"},
        default={"batch-size": 16},
        files={"claims": "sentences of the samples with their claims"},
    )


def main(args: argparse.Namespace) -> None:
    from halt import domains, extractors, frames, provenance, rewriting, stage
    from halt.extractors import asking, edit, tables
    from halt.prompting import texts
    from halt.rewriting.shared import tables as samples

    data = frames.read(args.data, frames.DATA)
    first = frames.read(args.targets, frames.TARGETS)
    claims = frames.read(args.claims, frames.CLAIMS)
    generations = frames.read(args.generations, frames.RESPONSES)
    judgements = frames.read(args.judgements, frames.JUDGEMENTS)
    domain = domains.load(stage.entry(args.settings, "domains")["module"])
    entry = stage.entry(args.settings, "extractors")
    settings = rewriting.Settings(
        domain.DEPENDENT,
        domain.join,
        **args.settings["rewrite"],
        reading=args.settings["reading"]["unverifiable"],
        **args.settings["phrases"],
        domain=domain,
    )
    drawn = {
        (prompt.id, sample.index): (prompt.prompt, sample)
        for prompt in samples.judged(data, generations, judgements)
        for sample in prompt.samples
    }
    said_by = dict(tables.sentence_of(claims))
    rows = list(first.iter_rows(named=True))
    chosen = {}
    for number, row in enumerate(rows):
        if row["sample"] is not None and row["kept"]:
            prompt, sample = drawn[row["id"], row["sample"]]
            kept = rewriting.left(sample, settings).places
            chosen[number] = prompt, edit.said(said_by[row["id"], row["sample"]], sample.fragments, kept)
    wanted = {text: texts.load(args.prompts, text) for text in extractors.EDIT_TEXTS}
    with asking.opened(entry, asking.means(args, entry)) as ask:
        edited = edit.edit(list(chosen.values()), ask, wanted)
    for number, one in zip(chosen, edited, strict=True):
        if one.sentences:
            rows[number]["target"] = domain.join(list(one.sentences))
    counts = edit.counts(edited)
    print(f"[halt] {len(rows)} targets, {edit.summary(counts)}", file=sys.stderr)
    inputs = [args.data, args.generations, args.judgements, args.targets, args.claims]
    inputs += [texts.path(args.prompts, text) for text in wanted] + args.extractor[:1]
    packages = provenance.MODEL_PACKAGES if args.extractor else provenance.TABLE_PACKAGES
    footer = provenance.about("edit", args.version, args.settings, inputs, packages)
    provenance.write(frames.build(rows, frames.TARGETS), args.output, frames.TARGETS, footer | {"edits": counts})


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
