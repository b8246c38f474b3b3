"""Filters: the bound comes from training alone, a small alpha keeps less, what stays keeps its verdict."""

import json
import math

import polars as pl
import pytest
import synthetic as made
from hypothesis import given
from hypothesis import strategies as st

import self_evaluate
from halt import confidence, engines, frames, metrics
from halt.confidence import p_true, self_consistency, sure
from halt.confidence.p_true import Question, Shot
from halt.engines import Prompt
from halt.report import confidences as report

SHARES = st.floats(0, 1, allow_nan=False)
LABELS = st.integers(1, 100).map(lambda hundredths: f"{hundredths // 100}.{hundredths % 100:02d}")
UNSURE = "Unsure from here"
PHRASES = {"sure": "I am sure", "not_sure": "I am unsure"}


def samples(texts_of):
    """FRAGMENTS of samples: {id: [texts of sample 0, ...]}."""
    rows = [
        {**made.answer("samples", "none", 0, id=id, sample=sample), "fragment": place, "text": text, "marked": False}
        for id, drawn in texts_of.items()
        for sample, texts in enumerate(drawn)
        for place, text in enumerate(texts)
    ]
    return frames.build(rows, frames.FRAGMENTS)


def confidence_rows(*values, split="test", id="p0"):
    return [
        {**made.answer("p-true", "none", 0, id=id), "split": split, "fragment": place, "confidence": value}
        for place, value in enumerate(values)
    ]


SCORING = metrics.Scoring(50, 0, "wrong")


def filtered(values, training, threshold, dependent=False, texts=("a", "b", "c"), labels="rwr"):
    """(text, texts and labels of what stays) of one answer."""
    key = made.answer("base", "none")
    answers, verdicts = confidence.filtered(
        made.responses(made.response(key, "- " + "\n- ".join(texts))),
        made.judgements(*made.judged(key, labels, texts=list(texts))),
        frames.build(confidence_rows(*values) + confidence_rows(*training, split="train", id="t"), frames.CONFIDENCES),
        method="p-true",
        threshold=threshold,
        unsure=UNSURE,
        dependent=dependent,
        join="\n".join,
    )
    assert set(verdicts["method"]) <= {"p-true"}
    assert set(verdicts["threshold"]) <= {threshold}
    assert verdicts["fragment"].to_list() == list(range(len(verdicts)))
    row = made.one(answers)
    assert (row["method"], row["threshold"]) == ("p-true", threshold)
    return row["text"], verdicts["text"].to_list(), verdicts["label"].to_list()


def test_the_bound_is_what_a_share_alpha_of_training_reaches():
    training = [0.1, 0.9, 0.5, 0.7, 0.3]
    assert [confidence.bound(training, label) for label in ("0.01", "0.20", "0.21", "0.60", "0.99")] == [
        0.9,
        0.9,
        0.7,
        0.5,
        0.1,
    ]
    assert confidence.bound(training, "1.00") == -math.inf


def test_without_training_fragments_there_is_no_bound():
    with pytest.raises(confidence.ConfidenceError, match="nothing to set the bound with"):
        confidence.bound([], "0.40")


@given(st.lists(SHARES, min_size=1), LABELS)
def test_at_least_a_share_alpha_of_training_is_kept_and_fewer_by_any_higher_bound(training, label):
    alpha, least = float(label), confidence.bound(training, label)
    assert sum(value >= least for value in training) >= alpha * len(training) - 1e-9
    if alpha < 1:
        assert sum(value > least for value in training) < alpha * len(training)


@given(st.lists(SHARES, min_size=1), st.lists(SHARES), LABELS, LABELS, st.booleans())
def test_what_is_kept_grows_with_alpha_up_to_everything(training, values, one, other, dependent):
    small, large = sorted([one, other])
    of_small, of_large = (
        confidence.kept(values, confidence.bound(training, label), dependent) for label in (small, large)
    )
    assert all(more or not fewer for fewer, more in zip(of_small, of_large, strict=True))
    assert all(confidence.kept(values, confidence.bound(training, "1.00"), dependent))


def test_unsure_fragments_of_an_independent_answer_are_deleted():
    assert filtered([0.8, 0.2, 0.5], [0.5], "0.50") == ("a\nc", ["a", "c"], ["right", "right"])
    assert filtered([0.1, 0.2, 0.3], [0.5], "0.50") == (UNSURE, [], [])


