"""A plan counts what the config says, corrects itself by what was measured, and schedules instead of dividing."""

import copy
import math

import pytest

from halt import planning
from halt.planning import Job, Measured, PlanError, schedule, text

NEEDS = {"gpus": 1, "memory_mb": 4000, "minutes": 60, "processes": 1, "batch_size": 8}
CONFIG = {
    "models": {
        "m": {
            "dtype": "bfloat16",
            "parameters": 8.0,
            "needs": {
                "generate": {**NEEDS, "throughput": 100},
                "finetune": {**NEEDS, "throughput": 50},
                "respond": NEEDS,
            },
        },
        "unsized": {"dtype": "float32", "needs": dict.fromkeys(("generate", "finetune", "respond"), NEEDS)},
    },
    "domains": {
        "facts": {
            "module": "biography",  # independent
            "rows": {"train": 100, "validation": 10, "test": 40},
            "max_new_tokens": 24,
            "judge": "served",
        },
        "steps": {
            "module": "mathematics",  # dependent
            "rows": {"train": 100, "validation": 10, "test": 40},
            "max_new_tokens": 24,
            "judge": "served",
        },
        "exact": {
            "module": "biography",
            "rows": {"train": 100, "validation": 10, "test": 40},
            "max_new_tokens": 24,
            "judge": "reference",
        },
        "told": {
            "module": "wikibios",
            "rows": {"train": 100, "validation": 10, "test": 40},
            "max_new_tokens": 512,
            "judge": "served",
            "fragments": "claims",
            "extractor": "reader",
        },
    },
    "extractors": {"reader": {"engine": "openai", "needs": {"throughput": 2}}},
    "judges": {
        "served": {"type": "llm", "engine": "openai", "decide": "text", "needs": {"throughput": 4}},
        "reference": {"type": "reference"},
    },
    "methods": {
        "all-pairs": {"pairs": "facttune_fs"},
        "two-pairs": {"pairs": "facttune_fs", "pairs_per_prompt": 2},
        "many-pairs": {"pairs": "facttune_fs", "pairs_per_prompt": 50},
    },
    "generate": {"samples": 5},
    "dpo": {"epochs": 2, "max_length": 512},
    "finetune": {"epochs": 3, "max_length": 512, "adapter": "lora", "lora": {"rank": 16}},
    "respond": {"split": "test"},
    "confidence": {"shots": 4},
    "sk_tuning": {"samples": 30, "share": 0.5, "training": {"epochs": 2, "max_length": 512}},
}


def job(rule, after=(), needed=True, gpus=0, cpus=1, benchmark=None, service=False, minutes=60, memory=4000, **where):
    wildcards = {"model": "m", "domain": "facts", **where}
    return Job(rule, wildcards, gpus, cpus, memory, minutes, benchmark, service, needed, tuple(after))


def run(domain="facts", **more):
    return {"domain": domain, "test_domain": domain, "method": "halt", "threshold": "0.40", "seed": "0", **more}


@pytest.mark.parametrize(
    ("rule", "where", "expected"),
    [
        ("generate", {"split": "train"}, {"generated": 100 * 5 * 24}),
        ("generate", {"split": "test"}, {"generated": 40 * 5 * 24}),
        ("respond", run(), {"generated": 40 * 24}),
        ("self_evaluate", run(), {"generated": (40 + 100) * 24}),
        ("vouch", run(), {"generated": 40 * 24}),
        ("choose", run(), {"generated": 40 * 24}),
        ("rate_choices", {"evaluator": "tuned"}, {"generated": 40 * 24}),
        ("probe", run(), {"generated": (40 + 100 * 5) * 24}),
        ("filter", run(), {}),
        ("sk_sample", {}, {"generated": 100 * 30 * 24}),
        ("sk_judge", {}, {"judged": 100 * 30 * 24, "requests": 3000 * 2, "evaluator": "served"}),
        ("sk_tune", {}, {"trained": 50 * 30 * 2 * 2 * 512}),
        ("self_rate", {"split": "train", "evaluator": "tuned"}, {"generated": 100 * 5 * 24}),
        ("finetune", {}, {"trained": 100 * 3 * (planning.PROMPT_TOKENS + 24)}),
        ("prefer", {"method": "all-pairs"}, {"trained": 100 * 10 * 2 * 2 * (planning.PROMPT_TOKENS + 24)}),
        ("prefer", {"method": "two-pairs"}, {"trained": 100 * 2 * 2 * 2 * (planning.PROMPT_TOKENS + 24)}),
        ("prefer", {"method": "many-pairs"}, {"trained": 100 * 10 * 2 * 2 * (planning.PROMPT_TOKENS + 24)}),
        ("judge", {"split": "train"}, {"judged": 12000, "requests": 500 * 2, "evaluator": "served"}),
        ("judge_responses", run("steps"), {"judged": 960, "requests": 40, "evaluator": "served"}),
        ("judge_responses", run("exact"), {"judged": 960}),
        # 9.58 claims an answer, two of a sentence
        ("extract", {"domain": "told", "split": "train"}, {"requests": 2395, "extractor": "reader"}),
        ("extract_responses", run("told"), {"requests": 192, "extractor": "reader"}),
        ("extract_references", {"domain": "told", "split": "test"}, {"requests": 192, "extractor": "reader"}),
        ("edit", {"domain": "told"}, {"requests": 958, "extractor": "reader"}),
        ("rewrite", {}, {}),
    ],
)
def test_work_is_counted_from_the_config(rule, where, expected):
    assert planning.work(job(rule, **where), CONFIG) == planning.Work(**expected)


