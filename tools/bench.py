"""Measure generation, judging, finetuning and the workflow beside their bare counterparts, on the packaged model.

Every program runs with one thread and the sides take turns, so that what else the machine does slows all of them;
medians and their ratios go into bench.csv and bench.md. How each is measured: scripts/halt/bench/, bench_finetune.py.
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
    from halt import bench

ROOT = Path(__file__).resolve().parents[1]
MODEL = "smollm2-135m"
SPEED = "tokens per CPU-second"
PARTS = ("generate", "judge", "finetune", "workflow")
GENERATION_LEAST, OVERHEAD_MOST = 0.9, 0.1
JUDGED = {"biography": 96, "mathematics": 96, "code": 12}  # rows; a code answer takes a sandbox run


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure; all by default")
    arguments.add_argument("--repeats", type=int, default=5, help="turns of every side")
    arguments.add_argument("--rows", type=int, default=32, help="rows to finetune on, a multiple of 8")
    arguments.add_argument(
        "--demo-seconds",
        type=float,
        help="wall time of a whole run of the default experiment; default: of the newest one in .snakemake/log",
    )
    arguments.add_argument("--output", type=Path, default=ROOT / "results/bench", help="folder of the tables")
    return arguments


def main(args: argparse.Namespace) -> None:
    os.environ.update(OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    from halt import bench
    from halt.config import merged

    config = merged(ROOT)
    if set(args.parts) - {"workflow"}:
        _make_inputs()
    lines = []
    for part in args.parts:
        print(f"[halt] bench: {part}", file=sys.stderr, flush=True)
        match part:
            case "generate":
                lines += _generate(config, args.repeats)
            case "judge":
                lines += _judge(config, args.repeats)
            case "finetune":
                lines += _finetune(args.rows, args.repeats)
            case "workflow":
                lines += _workflow(args.demo_seconds)
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "bench.csv").write_text(bench.table(lines))
    (args.output / "bench.md").write_text(bench.markdown(lines))
    print(bench.markdown(lines), end="")


def _manifest() -> str:
    from halt import paths

    return paths.MODEL.format(model=MODEL)


def _data(domain: str) -> str:
    from halt import paths

    return paths.DATA.format(domain=domain, split="train")


def _make_inputs() -> None:
    """The model and the rows, by the workflow's own rules."""
    from halt.bench import workflow

    targets = [_manifest(), *map(_data, JUDGED)]
    subprocess.run([*workflow.SNAKEMAKE, *targets], cwd=ROOT, env=workflow.environment(), stdout=sys.stderr, check=True)


def _generate(config: dict, repeats: int) -> "list[bench.Line]":
    import torch

    from halt import bench, domains, frames
    from halt.bench import generation
    from halt.engines import Sampling
    from halt.prompting import few_shot

    torch.set_num_threads(1)
    model, settings = config["models"][MODEL], config["generate"]
    biography = config["domains"]["biography"]
    module = domains.load(biography["module"])
    rows = frames.read(ROOT / _data("biography"), frames.DATA).select(few_shot.POOL).rows(named=True)
    sampled = Sampling(
        settings["samples"],
        settings["temperature"],
        settings["top_p"],
        biography["max_new_tokens"],
        settings["seed"],
    )
    greedy = Sampling(1, 0.0, 1.0, biography["max_new_tokens"], config["respond"]["seed"])
    lines = []
    for stage, sampling, shots in (("generate", sampled, settings["shots"]), ("respond", greedy, 0)):
        batch_size = model["needs"][stage]["batch_size"]
        prompts = [
            few_shot.few_shot(
                row["id"],
                few_shot.context(rows, row, shots, sampling.seed) if shots else [],
                row["prompt"],
                model["chat"],
                module,
            )
            for row in rows[: batch_size // sampling.samples]
        ]
        turns = generation.turns((ROOT / _manifest()).parent, model["dtype"], prompts, sampling, batch_size, repeats)
        drawn = f"{sampling.samples} samples a prompt" if sampling.temperature else "greedy"
        what = f"{stage}: {shots}-shot, {drawn}, {len(prompts) * sampling.samples} sequences at once"
        lines.append(bench.beside(what, SPEED, turns, GENERATION_LEAST))
    return lines


def _judge(config: dict, repeats: int) -> "list[bench.Line]":
    from halt import bench, domains, frames, judges
    from halt.bench import judging

    lines = []
    for name, count in JUDGED.items():
        domain = domains.load(config["domains"][name]["module"])
        cases = judging.cases(judges.rows(frames.read(ROOT / _data(name), frames.DATA)), domain, count)
        speeds = judging.speeds(cases, domain, repeats)
        lines.append(bench.alone(f"judge: {name}, by the reference", "fragments per second", speeds))
    return lines


def _finetune(rows: int, repeats: int) -> "list[bench.Line]":
    import bench_finetune
    from halt import bench

    found = bench_finetune.turns((ROOT / _manifest()).parent, rows, repeats)
    speeds = {side: [turn["tokens_per_second"] for turn in turns] for side, turns in found.items()}
    what = f"finetune: LoRA, {rows} rows, {bench_finetune.BATCH} at once"
    return [bench.beside(what, SPEED, speeds, bench_finetune.LEAST)]


def _workflow(demo_seconds: float | None) -> "list[bench.Line]":
    """The overhead; where there is no real run to set it beside, the wall seconds of the stubbed ones alone."""
    from halt import bench
    from halt.bench import workflow

    lines = []
    for start, programs in ((False, "instant programs"), (True, "programs that only start and import")):
        with tempfile.TemporaryDirectory() as scratch:
            stubbed = workflow.stubbed(ROOT, Path(scratch), start)
        what = f"workflow: {sum(stubbed.jobs.values())} jobs of {programs}"
        real = demo_seconds or workflow.real_seconds((ROOT / ".snakemake/log").glob("*.log"), stubbed.jobs)
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


if __name__ == "__main__":
    errors.run(main, parser().parse_args())
