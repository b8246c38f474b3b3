"""Answer the test prompts with the best constant answer: the floor that every result stands on. No model is loaded."""

import argparse
import json
from pathlib import Path

from halt import errors


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True, help="the prompts")
    arguments.add_argument("--training-data", type=Path, required=True, help="training rows, which it is made of")
    arguments.add_argument("--model", required=True, help="name of the model beside whose results it stands")
    arguments.add_argument("--method", required=True)
    arguments.add_argument("--threshold", required=True)
    arguments.add_argument("--seed", type=int, required=True)
    arguments.add_argument("--settings", type=json.loads, required=True, help="JSON: domains/<d>/module")
    arguments.add_argument("--version", type=int, required=True)
    arguments.add_argument("--output", type=Path, required=True)
    return arguments


def main(args: argparse.Namespace) -> None:
    from halt import domains, floor, frames, judges, provenance

    [module] = [domains.load(entry["module"]) for key, entry in args.settings.items() if key.startswith("domains/")]
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
    inputs = [args.data, args.training_data]
    footer = provenance.about("floor", args.version, args.settings, inputs) | {"answer": list(found.answer)}
    provenance.write(table, args.output, frames.RESPONSES, footer)
    print(f"every answer is {list(found.answer)!r}; on training rows: {found.score or 'not searched'}")


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
