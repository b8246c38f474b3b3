"""Model folders: what transformers could not load is refused where it is brought; nothing of another model stays."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from halt import engines
from halt.engines import chat
from halt.inputs import models
from halt.inputs.fetching import FetchError


@pytest.fixture
def origin(tmp_path):
    """A folder that looks like a model."""
    folder = tmp_path / "origin"
    folder.mkdir()
    for name in ("config.json", "tokenizer_config.json"):
        (folder / name).write_text("{}")
    save_file({"weight": np.zeros(1000, np.float32)}, folder / "model.safetensors")
    return folder


def bring(origin, manifest):
    models.bring({"type": "path", "path": str(origin)}, "float32", manifest)
    return sorted(file.rpartition("/")[2] for file in json.loads(manifest.read_text())["files"])


def test_another_model_leaves_nothing_of_the_one_before(origin, tmp_path):
    manifest = tmp_path / "models/mine/manifest.json"
    manifest.parent.mkdir(parents=True)
    (manifest.parent / "vocab.txt").write_text("of a package")
    (manifest.parent / "sub").mkdir()
    (origin / "added_tokens.json").write_text("{}")
    assert "added_tokens.json" in bring(origin, manifest)
    other = origin.rename(tmp_path / "other")
    (other / "added_tokens.json").unlink()
    whole = ["config.json", "model.safetensors", "tokenizer_config.json"]
    assert bring(other, manifest) == whole
    assert sorted(file.name for file in manifest.parent.iterdir()) == sorted([*whole, "manifest.json"])
    assert len(list(other.iterdir())) == len(whole)


def cut(folder):
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[:-100])


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (
            lambda folder: (folder / "config.json").unlink(),
            "no config.json, expected a model that transformers can load",
        ),
        (lambda folder: (folder / "config.json").write_text("{"), r"config\.json is not JSON \(.*\)"),
        (lambda folder: (folder / "model.safetensors").unlink(), r"no weights, expected files that end in \.safetens"),
        (cut, r"model\.safetensors is not whole \(.*\)"),
        (lambda folder: (folder / "model.safetensors").write_text(""), r"model\.safetensors is not whole \(.*\)"),
    ],
)
def test_a_folder_that_is_no_whole_model_is_one_line(origin, tmp_path, spoil, fault):
    spoil(origin)
    with pytest.raises(FetchError, match=rf"^path {origin}: {fault}") as caught:
        bring(origin, tmp_path / "mine/manifest.json")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "mine/manifest.json").exists()


def test_a_model_without_the_chat_template_that_the_config_says_it_has_is_one_line():
    class Tokenizer:
        chat_template, name_or_path = None, "results/models/mine"

    prompt = engines.Prompt("p0", [{"role": "user", "content": "Who?"}], None)
    fault = r"^results/models/mine: found no chat template, .* or models\.mine\.chat: false in the config$"
    with pytest.raises(chat.TemplateError, match=fault):
        engines.encode(Tokenizer(), prompt)
