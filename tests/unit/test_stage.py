"""The frame of a stage: it goes on where a kill left it, and its result says what it is made from."""

import argparse
import json

import polars as pl
import pytest

from halt import frames, long_stage, provenance, stage
from halt.provenance import footers
from halt.running import launched
from halt.running.processes import Processes

SCHEMA = {"value": pl.Int64}


@pytest.fixture
def args(tmp_path):
    """Arguments of a program with two inputs, one of which was left out."""
    (tmp_path / "rows").write_text("three rows")
    return argparse.Namespace(
        data=tmp_path / "rows",
        adapter=None,
        settings={"generate": {"shots": 2}},
        version=1,
        work=tmp_path / "work",
        output=tmp_path / "made" / "table.parquet",
    )


def made(args, **more):
    return long_stage.LongStage("generate", args, "data adapter", **more)


def table(unit):
    return pl.DataFrame({"value": list(unit)}, schema=SCHEMA)


def parts(args, compute=table, units=((1, 2), (3,)), **more):
    return made(args, **more).in_parts(units, compute, SCHEMA, "tiny/biography", "prompts")


class Killed(Exception):
    """In the middle of a part."""


def killed_at(last):
    def compute(unit):
        if unit == last:
            raise Killed
        return table(unit)

    return compute


def interrupted(args, **more):
    """The units that are computed when a run, which was killed in its second part, is started again with `args`."""
    computed = []

    def compute(unit):
        computed.append(unit)
        return table(unit)

    assert parts(args, compute, **more)["value"].to_list() == [1, 2, 3]
    return computed


def test_a_killed_run_goes_on_with_its_finished_parts(args):
    with pytest.raises(Killed):
        parts(args, killed_at((3,)))
    assert interrupted(args) == [(3,)]


@pytest.mark.parametrize("change", ["input", "settings", "version", "run", "further"])
def test_no_part_is_taken_from_a_run_on_anything_else(args, change, tmp_path):
    with pytest.raises(Killed):
        parts(args, killed_at((3,)), run={"seed": 0})
    more = {"run": {"seed": 0}}
    match change:
        case "input":
            args.data.write_text("four rows")
        case "settings":
            args.settings = {"generate": {"shots": 3}}
        case "version":
            args.version = 2
        case "run":
            more = {"run": {"seed": 1}}
        case "further":
            more["further"] = {"prompt": args.data}
    assert interrupted(args, **more) == [(1, 2), (3,)]


def test_a_result_says_what_it_is_made_from_and_its_parts_are_gone(args):
    this = made(args, further={"prompt": args.data.with_name("prompt.txt")})
    this.inputs["prompt"].write_text("Is it true?")
    found = this.in_parts([(1,)], table, SCHEMA, "tiny/biography", "prompts")
    this.write(found, SCHEMA, shots=4)
    assert not args.work.exists()
    said = frames.provenance(args.output)
    assert (said["stage"], said["version"], said["settings"], said["shots"]) == ("generate", 1, args.settings, 4)
    assert {name.rpartition("/")[2] for name in said["inputs"]} == {"rows", "prompt.txt"}
    assert provenance.recorded(args.output)["stage"] == "generate"


def test_equal_inputs_give_equal_bytes(args):
    written = []
    for _ in range(2):
        made(args).write(table([1, 2]), SCHEMA)
        written.append(args.output.read_bytes())
    assert written[0] == written[1]


def test_one_process_alone_gets_the_table_and_records_a_training(args, monkeypatch):
    args.output.parent.mkdir()
    args.output.write_text("{}")
    monkeypatch.setattr(launched, "here", lambda: Processes(1, 2, lambda: None))
    assert parts(args, units=[(1, 2, 3)]) is None
    made(args).record()
    assert provenance.recorded(args.output) == {}
    monkeypatch.setattr(launched, "here", lambda: Processes(0, 2, lambda: None))
    assert parts(args, units=[(1, 2, 3)])["value"].to_list() == [1, 2, 3]
    made(args).record()
    assert provenance.recorded(args.output)["settings"] == args.settings


def test_progress_names_the_stage_and_counts_what_a_long_part_reports(args, capsys):
    this = made(args)

    def compute(unit):
        this.advance(len(unit))
        return table(unit)

    this.in_parts([(1, 2), (3,)], compute, SCHEMA, "tiny/biography", "prompts")
    assert "[halt] generate tiny/biography: 3/3 prompts" in capsys.readouterr().err


def test_a_text_has_its_provenance_beside_it_with_every_file_of_a_list(args, tmp_path):
    for name in ("a", "b", "text"):
        (tmp_path / name).write_text(name)
    args.data = [tmp_path / "a", tmp_path / "b"]
    stage.write_beside("page", 3, args, "data adapter", [tmp_path / "text"])
    said = json.loads((tmp_path / footers.BESIDE).read_text())
    assert {name.rpartition("/")[2] for name in said["inputs"]} == {"a", "b"}
    assert (said["stage"], said["version"], set(said["sha256"])) == ("page", 3, {"text"})


def test_settings_name_one_model_and_one_domain():
    settings = {"models/a": {"chat": True}, "domains/b": {"module": "biography"}, "generate": {}, "models": {}}
    assert stage.named(settings, "models") == ("a", {"chat": True})
    assert stage.entry(settings, "domains") == {"module": "biography"}
    with pytest.raises(ValueError, match="unpack"):
        stage.entry(settings, "judges")
    with pytest.raises(ValueError, match="unpack"):
        stage.entry({**settings, "models/c": {}}, "models")
