"""One line of the config says how a stage is spread: what rules pass on, what launch.sh starts, what is loaded."""

import os
import subprocess
from types import SimpleNamespace

import pytest
import yaml
from runs import ROOT

from halt.errors import HaltError
from halt.running import launched, processes

STAND_IN = '#!/bin/sh\necho "$(basename "$0") $*"\necho "threads $OMP_NUM_THREADS"\necho "GPUs $CUDA_VISIBLE_DEVICES"\n'


@pytest.mark.parametrize(
    ("needs", "spread"),
    [
        ({}, "cpu:1"),  # a judge that loads no model
        ({"gpus": 0, "processes": 1}, "cpu:1"),
        ({"gpus": 0, "processes": 2}, "cpu:2"),
        ({"gpus": 1, "processes": 1}, 1),
        ({"gpus": 4, "processes": 4}, 4),
        ({"gpus": 4, "processes": 1}, "shard:4"),
        ({"gpus": 8, "processes": 8, "parallel": "ddp"}, 8),
        ({"gpus": 8, "processes": 8, "parallel": "fsdp"}, "fsdp:8"),
    ],
)
def test_needs_say_how_a_stage_is_spread(needs, spread):
    assert processes.spread(needs) == spread


def _launched(tmp_path, spread: str, **variables: str) -> list[str]:
    """The lines that stand-ins of python and accelerate write when launch.sh starts them."""
    for name in ("python", "accelerate"):
        (tmp_path / name).write_text(STAND_IN)
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", **variables}
    subprocess.run(
        [ROOT / "scripts/launch.sh", tmp_path / "log", spread, "a.py", "--b", "1"], env=environment, check=True
    )
    return (tmp_path / "log").read_text().splitlines()


def _accelerate(kind: str, count: int) -> str:
    config = ROOT / "scripts/../envs/accelerate" / f"{kind}.yaml"
    return f"accelerate launch --config_file {config} --num_processes {count} --main_process_port 0 a.py --b 1"


@pytest.mark.parametrize(
    ("spread", "command"),
    [
        ("1", "python a.py --b 1"),
        ("2", _accelerate("ddp", 2)),
        ("cpu:1", "python a.py --b 1"),
        ("cpu:2", _accelerate("ddp", 2)),
        ("fsdp:8", _accelerate("fsdp", 8)),
        ("shard:4", "python a.py --b 1 --shards 4"),
    ],
)
def test_launch_starts_what_was_asked_for(tmp_path, spread, command):
    assert _launched(tmp_path, spread)[0] == command


@pytest.mark.parametrize(
    ("spread", "cpus", "threads"), [("1", "8", 8), ("4", "8", 2), ("fsdp:8", "4", 1), ("shard:4", "8", 8)]
)
def test_processes_share_the_processors_of_the_job(tmp_path, spread, cpus, threads):
    assert _launched(tmp_path, spread, SLURM_CPUS_PER_TASK=cpus)[1] == f"threads {threads}"


@pytest.mark.parametrize(("spread", "seen"), [("1", "0,1"), ("2", "0,1"), ("cpu:1", ""), ("cpu:2", "")])
def test_a_job_that_asks_for_no_gpu_sees_none(tmp_path, spread, seen):
    assert _launched(tmp_path, spread, CUDA_VISIBLE_DEVICES="0,1")[2] == f"GPUs {seen}"


def test_the_launcher_s_configs_shard_in_fsdp_alone():
    kinds = {file.stem: yaml.safe_load(file.read_text()) for file in (ROOT / "envs/accelerate").glob("*.yaml")}
    assert {kind: entry["distributed_type"] for kind, entry in kinds.items()} == {"ddp": "MULTI_GPU", "fsdp": "FSDP"}
    assert kinds["fsdp"]["fsdp_config"]["fsdp_version"] == 2
    assert "fsdp_config" not in kinds["ddp"]


def test_alone_a_program_waits_for_nobody(monkeypatch):
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    assert launched.here() == processes.ALONE
    assert processes.ALONE.first
    processes.ALONE.barrier()


class _Reached(Exception):
    """Raised where the weights would be read."""


def _asked(monkeypatch, model, gpus: int, shards: int) -> dict:
    """What an engine on `shards` of `gpus` GPUs asks transformers for."""
    from halt.engines import transformers as engine

    asked = {}

    def from_pretrained(folder, **arguments):
        asked.update(arguments)
        raise _Reached

    card = SimpleNamespace(total_memory=80 * 10**9)
    monkeypatch.setattr(engine.torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(engine.torch.cuda, "get_device_properties", lambda gpu: card)
    monkeypatch.setattr(engine.AutoModelForCausalLM, "from_pretrained", from_pretrained)
    with pytest.raises(_Reached):
        engine.Engine(model, "bfloat16", shards=shards)
    return asked


def test_a_sharded_model_is_spread_over_its_gpus_and_nothing_else(monkeypatch, random_tiny):
    asked = _asked(monkeypatch, random_tiny, gpus=8, shards=4)
    assert asked["device_map"] == "balanced"
    assert set(asked["max_memory"]) == {0, 1, 2, 3}  # no other GPU, no main memory, no disk


def test_a_model_on_one_gpu_is_given_no_device_map(monkeypatch, random_tiny):
    assert "device_map" not in _asked(monkeypatch, random_tiny, gpus=8, shards=1)


def test_fewer_gpus_than_shards_are_refused_in_one_line(monkeypatch, random_tiny):
    from halt.engines import transformers as engine

    monkeypatch.setattr(engine.torch.cuda, "device_count", lambda: 2)
    with pytest.raises(HaltError, match=r"^the model is to be spread over 4 GPUs, found 2$"):
        engine.Engine(random_tiny, "float32", shards=4)
