"""Domain and method modules that labs write: whatever is wrong with one is a line with its file and place."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from runs import ROOT

from halt import config, domains, errors, plugins, preferences, rewriting
from halt.judges import Case, JudgeError, reference
from halt.prompting import fragments

DOMAIN = """
from halt.domains import Row, Verdict

DEPENDENT = False
REFERENCE_JUDGE = True
OPTIONS = {}
EXAMPLE = "{prompt}{response}"
STOP = ()


def rows(source, options):
    yield {}["name"]


def split(text):
    return text.splitlines()


def join(fragments):
    return "\\n".join(fragments)


def judge(fragments, row):
    return [Verdict("correct")] * len(fragments)
"""
ROW = domains.Row("p0", "c0", "", "Who?", "She.", {})
numbers = itertools.count()


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a module as if it lay in scripts/halt/<package> and gives its name, a new one each time."""

    def make(package, text):
        name = f"made_{next(numbers)}"
        folder = tmp_path / package
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(text)
        monkeypatch.setattr(plugins, "_HERE", tmp_path)
        monkeypatch.setattr({"domains": domains, "rewriting": rewriting}[package], "__path__", [str(folder)])
        return name

    return make


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (DOMAIN.replace("yield {}", "yield {"), r"\.py: line 12: SyntaxError"),
        (DOMAIN.replace("STOP", "STOPS"), r"\.py lacks STOP$"),
        (DOMAIN.replace("def judge", "def decide"), r"\.py lacks judge"),
        (DOMAIN.replace("STOP = ()", "STOP = 1 / 0"), r"\.py: line 8: ZeroDivisionError: division by zero$"),
        (DOMAIN.replace("{response}", ""), r"EXAMPLE is '{prompt}', expected"),
        (DOMAIN.replace("{response}", "{response}{q}"), r"EXAMPLE is .*, expected"),
        (DOMAIN.replace("{prompt}{response}", "{response}{prompt}"), r"EXAMPLE is .*, expected"),
        (DOMAIN.replace("{prompt}", "{prompt!r}"), r"EXAMPLE is .*, expected"),
        (DOMAIN.replace("{prompt}", "x{ {prompt}"), r"EXAMPLE is .*; other braces doubled$"),
        (DOMAIN.replace("STOP = ()", r'STOP = "\n\n"'), "STOP is .*, expected a tuple"),
        (DOMAIN.replace("OPTIONS = {}", 'OPTIONS = {"few": 3}'), "option few of OPTIONS lacks"),
        (DOMAIN.replace("OPTIONS = {}", 'OPTIONS = {"few": {"type": "integer"}}'), "option few of OPTIONS lacks"),
    ],
)
def test_a_broken_domain_module_is_one_line_with_its_place(write, text, fault):
    with pytest.raises(errors.HaltError, match=fault) as caught:
        domains.load(write("domains", text))
    assert str(caught.value).startswith("scripts/halt/domains/made_")
    assert "\n" not in str(caught.value)


def test_a_method_module_without_rewrite_is_refused(write):
    with pytest.raises(errors.HaltError, match=r"scripts/halt/rewriting/made_\d+\.py lacks rewrite$"):
        rewriting.load(write("rewriting", "def rewrites(): ...\n"))


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("return 1 / 0", r"line 1: ZeroDivisionError: division by zero$"),
        ("return 'hello'", r"rewrite\(\) gave 'hello', expected a Target with text, or None$"),
        ("return rewriting.Target(' ', None, 0, 0)", r"rewrite\(\) gave Target\(target=' '.*, expected a Target"),
    ],
)
def test_a_fault_of_rewrite_names_the_module(write, body, fault):
    name = write("rewriting", f"def rewrite(prompt, settings, threshold): from halt import rewriting; {body}\n")
    with pytest.raises(errors.HaltError, match=fault) as caught:
        rewriting.rewritten(name, None, None, "none")
    assert str(caught.value).startswith("scripts/halt/rewriting/made_")


def test_a_fault_of_rows_names_the_line_of_the_module(write):
    name = write("domains", DOMAIN)
    module = domains.load(name)
    with (
        pytest.raises(plugins.ModuleError, match=r"\.py: line 12: KeyError: 'name'$"),
        plugins.blamed("domains", name),
    ):
        list(module.rows(None, {}))


