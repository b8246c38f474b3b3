"""Write HALT's targets of claims in the answer's own sentences (`join: edit`)."""

import argparse
import sys
from collections import Counter

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
        if row["sample"] is None or not row["kept"]:
            continue
        prompt, sample = drawn[row["id"], row["sample"]]
        kept = set(rewriting.left(sample, settings).places)
        chosen[number] = (
            prompt,
            [
                edit.Said(
                    text,
                    tuple(sample.fragments[place] for place in places if place in kept),
                    tuple(
                        sample.fragments[place]
                        for place in places
                        if place not in kept and place < len(sample.fragments)
                    ),
                )
                for text, places in said_by[row["id"], row["sample"]]
            ],
        )
    wanted = {text: texts.load(args.prompts, text) for text in extractors.EDIT_TEXTS}
    model, server = (*args.extractor, None, None)[:2]
    means = extractors.Means(
        work=args.work,
        model=extractors.model(args.settings, extractors.needs(entry), model, args.shards),
        batch_size=args.batch_size,
        requests=extractors.Requests(args.concurrency, args.timeout, args.retries),
        server=server,
    )
    with asking.opened(entry, means) as ask:
        edited = edit.edit(list(chosen.values()), ask, wanted)
    reasons = Counter(one.reason for one in edited if one.sentences is None)
    for number, one in zip(chosen, edited, strict=True):
        if one.sentences:
            rows[number]["target"] = domain.join(list(one.sentences))
    whole = sum(one.sentences is not None for one in edited)
    counts = {"edited": whole, "claims instead": dict(sorted(reasons.items()))}
    told = ", ".join(f"{count} {reason}" for reason, count in counts["claims instead"].items()) or "none"
    print(
        f"[halt] {whole} of {len(rows)} targets in the answer's own sentences; claims instead: {told}", file=sys.stderr
    )
    inputs = [args.data, args.generations, args.judgements, args.targets, args.claims]
    inputs += [texts.path(args.prompts, text) for text in wanted] + [model] * bool(model)
    packages = provenance.MODEL_PACKAGES if model else provenance.TABLE_PACKAGES
    footer = provenance.about("edit", args.version, args.settings, inputs, packages)
    provenance.write(frames.build(rows, frames.TARGETS), args.output, frames.TARGETS, footer | {"edits": counts})


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
