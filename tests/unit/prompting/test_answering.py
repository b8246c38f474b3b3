"""Answers of any engine are kept without what the model thought aloud, its tokens counted."""

import argparse

import polars as pl
import pytest

from halt import domains, engines, frames
from halt.engines import Completion, Prompt, Sampling
from halt.prompting import answering


class _Thinker:
    def generate(self, part, sampling, batch_size, tell):
        texts = ["<think>\nBob was French.\n</think>\n\nAnn Lee was Danish.", "<think>\nhm"]
        return [[Completion(text, 9, text.endswith(".")) for text in texts] for _ in part]


@pytest.mark.parametrize("engine", ["transformers", "vllm"])
def test_what_is_kept_of_an_answer_is_what_it_says(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "load", lambda *_: _Thinker())
    task = answering.Task(
        model="m",
        folder=tmp_path,
        adapter=None,
        chat=True,
        dtype="float32",
        engine=engine,
        system="template",
        domain=domains.load("biography"),
        max_new_tokens=9,
        data=pl.DataFrame(),
        context=pl.DataFrame(),
        inputs={},
    )
    keys = {"model": "m", "domain": "d", "method": "base", "threshold": "none", "seed": 0, "test_domain": "d"}
    args = argparse.Namespace(
        shards=1, batch_size=1, work=tmp_path / "work", output=tmp_path / "o.parquet", settings={}, version=1
    )
    prompts = [Prompt("p0", [{"role": "user", "content": "Who?"}], None)]
    answering.run("respond", task, keys, prompts, Sampling(2, 1.0, 1.0, 9, 0, ()), args)
    answers = frames.read(args.output, frames.RESPONSES)
    assert answers["text"].to_list() == ["Ann Lee was Danish.", ""]
    assert answers["tokens"].to_list() == [9, 9]
