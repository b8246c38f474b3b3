"""The vocabulary of arguments: one name means one thing, and rules say what programs understand."""

import importlib.util
import re
from collections import Counter
from pathlib import Path

import pytest

from halt import cli

ROOT = Path(__file__).parents[2]
SHELL = re.compile(r"^    shell:\n((?:        .*\n)+)", re.MULTILINE)


def program(name):
    """The parser of a program."""
    spec = importlib.util.spec_from_file_location(f"program_{name}", ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.parser()


def arguments(parser):
    """The actions of a parser by the name of their argument, without --help."""
    return {action.option_strings[0].removeprefix("--"): action for action in parser._actions if action.dest != "help"}


def calls():
    """File, program and the names that a rule gives it, for every shell of the rules."""
    for file in sorted((ROOT / "rules").glob("*.smk")):
        for shell in SHELL.findall(file.read_text(encoding="utf-8")):
            [name] = re.findall(r"scripts/(\w+)\.py", shell)
            yield file.stem, name, set(re.findall(r"--([a-z-]+)", shell))


PROGRAMS = sorted(file.stem for file in (ROOT / "scripts").glob("*.py"))


def test_every_program_is_called_by_a_rule():
    assert {name for _, name, _ in calls()} == set(PROGRAMS)


@pytest.mark.parametrize(
    ("file", "name", "given"), list(calls()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_rule_gives_a_program_what_it_needs_and_nothing_else(file, name, given):
    taken = arguments(program(name))
    assert given <= set(taken)
    assert {argument for argument, action in taken.items() if action.required} <= given


def test_what_several_programs_take_is_in_the_vocabulary():
    found = Counter(argument for name in PROGRAMS for argument in arguments(program(name)))
    assert {argument for argument, count in found.items() if count > 1} <= set(cli.ARGUMENTS)


def test_every_word_of_the_vocabulary_is_taken_by_a_program():
    taken = {argument for name in PROGRAMS for argument in arguments(program(name))}
    assert set(cli.ARGUMENTS) - taken == {"configfile", "results"}  # of the tools


@pytest.mark.parametrize(
    ("word", "line", "value"),
    [
        ("model", ["--model", "a/b"], Path("a/b")),
        ("adapter?", [], None),
        ("adapter?", ["--adapter"], None),  # what a rule without one leaves of it
        ("adapter?", ["--adapter", "a"], Path("a")),
        ("metrics+", ["--metrics", "a", "b"], [Path("a"), Path("b")]),
        ("choices*", [], []),
        ("choices*", ["--choices"], []),
        ("choices*", ["--choices", "a"], [Path("a")]),
        ("seed", ["--seed", "3"], 3),
        ("shards", [], 1),
        ("threshold", ["--threshold", "0.40"], "0.40"),
        ("settings", ["--settings", '{"a": [1]}'], {"a": [1]}),
    ],
)
def test_a_sign_says_how_many_values_an_argument_takes(word, line, value):
    assert list(vars(cli.parser("", word).parse_args(line)).values()) == [value]


@pytest.mark.parametrize(
    ("word", "line"), [("model", []), ("metrics+", []), ("metrics+", ["--metrics"]), ("seed", ["--seed", "one"])]
)
def test_what_is_missing_or_no_number_ends_with_the_name_of_the_argument(word, line, capsys):
    with pytest.raises(SystemExit):
        cli.parser("", word).parse_args(line)
    assert f"--{word.rstrip('+')}" in capsys.readouterr().err.splitlines()[-1]


def test_a_program_changes_type_default_and_help_of_an_argument_for_itself_alone():
    changed = cli.parser(
        "", "model batch-size", type={"model": str}, default={"batch-size": 16}, help={"model": "its name"}
    )
    assert vars(changed.parse_args(["--model", "a/b"])) == {"model": "a/b", "batch_size": 16}
    assert "its name" in changed.format_help()
    usual = arguments(cli.parser("", "model batch-size"))
    assert usual["model"].type is Path
    assert usual["batch-size"].required
    assert "its name" not in usual["model"].help


def test_files_of_a_program_alone_are_required_paths():
    parser = cli.parser("", "output", files={"png": "the figure"})
    assert parser.parse_args(["--output", "a", "--png", "b"]).png == Path("b")
    assert arguments(parser)["png"].required


def test_help_says_which_parts_of_the_config_the_settings_are():
    assert (
        "JSON: respond, and models/<m>" in cli.parser("", "settings", settings="respond, and models/<m>").format_help()
    )


@pytest.mark.parametrize("change", ["help", "type", "default"])
def test_a_change_to_an_argument_that_is_not_taken_is_a_fault(change):
    with pytest.raises(TypeError, match="found seed, expected some of model, output"):
        cli.parser("", "model output", **{change: {"seed": str}})


def test_an_unknown_word_is_a_fault():
    with pytest.raises(KeyError, match="outptu"):
        cli.parser("", "model outptu")
