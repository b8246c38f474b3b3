"""Answer the test prompts with the best constant answer: the floor of every result. No model is loaded."""

import argparse

from halt import cli, errors


def parser() -> argparse.ArgumentParser:
    names = "data training-data model method threshold seed settings version output"
    return cli.parser(
        __doc__,
        names,
        settings="domains/<d>/module",
        help={"model": "name of the model whose results it is compared with"},
        type={"model": str},
    )


def main(args: argparse.Namespace) -> None:
    from halt import domains, floor, frames, judges, stage

    module = domains.load(stage.entry(args.settings, "domains")["module"])
    data = frames.read(args.data, frames.DATA)
    [domain] = data["domain"].unique()
    found = floor.constant(module, judges.training_rows(args.training_data))
    keys = {
        **{"model": args.model, "domain": domain, "method": args.method, "threshold": args.threshold},
        **{"seed": args.seed, "test_domain": domain, "sample": 0, "tokens": 0, "finished": True},
    }
    rows = judges.rows(data).values()
    answers = ({**keys, "id": row.id, "text": floor.text(module, found.answer, row)} for row in rows)
    table = frames.build(answers, frames.RESPONSES)
    stage.Stage("floor", args, "data training_data").write(table, frames.RESPONSES, answer=list(found.answer))
    print(f"every answer is {list(found.answer)!r}; on training rows: {found.score or 'not searched'}")


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
