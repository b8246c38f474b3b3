"""scripts/judge.py from tables to a table: the reference judge, a served evaluator, a local one."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import polars as pl
import pytest
from http_server import Reply, chat, error, serve
from runs import ROOT

import judge as program
from halt import domains, frames, judges
from halt.errors import HaltError
from halt.inputs.sources import Source
from halt.judges import reference

BIOGRAPHY = domains.load("biography")
KEY = "sk-test-5up3r-s3cret"

# Small models judge by example: one worked truth, then the one to judge.
BY_EXAMPLE = """\
Ann Lee was Danish.
Ann Lee was a sculptor.
Ann Lee was born in 1701.
Ann Lee died in 1760.
"Ann Lee was Danish." matches: Yes
"Ann Lee was Spanish." matches: No
"Ann Lee was a lawyer." matches: No
"Ann Lee was a sculptor." matches: Yes
"Ann Lee was born in 1701." matches: Yes
"Ann Lee was born in 1698." matches: No
"Ann Lee died in 1805." matches: No
"Ann Lee died in 1760." matches: Yes

{prompt}
{truth}
"{fragment}" matches:
"""


@pytest.fixture(scope="module")
def people():
    """Real rows of the biography domain, each with a nationality, an occupation and two years."""
    source = Source([ROOT / "data/wordnet/people.tsv"], "wordnet")
    found = BIOGRAPHY.rows(source, {"most_famous": 120})
    return [row for row in found if len(BIOGRAPHY.split(row.reference)) == 4]


def data(path, rows, split="train"):
    table = [
        {
            "domain": "biography",
            "split": split,
            "id": row.id,
            "cluster": row.cluster,
            "prompt": row.prompt,
            "reference": row.reference,
            "reference_fragments": 4,
            "truth": json.dumps(row.truth),
        }
        for row in rows
    ]
    frames.write(frames.build(table, frames.DATA), path, frames.DATA)
    return path


def answers(folder, by_prompt):
    """RESPONSES and FRAGMENTS of {id: [[fragment, ...] per sample]}."""
    run = {"model": "m", "domain": "biography", "method": "samples", "threshold": "none", "seed": 0}
    run["test_domain"] = "biography"
    responses, fragments = [], []
    for name, samples in by_prompt.items():
        for sample, texts in enumerate(samples):
            key = run | {"id": name, "sample": sample}
            responses.append(key | {"text": "\n".join(texts), "tokens": 1, "finished": True})
            fragments += [key | {"fragment": i, "text": text, "marked": False} for i, text in enumerate(texts)]
    frames.write(frames.build(responses, frames.RESPONSES), folder / "responses.parquet", frames.RESPONSES)
    frames.write(frames.build(fragments, frames.FRAGMENTS), folder / "fragments.parquet", frames.FRAGMENTS)


def settings(judge, **more):
    return {"domains/biography": {"module": "biography", "options": {}}, "judges/j": judge, **more}


def served(server, **changed):
    entry = {
        "type": "llm",
        "engine": "openai",
        "endpoint": server.endpoint,
        "model": "tiny",
        "decide": "text",
        "api_key_variable": None,
    }
    return settings(entry | changed)


LOCAL = {"type": "llm", "engine": "transformers", "model": "small", "calibration": 16}
SMALL = {"chat": False, "dtype": "float32"}


def arguments(folder, chosen, *extra):
    tables = {"fragments": "fragments", "responses": "responses", "data": "data", "output": "judgements"}
    paths = [word for name, file in tables.items() for word in (f"--{name}", str(folder / f"{file}.parquet"))]
    return [*paths, "--work", str(folder / "work"), "--settings", json.dumps(chosen), "--version", "1", *extra]


def run(folder, chosen, *extra):
    program.main(program.parser().parse_args(arguments(folder, chosen, *extra)))
    return frames.read(folder / "judgements.parquet", frames.JUDGEMENTS)


def start(folder, chosen, *extra, **environment):
    """The program in a process of its own, as the workflow starts it."""
    return subprocess.Popen(
        [sys.executable, str(ROOT / "scripts/judge.py"), *arguments(folder, chosen, *extra)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | environment,
    )


def manifest(folder):
    """What stands for the evaluator: a file beside its weights."""
    return str(folder / "config.json")


def other_nation(row):
    return f"{row.truth['name']} was {'Peruvian' if row.truth['nationality'] != 'Peruvian' else 'Kenyan'}."


def test_the_reference_judge_labels_every_fragment_in_the_order_of_the_table(tmp_path, people):
    first, second = people[:2]
    data(tmp_path / "data.parquet", people[:3])
    own = BIOGRAPHY.split(first.reference)
    answers(tmp_path, {second.id: [[other_nation(second)]], first.id: [own, [], [own[1], other_nation(first)]]})
    table = run(tmp_path, settings({"type": "reference"}))
    fragments = frames.read(tmp_path / "fragments.parquet", frames.FRAGMENTS)
    assert table.select(fragments.columns).equals(fragments)
    assert table["label"].to_list() == ["wrong", *["right"] * 4, "right", "wrong"]
    assert table["fact"].n_unique() == 5
    assert table["score"].is_null().all()
    assert frames.provenance(tmp_path / "judgements.parquet")["labels"] == {
        "right": 5,
        "wrong": 2,
        "idle": 0,
        "unverifiable": 0,
        "unjudged": 0,
    }


def test_identical_responses_of_a_prompt_are_judged_once(people, monkeypatch):
    calls = []
    judge = BIOGRAPHY.judge
    monkeypatch.setattr(BIOGRAPHY, "judge", lambda fragments, row: calls.append(row.id) or judge(fragments, row))
    own = BIOGRAPHY.split(people[0].reference)
    cases = [judges.Case(people[0], [own, own[:1], own]), judges.Case(people[1], [own])]
    verdicts = reference.judge(cases, BIOGRAPHY)
    assert sorted(calls) == sorted([people[0].id] * 2 + [people[1].id])
    assert [len(response) for response in verdicts[0]] == [4, 1, 4]
    assert verdicts[0][0] == verdicts[0][2]


def test_the_number_of_processes_changes_no_byte(tmp_path, people):
    data(tmp_path / "data.parquet", people[:12])
    answers(tmp_path, {row.id: [BIOGRAPHY.split(row.reference), [other_nation(row)]] for row in people[:12]})
    run(tmp_path, settings({"type": "reference"}))
    alone = (tmp_path / "judgements.parquet").read_bytes()
    run(tmp_path, settings({"type": "reference"}), "--processes", "2", "--work", str(tmp_path / "work2"))
    assert (tmp_path / "judgements.parquet").read_bytes() == alone


def test_an_empty_table_is_judged(tmp_path, people):
    data(tmp_path / "data.parquet", people[:1])
    answers(tmp_path, {people[0].id: [[]]})
    assert run(tmp_path, settings({"type": "reference"})).is_empty()


def test_fragments_of_another_run_are_refused(tmp_path, people):
    data(tmp_path / "data.parquet", people[:2])
    answers(tmp_path, {people[0].id: [["a"], ["b"]]})
    responses = frames.read(tmp_path / "responses.parquet", frames.RESPONSES)
    frames.write(responses.head(1), tmp_path / "responses.parquet", frames.RESPONSES)
    with pytest.raises(HaltError, match=r"1 fragments belong to no response.*sample 1"):
        run(tmp_path, settings({"type": "reference"}))


def test_a_prompt_that_is_not_in_the_data_is_refused(tmp_path, people):
    data(tmp_path / "data.parquet", people[:1])
    answers(tmp_path, {"nobody": [["a"]]})
    with pytest.raises(HaltError, match="not in the data, the first 'nobody'"):
        run(tmp_path, settings({"type": "reference"}))


def test_unjudged_fragments_are_counted_and_said(tmp_path, people, capfd):
    data(tmp_path / "data.parquet", people[:2])
    answers(tmp_path, {row.id: [BIOGRAPHY.split(row.reference)] for row in people[:2]})

    def answer(asked):
        [statement] = [line for line in asked.body["messages"][0]["content"].splitlines() if "Statement: " in line]
        if "born" in statement:
            return chat("hm")
        return chat("supported", finish="content_filter" if "died" in statement else "stop")

    with serve(answer) as server:
        table = run(tmp_path, served(server))
    unjudged = table.filter(pl.col("label") == "unjudged")
    born = unjudged.filter(pl.col("text").str.contains("born"))
    assert set(born["kind"]) == {"not in the required form"}
    assert set(unjudged.filter(~pl.col("text").str.contains("born"))["kind"]) == {"content filter"}
    footer = frames.provenance(tmp_path / "judgements.parquet")
    assert footer["labels"]["unjudged"] == len(unjudged)
    assert footer["unjudged"] == {"content filter": 2, "not in the required form": 2}
    said = capfd.readouterr().err
    assert f"{len(unjudged)} unjudged" in said
    assert "(unjudged: 2 content filter, 2 not in the required form)" in said


def test_a_truth_beyond_the_context_of_a_server_is_cut_and_the_prompts_are_counted(tmp_path, people, capfd):
    rows = [people[0]._replace(reference=" ".join([people[0].reference] * 60)), people[1]]
    data(tmp_path / "data.parquet", rows)
    answers(tmp_path, {row.id: [BIOGRAPHY.split(people[1].reference)] for row in rows})

    def answer(asked):
        if len(asked.last) > 3000:
            return error(400, "This model's maximum context length is 1024 tokens.", code="context_length_exceeded")
        return chat("supported" if "[...]" in asked.last or people[1].reference in asked.last else "contradicted")

    with serve(answer) as server:
        table = run(tmp_path, served(server))
    assert set(table["label"]) == {"right"}
    assert frames.provenance(tmp_path / "judgements.parquet")["evidence_cut"] == 1
    assert "the evaluator saw only a part of the truth of 1 prompts" in capfd.readouterr().err


@pytest.fixture(scope="module")
def short_sighted(random_tiny, tmp_path_factory):
    """The random model with a context of 1,024 tokens."""
    folder = shutil.copytree(random_tiny, tmp_path_factory.mktemp("short") / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 1024}))
    return folder


@pytest.mark.parametrize("decide", ["text", "probability"])
def test_a_truth_beyond_the_context_of_a_local_evaluator_is_cut(tmp_path, people, short_sighted, decide):
    rows = [people[0]._replace(reference=" ".join([people[0].reference] * 40)), people[1]]
    data(tmp_path / "data.parquet", rows)
    hopeless = "word " * 5_000  # alone beyond the context
    answers(tmp_path, {rows[0].id: [["a", hopeless]], rows[1].id: [["a"]]})
    local = LOCAL | {"decide": decide, "calibration": 0}
    table = run(
        tmp_path, settings(local, **{"models/small": SMALL | {"chat": True}}), "--judge-model", manifest(short_sighted)
    )
    assert table.filter(pl.col("text") == hopeless)["kind"].to_list() == ["prompt too long for the context"]
    assert table.filter(pl.col("text") == "a")["kind"].to_list().count("prompt too long for the context") == 0
    assert frames.provenance(tmp_path / "judgements.parquet")["evidence_cut"] == 1


def test_reply_tokens_are_as_configured(tmp_path, people):
    data(tmp_path / "data.parquet", people[:1])
    answers(tmp_path, {people[0].id: [["a"]]})
    with serve(lambda asked: chat("supported")) as server:
        run(tmp_path, served(server))
        run(tmp_path, served(server, reply_tokens=3000))
    assert [asked.body["max_tokens"] for asked in server.asked] == [64, 3000]


def test_a_killed_run_goes_on_without_asking_again_for_what_is_answered(tmp_path, people):
    rows = people[:20]  # three parts
    data(tmp_path / "data.parquet", rows)
    answers(tmp_path, {row.id: [[f"{row.id} fragment {i}" for i in range(2)]] for row in rows})
    answered = []

    def until_stuck(asked):
        if len(answered) == 25:
            return Reply(hang=True)
        answered.append(asked.last)
        return chat("supported")

    with serve(until_stuck) as server:
        chosen = served(server)
        asking = ("--concurrency", "1", "--timeout", "60")
        first = start(tmp_path, chosen, *asking)
        deadline = time.monotonic() + 60
        while len(server.asked) < 26 and time.monotonic() < deadline:
            time.sleep(0.05)
        first.send_signal(signal.SIGKILL)
        first.communicate(timeout=60)
        assert not (tmp_path / "judgements.parquet").exists()
        server.answer = lambda asked: chat("supported")
        second = start(tmp_path, chosen, *asking)
        said, _ = second.communicate(timeout=60)
        assert second.returncode == 0, said
    asked = [request.last for request in server.asked]
    assert len(asked) == 41
    assert len(set(asked)) == 40
    table = frames.read(tmp_path / "judgements.parquet", frames.JUDGEMENTS)
    assert table["label"].to_list() == ["right"] * 40


def test_a_changed_prompt_text_is_judged_anew(tmp_path, people):
    data(tmp_path / "data.parquet", people[:1])
    answers(tmp_path, {people[0].id: [["a"]]})
    texts = tmp_path / "prompts"
    texts.mkdir()
    (texts / "judge_again.txt").write_text("Again: {form}\n")
    with serve(lambda asked: chat("supported" if "kindly" in asked.last else "contradicted")) as server:
        (texts / "judge_fragment.txt").write_text("{prompt} {truth} {fragment}\n")
        before = run(tmp_path, served(server), "--prompts", str(texts))
        (texts / "judge_fragment.txt").write_text("{prompt} {truth} {fragment} kindly\n")
        after = run(tmp_path, served(server), "--prompts", str(texts))
    assert (before["label"].to_list(), after["label"].to_list()) == (["wrong"], ["right"])


@pytest.mark.parametrize("refuses", [False, True])
def test_the_key_reaches_the_server_and_nothing_else(tmp_path, people, refuses):
    data(tmp_path / "data.parquet", people[:1])
    answers(tmp_path, {people[0].id: [["a"]]})

    def answer(asked):
        if refuses:
            return Reply(403, f'{{"error": {{"message": "no rights for {KEY}"}}}}'.encode())
        return chat(f"{asked.authorization}\nsupported")

    with serve(answer) as server:
        judging = start(tmp_path, served(server, api_key_variable="TEST_JUDGE_KEY"), TEST_JUDGE_KEY=KEY)
        said, _ = judging.communicate(timeout=60)
        assert {asked.authorization for asked in server.asked} == {f"Bearer {KEY}"}
    assert (judging.returncode != 0) == refuses
    assert KEY not in said
    assert KEY not in " ".join(judging.args)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not any(KEY.encode() in file.read_bytes() for file in files)
    if refuses:
        assert said.strip().splitlines()[-1].endswith("refused: status 403: no rights for [API key]")


def test_a_local_evaluator_decides_better_than_chance_by_its_calibrated_threshold(tmp_path, people, smollm2):
    texts = tmp_path / "prompts"
    texts.mkdir()
    (texts / "judge_fragment_yes_no.txt").write_text(BY_EXAMPLE)
    training, judged = people[:4], people[4:8]
    data(tmp_path / "training.parquet", training)
    data(tmp_path / "data.parquet", judged, split="test")
    cases = {}
    for row, other in zip(judged, judged[1:] + judged[:1], strict=True):
        own = BIOGRAPHY.split(row.reference)
        alien = [
            row.truth["name"] + line.removeprefix(other.truth["name"]) for line in BIOGRAPHY.split(other.reference)
        ]
        cases[row.id] = [own, [line for line in alien if line not in own]]
    answers(tmp_path, cases)
    chosen = settings(LOCAL | {"decide": "probability", "calibration": 8}, **{"models/small": SMALL})
    extra = ["--training-data", str(tmp_path / "training.parquet"), "--prompts", str(texts)]
    extra += ["--judge-model", manifest(smollm2)]
    table = run(tmp_path, chosen, *extra)
    right = (table["label"] == "right").to_numpy()
    own = (table["sample"] == 0).to_numpy()
    balanced = (right[own].mean() + (~right[~own]).mean()) / 2
    calibrated = frames.provenance(tmp_path / "judgements.parquet")["calibration"]
    assert calibrated["right"] == calibrated["wrong"] == 8
    assert balanced > 0.65, (balanced, calibrated)
    assert ((table["score"] >= calibrated["threshold"]).to_numpy() == right).all()

    few = dict(list(cases.items())[:1])  # again with another batch size: that changes speed alone
    answers(tmp_path, few)
    uncalibrated = settings(LOCAL | {"decide": "probability", "calibration": 0}, **{"models/small": SMALL})
    again = run(tmp_path, uncalibrated, *extra, "--batch-size", "3")
    assert (again["score"] - table.head(len(again))["score"]).abs().max() < 1e-3
    assert ((again["score"] >= 0) == (again["label"] == "right")).all()


def test_a_local_evaluator_answers_in_words(tmp_path, people, random_tiny):
    data(tmp_path / "data.parquet", people[:1])
    answers(tmp_path, {people[0].id: [BIOGRAPHY.split(people[0].reference)[:1]]})
    chosen = settings(LOCAL | {"decide": "text"}, **{"models/small": SMALL | {"chat": True}})
    table = run(tmp_path, chosen, "--judge-model", manifest(random_tiny))
    assert len(table) == 1
    assert set(table["label"]) <= set(frames.LABELS)


@pytest.mark.parametrize(
    ("missing", "message"),
    [("--judge-model", "give its manifest to --judge-model"), ("--training-data", "give --training-data")],
)
def test_what_a_calibrated_judge_needs_is_asked_for(tmp_path, people, smollm2, missing, message):
    data(tmp_path / "data.parquet", people[:2])
    answers(tmp_path, {people[0].id: [["a"]]})
    given = {"--judge-model": manifest(smollm2), "--training-data": str(tmp_path / "data.parquet")}
    extra = [word for name, value in given.items() if name != missing for word in (name, value)]
    with pytest.raises(HaltError, match=message):
        run(tmp_path, settings(LOCAL | {"decide": "probability"}, **{"models/small": SMALL}), *extra)


def test_no_judge_is_calibrated_on_test_rows(tmp_path, people):
    data(tmp_path / "data.parquet", people[:2], split="test")
    answers(tmp_path, {people[0].id: [["a"]]})
    with pytest.raises(HaltError, match="split test; expected training rows"):
        run(tmp_path, settings({"type": "reference"}), "--training-data", str(tmp_path / "data.parquet"))
