"""Result paths: one canonical label for a threshold, closed wildcards, and the grid that the config asks for."""

import re
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halt import paths

CONFIG = {
    "experiment": {
        "models": ["small", "b.1"],
        "domains": ["biography"],
        "methods": ["base", "unchanged", "halt"],
        "thresholds": [0.8, 0.4],
        "seeds": [3, 1],
    },
    "models": {"small": {}, "b.1": {}, "unused": {}},
    "domains": {"biography": {}, "code": {}},
    "methods": {
        "base": {"rewrite": None, "threshold": False},
        "unchanged": {"rewrite": "unchanged", "threshold": False},
        "halt": {"rewrite": "halt", "threshold": True},
    },
}


def matches(template, config, **wildcards):
    """Whether a template with these wildcards, else those of the config's first result, is one that a rule may make."""
    return bool(re.fullmatch(_pattern(template, config), template.format(**(next(paths.grid(config)) | wildcards))))


def _pattern(template, config):
    constraints = paths.wildcard_constraints(config)
    return re.sub(r"\\{(\w+)\\}", lambda found: f"(?:{constraints[found[1]]})", re.escape(template))


@given(st.integers(1, 100))
def test_every_hundredth_has_one_label_however_it_is_written(hundredths):
    label = f"{hundredths // 100}.{hundredths % 100:02d}"
    assert paths.threshold_label(hundredths / 100) == label
    assert paths.threshold_label(label) == label
    assert matches(paths.TARGETS, CONFIG, method="halt", threshold=label)


def test_whole_one_is_a_threshold():
    assert paths.threshold_label(1) == "1.00"


@pytest.mark.parametrize("threshold", [0, -0.4, 1.01, 0.575, 0.001, float("nan"), float("inf"), True, None, "half", ""])
def test_other_thresholds_are_refused(threshold):
    with pytest.raises(ValueError, match=r"expected a multiple of 0\.01 above 0 and at most 1"):
        paths.threshold_label(threshold)


def test_method_without_threshold_has_the_label_none():
    assert paths.thresholds_of("unchanged", CONFIG) == ["none"]
    assert paths.thresholds_of("halt", CONFIG) == ["0.80", "0.40"]


def test_grid_is_every_combination_and_base_is_run_once():
    results = [tuple(result.values()) for result in paths.grid(CONFIG)]
    assert [result for result in results if result[0] == "small"] == [
        ("small", "biography", "base", "none", 3, "biography"),
        ("small", "biography", "unchanged", "none", 3, "biography"),
        ("small", "biography", "unchanged", "none", 1, "biography"),
        ("small", "biography", "halt", "0.80", 3, "biography"),
        ("small", "biography", "halt", "0.80", 1, "biography"),
        ("small", "biography", "halt", "0.40", 3, "biography"),
        ("small", "biography", "halt", "0.40", 1, "biography"),
    ]
    assert len(results) == 14


def test_a_joint_model_is_trained_once_and_tested_on_each_domain():
    experiment = CONFIG["experiment"] | {"domains": ["biography", "code"], "seeds": [1], "models": ["small"]}
    joint = {**CONFIG, "experiment": {**experiment, "joint": True}}
    found = list(paths.grid(joint))
    assert found[: -2 * 3] == list(paths.grid({**CONFIG, "experiment": experiment}))
    assert [(one["method"], one["threshold"], one["test_domain"]) for one in found[-2 * 3 :]] == [
        (method, threshold, test_domain)
        for method, threshold in [("unchanged", "none"), ("halt", "0.80"), ("halt", "0.40")]
        for test_domain in ("biography", "code")
    ]
    assert {one["domain"] for one in found[-2 * 3 :]} == {"all"}
    assert re.fullmatch(paths.trained_on(CONFIG), "all")
    assert not re.fullmatch(paths.wildcard_constraints(CONFIG)["domain"], "all")  # nothing before a training is of all


def with_filters():
    """The same config with a filter of the untrained and one of a trained method."""
    own = {"rewrite": None, "threshold": True, "filter": "p_true", "of": "base", "thresholds": [0.1, 1]}
    agree = {"rewrite": None, "threshold": True, "filter": "self_consistency", "of": "unchanged"}
    experiment = CONFIG["experiment"] | {"models": ["small"], "methods": ["own", "agree"]}
    return CONFIG | {"experiment": experiment, "methods": CONFIG["methods"] | {"own": own, "agree": agree}}