def test_a_dependent_answer_is_cut_at_the_first_unsure_fragment():
    assert filtered([0.8, 0.2, 0.9], [0.5], "0.50", dependent=True) == (f"a\n{UNSURE}", ["a"], ["right"])
    assert filtered([0.2, 0.9, 0.9], [0.5], "0.50", dependent=True) == (UNSURE, [], [])


@pytest.mark.parametrize(
    ("values", "dependent", "solved", "then"),
    [
        ([0.8, 0.9, 0.2], True, True, {False}),
        ([0.8, 0.9, 0.7], True, True, {True}),
        ([0.8, 0.9, 0.2], False, None, {None}),
    ],
)
def test_a_dependent_answer_that_is_cut_solves_its_task_no_more(values, dependent, solved, then):
    key = made.answer("base", "none")
    _, verdicts = confidence.filtered(
        made.responses(made.response(key, "a\nb\nc")),
        made.judgements(*made.judged(key, "rrr", texts=["a", "b", "c"], solved=solved)),
        frames.build(confidence_rows(*values) + confidence_rows(0.5, split="train", id="t"), frames.CONFIDENCES),
        **{"method": "p-true", "threshold": "0.50", "unsure": UNSURE, "dependent": dependent, "join": "\n".join},
    )
    assert set(verdicts["solved"]) == then


@pytest.mark.parametrize("dependent", [False, True])
def test_an_answer_of_which_nothing_is_dropped_stays_as_it_was(dependent):
    whole = ("- a\n- b\n- c", ["a", "b", "c"], ["right", "wrong", "right"])
    assert filtered([0.5, 0.6, 0.7], [0.5], "0.50", dependent) == whole
    assert filtered([0.0, 0.1, 0.0], [0.5], "1.00", dependent) == whole


def test_an_answer_without_fragments_stays_as_it_was():
    assert filtered([], [0.5], "0.50", dependent=True, texts=("nothing",), labels="") == ("- nothing", [], [])


def test_the_answers_own_confidences_never_set_the_bound():
    assert filtered([0.9, 0.2, 0.9], [0.3], "0.50")[1] == filtered([0.31, 0.2, 0.3], [0.3], "0.50")[1] == ["a", "c"]


def test_a_fragment_without_a_confidence_is_refused():
    with pytest.raises(confidence.ConfidenceError, match="1 fragments have no confidence, the first of prompt 'p0'"):
        filtered([0.9, 0.2], [0.3], "0.50")


def test_training_prompts_are_not_answered_ones():
    key = made.answer("base", "none")
    answers, own = made.responses(made.response(key)), samples({"p0": [["a"]]})
    with pytest.raises(confidence.ConfidenceError, match="1 answered prompts are training prompts too"):
        confidence.check(own.clear(), answers, own)
    with pytest.raises(confidence.ConfidenceError, match="fragments belong to no response"):
        confidence.check(own, answers, own.clear())


def test_agreement_is_the_share_of_samples_that_say_the_same():
    drawn = [["Born in  1809.", "A painter"], ["born in 1809"], ["Born in 1810"], []]
    assert self_consistency.agreement(["Born in 1809", "a painter!", "A poet"], drawn) == [0.5, 0.25, 0.0]


def test_answers_are_compared_with_as_many_samples_as_training_samples_are():
    drawn = samples({"p0": [["x", "y"], ["X."], []], "p1": [["z"], ["x"], ["x", "z"]]})
    answers = samples({"p1": [["z", "x"]], "p0": [["x"]]})
    assert self_consistency.of_answers(answers, drawn, 3) == [0.5, 1.0, 0.5]
    drawn = samples({"p0": [["x", "y"], ["X."], []], "p1": [["z"], [], []]})
    setting, values = self_consistency.of_training(drawn, 3)
    assert setting["text"].to_list() == ["x", "y", "z"]
    assert values == [0.5, 0.0, 0.0]


def test_a_sample_too_many_is_refused():
    with pytest.raises(confidence.ConfidenceError, match="sample 2 of a prompt, expected 2 samples"):
        self_consistency.of_training(samples({"p0": [["x"], ["y"], ["z"]]}), 2)


