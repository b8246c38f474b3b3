"""A config file that is broken, endless or nested without end is one line, by file and line, and soon told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from runs import ROOT

from halt.config import files

PROGRAM = ROOT / "tools/check_config.py"
NESTED = "".join(f"{' ' * level}a:\n" for level in range(60))
BOMB = "a0: &a0 {x: [1, 2, 3]}\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 7))

BROKEN = {
    "nested lists": (f"score: {'[' * 100_000}{']' * 100_000}", r", line 1: found more than 50 levels, expected fewer"),
    "nested mappings": (NESTED, r", line 51: found more than 50 levels, expected fewer"),
    "nested JSON": (
        f'{{"{"k" * 2000}": {"[" * 100_000}',
        r": found brackets nested too deeply, expected at most 50 levels",
    ),
    "aliases of aliases": (BOMB, r", line \d+: found more than 200000 values with its aliases, expected fewer"),
    "a day that there is not": (
        "score:\n  seed: 2020-02-31\n",
        r", line 2: cannot be read as YAML: day is out of range",
    ),
    "a number without end": (f"a: 1\nb: {'9' * 200_000}", r", line 2: cannot be read as YAML: Exceeds the limit"),
    "no YAML": ("score: [1\n", r": cannot be read as YAML: .* line 1, column 8"),
    "a list": ("- 1\n", r": found a list, expected a mapping of config keys"),
    "nothing": ("", r": found nothing, expected a mapping of config keys"),
    "a program": ("a: !!python/object/apply:os.getcwd []", r": cannot be read as YAML: could not determine"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_line(tmp_path, name):
    text, fault = BROKEN[name]
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(files.ConfigError, match=rf"mine\.yaml{fault}") as refused:
        files.read(tmp_path / "mine.yaml")
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 700


def test_a_model_has_a_file_of_its_own_which_others_win_over(tmp_path):
    folder = tmp_path / "config/models"
    folder.mkdir(parents=True)
    (tmp_path / "config.yaml").write_text("models: {small: {chat: true}}\nscore: {seed: 0}\n")
    (tmp_path / "mine.yaml").write_text("models: {mine: {dtype: bfloat16}}\n")
    (folder / "mine.yaml").write_text("models: {mine: {chat: false, dtype: float32}}\n")
    (folder / "small.yaml").write_text("models: {small: {chat: false}}\n")
    (folder / ".mine.yaml").write_text("half a file: [")  # of an editor
    assert files.merged(tmp_path, [tmp_path / "mine.yaml"]) == {
        "models": {"small": {"chat": True}, "mine": {"chat": False, "dtype": "bfloat16"}},
        "score": {"seed": 0},
    }


@pytest.mark.parametrize(
    "text",
    ["models: {other: {}}", "models: {mine: {}, other: {}}", "models: {mine: {}}\nscore: {seed: 0}", "models: [mine]"],
)
def test_a_file_of_a_model_holds_what_it_is_named_after(tmp_path, text):
    folder = tmp_path / "config/models"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(text)
    with pytest.raises(files.ConfigError, match=r"mine\.yaml: expected `models` with one entry, 'mine'"):
        files.read(folder / "mine.yaml")


def test_what_is_no_text_and_what_never_ends_is_not_read(tmp_path):
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9\n")
    (tmp_path / "large.yaml").write_text("#" * (files.MOST_BYTES + 1))
    os.mkfifo(tmp_path / "pipe.yaml")
    for file, fault in (
        (tmp_path / "latin.yaml", "byte 3 is not UTF-8"),
        (tmp_path / "large.yaml", "found 10000001 bytes, expected at most 10000000"),
        (tmp_path / "pipe.yaml", "found a folder, pipe or device, expected a file"),
        (Path("/dev/zero"), "found a folder, pipe or device, expected a file"),
        (tmp_path / "absent.yaml", "No such file"),
    ):
        with pytest.raises(files.ConfigError, match=fault):
            files.read(file)


def test_yaml_and_json_are_read_with_their_aliases(tmp_path):
    (tmp_path / "a.yaml").write_text("a: &a {x: 1}\nb: [*a, *a]\nc: {<<: *a, y: 2}\n")
    (tmp_path / "b.json").write_text('{\n\t"a": {"x": 1}\n}')  # with tabs, which YAML has not
    assert files.read(tmp_path / "a.yaml") == {"a": {"x": 1}, "b": [{"x": 1}] * 2, "c": {"x": 1, "y": 2}}
    assert files.read(tmp_path / "b.json") == {"a": {"x": 1}}


def test_the_check_before_a_run_tells_faults_of_file_and_config_and_nothing_else(tmp_path):
    def told(text):
        (tmp_path / "mine.yaml").write_text(text)
        command = [sys.executable, PROGRAM, "--configfile", tmp_path / "mine.yaml"]
        env = {**os.environ, "PYTHONPATH": str(PROGRAM.parents[1] / "scripts")}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    assert told("generate: {seed: 3}") == (0, "")
    assert told("generate: {samples: 0}") == (
        1,
        "check_config: generate.samples: found 0, expected a whole number >= 1\n",
    )
    status, said = told(BOMB)
    assert (status, said.count("\n")) == (1, 1)
    assert "with its aliases" in said