def test_a_filter_has_thresholds_of_its_own_and_the_seeds_of_what_it_filters():
    found = [(result["method"], result["threshold"], result["seed"]) for result in paths.grid(with_filters())]
    assert found == [("own", "0.10", 3), ("own", "1.00", 3)] + [
        ("agree", threshold, seed) for threshold in ("0.80", "0.40") for seed in (3, 1)
    ]
    filtered = [paths.filtered(result, with_filters()) for result in paths.grid(with_filters())]
    assert {(result["method"], result["threshold"]) for result in filtered} == {("base", "none"), ("unchanged", "none")}


def test_every_method_is_answered_or_filtered_by_one_rule():
    config = with_filters()
    config["methods"]["floor"] = {"rewrite": None, "threshold": False, "constant": True}
    kinds = [paths.answering_constraint(config), paths.constant_constraint(config)]
    kinds += [paths.any_of(paths.filters(config))]
    for method in config["methods"]:
        assert sum(bool(re.fullmatch(kind, method)) for kind in kinds) == 1
        is_filter = bool(re.fullmatch(kinds[2], method))
        assert (
            is_filter is (method in ("own", "agree")) is not bool(re.fullmatch(paths.judged_constraint(config), method))
        )
        assert bool(re.fullmatch(kinds[1], method)) is (method == "floor")
    assert not any(re.match(paths.any_of(paths.filters(CONFIG)), name) for name in ("", *CONFIG["methods"]))


def test_every_result_of_the_grid_has_its_own_path():
    results = [paths.METRICS.format(**result) for result in paths.grid(CONFIG)]
    assert len(set(results)) == len(results)
    assert results[0] == "results/metrics/small/biography/base/none/seed3/biography.parquet"


def test_wildcards_take_registered_names_and_nothing_else():
    constraints = paths.wildcard_constraints(CONFIG)
    assert re.fullmatch(constraints["model"], "b.1")
    assert re.fullmatch(constraints["model"], "unused")
    for name in ("b-1", "small/b.1", "", "smal"):
        assert not re.fullmatch(constraints["model"], name)
    for threshold in ("0.4", "0.00", "1.01", "0.405", ""):
        assert not matches(paths.TARGETS, CONFIG, method="halt", threshold=threshold)
    assert not re.fullmatch(constraints["seed"], "01")


@pytest.mark.parametrize("template", [paths.TARGETS, paths.PAIRS, paths.ADAPTER, paths.RESPONSES, paths.METRICS])
def test_a_threshold_stands_behind_methods_that_have_one_and_none_behind_the_others(template):
    config = with_filters()
    for method, entry in config["methods"].items():
        assert matches(template, config, method=method, threshold="0.40") is entry["threshold"]
        assert matches(template, config, method=method, threshold="none") is not entry["threshold"]


def _templates():
    return {
        name: value
        for name, value in vars(paths).items()
        if isinstance(value, str) and value.startswith("results/") and name.isupper() and not name.startswith("_")
    }


@pytest.mark.parametrize("name", sorted(_templates()))
def test_every_wildcard_of_a_path_is_constrained_and_fills_a_folder_alone(name):
    template = _templates()[name]
    wildcards = [field for _, field, _, _ in Formatter().parse(template) if field]
    assert set(wildcards) <= set(paths.wildcard_constraints(CONFIG))
    assert all(part.count("{") <= 1 for part in template.split("/"))


def test_no_threshold_before_rewrite():
    for template in (paths.MODEL, paths.DATA, paths.GENERATIONS, paths.FRAGMENTS, paths.JUDGEMENTS, paths.CONFIDENCES):
        assert "{threshold}" not in template


def test_paths_of_samples_and_of_responses_cannot_be_confused():
    of_samples = _pattern(paths.FRAGMENTS, CONFIG)
    for result in paths.grid(CONFIG):
        assert not re.fullmatch(of_samples, paths.RESPONSE_FRAGMENTS.format(**result))
    assert re.fullmatch(of_samples, "results/fragments/small/code/train.parquet")


def test_a_method_that_pairs_does_so_by_p_true_or_not():
    pairs = {"rewrite": None, "threshold": False, "pairs": "x", "after": "unchanged"}
    rated = {"own": pairs | {"rated_by": "pretrained"}, "tuned": pairs | {"rated_by": "tuned"}}
    config = {"methods": {"base": {"rewrite": None, "threshold": False}, "plain": pairs, **rated}}
    assert (paths.rated(config), paths.rated(config, "tuned")) == (["own", "tuned"], ["tuned"])
    by_rating, otherwise = (paths.pairing_constraint(config, by_rating) for by_rating in (True, False))
    assert [bool(re.fullmatch(by_rating, name)) for name in config["methods"]] == [False, False, True, True]
    assert [bool(re.fullmatch(otherwise, name)) for name in config["methods"]] == [False, True, False, False]
