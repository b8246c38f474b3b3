"""What a change costs: on a finished run, Snakemake plans what depends on the change and nothing else."""

import re
import shutil

import pytest
from runs import (
    FETCH,
    FILTERS,
    FROM_DATA,
    FROM_FINETUNE,
    FROM_GENERATE,
    FROM_JUDGE,
    FROM_JUDGE_RESPONSES,
    FROM_RESPOND,
    FROM_REWRITE,
    FROM_SCORE,
    REPORT,
    ROOT,
    Run,
)

MODEL = "random-tiny"
DOMAINS = 4
METHODS = 5  # whose answers a model gives; two more filter those of base


@pytest.fixture
def changeable(finished_run, tmp_path):
    """A copy of the finished run."""
    return finished_run.copy(tmp_path / "copy")


@pytest.fixture(scope="module")
def bumped(finished_run, tmp_path_factory):
    """A copy in which each test writes versions.py anew."""
    return finished_run.copy(tmp_path_factory.mktemp("bumped"))


def test_a_finished_run_has_nothing_left_to_do(finished_run):
    assert not finished_run.plan()


@pytest.mark.parametrize("name", ["tables/equal.csv", "figures/tradeoff.svg"])
def test_a_file_that_no_other_rule_reads_is_made_where_it_is_not(changeable, name):
    """As after an update by which a rule writes one file more: Snakemake compares nothing else of such a rule."""
    (changeable.folder / "results" / name).unlink()
    assert {name.partition("/")[0], "all"} <= set(changeable.plan())


def test_one_more_threshold_costs_no_sample_and_no_judgement(finished_run):
    planned = finished_run.plan({"experiment": {"thresholds": [0.20, 0.60]}})
    assert set(planned) == FROM_REWRITE
    thresholded = 2 * DOMAINS  # halt and add-on
    assert planned["rewrite"] == planned["finetune"] == planned["respond"] == planned["score"] == thresholded


def test_one_more_threshold_of_a_filter_costs_no_confidence(finished_run):
    planned = finished_run.plan(
        {"methods": {"p-true": {"thresholds": [0.40, 0.70, 1.00]}}}
    )  # of the registry, which the page reads
    assert set(planned) == {"filter"} | FROM_SCORE
    assert planned["filter"] == planned["score"] == DOMAINS


def test_how_a_filter_asks_reruns_that_filter_alone(changeable):
    costly = {"self_evaluate", "filter"} | (FROM_SCORE - {"page"})
    planned = changeable.plan({"confidence": {"shots": 1}})
    assert set(planned) == costly
    assert planned["filter"] == 2 * DOMAINS  # at two thresholds
    changeable.edit("scripts/prompts/p_true_step.txt", lambda text: text.replace("Question", "Problem"))
    planned = changeable.plan()
    assert set(planned) == costly
    assert planned["self_evaluate"] == 2  # dependent domains


def test_methods_that_nobody_selects_rerun_the_report_alone(finished_run):
    """Its tables, figure and page are of the whole registry."""
    more = {"mine": {"rewrite": None, "threshold": True, "filter": "self_consistency", "of": "unchanged-own"}}
    assert set(finished_run.plan({"methods": more})) == REPORT


def test_one_more_seed_costs_no_target(finished_run):
    planned = finished_run.plan({"experiment": {"seeds": [0, 1]}})
    assert set(planned) == FROM_FINETUNE
    assert planned["finetune"] == (METHODS - 1) * DOMAINS  # base is not trained


def test_a_joint_model_costs_its_trainings_and_what_follows(finished_run):
    planned = finished_run.plan({"experiment": {"joint": True}})
    assert set(planned) == FROM_FINETUNE | {"join_targets"}
    assert planned["join_targets"] == planned["finetune"] == METHODS - 1
    assert planned["respond"] == planned["score"] == (METHODS - 1) * DOMAINS


def test_shared_contexts_rerun_what_is_shown_them(finished_run):
    assert set(finished_run.plan({"generate": {"contexts": 2}})) >= FROM_GENERATE
    assert set(finished_run.plan({"respond": {"contexts": 2}})) == (FROM_RESPOND | FILTERS)


def test_a_system_prompt_left_out_reruns_all_that_asks_the_model(finished_run):
    planned = finished_run.plan({"models": {"random-tiny": {"system": "none"}}})
    assert set(planned) == (FROM_GENERATE | FILTERS)