def judged_samples(labels_of, dependent_texts=True):
    rows = [
        line
        for id, drawn in labels_of.items()
        for sample, labels in enumerate(drawn)
        for line in made.judged(
            made.answer("samples", "none", 0, id=id, sample=sample),
            labels,
            texts=[f"{id} {sample} {place}" for place in range(len(labels))],
        )
    ]
    return made.judgements(*rows)


def test_shots_are_half_right_and_half_wrong_each_of_another_prompt():
    judged = judged_samples({f"t{number}": ["rw?", "wr"] for number in range(8)})
    asked = {f"t{number}": f"Who is {number}?" for number in range(8)}
    shots = p_true.shots(judged, asked, 5, 0, dependent=False)
    assert sorted(shot.right for shot in shots) == [False, False, True, True, True]
    assert len({shot.id for shot in shots}) == 5
    assert all(shot.question.before == () and shot.question.prompt == asked[shot.id] for shot in shots)
    assert shots == p_true.shots(made.shuffled(judged), asked, 5, 0, dependent=False)
    assert shots != p_true.shots(judged, asked, 5, 1, dependent=False)


def test_wrong_shots_of_dependent_domains_are_first_errors_behind_their_right_steps():
    judged = judged_samples({f"t{number}": ["rrww"] for number in range(6)})
    asked = {f"t{number}": "?" for number in range(6)}
    shots = p_true.shots(judged, asked, 6, 0, dependent=True)
    wrong = [shot.question for shot in shots if not shot.right]
    assert len(wrong) == 3
    assert all(len(question.before) == 2 and question.fragment.endswith("2") for question in wrong)


def test_rare_labels_give_fewer_shots():
    judged = judged_samples({f"t{number}": ["ww"] for number in range(6)})
    assert [shot.right for shot in p_true.shots(judged, {f"t{n}": "?" for n in range(6)}, 4, 0, False)] == [False] * 2


def test_a_fragment_is_asked_about_behind_those_before_it_where_they_matter():
    rows = samples({"p0": [["a", "b"], ["c"]], "p1": [["d"]]})
    asked = {"p0": "P", "p1": "Q"}
    assert p_true.questions(rows, asked, dependent=True) == [
        Question("P", (), "a"),
        Question("P", ("a",), "b"),
        Question("P", (), "c"),
        Question("Q", (), "d"),
    ]
    assert {question.before for question in p_true.questions(rows, asked, dependent=False)} == {()}
    with pytest.raises(confidence.ConfidenceError, match="the prompt 'p1', which is not in the data"):
        p_true.questions(rows, {"p0": "P"}, dependent=True)


def test_a_question_stands_behind_its_shots():
    shots = [Shot("t0", Question("P", (), "{x}"), True), Shot("t1", Question("Q", (), "y"), False)]
    template, last = "{prompt} {fragment} is:", Question("R", (), "z")
    plain = p_true.conversation(last, shots, template, chat=False)
    assert plain.text == "P {x} is: A\n\nQ y is: B\n\nR z is:"
    chat = p_true.conversation(last, shots, template, chat=True)
    assert [turn["role"] for turn in chat.messages] == ["user", "assistant", "user", "assistant", "user"]
    assert [turn["content"] for turn in chat.messages] == ["P {x} is:", "A", "Q y is:", "B", "R z is:"]
    steps = p_true.conversation(Question("R", ("a", "b"), "c"), [], "{prompt}|{steps}|{step}", chat=False)
    assert steps.text == "R|a\nb|c"


@given(SHARES, SHARES)
def test_p_true_is_a_probability_whatever_else_the_model_would_say(true, false):
    assert 0 <= p_true.share(true, false) <= 1
    assert p_true.share(true, 0.0) == (1.0 if true else 0.5)


def test_the_engine_weighs_true_against_false_behind_the_whole_conversation(random_tiny):
    import torch

    engine = engines.load("transformers", random_tiny, "float32")
    shots = [Shot("t0", Question("P", (), "x"), True), Shot("t1", Question("Q", (), "y"), False)]
    asked = [Question("Who?", (), text) for text in ("a painter", "born in 1809", "a")]
    template = "{prompt} {fragment} is:"
    found = p_true.asker(engine, shots, template, chat=True, batch_size=2)(asked)
    true, false = (engine.tokenizer.convert_tokens_to_ids(word) for word in "AB")
    for question, value in zip(asked, found, strict=True):
        ids = torch.tensor([engine.encode(p_true.conversation(question, shots, template, chat=True))])
        with torch.inference_mode():
            logits = engine.model(input_ids=ids).logits[0, -1]
        assert value == pytest.approx(torch.sigmoid(logits[true] - logits[false]).item(), abs=1e-4)
    assert len(set(found)) == len(asked)