def test_training_is_never_longer_than_max_length():
    config = copy.deepcopy(CONFIG)
    config["finetune"]["max_length"] = 100
    assert planning.work(job("finetune"), config).trained == 100 * 3 * 100


def test_a_joint_training_has_the_targets_of_all_selected_domains():
    config = {**CONFIG, "experiment": {"domains": ["facts", "exact"]}}
    apart = [planning.work(job("finetune", domain=domain), config).trained for domain in ("facts", "exact")]
    assert planning.work(job("finetune", domain="all"), config).trained == sum(apart)


def test_a_step_by_step_probability_judge_asks_for_every_fragment():
    config = copy.deepcopy(CONFIG)
    config["judges"]["served"]["decide"] = "probability"
    assert planning.work(job("judge_responses", **run("steps")), config).requests == 40 * 2


def test_one_request_an_answer_and_some_fragments_by_themselves():
    config = copy.deepcopy(CONFIG)
    config["judges"]["served"]["ask"] = "response"
    assert planning.work(job("judge", split="train"), config).requests == 500 * (1 + planning.ALONE * 2)
    assert planning.work(job("judge_responses", **run("steps")), config).requests == 40


def test_a_domain_says_how_many_fragments_its_answers_have_and_how_many_rows_there_are():
    config = copy.deepcopy(CONFIG)
    config["data"] = {"validation": 0.15, "test": 0.25}
    paper = config["domains"]["facts"]
    paper |= {"module": "wikibios", "max_new_tokens": 512}
    assert planning.work(job("judge", split="train"), config).requests == round(500 * 9.58)
    paper |= {"module": "medexqa", "rows": {"train": 1000, "validation": 100, "test": 500}}
    splits = [planning.work(job("judge", split=split), config).requests / 5 / 8 for split in ("train", "test")]
    assert splits == [579, 241]
    assert planning.work(job("finetune"), config).trained == 579 * 3 * 512
    paper["rows"]["train"] = 100
    assert planning.work(job("judge", split="train"), config).requests == 100 * 5 * 8


def test_an_estimate_is_work_over_the_throughput_of_all_gpus_after_loading():
    [one, two] = planning.times([job("generate", split="train", gpus=g) for g in (1, 2)], CONFIG, {})
    start = planning.START_SECONDS + 8e9 * 2 / planning.LOAD_BYTES
    assert one == (start + 12000 / 100, "estimated")
    assert two == (start + 12000 / 200, "estimated")


def test_without_throughput_a_job_takes_the_minutes_it_asks_for():
    [found] = planning.times([job("respond", minutes=7, **run())], CONFIG, {})
    assert found == (420, "asked")


def test_a_model_is_asked_about_itself_with_the_needs_of_its_answers():
    config = copy.deepcopy(CONFIG)
    config["models"]["m"]["needs"]["respond"] = {**NEEDS, "throughput": 10}
    [found] = planning.times([job("self_evaluate", gpus=1, **run())], config, {})
    assert found == (planning.START_SECONDS + 8e9 * 2 / planning.LOAD_BYTES + 140 * 24 / 10, "estimated")


