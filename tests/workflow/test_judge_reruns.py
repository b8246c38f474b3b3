"""What a change of the evaluator costs: as test_reruns.py, on a run whose fragments an evaluator has judged."""

import shutil

from runs import FROM_JUDGE


def test_a_judge_setting_reruns_nothing_before_judge(served_run):
    planned = served_run.plan({"judges": {"served": {"model": "another"}}})
    assert set(planned) == FROM_JUDGE


def test_how_a_judge_is_asked_reruns_nothing(served_run):
    assert not served_run.plan({"judges": {"served": {"needs": {"concurrency": 3, "timeout": 9, "retries": 7}}}})


def test_asking_about_each_fragment_is_what_was_done_before_one_could_choose(served_run):
    assert not served_run.plan({"judges": {"served": {"ask": "fragment"}}})
    assert set(served_run.plan({"judges": {"served": {"ask": "response"}}})) == FROM_JUDGE


def test_replies_may_be_deleted(served_run, tmp_path):
    changed = served_run.copy(tmp_path / "copy")
    assert list((changed.folder / "results/work/replies").rglob("*.jsonl"))
    shutil.rmtree(changed.folder / "results/work/replies")
    assert not changed.plan()


def test_a_prompt_text_reruns_what_is_judged_with_it(served_run, tmp_path):
    changed = served_run.copy(tmp_path / "copy")
    changed.edit("scripts/prompts/judge_fragment.txt", lambda text: text.replace("statement", "sentence"))
    assert set(changed.plan()) == FROM_JUDGE


def test_a_prompt_text_of_another_kind_of_judge_reruns_nothing(served_run, tmp_path):
    changed = served_run.copy(tmp_path / "copy")
    for name in ("judge_fragments", "judge_fragment_yes_no", "judge_first_wrong", "judge_step_yes_no"):
        changed.edit(f"scripts/prompts/{name}.txt", lambda text: f"{text}\nThink first.")
    assert not changed.plan()
