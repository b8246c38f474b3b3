"""Answers of a model to many prompts, in parts that survive a kill: the common part of generate and respond."""

import argparse
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import polars as pl

from halt import domains, engines, frames, long_stage, provenance, stage, thoughts
from halt.engines import Completion, Prompt, Sampling, chat, room
from halt.errors import HaltError
from halt.prompting import few_shot, fitting
from halt.running import launched

# Prompts of one part, by engine. Constants, not the batch size: parts of an interrupted run must fit a new batch size.
# vLLM fills a GPU with hundreds of sequences, and the last ones of a part run alone.
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
        model, loading = stage.named(settings, "models")
        asking = stage.entry(settings, "domains")
        inputs = {"data": data, "context": context, "model": manifest}
        if adapter is not None:
            inputs["adapter"] = adapter / "training.json"  # it has the sha256 of the weights
        pool = frames.read(context, frames.DATA)
        if alien := sorted(set(pool["split"]) - {"train"}):
            raise HaltError(
                f"{context}: rows of the split {', '.join(alien)}; expected training rows, for the few-shot examples"
            )
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
        """Where a plain-text answer ends. A chat model ends its turn itself."""
        return () if self.chat else self.domain.STOP

    @property
    def test_domain(self) -> str:
        return self.data["domain"][0]

    def askings(self, shots: int, seed: int, contexts: int | None = None) -> list[few_shot.Asking]:
        """Every prompt with `shots` random training pairs: its own, or one of `contexts` shared ones."""
        pool = self.context.select(few_shot.POOL).rows(named=True)
        rows = self.data.select("id", "cluster", "prompt").rows(named=True)
        return few_shot.askings(rows, pool, shots, seed, self.chat, self.domain, contexts)

    def prompts(self, section: str, shots: int, settings: Mapping) -> list[Prompt]:
        """Every prompt after its examples, all of a length that fits: see halt.prompting.fitting.

        settings: `seed`, and `contexts` and `overlong` if they are set, of a section of the config.
        """
        asked = self.askings(shots, settings["seed"], settings.get("contexts"))
        found = fitting.fitted(
            asked,
            room.of_model(self.folder, self.system),
            self.max_new_tokens,
            settings.get("overlong", fitting.REFUSE),
            section,
        )
        if found.told and launched.here().first:
            print(f"{self.model}/{self.test_domain}: {found.told}", flush=True)
        return found.prompts

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
    name: str,
    task: Task,
    keys: Mapping,
    prompts: Sequence[Prompt],
    sampling: Sampling,
    args: argparse.Namespace,
) -> None:
    """Answer every prompt and write the RESPONSES table, rows in the prompts' order.

    The texts are answers: thoughts are left out, whatever the engine, so no target, pair or verdict is made from them.
    The tokens count all that was generated, thoughts included. With several processes (accelerate launch) each does its
    share of the parts, and the first one writes.
    """
    engine = functools.cache(
        functools.partial(engines.load, task.engine, task.folder, task.dtype, task.adapter, args.shards, task.system)
    )

    def compute(part: Sequence[Prompt]) -> pl.DataFrame:
        completions = engine().generate(part, sampling, args.batch_size, this.advance)
        return frames.build(
            (
                {**keys, "id": prompt.id, "sample": sample, **_answer(completion)._asdict()}
                for prompt, answers in zip(part, completions, strict=True)
                for sample, completion in enumerate(answers)
            ),
            frames.RESPONSES,
        )

    this = long_stage.LongStage(name, args, "", provenance.MODEL_PACKAGES, further=task.inputs, run=keys)
    size = PART[task.engine]
    parts = [prompts[start : start + size] for start in range(0, len(prompts), size)]
    table = this.in_parts(parts, compute, frames.RESPONSES, "/".join(_label(keys)), "prompts")
    if table is not None:
        this.write(table, frames.RESPONSES)


def _answer(completion: Completion) -> Completion:
    return completion._replace(text=thoughts.without(completion.text))


def _label(keys: Mapping) -> list[str]:
    if keys["method"] == "samples":
        return [keys["model"], keys["test_domain"]]
    return [keys["model"], keys["domain"], keys["method"], keys["threshold"], f"seed{keys['seed']}"]
