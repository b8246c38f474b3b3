"""Answers of a model to many prompts, in parts that survive a kill: what generate and respond have in common."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import polars as pl

from halt import domains, engines, frames, processes, prompting, provenance, resume, thoughts
from halt.engines import Completion, Prompt, Sampling, chat
from halt.errors import HaltError
from halt.progress import Progress

# Prompts of one part, by engine. Constants, not the batch size: parts of an interrupted run must fit after a batch size
# changed. vLLM fills a GPU with hundreds of sequences, and the last ones of a part run alone.
PART = {"transformers": 32, "vllm": 256}


class Task(NamedTuple):
    """One model and one table of prompts."""

    model: str  # name in the registry
    folder: Path
    adapter: Path | None
    chat: bool
    dtype: str
    engine: str  # transformers or vllm
    system: str  # of halt.engines.chat: template or none
    domain: ModuleType
    max_new_tokens: int
    data: pl.DataFrame  # DATA rows to answer
    context: pl.DataFrame  # DATA rows for few-shot examples: the training split
    inputs: dict[str, Path]

    @classmethod
    def read(cls, settings: Mapping, data: Path, context: Path, manifest: Path, adapter: Path | None = None) -> "Task":
        """From a program's arguments; settings: models/<m>/{chat,dtype,engine,system}, domains/<d>/{module,...}."""
        [(model, loading)] = [
            (key.split("/")[1], entry) for key, entry in settings.items() if key.startswith("models/")
        ]
        [asking] = [entry for key, entry in settings.items() if key.startswith("domains/")]
        inputs = {"data": data, "context": context, "model": manifest}
        if adapter is not None:
            inputs["adapter"] = adapter / "training.json"  # it has the sha256 of the weights
        pool = frames.read(context, frames.DATA)
        if alien := sorted(set(pool["split"]) - {"train"}):
            raise HaltError(f"{context}: rows of the split {', '.join(alien)}; few-shot examples are training rows")
        return cls(
            model=model,
            folder=manifest.parent,
            adapter=adapter,
            chat=loading["chat"],
            dtype=loading["dtype"],
            engine=loading.get("engine", "transformers"),
            system=loading.get("system", chat.TEMPLATE),
            domain=domains.load(asking["module"]),
            max_new_tokens=asking["max_new_tokens"],
            data=frames.read(data, frames.DATA),
            context=pool,
            inputs=inputs,
        )

    @property
    def stop(self) -> tuple[str, ...]:
        """Where a plain-text answer ends; a chat model ends its turn itself."""
        return () if self.chat else self.domain.STOP

    @property
    def test_domain(self) -> str:
        return self.data["domain"][0]

    def prompts(self, shots: int, seed: int, contexts: int | None = None) -> list[Prompt]:
        """Every prompt behind `shots` random training pairs of its own, or of one of so many `contexts`."""
        pool = self.context.select(prompting.POOL).rows(named=True)
        rows = self.data.select("id", "cluster", "prompt").rows(named=True)
        return prompting.few_shots(rows, pool, shots, seed, self.chat, self.domain, contexts)

    def keys(self, method: str, threshold: str, seed: int, domain: str | None = None) -> dict:
        """The run's columns of a RESPONSES table."""
        return {
            "model": self.model,
            "domain": domain or self.test_domain,
            "method": method,
            "threshold": threshold,
            "seed": seed,
            "test_domain": self.test_domain,
        }


def run(
    stage: str,
    task: Task,
    keys: Mapping,
    prompts: Sequence[Prompt],
    sampling: Sampling,
    args: argparse.Namespace,
) -> None:
    """Answer every prompt and write the RESPONSES table, rows in the prompts' order.

    Its texts are answers: what a model thought aloud is left out, whatever the engine, so that no target, pair or
    verdict is made of it. Its tokens are all that were generated, thoughts included.
    With several processes (accelerate launch) each does its share of the parts and the first one writes.
    """
    stage_processes = processes.here()
    engine = None

    def compute(part: Sequence[Prompt]) -> pl.DataFrame:
        nonlocal engine
        engine = engine or engines.load(task.engine, task.folder, task.dtype, task.adapter, args.shards, task.system)
        completions = engine.generate(part, sampling, args.batch_size, progress.advance)
        return frames.build(
            (
                {**keys, "id": prompt.id, "sample": sample, **_answer(completion)._asdict()}
                for prompt, answers in zip(part, completions, strict=True)
                for sample, completion in enumerate(answers)
            ),
            frames.RESPONSES,
        )

    fingerprint = resume.fingerprint(task.inputs, {**args.settings, **keys}, args.version)
    size = PART[task.engine]
    parts = [prompts[start : start + size] for start in range(0, len(prompts), size)]
    label = f"{stage} {keys['model']}/{'/'.join(_name(keys))}"
    progress = Progress(label, len(prompts), "prompts", stage_processes.first)
    table = resume.run_parts(args.work, fingerprint, parts, compute, frames.RESPONSES, progress, stage_processes)
    if table is not None:
        footer = provenance.about(stage, args.version, args.settings, task.inputs.values(), provenance.MODEL_PACKAGES)
        provenance.write(table, args.output, frames.RESPONSES, footer)
        resume.remove(args.work)


def _answer(completion: Completion) -> Completion:
    return completion._replace(text=thoughts.without(completion.text))


def _name(keys: Mapping) -> list[str]:
    if keys["method"] == "samples":
        return [keys["test_domain"]]
    return [keys["domain"], keys["method"], keys["threshold"], f"seed{keys['seed']}"]