def test_capability_no_longer_shown_reruns_the_scores_alone(finished_run):
    assert set(finished_run.plan({"score": {"capable": False}})) == FROM_SCORE - {"page"}


def test_values_that_change_nothing_rerun_nothing(finished_run):
    neutral = {
        "models": {"random-tiny": {"system": "template"}},
        "generate": {"contexts": None},
        "respond": {"contexts": None},
        "score": {"capable": True},
    }
    assert not finished_run.plan(neutral)


def test_a_learning_rate_reruns_nothing_before_finetune(finished_run):
    assert set(finished_run.plan({"finetune": {"learning_rate": 7.0e-5}})) == FROM_FINETUNE


def test_a_phrase_reruns_the_targets_and_no_judgement_of_samples(finished_run):
    assert set(finished_run.plan({"phrases": {"unsure": "I do not know more"}})) == FROM_REWRITE | FILTERS


def test_the_rank_base_reruns_the_targets_and_no_judgement(finished_run):
    assert set(finished_run.plan({"rewrite": {"rank_base": 1}})) == FROM_REWRITE


def test_the_reading_of_unverifiable_fragments_reruns_targets_and_scores_and_no_judgement(finished_run):
    planned = finished_run.plan({"reading": {"unverifiable": "ignore"}})
    assert set(planned) == FROM_REWRITE


def test_a_sampling_setting_reruns_no_data(finished_run):
    assert set(finished_run.plan({"generate": {"temperature": 0.7}})) == FROM_GENERATE | FILTERS


def test_a_setting_of_the_answers_reruns_no_finetuning(finished_run):
    planned = finished_run.plan({"respond": {"shots": 1}})
    assert set(planned) == FROM_RESPOND | FILTERS


def test_bootstrap_and_page_settings_rerun_the_report_alone(finished_run):
    assert set(finished_run.plan({"score": {"bootstrap": 100}, "report": {"prompts": 2}})) == REPORT


def test_another_domain_s_settings_rerun_that_domain_alone(finished_run):
    planned = finished_run.plan({"domains": {"medicine": {"max_new_tokens": 20}}})
    assert planned["generate"] == 2  # train and test
    assert planned["respond"] == METHODS
    assert "data" not in planned


def test_more_test_prompts_rerun_no_training(finished_run):
    planned = finished_run.plan({"domains": {"medicine": {"rows": {"test": 9}}}})
    assert planned["data"] == planned["generate"] == 1
    assert planned["respond"] == METHODS
    assert not {"rewrite", "finetune"} & set(planned)


@pytest.mark.parametrize("need", [{"batch_size": 4}, {"processes": 2, "gpus": 2}, {"memory_mb": 3000, "minutes": 7}])
def test_another_batch_size_process_or_gpu_count_or_memory_reruns_nothing(finished_run, need):
    assert not finished_run.plan(
        {"models": {MODEL: {"needs": dict.fromkeys(("generate", "finetune", "respond"), need)}}}
    )


def test_the_number_of_cores_reruns_nothing(finished_run):
    assert not finished_run.plan(None, "--cores", "1", "--resources", "mem_mb=3000")


def test_another_judge_reruns_nothing_before_judge(finished_run):
    local = {"type": "llm", "engine": "transformers", "model": MODEL, "decide": "probability", "calibration": 4}
    needs = {"judge": {"gpus": 0, "memory_mb": 1000, "minutes": 5, "processes": 1, "batch_size": 8}}
    planned = finished_run.plan(
        {
            "judges": {"local": local},
            "domains": {"biography": {"judge": "local"}},
            "models": {MODEL: {"needs": needs}},
        }
    )
    assert set(planned) == FROM_JUDGE | {"self_evaluate", "filter"}
    assert planned["judge"] == 2  # of biography alone, train and test


def test_a_judge_that_no_domain_uses_reruns_nothing(finished_run):
    assert not finished_run.plan({"judges": {"small": {"calibration": 10}}})


def test_a_prompt_text_reruns_nothing_where_the_reference_judges(changeable):
    for path in (changeable.folder / "scripts/prompts").glob("judge_*"):
        changeable.edit(f"scripts/prompts/{path.name}", lambda text: f"{text}\nThink first.")
    assert not changeable.plan()


