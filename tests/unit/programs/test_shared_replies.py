"""Jobs share an evaluator's replies: what one of them asked, no other asks again, and no verdict depends on it."""

import shutil

import pytest
from http_server import chat, serve
from test_judge_program import answers, data, run, served

from halt import domains, judges, paths
from halt.domains import Row
from halt.engines.asked import Asked
from halt.judges import llm

PEOPLE = [
    Row(name, name, "", f"Profile of {name}.", f"{name} was {nation}.\n{name} was born in {year}.", {"name": name})
    for name, nation, year in [("Ada Bell", "Irish", 1801), ("Bo Lind", "Swedish", 1750)]
]
SAID = {row.id: [row.reference.splitlines(), [f"{row.id} was a sculptor."]] for row in PEOPLE}
MORE = {row.id: [[*row.reference.splitlines(), f"{row.id} was blind."]] for row in PEOPLE}


def believes(asked):
    """Labels for one statement or several: the truth supports what stands in it."""
    truth, _, rest = asked.last.partition("Statement")
    lines = [line for line in rest.splitlines() if '"' in line]
    labels = ["supported" if line.split('"')[1] in truth else "not mentioned" for line in lines]
    if not rest.startswith("s:"):
        return chat(labels[0])
    return chat("\n".join(f"{number}: {label}" for number, label in enumerate(labels, start=1)))


@pytest.fixture
def server():
    with serve(believes) as started:
        yield started


@pytest.fixture
def job(tmp_path):
    """Runs scripts/judge.py as a job of the workflow; the bytes of its table."""

    def start(chosen, said, *work, rows=PEOPLE):
        data(tmp_path / "data.parquet", rows)
        answers(tmp_path, said)
        run(tmp_path, chosen, "--work", str(tmp_path.joinpath("results/work", *work)))
        return (tmp_path / "judgements.parquet").read_bytes()

    return start


SAMPLES, RESPONSES = ("judge", "m", "people", "train"), ("judge_responses", "m", "people", "halt", "0.40", "seed0")


@pytest.mark.parametrize(("ask", "first", "second"), [("fragment", 6, 2), ("response", 4, 2)])
def test_a_second_job_asks_only_what_is_new(server, job, ask, first, second):
    chosen = served(server, ask=ask)
    job(chosen, SAID, *SAMPLES)
    assert len(server.asked) == first
    job(chosen, MORE, *RESPONSES)
    assert len(server.asked) == first + second
    job(chosen, MORE, *RESPONSES[:-1], "seed1")
    assert len(server.asked) == first + second


@pytest.mark.parametrize("ask", ["fragment", "response"])
def test_a_table_has_the_same_bytes_with_the_store_and_without(server, job, tmp_path, ask):
    chosen = served(server, ask=ask)
    alone = job(chosen, MORE, *RESPONSES)
    shutil.rmtree(tmp_path / "results/work")
    job(chosen, SAID, *SAMPLES)
    asked = len(server.asked)
    assert job(chosen, MORE, *RESPONSES) == alone
    assert len(server.asked) - asked < asked
    shutil.rmtree(tmp_path / "results/work")
    assert job(chosen, MORE, *RESPONSES) == alone


@pytest.mark.parametrize("change", [{"model": "another"}, {"reply_tokens": 65}])
def test_another_evaluator_or_sampling_is_asked_anew(server, job, change):
    job(served(server), SAID, *SAMPLES)
    job(served(server, **change), SAID, *SAMPLES[:-1], "test")
    assert len(server.asked) == 12


def test_a_job_changes_no_other_file_and_reads_what_is_whole(server, job, tmp_path):
    chosen = served(server)
    job(chosen, SAID, *SAMPLES)
    [file] = (tmp_path / "results/work/replies").rglob("*.jsonl")
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(
        b"".join([*lines[:2], b"\xff{}\n", b'{"request": "x", "text": 1}\n', *lines[2:-1], lines[-1][:-9]])
    )
    left = file.read_bytes()  # as another job is writing it
    job(chosen, SAID, *SAMPLES[:-1], "test")
    assert file.read_bytes() == left
    assert len(server.asked) == 6 + 1
    assert len(list((tmp_path / "results/work/replies").rglob("*.jsonl"))) == 2


def test_why_another_job_got_no_reply_may_have_passed(server, job):
    server.answer = lambda asked: chat("supported", finish="content_filter")
    job(served(server), SAID, *SAMPLES)
    server.answer = believes
    job(served(server), SAID, *SAMPLES[:-1], "test")
    assert len(server.asked) == 12


def test_replies_of_an_earlier_version_are_not_asked_for_again(server, job, tmp_path):
    job(served(server), SAID, *SAMPLES)
    [file] = (tmp_path / "results/work/replies").rglob("*.jsonl")
    before = tmp_path.joinpath("results/work", *SAMPLES, "replies.jsonl")
    shutil.rmtree(before.parent / "parts")
    file.rename(before)
    job(served(server), SAID, *SAMPLES)
    assert len(server.asked) == 6


def test_a_work_folder_of_its_own_shares_nothing(server, tmp_path):
    data(tmp_path / "data.parquet", PEOPLE)
    answers(tmp_path, SAID)
    run(tmp_path, served(server))
    assert len((tmp_path / "work/replies.jsonl").read_text().splitlines()) == 6


def test_what_was_asked_and_what_was_known_is_said(server, job, capfd):
    job(served(server), SAID, *SAMPLES)
    job(served(server), MORE, *RESPONSES)
    said = capfd.readouterr().err
    assert "[halt] 6 requests to the evaluator, 0 answered before" in said
    assert "[halt] 2 requests to the evaluator, 4 answered before" in said


def test_a_served_evaluator_is_known_by_its_weights_and_not_by_its_name_alone(tmp_path):
    entry = {"type": "llm", "engine": "served", "server": "vllm", "model": "small", "decide": "text"}
    folder = tmp_path / "results/models/small"
    folder.mkdir(parents=True)

    def kept(manifest, server="vllm", dtype="bfloat16", job="train"):
        (folder / "manifest.json").write_text(manifest)
        evaluator = Asked(folder, True, dtype, 1)
        work = tmp_path / "results/work/judge" / job
        domain = domains.load("biography")
        means = judges.Means(domain, {}, "", work, (), evaluator, 1, 1, None, store=paths.replies(work))
        return llm._kept(entry | {"server": server}, means)[0]

    first = kept("revision 1")
    assert kept("revision 1") == first
    assert kept("revision 1", job="test").parent == first.parent
    others = [kept("revision 2"), kept("revision 1", server="transformers"), kept("revision 1", dtype="float32")]
    assert len({first.parent, *(other.parent for other in others)}) == 4