def test_a_killed_self_evaluation_asks_nothing_twice(tmp_path, monkeypatch):
    ids, trained = [f"p{number}" for number in range(6)], [f"t{number}" for number in range(6)]
    data = {
        split: [{**made.row(id), "split": split} for id in own] for split, own in (("test", ids), ("train", trained))
    }
    answers = samples({id: [[f"{id} a", f"{id} b"]] for id in ids}).with_columns(method=pl.lit("base"))
    judged = judged_samples({id: ["rw", "ww"] for id in trained})
    tables = {
        "fragments": (answers, frames.FRAGMENTS),
        "responses": (
            made.responses(*(made.response(made.answer("base", "none", id=id)) for id in ids)),
            frames.RESPONSES,
        ),
        "data": (made.data(*data["test"]), frames.DATA),
        "judgements": (judged, frames.JUDGEMENTS),
        "training-data": (made.data(*data["train"]), frames.DATA),
    }
    arguments = []
    for name, (table, schema) in tables.items():
        frames.write(table, tmp_path / f"{name}.parquet", schema)
        arguments += [f"--{name}", str(tmp_path / f"{name}.parquet")]
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"files": {}, "source": [], "sha256": ""}')
    settings = {
        "confidence": {"shots": 2, "seed": 0},
        "models/m": {"chat": True, "dtype": "float32"},
        "domains/biography": {"module": "biography"},
    }
    arguments += ["--model", str(manifest), "--method", "p-true", "--settings", json.dumps(settings), "--version", "1"]
    arguments += ["--work", str(tmp_path / "work"), "--batch-size", "4", "--output", str(tmp_path / "out.parquet")]
    asked, limit = [], 1

    def asker(_engine, shots, *_):
        def ask(questions):
            if len(asked) == limit:
                raise KeyboardInterrupt
            asked.append([question.fragment for question in questions])
            return [0.25] * len(questions)

        assert len(shots) == 2
        return ask

    monkeypatch.setattr("halt.confidence._base.PROMPTS_PER_PART", 4)
    monkeypatch.setattr(engines, "of_model", lambda *_, **__: None)
    monkeypatch.setattr(p_true, "asker", asker)
    args = self_evaluate.parser().parse_args(arguments)
    with pytest.raises(KeyboardInterrupt):
        self_evaluate.main(args)
    limit = 99
    self_evaluate.main(args)
    said = [text for part in asked for text in part]
    assert len(said) == len(set(said)) == 12 + 4 * 2  # all of the answers, and of training prompts that are no shots
    table = frames.read(tmp_path / "out.parquet", frames.CONFIDENCES)
    assert dict(table["split"].value_counts().iter_rows()) == {"test": 12, "train": 8}
    assert table.filter(pl.col("split") == "test").select("id", "fragment").equals(answers.select("id", "fragment"))
    assert set(table["sample"]) == {0}
    assert (set(table["method"]), set(table["threshold"])) == ({"p-true"}, {"none"})
    assert not (tmp_path / "work").exists()


def rank(values, right, clusters=None):
    array = pl.Series(right, dtype=pl.Boolean).to_numpy()
    clusters = pl.Series(clusters or [str(number) for number in range(len(values))]).to_numpy()
    return report.auroc(
        pl.Series(values, dtype=pl.Float64).to_numpy(), array, clusters, metrics.Scoring(200, 0, "wrong")
    )


