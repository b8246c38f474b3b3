"""The key of a served evaluator is nowhere but in its requests."""

from evaluator import Evaluator


def test_the_key_of_the_evaluator_is_in_no_file_and_no_line(served_run, evaluator):
    assert {asked.authorization for asked in evaluator.server.asked} == {f"Bearer {Evaluator.KEY}"}
    assert Evaluator.KEY not in served_run.said
    searched = 0
    for place in ("results", ".snakemake"):
        for file in (served_run.folder / place).rglob("*"):
            if file.is_file():
                searched += 1
                assert Evaluator.KEY.encode() not in file.read_bytes(), file
    assert searched > 50
