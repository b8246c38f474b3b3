"""The benchmark of scale measures the sizes that it names, with tables that the programs take."""

import copy
import json
import subprocess
import sys

from runs import ROOT

from halt import config, frames, metrics, paths
from halt.bench import scale


def test_the_grid_is_a_sound_config_of_the_size_it_names():
    merged = config.merged(ROOT)
    overlay = scale.grid(copy.deepcopy(merged))
    for section, entries in overlay.items():
        merged[section].update(entries)
    assert config.validate(merged) == []
    found = list(paths.grid(merged))
    assert [len({result[name] for result in found}) for name in ("model", "domain", "method", "seed")] == [8, 8, 6, 3]
    assert len(found) == 8 * 8 * (1 + 2 * 3 + 3 * 9 * 3)


def test_the_tables_have_the_fragments_they_name_and_can_be_scored(tmp_path, monkeypatch):
    assert scale.PROMPTS * scale.SAMPLES * scale.FRAGMENTS == 1_000_000
    assert scale.MODELS * len(scale.RESULTS) * scale.TESTED * scale.FRAGMENTS > 1_000_000
    monkeypatch.setattr(scale, "PROMPTS", 20)
    made = scale.tables(tmp_path)
    judged = frames.read(made["assessments"], frames.JUDGEMENTS)
    assert judged.height == frames.read(made["judgements"], frames.JUDGEMENTS).height == 20 * 5 * 5
    counted = metrics.per_prompt(
        frames.read(made["responses"], frames.RESPONSES),
        judged,
        frames.read(made["test"], frames.DATA),
        frames.read(made["capability"], frames.JUDGEMENTS),
        dependent=False,
    )
    assert 0 < counted["right"].sum() < counted["given"].sum() == judged.height


MEASURE = """
import json, sys
from pathlib import Path
from halt.bench import scale
print(json.dumps([
    scale.cost("x", [sys.executable, "-c", f"x = bytearray({size})"], Path(), {}) for size in (1, 600_000_000)
]))
"""


def test_a_cost_tells_small_programs_from_large():
    """From a process of its own: pytest may be larger than what it measures."""
    run = subprocess.run(
        [sys.executable, "-c", MEASURE], cwd=ROOT / "scripts", capture_output=True, text=True, check=True
    )
    small, large = (scale.Cost(*cost) for cost in json.loads(run.stdout))
    assert small.peak_mb < 400
    assert 600 < large.peak_mb < 700
    assert 0 < small.cpu_seconds < 5