def test_touched_files_rerun_nothing(changeable):
    assert changeable.touch("*", "[a-z]*/**/*") > 500  # sources, config, data, results, folders; not .snakemake
    assert not changeable.plan()
    changeable.touch("results/**/*", seed=1)
    assert not changeable.plan()


def test_a_file_in_a_source_folder_makes_the_rows_anew(random_tiny, tmp_path):
    overlay = {"domains": {"biography": {"source": {"type": "path", "path": "data/wordnet"}}}}
    run, manifest = Run.of_project(tmp_path, random_tiny, overlay), "results/sources/biography/manifest.json"
    run.snakemake("--cores", "1", manifest, check=True)
    run.touch("data/wordnet/*")
    assert not run.plan(None, manifest)
    run.edit("data/wordnet/people.tsv", lambda text: text.replace("English", "Scottish"))
    assert run.plan(None, manifest) == {"fetch_source": 1}
    run.snakemake("--cores", "1", manifest, check=True)
    (run.folder / "data/wordnet/more.tsv").touch()
    assert run.plan(None, manifest) == {"fetch_source": 1}


def test_a_git_checkout_reruns_nothing(changeable):
    """Another commit and back: sources vanish and come again, newer than the results."""
    for name in ("rules", "scripts", "config", "data", "envs", "Snakefile", "config.yaml"):
        path = changeable.folder / name
        if path.is_dir():
            shutil.rmtree(path)
            shutil.copytree(ROOT / name, path, copy_function=shutil.copyfile)
            for program in path.glob("*.sh"):
                program.chmod(0o755)
        else:
            path.unlink()
            shutil.copyfile(ROOT / name, path)
    assert not changeable.plan()


def test_results_moved_elsewhere_are_still_good(finished_run, tmp_path):
    """results may be a link to scratch, and the project may lie in another folder."""
    moved = finished_run.copy(tmp_path / "elsewhere")
    (moved.folder / "results").rename(tmp_path / "scratch")
    (moved.folder / "results").symlink_to(tmp_path / "scratch")
    assert not moved.plan()


def test_an_expensive_stage_s_code_reruns_nothing_by_itself(changeable):
    """What reruns an expensive stage is its version."""
    for name in ("generate.py", "finetune.py", "launch.sh", "halt/training/sft.py", "halt/engines/transformers.py"):
        changeable.edit(f"scripts/{name}", lambda text: f"{text}\n# a comment\n")
    assert not changeable.plan()


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("FETCH", FETCH | FROM_DATA | FILTERS),
        ("DATA", FROM_DATA | FILTERS),
        ("GENERATE", FROM_GENERATE | FILTERS),
        ("SPLIT", (FROM_GENERATE | FILTERS | {"split_responses"}) - {"generate"}),
        ("JUDGE", FROM_JUDGE | {"self_evaluate", "filter"}),
        ("REWRITE", FROM_REWRITE),
        ("FINETUNE", FROM_FINETUNE),
        ("RESPOND", FROM_RESPOND | FILTERS),
        ("FLOOR", {"floor"} | (FROM_RESPOND - {"respond"})),
        ("SELF_EVALUATE", {"self_evaluate", "filter"} | (FROM_SCORE - {"page"})),
        ("AGREE", {"agree", "filter"} | (FROM_SCORE - {"page"})),
        ("FILTER", {"filter"} | (FROM_SCORE - {"page"})),
        ("SCORE", FROM_SCORE - {"page"}),
        ("REPORT", REPORT),
    ],
)
def test_a_bumped_version_reruns_its_stage_and_what_follows(bumped, stage, expected):
    original = (ROOT / "scripts/halt/versions.py").read_text()
    changed = re.sub(rf"^{stage} = .", f"{stage} = 999", original, flags=re.MULTILINE)
    assert changed != original
    (bumped.folder / "scripts/halt/versions.py").write_text(changed)
    assert set(bumped.plan()) == expected


def test_a_new_split_to_answer_reruns_no_training(finished_run):
    planned = finished_run.plan({"respond": {"split": "validation"}})
    assert set(planned) == (FROM_RESPOND | FILTERS | {"data", "floor", "generate", "split", "judge"})
    assert planned["generate"] == DOMAINS  # what the model is capable of on the new split
    assert planned["judge_responses"] == (METHODS + 1) * DOMAINS  # and the best constant answer
    assert set(planned) >= FROM_JUDGE_RESPONSES