def test_auroc_is_the_chance_that_right_is_above_wrong():
    assert rank([0.9, 0.8, 0.8, 0.1], [True, True, False, False])[0] == pytest.approx((1 + 1 + 0.5 + 1) / 4)
    assert rank([0.9, 0.8, 0.2], [True, True, False]) == (1.0, 1.0, 1.0)
    assert math.isnan(rank([0.9, 0.8], [True, True])[0])


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.2, 0.4, 1.0]), st.booleans()), min_size=2, max_size=20))
def test_auroc_is_counted_pair_by_pair(pairs):
    right = [value for value, is_right in pairs if is_right]
    wrong = [value for value, is_right in pairs if not is_right]
    area, low, high = rank(*zip(*pairs, strict=True))
    if right and wrong:
        assert area == pytest.approx(
            sum((a > b) + 0.5 * (a == b) for a in right for b in wrong) / (len(right) * len(wrong))
        )
        assert low <= high
    else:
        assert math.isnan(area)


def precision(values, right, clusters=None):
    array = pl.Series(right, dtype=pl.Boolean).to_numpy()
    clusters = pl.Series(clusters or [str(number) for number in range(len(values))]).to_numpy()
    found = pl.Series(values, dtype=pl.Float64).to_numpy()
    return report.average_precision(found, array, clusters, metrics.Scoring(200, 0, "wrong"))


def test_average_precision_worked_by_hand():
    """Right, wrong, right, wrong from the most confident on: the precision at the right ones is 1 and 2/3."""
    assert precision([0.9, 0.8, 0.7, 0.1], [True, False, True, False])[0] == pytest.approx((1 + 2 / 3) / 2)
    assert precision([0.1, 0.7, 0.8, 0.9], [False, True, False, True])[0] == pytest.approx((1 + 2 / 3) / 2)
    assert precision([0.9, 0.8, 0.2], [True, True, False])[0] == 1.0
    assert precision([0.5] * 4, [True, False, False, False])[0] == 1 / 4  # no order: the share of right ones
    assert math.isnan(precision([0.9, 0.8], [False, False])[0])


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.2, 0.4, 1.0]), st.booleans()), min_size=1, max_size=20))
def test_average_precision_is_counted_one_by_one(pairs):
    at = [sum(is_right for other, is_right in pairs if other >= value) / sum(other >= value for other, _ in pairs)
          for value, is_right in pairs if is_right]  # fmt: skip
    found, low, high = precision(*zip(*pairs, strict=True))
    if at:
        assert found == pytest.approx(sum(at) / len(at))
        assert 0 < low <= high <= 1
    else:
        assert math.isnan(found)


def test_an_interval_of_average_precision_resamples_clusters():
    """Ten copies of a right and a wrong answer tell no more than the two do: right alone, wrong alone, or both."""
    alone = precision([0.1, 0.9], [True, False], ["a", "b"])
    copied = precision([0.1] * 10 + [0.9] * 10, [True] * 10 + [False] * 10, ["a"] * 10 + ["b"] * 10)
    assert alone == copied
    assert alone == (0.5, 0.5, 1.0)


def test_calibration_error_is_the_distance_of_confidence_and_share_in_each_bin():
    def error(values, right):
        return report.calibration_error(pl.Series(values).to_numpy(), pl.Series(right).to_numpy())

    assert error([1.0, 1.0, 0.0], [True, True, False]) == 0
    assert error([0.95, 0.91, 0.05], [True, False, True]) == pytest.approx((1.86 - 1 + 0.95) / 3)


def test_the_table_of_confidences_joins_each_filter_with_the_answers_that_it_filters():
    key = made.answer("base", "none")
    values = frames.build(
        confidence_rows(0.9, 0.2, 0.5) + confidence_rows(0.1, split="train", id="t"), frames.CONFIDENCES
    )
    other = made.judgements(*made.judged(key, "rwj"), *made.judged(made.answer("unchanged-own", "none"), "wrw"))
    prompts = pl.DataFrame({**key, "cluster": "c", "solved": None, "n_all": 3, "n_capable": 3})
    counted = metrics.count(
        prompts.cast({"seed": pl.Int64, "sample": pl.Int32, "solved": pl.Boolean}),
        made.judgements(*made.judged(key, "rwj")),
    )
    filters = {"p-true": {"of": "base", "filter": "p_true"}}
    row = made.one(report.of_fragments(values.lazy(), other.lazy(), counted, filters, SCORING))
    assert (row["method"], row["of"], row["by"], row["ranked"]) == ("p-true", "base", "p_true", "fragments")
    assert (row["number"], row["right"], row["auroc"], row["ap"]) == (2, 0.5, 1.0, 1.0)
    assert row["ece"] == pytest.approx((0.1 + 0.2) / 2)