def test_a_label_that_there_is_not_is_refused(write):
    module = domains.load(write("domains", DOMAIN))
    with pytest.raises(JudgeError, match="labels 'p0' 'correct', expected one of right, wrong, idle, unverifiable"):
        reference.judge([Case(ROW, [["She."]])], module)


def test_an_answer_that_a_judge_cannot_stand_is_unjudged_and_the_others_are_judged(write, capsys):
    judging = '[Verdict(["right", "wrong"][int(text)]) for text in fragments if text != "She."] or [Verdict("right")]'
    module = domains.load(write("domains", DOMAIN.replace('[Verdict("correct")] * len(fragments)', judging)))
    [found] = reference.judge([Case(ROW, [["1"], ["9"], ["0"]])], module)
    assert [(one.verdict.label, one.verdict.kind) for [one] in found] == [
        ("wrong", None),
        ("unjudged", reference.FAILED),
        ("right", None),
    ]
    assert "an answer to 'p0' is unjudged: scripts/halt/domains/made_" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("verdicts", "fault"),
    [
        ('["right"]', r"judge\(\) gave \['right'\] on 'p0', expected a list of Verdicts$"),
        ("None", r"judge\(\) gave None on 'p0', expected a list of Verdicts$"),
        (
            '(Verdict("right") for _ in fragments)',
            r"judge\(\) gave <generator .*> on 'p0', expected a list of Verdicts$",
        ),
        (
            '[Verdict("right", 5)]',
            r"gave Verdict\(label='right', kind=5, .*\) on 'p0', expected kind and fact as text$",
        ),
    ],
)
def test_what_are_no_verdicts_names_the_module(write, verdicts, fault):
    module = domains.load(write("domains", DOMAIN.replace('[Verdict("correct")] * len(fragments)', verdicts)))
    with pytest.raises(plugins.ModuleError, match=fault) as caught:
        reference.judge([Case(ROW, [["She."]])], module)
    assert str(caught.value).startswith("scripts/halt/domains/made_")


@pytest.mark.parametrize(
    ("cutting", "fault"),
    [
        ('text.splitlines()[7] if text == "She." else [text]', r"line 16: IndexError: list index out of range$"),
        ("None", r"split\(\) gave None, expected a list of texts$"),
        ("text", r"split\(\) gave 'She\.', expected a list of texts$"),
        ("[1]", r"split\(\) gave \[1\], expected a list of texts$"),
    ],
)
def test_a_fault_of_split_names_the_module(write, cutting, fault):
    module = domains.load(write("domains", DOMAIN.replace("text.splitlines()", cutting)))
    with pytest.raises(plugins.ModuleError, match=fault) as caught:
        fragments.cut("She.", module, None)
    assert str(caught.value).startswith("scripts/halt/domains/made_")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "text.splitlines()",
            "[]",
            r"^mine: reference of 'p0' has no fragment after the module's split\(\): found 'She\.'",
        ),
        (
            '"\\n".join(fragments)',
            "fragments",
            r"join\(\) gave \['She\.'\] of \['She\.'\], the reference of 'p0', expected",
        ),
        ('"\\n".join(fragments)', '" and ".join(fragments) + "!"', r"join\(\) gave 'She\.!' of \['She\.'\]"),
        ('"\\n".join(fragments)', "fragments[1]", r"line 20: IndexError"),
    ],
)
def test_a_reference_is_split_and_joined_before_anything_costly(write, old, new, fault):
    assert old in DOMAIN
    module = domains.load(write("domains", DOMAIN.replace(old, new)))
    with pytest.raises(errors.HaltError, match=fault):
        domains.reference_fragments("mine", module, ROW)
    assert domains.reference_fragments("mine", domains.load(write("domains", DOMAIN)), ROW) == ["She."]


@pytest.mark.parametrize("stratum", [None, 3])
def test_a_stratum_is_text_or_empty(stratum):
    assert domains.checked("mine", [ROW]) == [ROW]
    with pytest.raises(domains.DomainError, match=rf"^mine: stratum of row 1 is {stratum}, expected text$"):
        domains.checked("mine", [ROW._replace(stratum=stratum)])


