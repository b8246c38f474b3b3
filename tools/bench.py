"""Measure generation, judging, finetuning and the workflow against their bare counterparts, on the packaged model.

Every program runs with one thread, and the sides take turns: other work on the machine slows all of them. Medians and
their ratios go into bench.md. scripts/halt/bench/ and bench_finetune.py say how each is measured.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from halt import errors

if TYPE_CHECKING:
    from halt.bench.measures import Line

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "results/models/smollm2-135m/manifest.json"
SPEED = "tokens per CPU-second"
GENERATION_LEAST, FINETUNE_LEAST, OVERHEAD_MOST = 0.9, 0.95, 0.1
JUDGED = {"biography": 96, "mathematics": 96, "code": 12}  # rows; a code answer takes a sandbox run


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--parts", nargs="+", choices=PARTS, default=[*PARTS], help="what to measure; default: all")
    arguments.add_argument("--repeats", type=int, default=5, help="turns of every side")
    arguments.add_argument("--rows", type=int, default=32, help="rows to finetune on, a multiple of 8")
    arguments.add_argument(
        "--demo-seconds",
        type=float,
        help="wall time of a whole run of the default experiment; default: of the newest one in .snakemake/log",
    )
    arguments.add_argument("--output", type=Path, default=ROOT / "results/bench", help="folder of the table")
    return arguments


def main(args: argparse.Namespace) -> None:
    os.environ.update(OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    from halt import bench
    from halt.bench import workflow
    from halt.config import merged

    if set(args.parts) - {"workflow"}:  # the workflow's own rules make model and rows
        targets = [str(file.relative_to(ROOT)) for file in (MODEL, *map(_data, JUDGED))]
        command = [*workflow.SNAKEMAKE, *targets]
        subprocess.run(command, cwd=ROOT, env=workflow.environment(), stdout=sys.stderr, check=True)
    rows = []
    for part in args.parts:
        print(f"[halt] bench: {part}", file=sys.stderr, flush=True)
        rows += map(bench.row, PARTS[part](merged(ROOT), args))
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "bench.md").write_text(bench.markdown(bench.HEAD, rows))
    print(bench.markdown(bench.HEAD, rows), end="")


def _data(domain: str) -> Path:
    from halt import paths

    return ROOT / paths.DATA.format(domain=domain, split="train")


def _generate(config: dict, args: argparse.Namespace) -> "list[Line]":
    import torch

    from halt import bench, domains, frames
    from halt.bench import generation
    from halt.engines import Sampling
    from halt.prompting import few_shot

    torch.set_num_threads(1)
    model, drawn, answered = config["models"][MODEL.parent.name], config["generate"], config["respond"]
    module = domains.load("biography")
    rows = frames.read(_data("biography"), frames.DATA).select(few_shot.POOL).rows(named=True)
    length = config["domains"]["biography"]["max_new_tokens"]
    sampled = Sampling(drawn["samples"], drawn["temperature"], drawn["top_p"], length, drawn["seed"])
    greedy = Sampling(1, 0.0, 1.0, length, answered["seed"])
    lines = []
    for stage, sampling, shots in (("generate", sampled, drawn["shots"]), ("respond", greedy, 0)):
        batch = model["needs"][stage]["batch_size"]
        asked = rows[: batch // sampling.samples]
        prompts = few_shot.few_shots(asked, rows, shots, sampling.seed, model["chat"], module)
        turns = generation.turns(MODEL.parent, model["dtype"], prompts, sampling, batch, args.repeats)
        how = f"{sampling.samples} samples a prompt" if sampling.temperature else "greedy"
        what = f"{stage}: {shots}-shot, {how}, {len(prompts) * sampling.samples} sequences at once"
        lines.append(bench.beside(what, SPEED, turns, GENERATION_LEAST))
    return lines


def _judge(config: dict, args: argparse.Namespace) -> "list[Line]":
    from halt import bench, domains, frames, judges
    from halt.bench import judging

    lines = []
    for name, count in JUDGED.items():
        domain = domains.load(config["domains"][name]["module"])
        cases = judging.cases(judges.rows(frames.read(_data(name), frames.DATA)), domain, count)
        speeds = [judging.speed(cases, domain) for _ in range(args.repeats)]
        lines.append(bench.alone(f"judge: {name}, by the reference", "fragments per second", speeds))
    return lines


def _finetune(config: dict, args: argparse.Namespace) -> "list[Line]":
    """Every turn of a side has its own process."""
    import bench_finetune
    from halt import bench

    turns = {side: [] for side in bench_finetune.SIDES}
    for _ in range(args.repeats):
        for side, speeds in turns.items():
            command = [sys.executable, bench_finetune.__file__, "--side", side, "--model", str(MODEL.parent)]
            done = subprocess.run([*command, "--rows", str(args.rows)], stdout=subprocess.PIPE, text=True, check=True)
            speeds.append(float(done.stdout.split()[-1]))
    what = f"finetune: LoRA, {args.rows} rows, {bench_finetune.BATCH} at once"
    return [bench.beside(what, SPEED, turns, FINETUNE_LEAST)]


def _workflow(config: dict, args: argparse.Namespace) -> "list[Line]":
    """The overhead; without a real run to compare with, only the wall seconds of the stubbed ones."""
    from halt import bench
    from halt.bench import workflow

    lines = []
    for start, programs in ((False, "instant programs"), (True, "programs that only start and import")):
        with tempfile.TemporaryDirectory() as scratch:
            stubbed = workflow.stubbed(ROOT, Path(scratch), start)
        what = f"workflow: {sum(stubbed.jobs.values())} jobs of {programs}"
        real = args.demo_seconds or workflow.real_seconds((ROOT / ".snakemake/log").glob("*.log"), stubbed.jobs)
        if real is None:
            lines.append(bench.alone(what, "s", [stubbed.seconds]))
        else:
            lines.append(bench.overhead(what, stubbed.seconds, real, OVERHEAD_MOST))
    if real is None:
        print(
            "[halt] bench: .snakemake/log has no finished run of the whole default experiment, so the workflow's share "
            "is not known: run `make demo` on a fresh clone first, or give its wall time with --demo-seconds",
            file=sys.stderr,
        )
    return lines


PARTS = {"generate": _generate, "judge": _judge, "finetune": _finetune, "workflow": _workflow}

if __name__ == "__main__":
    errors.run(main, parser().parse_args())