def assured(labels_of, sures, likelihoods, method="r-tuning", domain="biography", counts_as=None):
    """(ASSURANCES, METRICS) of answers {id: labels}, one P(sure) and one likelihood each; + or -: solved."""
    keys = [made.answer(method, "none", domain=domain, id=id) for id in labels_of]
    columns = zip(keys, sures, likelihoods, strict=True)
    rows = [{**key, "sure": sure, "likelihood": likelihood} for key, sure, likelihood in columns]
    counted = [
        {**key, **made.NOTHING, "method": counts_as or f"{method}-full", "cluster": key["id"],
         "given": len(labels.rstrip("+-")), "right": labels.count("r"), "facts": 0, "n_all": 3, "n_capable": 3,
         "solved": {"+": True, "-": False}.get(labels[-1:])}
        for key, labels in zip(keys, labels_of.values(), strict=True)
    ]  # fmt: skip
    silent = [{**row, "method": method, "given": 0, "right": 0} for row in counted if counts_as is None]
    return frames.build(rows, frames.ASSURANCES), frames.build(counted + silent, frames.METRICS)


def of_answers(assurances, counted, share=0.5, dependent=False):
    [method] = set(assurances["method"])
    found = report.of_answers(assurances.lazy(), counted, {method: share}, {"biography": dependent}, SCORING)
    return {row["by"]: row for row in found.iter_rows(named=True)}


def test_answers_are_ranked_by_how_sure_the_model_says_it_is_and_by_its_mean_with_their_likelihood():
    """Right are a and c. By P(sure): a, b, c, d. By the mean: a .55, c .5, b .45, d .1."""
    answers = {"a": "rr", "b": "rww", "c": "rw", "d": ""}
    found = of_answers(*assured(answers, [0.9, 0.8, 0.7, 0.2], [0.2, 0.1, 0.3, 0.0]))
    assert {by: row["ap"] for by, row in found.items()} == {
        "sure": pytest.approx((1 + 2 / 3) / 2),
        "sure and likelihood": 1.0,
    }
    row = found["sure"]
    assert (row["method"], row["of"], row["ranked"], row["number"], row["right"]) == (
        "r-tuning", "r-tuning", "answers", 4, 0.5
    )  # fmt: skip
    assert row["auroc"] == pytest.approx(3 / 4)
    assert row["confidence"] == pytest.approx(0.65)
    assert row["ece"] == pytest.approx((0.1 + 0.8 + 0.3 + 0.2) / 4)
    assert found["sure and likelihood"]["ece"] is None


def test_what_a_right_answer_is_is_what_it_was_in_training():
    answers = {"a": "rr", "b": "rw", "c": "rww", "d": "ww", "e": ""}
    tables = assured(answers, [0.5] * 5, [0.5] * 5)
    for share, right in ((0.5, 2), (0.51, 1), (0.1, 3)):
        assert of_answers(*tables, share)["sure"]["right"] == pytest.approx(right / 5)


def test_a_dependent_answer_is_right_if_it_solves_its_task_and_not_ranked_where_nobody_knows():
    answers = {"a": "rr+", "b": "rr-", "c": "ww+", "d": "-", "e": "r"}
    row = of_answers(*assured(answers, [0.9, 0.1, 0.8, 0.2, 0.5], [0.5] * 5), dependent=True)["sure"]
    assert (row["number"], row["right"], row["auroc"], row["ap"]) == (4, 0.5, 1.0, 1.0)


def test_an_answer_that_was_not_judged_is_not_ranked():
    assurances, counted = assured({"a": "r", "b": "w", "c": ""}, [0.9, 0.1, 0.5], [1.0, 1.0, 1.0])
    counted = counted.with_columns(unjudged=pl.when(pl.col("id") == "c").then(2).otherwise(0).cast(pl.Int32))
    row = of_answers(assurances, counted)["sure"]
    assert (row["number"], row["right"], row["auroc"]) == (2, 0.5, 1.0)


def test_a_method_that_is_counted_once_is_ranked_too_and_an_answer_that_is_not_counted_is_refused():
    assurances, counted = assured({"a": "r", "b": "w"}, [0.9, 0.1], [1.0, 1.0], "mine", counts_as="mine")
    assert of_answers(assurances, counted)["sure"]["ap"] == 1.0
    with pytest.raises(
        metrics.MetricsError, match="1 answers have a confidence and were not counted, the first has id 'b'"
    ):
        of_answers(assurances, counted.filter(pl.col("id") == "a"))