def test_the_config_finds_a_method_that_is_only_mentioned(write):
    tree = config_tree()
    tree["methods"]["halt"]["rewrite"] = write("rewriting", "again = rewrite\n")
    [line] = [line for line in config.validate(tree) if line.startswith("methods.halt.rewrite")]
    assert line.endswith(" lacks rewrite")


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ('dict(few={"default": 1})', "OPTIONS is not a literal dict, expected one"),
        ('["few"]', "OPTIONS is not a literal dict, expected one"),
        ('{"few": {"type": "integer", "default": 1}}', "option few of OPTIONS lacks a default or a description"),
    ],
)
def test_the_config_reads_the_options_of_a_method_module_without_running_it(write, options, fault):
    tree = config_tree()
    text = f"raise SystemExit\nOPTIONS = {options}\ndef rewrite(prompt, settings, threshold): ...\n"
    tree["methods"]["halt"]["rewrite"] = write("rewriting", text)
    [line] = [line for line in config.validate(tree) if line.startswith("methods.halt.rewrite")]
    assert line.endswith(fault)


@pytest.mark.parametrize(
    "text",
    ["from halt.rewriting.halt import rewrite\n", "def rewrite(prompt, settings, threshold, /): return threshold\n"],
)
def test_a_threshold_may_be_read_where_it_is_not_seen(write, text):
    tree = config_tree()
    tree["methods"]["halt"]["rewrite"] = write("rewriting", text)
    assert [line for line in config.validate(tree) if line.startswith("methods.halt.")] == []
    tree["methods"]["halt"]["threshold"] = False
    refused = [line for line in config.validate(tree) if line.startswith("methods.halt.threshold: found false")]
    assert len(refused) == text.startswith("def")  # what is imported is not looked at


def test_a_number_of_samples_that_is_no_literal_is_one_fault_of_several(write):
    tree = config_tree()
    folder = Path(preferences.__file__).parent
    name = write("rewriting", "")  # for its name alone
    text = "SAMPLES = 1 + 1\ndef pairs(prompt, settings, threshold): ...\n"
    (plugins._HERE / "preferences").mkdir()
    for file in folder.glob("[a-z]*.py"):
        (plugins._HERE / "preferences" / file.name).write_bytes(file.read_bytes())
    (plugins._HERE / f"preferences/{name}.py").write_text(text)
    tree["methods"]["flame"]["pairs"] = name
    tree["experiment"]["methods"] = ["flame"]
    tree["generate"]["temperature"] = -1
    lines = [line for line in config.validate(tree) if line.startswith(("methods.flame.", "generate."))]
    assert lines[0].startswith("generate.temperature: found -1")
    assert lines[1].endswith("SAMPLES is not a literal int, expected one")


def test_options_may_say_their_type(write):
    tree = config_tree()
    text = 'OPTIONS: dict = {"few": {"default": 1, "description": ""}}\ndef rewrite(prompt, settings, at): return at\n'
    tree["methods"]["halt"] |= {"rewrite": write("rewriting", text), "options": {"few": 2}}
    assert [line for line in config.validate(tree) if line.startswith("methods.halt.")] == []


def test_the_config_names_broken_modules_before_anything_runs(write):
    tree = config_tree()
    tree["domains"]["biography"]["module"] = write("domains", "DEPENDENT =\n")
    [line] = [line for line in config.validate(tree) if line.startswith("domains.biography.module")]
    assert "line 1: SyntaxError" in line


def test_a_program_ends_in_one_line(tmp_path):
    command = [
        sys.executable,
        ROOT / "scripts/tables.py",
        "--settings",
        '{"score": {"bootstrap": 9, "seed": 0}, "reading": {"unverifiable": "wrong"},',
    ]
    command[-1] += '"methods": {}, "domains": {}}'
    for name in (
        "metrics",
        "judgements",
        "sample-judgements",
        "main",
        "paired",
        "equal",
        "trend",
        "kinds",
        "control",
        "confidence",
    ):
        command += [f"--{name}", tmp_path / "absent.parquet"]
    done = subprocess.run([*command, "--markdown", tmp_path / "x"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("tables: ")
    assert "absent.parquet" in line


def config_tree():
    return config.merged(ROOT)
