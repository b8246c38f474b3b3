"""Ask a model that learned to say whether it is sure (R-Tuning): how sure is it of each of its answers?"""

import argparse
import functools

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "responses data model adapter settings version work batch-size shards output"
    return cli.parser(__doc__, names, settings="methods/<m>/phrases, and parts of models/<m> and domains/<d>")


def main(args: argparse.Namespace) -> None:
    cli.offline()

    import polars as pl

    from halt import confidence, domains, engines, frames, long_stage, provenance, stage
    from halt.confidence import sure
    from halt.prompting import few_shot

    responses = frames.read(args.responses, frames.RESPONSES)
    data = frames.read(args.data, frames.DATA)
    domain = domains.load(stage.entry(args.settings, "domains")["module"])
    loading = stage.entry(args.settings, "models")
    phrases = stage.entry(args.settings, "methods")["phrases"]
    prompt_of = dict(data.select("id", "prompt").iter_rows())
    if strays := sorted(set(responses["id"]) - prompt_of.keys()):
        raise confidence.ConfidenceError(
            f"{len(strays)} answered prompts are not in the data, the first is '{strays[0]}': files of different runs"
        )
    load = functools.cache(lambda: engines.of_model(loading, args.model.parent, args.adapter.parent, args.shards))

    def compute(rows: "pl.DataFrame") -> "pl.DataFrame":
        engine = load()
        asked = [
            sure.statement(engine, few_shot.few_shot(id, [], prompt_of[id], loading["chat"], domain), text, phrases)
            for id, text in rows.select("id", "text").iter_rows()
        ]
        found = sure.weighed(engine, asked, args.batch_size)
        columns = pl.DataFrame(found, {"sure": pl.Float64, "likelihood": pl.Float64}, orient="row")
        return rows.hstack(columns).select(list(frames.ASSURANCES))

    size = confidence.PROMPTS_PER_PART
    units = [responses.slice(start, size) for start in range(0, len(responses), size)]
    this = long_stage.LongStage("vouch", args, "responses data model adapter", provenance.MODEL_PACKAGES)
    run = responses.row(0, named=True)
    label = f"{run['model']}/{run['domain']}/{run['method']}/{run['threshold']}/seed{run['seed']}"
    table = this.in_parts(units, compute, frames.ASSURANCES, label, "answers")
    if table is not None:
        this.write(table, frames.ASSURANCES)


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