def test_without_such_methods_there_is_no_row():
    counted = assured({"a": "r"}, [0.9], [1.0])[1]
    nothing = frames.build([], frames.ASSURANCES).lazy()
    assert report.of_answers(nothing, counted, {}, {}, SCORING).is_empty()


def logits(engine, ids):
    import torch

    with torch.inference_mode():
        return engine.model(input_ids=torch.tensor([ids])).logits[0].float()


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_a_likelihood_is_the_geometric_mean_of_the_probabilities_of_the_tokens(random_tiny, batch_size):
    engine = engines.load("transformers", random_tiny, "float32")
    sequences, starts = [[5, 6, 7, 8, 9], [9, 8], [4, 4, 4, 7, 3, 2, 1], [5, 6, 3]], [2, 1, 6, 1]
    for found, ids, start in zip(engine.likelihoods(sequences, starts, batch_size), sequences, starts, strict=True):
        logs = logits(engine, ids).log_softmax(-1)
        own = [logs[place - 1, ids[place]].item() for place in range(start, len(ids))]
        assert found == pytest.approx(math.exp(sum(own) / len(own)), rel=1e-4)


@pytest.mark.parametrize("chat", [True, False])
@pytest.mark.parametrize("said", ["- A painter\nI am unsure", "- A painter\ni am sure of it\n- Born", "- A painter\n"])
def test_the_model_is_weighed_behind_its_answer_whatever_it_says_itself(random_tiny, chat, said):
    engine = engines.load("transformers", random_tiny, "float32")
    prompt = Prompt("p", [{"role": "user", "content": "Who?"}], None) if chat else Prompt("p", None, "Q: Who?\nA:\n")
    [(found, likelihood)] = sure.weighed(engine, [sure.statement(engine, prompt, said, PHRASES)], 4)
    opening = engine.encode(prompt)
    if chat:
        behind = [opening + engine.tokenizer(f"- A painter\n{text}", add_special_tokens=False)["input_ids"]
                  for text in PHRASES.values()]  # fmt: skip
    else:
        behind = [engine.tokenizer(f"{prompt.text}- A painter\n{text}")["input_ids"] for text in PHRASES.values()]
    parted = next(place for place, pair in enumerate(zip(*behind, strict=False)) if len(set(pair)) > 1)
    at_end = logits(engine, behind[0][:parted])[-1].softmax(-1)
    yes, no = (at_end[ids[parted]].item() for ids in behind)
    assert found == pytest.approx(yes / (yes + no), abs=1e-4)
    answer = engine.tokenizer("- A painter", add_special_tokens=False)["input_ids"]
    whole = opening + answer if chat else engine.tokenizer(f"{prompt.text}- A painter")["input_ids"]
    logs = logits(engine, whole).log_softmax(-1)
    own = [logs[place - 1, whole[place]].item() for place in range(len(opening), len(whole))]
    assert likelihood == pytest.approx(math.exp(sum(own) / len(own)), rel=1e-3)


def test_an_empty_answer_has_no_likelihood_and_is_asked_about_all_the_same(random_tiny):
    engine = engines.load("transformers", random_tiny, "float32")
    prompt = Prompt("p", [{"role": "user", "content": "Who?"}], None)
    full, empty = (sure.statement(engine, prompt, said, PHRASES) for said in ("- A", "I am unsure"))
    assert empty.start == len(empty.answer) == len(engine.encode(prompt))
    (_, some), (asked, none) = sure.weighed(engine, [full, empty], 2)
    assert 0 < asked < 1
    assert (none, some > 0) == (0, True)


def test_phrases_that_the_tokens_do_not_part_are_refused(random_tiny):
    engine = engines.load("transformers", random_tiny, "float32")
    alike = {"sure": "I am sure", "not_sure": "I am sure not"}
    with pytest.raises(
        confidence.ConfidenceError, match="'I am sure' and 'I am sure not' are alike up to the end of one"
    ):
        sure.statement(engine, Prompt("p", [{"role": "user", "content": "Who?"}], None), "- A", alike)
