"""Measure what extractors find in biographies whose facts are known: recall, precision, self-contained claims.

The first lines of the table are the rules, which take every sentence as one claim. The model stage brings the models.
It writes claims.md.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from halt import errors

ROOT = Path(__file__).resolve().parents[1]
MODELS = ("smollm2-135m", "qwen2.5-coder-0.5b")  # packaged, with a chat template
REPLY_TOKENS = 96
BATCH = 8


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--models", nargs="*", default=[*MODELS], help="keys of `models`; default: %(default)s")
    arguments.add_argument("--people", type=int, default=5, help="profiles, each in every style")
    arguments.add_argument("--work", type=Path, default=ROOT / "results/work/bench_claims", help="folder of replies")
    arguments.add_argument("--output", type=Path, default=ROOT / "results/bench", help="folder of the table")
    return arguments


def main(args: argparse.Namespace) -> None:
    os.environ.update(OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    from halt import domains
    from halt.bench import claims as bench
    from halt.bench import workflow
    from halt.inputs.sources import Source

    manifests = [ROOT / "results/models" / name / "manifest.json" for name in args.models]
    if missing := [str(one.relative_to(ROOT)) for one in manifests if not one.exists()]:
        command = [*workflow.SNAKEMAKE, *missing]
        subprocess.run(command, cwd=ROOT, env=workflow.environment(), stdout=sys.stderr, check=True)
    domain = domains.load("biography")
    rows = bench.people(domain, Source([ROOT / "data/wordnet/people.tsv"], "wordnet"), args.people)
    measured = partial(bench.measured, rows, domain, split=domains.load("wikibios").split)
    results = {"rules": measured(bench.unread)}
    for manifest in manifests:
        results[manifest.parent.name] = _read_by(manifest.parent, args.work, measured)
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "claims.md").write_text(bench.table(results))
    print(bench.table(results), end="")


def _read_by(folder: Path, work: Path, measured: Callable) -> dict:
    """The scores of the model in a folder, by style."""
    from halt import extractors
    from halt.engines.asked import Asked
    from halt.extractors import asking, claims
    from halt.prompting import texts

    wanted = {name: texts.load(ROOT / "scripts/prompts", name) for name in extractors.TEXTS}
    model = Asked(folder, True, "bfloat16")
    means = extractors.Means(work=work / folder.name, model=model, batch_size=BATCH, requests=None)
    entry = {"engine": "transformers", "model": folder.name, "reply_tokens": REPLY_TOKENS}
    print(f"[halt] bench: {folder.name}", file=sys.stderr, flush=True)
    with asking.opened(entry, means) as ask:
        return measured(partial(claims.extract, ask=ask, texts=wanted, window=claims.Window(3, 1)))


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