def test_a_tuning_is_as_fast_as_a_finetuning():
    [found] = planning.times([job("sk_tune", gpus=1)], CONFIG, {})
    start = planning.START_SECONDS + 8e9 * 2 / planning.LOAD_BYTES
    assert found == (start + 50 * 30 * 2 * 2 * 512 / 50, "estimated")


def test_a_measured_job_takes_its_time_and_others_are_scaled_by_their_work():
    jobs = [
        job("generate", split="train", benchmark="a"),
        job("generate", split="test", benchmark="b"),
        job("generate", split="test", domain="exact", benchmark="c"),
        job("generate", split="test", model="unsized", benchmark="d"),
    ]
    measured = {"a": Measured(50.0, None), "c": Measured(70.0, None)}
    own, same_domain, other_domain, other_model = planning.times(jobs, CONFIG, measured)
    assert own == (50, "measured")
    assert same_domain == (50 * 40 / 100, "scaled")  # by its own domain, although the other is measured too
    assert other_domain == (70, "measured")
    assert other_model == (3600, "asked")  # another model's speed says nothing
    [*_, elsewhere] = planning.times([*jobs[:3], job("generate", split="test", domain="steps")], CONFIG, measured)
    assert elsewhere == (120 / (12000 + 4800) * 4800, "scaled")


def test_what_an_extractor_is_asked_takes_time_and_is_billed_apart():
    jobs = [job("extract", domain="told", split="train"), job("judge", domain="told", split="train")]
    _, requests = planning.totals(jobs, CONFIG)
    assert requests == {"reader": 2395, "served": 4790}
    assert planning.times(jobs, CONFIG, {})[0] == (planning.START_SECONDS + 2395 / 2, "estimated")
    assert [planning.served(one, CONFIG) for one in jobs] == ["reader", "served"]


def test_judging_responses_is_scaled_by_the_same_evaluators_judging_of_samples():
    jobs = [job("judge", split="train", benchmark="a"), job("judge_responses", **run())]
    _, found = planning.times(jobs, CONFIG, {"a": Measured(500.0, None)})
    assert found == (500 * 80 / 1000, "scaled")


def test_the_bill_is_of_the_jobs_that_have_yet_to_run():
    jobs = [job("generate", split=split, gpus=2, needed=split == "train") for split in ("train", "test")]
    [line] = planning.bill(jobs, planning.times(jobs, CONFIG, {}))
    seconds = 30 + 16 + 60
    assert (line.jobs, line.to_run, line.bases) == (2, 1, {"estimated": 1})
    assert line.gpu_hours == pytest.approx(2 * seconds / 3600)
    assert line.gpu_hours_asked == 2
    assert line.longest == seconds
    work, requests = planning.totals([*jobs, job("judge", split="test")], CONFIG)
    assert (work.generated, requests) == (12000, {"served": 400})


def test_a_service_is_held_for_all_that_it_serves():
    jobs = [job("serve", service=True, gpus=8), job("judge", split="train", after=[0]), job("rewrite", after=[1])]
    found = planning.times(jobs, CONFIG, {})
    assert found[0].seconds == found[1].seconds == 30 + 1000 / 4


def test_disk_grows_with_models_and_adapters_and_names_models_of_unknown_size():
    jobs = [job("fetch_model"), job("finetune"), job("finetune", model="unsized"), job("generate", split="train")]
    found, unknown = planning.disk(jobs, CONFIG)
    assert found["models"] == 16e9
    assert found["adapters"] == pytest.approx(42e6 * 4, rel=0.2)  # Llama 3 8B at rank 16: 42 million parameters
    assert found["tables"] > 0
    assert unknown == ["unsized"]
    config = copy.deepcopy(CONFIG)
    config["finetune"]["adapter"] = "full"
    assert planning.disk(jobs[:2], config)[0]["adapters"] == 32e9


