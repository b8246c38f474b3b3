"""Measure what extractors find in biographies whose facts are known: recall, precision, self-contained claims.

Models are folders of results/models, as the model stage makes them. The first lines of the table are the rules, which
take every sentence as one claim.
"""

import argparse
import os
import tempfile
from pathlib import Path

from halt import errors

ROOT = Path(__file__).resolve().parents[1]


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--models", type=Path, nargs="*", default=[], help="folders of models with a chat template")
    arguments.add_argument("--people", type=int, default=6, help="profiles, each in every style")
    arguments.add_argument("--work", type=Path, help="folder of the replies, to go on after a kill; default: none")
    return arguments


def main(args: argparse.Namespace) -> None:
    os.environ.update(OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    from functools import partial

    from halt import domains, extractors
    from halt.bench import claims as bench
    from halt.extractors import asking, claims
    from halt.inputs.sources import Source
    from halt.prompting import texts

    domain = domains.load("biography")
    source = Source([ROOT / "data/wordnet/people.tsv"], "wordnet")
    rows = [row for row in domain.rows(source, {"most_famous": 400}) if len(row.reference.split("\n")) == 4]
    rows = rows[:: max(1, len(rows) // args.people)][: args.people]
    wanted = {name: texts.load(ROOT / "scripts/prompts", name) for name in extractors.TEXTS}
    split = domains.load("wikibios").split
    results = {"rules": bench.measured(rows, domain, bench.unread, split)}
    with tempfile.TemporaryDirectory() as scratch:
        for folder in args.models:
            means = extractors.Means(
                work=(args.work or Path(scratch)) / folder.name,
                model=extractors.Model(folder, True, "bfloat16"),
                batch_size=8,
                requests=None,
            )
            entry = {"engine": "transformers", "model": folder.name, "reply_tokens": 96}
            with asking.opened(entry, means) as ask:
                read = partial(claims.extract, ask=ask, texts=wanted, window=claims.Window(3, 1))
                results[folder.name] = bench.measured(rows, domain, read, split)
    print(bench.table(results), end="")


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
