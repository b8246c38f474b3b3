"""Measure the engine vllm beside the engine transformers on the packaged model, in one process, and write vllm.md.

Both get the same prompts and make texts of them; end tokens count. The engines take turns: other work on the machine
slows both. `make test-vllm` runs it in the environment of vLLM's CPU build.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from halt import errors

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "results/models/smollm2-135m/manifest.json"
HEAD = ("tokens per CPU-second, one thread", "transformers", "vllm", "ratio", "equal answers")
NAMES = ("Ada Bell", "Bo Lind", "Cy Roe", "Di Marsh", "Ed Frost", "Flo Hale", "Guy Lowe", "Hal Moor")
EXAMPLE = "Profile of {}: nationality, occupation, years, one short fact a line."
ANSWER = "{0} was Irish.\n{0} was a painter and a teacher of drawing.\n{0} was born in 1801.\n{0} died in 1861."


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--repeats", type=int, default=3, help="turns of each engine")
    arguments.add_argument("--output", type=Path, default=ROOT / "results/bench", help="folder of the table")
    return arguments


def main(args: argparse.Namespace) -> None:
    os.environ.update(OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    os.environ["VLLM_LOGGING_LEVEL"] = "ERROR"
    from halt import bench, engines
    from halt.bench import workflow
    from halt.engines import Sampling, precision

    target = str(MODEL.relative_to(ROOT))
    subprocess.run([*workflow.SNAKEMAKE, target], cwd=ROOT, env=workflow.environment(), stdout=sys.stderr, check=True)
    dtype = precision.computed_in("bfloat16")
    sides = [engines.load(name, MODEL.parent, dtype) for name in ("transformers", "vllm")]
    greedy, drawn = Sampling(1, 0.0, 1.0, 32, 0), Sampling(5, 0.4, 1.0, 32, 0)
    rows = [
        _row("greedy, 32 prompts without examples", sides, _prompts(32, 0), greedy, args.repeats),
        _row("greedy, 32 prompts after 4 examples that they share", sides, _prompts(32, 4), greedy, args.repeats),
        _row("5 samples, 8 prompts after 4 examples", sides, _prompts(8, 4), drawn, args.repeats),
    ]
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "vllm.md").write_text(bench.markdown(HEAD, rows))
    print(bench.markdown(HEAD, rows), end="")


def _prompts(count: int, shots: int) -> list:
    """Prompts in turns, with the same worked examples before each."""
    from halt.engines import Prompt

    before = []
    for name in NAMES[:shots]:
        before += [{"role": "user", "content": EXAMPLE.format(name)}]
        before += [{"role": "assistant", "content": ANSWER.format(name)}]
    people = [f"{first.split()[0]} {last.split()[1]}" for first in NAMES for last in NAMES if first != last]
    asked = [{"role": "user", "content": EXAMPLE.format(name)} for name in people]
    return [Prompt(str(place), [*before, turn], None) for place, turn in enumerate(asked[:count])]


def _row(what: str, sides: list, prompts: list, sampling, repeats: int) -> tuple[str, ...]:
    """One line of the table. The first turn of each engine warms it up and is not measured."""
    speeds: list[list[float]] = [[] for _ in sides]
    answers: list = [None for _ in sides]
    for turn in range(-1, repeats):
        for place, engine in enumerate(sides):
            start = time.process_time()
            answers[place] = engine.generate(prompts, sampling, 40)
            spent = time.process_time() - start
            if turn >= 0:
                speeds[place].append(sum(one.tokens for group in answers[place] for one in group) / spent)
    ours, theirs = (statistics.median(found) for found in speeds)
    pairs = [(one.text, two.text) for a, b in zip(*answers, strict=True) for one, two in zip(a, b, strict=True)]
    equal = f"{sum(one == two for one, two in pairs)} of {len(pairs)}" if sampling.temperature == 0 else ""
    return what, f"{ours:.0f}", f"{theirs:.0f}", f"{theirs / ours:.2f}", equal


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