def test_what_is_asked_for_too_much_or_too_little_is_named():
    jobs = [
        job("finetune", benchmark="a", minutes=100, memory=10000),
        job("respond", benchmark="b", memory=2000, minutes=20, **run()),
        job("generate", split="train", benchmark="c", minutes=20),
        job("generate", split="test"),
    ]
    measured = {"a": Measured(60.0, 5000.0), "b": Measured(600.0, 2500.0), "c": Measured(600.0, None)}
    finetune, respond, generate = planning.used(jobs, CONFIG, measured)
    assert finetune.too_much == ("minutes: 100 asked, 1.0 used", "memory: 10000 MB asked, 5000 used")
    assert (respond.too_much, respond.too_little) == ((), ("memory: 2000 MB asked, 2500 used",))
    assert (generate.jobs, generate.used, generate.too_much, generate.too_little) == (1, 600, (), ())
    told = text.used([finetune, respond, generate])
    assert "- finetune m: minutes: 100 asked" in told
    assert "- respond m: memory: 2000 MB asked" in told


def test_a_job_that_will_not_end_in_its_minutes_is_named_before_it_runs():
    jobs = [job("judge", split="train", minutes=2), job("judge", split="test", minutes=60)]
    assert planning.too_short(jobs, planning.times(jobs, CONFIG, {})) == [("judge", "m", 1, 2, 280)]


def wall(jobs, seconds, gpus=8, cpus=math.inf, evaluators=None):
    return schedule.wall(jobs, seconds, evaluators or [None] * len(jobs), gpus, cpus)


def test_independent_jobs_share_the_gpus():
    jobs = [job("finetune", gpus=2) for _ in range(5)]
    assert [wall(jobs, [10] * 5, gpus=gpus) for gpus in (2, 4, 10)] == [50, 30, 10]
    assert wall([job("score")] * 5, [10] * 5, cpus=2) == 30


def test_a_chain_is_not_divided_by_the_number_of_gpus():
    jobs = [job("a", gpus=1), job("b", after=[0], gpus=1), job("c", after=[1], gpus=1)]
    assert wall(jobs, [1, 2, 3], gpus=100) == schedule.longest_chain(jobs, [1, 2, 3]) == 6


def test_the_job_with_the_longest_chain_behind_it_starts_first():
    jobs = [job("short", gpus=1), job("long", gpus=1), job("behind", after=[1], gpus=1)]
    assert wall(jobs, [5, 5, 5], gpus=1) == 15
    assert wall(jobs, [5, 5, 5], gpus=2) == 10
    jobs = [job("x", gpus=1), job("y", gpus=1), job("z", gpus=1), job("last", after=[2], gpus=1)]
    assert wall(jobs, [4, 4, 4, 4], gpus=2) == 8  # 12 if z came last


def test_what_is_done_takes_no_time_and_holds_nobody_up():
    jobs = [job("generate", needed=False, gpus=1), job("split", after=[0])]
    assert wall(jobs, [100, 1]) == schedule.longest_chain(jobs, [100, 1]) == 1


def test_jobs_that_ask_one_served_evaluator_take_turns():
    assert wall([job("judge")] * 3, [10] * 3, evaluators=["a", "a", "b"]) == 20


def test_a_service_holds_its_gpus_until_the_last_job_that_it_serves():
    jobs = [
        job("serve", service=True, gpus=8),
        job("judge", after=[0]),
        job("judge", after=[0, 1]),
        job("finetune", gpus=8),
    ]
    assert wall(jobs, [20, 10, 10, 5]) == 25
    assert wall(jobs, [20, 10, 10, 5], gpus=16) == 20


def test_a_machine_that_is_too_small_is_refused_by_the_name_of_the_job():
    with pytest.raises(PlanError, match="finetune m/facts asks for 8 GPUs"):
        wall([job("finetune", gpus=8)], [1], gpus=4)
    jobs = [job("serve", service=True, gpus=8), job("judge", after=[0], gpus=1)]
    with pytest.raises(PlanError, match="judge: no room is left by the services"):
        wall(jobs, [1, 1], gpus=8)


def test_a_plan_says_that_it_is_an_estimate_and_of_what():
    jobs = [job("generate", split="train", gpus=1), job("split", split="train")]
    lines = planning.bill(jobs, planning.times(jobs, CONFIG, {}))
    assert "**This is an estimate.**" in text.notes(lines)
    assert "- estimated:" in text.notes(lines)
    assert "- measured:" not in text.notes(lines)
    assert "| tokens generated         | 12,000 |" in text.plan(lines, *planning.totals(jobs, CONFIG))
    assert "asks for 8 GPUs" in text.walls({4: "finetune asks for 8 GPUs"}, math.inf, 10.0, {})
