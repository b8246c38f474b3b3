"""Self-alignment: pairs by p(True) and by nothing else, entailment both ways, what is learnt is not paired."""

import json
import math

import polars as pl
import pytest
import synthetic as made
from hypothesis import given, settings
from hypothesis import strategies as st

import pair_rated
import self_rate
import sk_entail
from halt import engines, frames, judges, metrics, plugins, preferences
from halt.confidence import p_true
from halt.confidence.shared import knowledge
from halt.domains import Verdict, biography
from halt.judges import entailment
from halt.judges.shared.entailment import Entailed
from halt.preferences import Pair
from halt.report import calibration, facts
from halt.rewriting import Judged, Sample, Settings


def rated(*confidences):
    """A prompt whose samples have these confidences; their text is their number."""
    samples = [
        Sample(index, f"text {index}", ("",) * len(own), ("unjudged",) * len(own), confidences=tuple(own))
        for index, own in enumerate(confidences)
    ]
    return Judged("id", "Who?", "", tuple(samples))


def ranked(prompt, top):
    settings = Settings(False, "\n".join, 0, "drop", "drop", "wrong", "Unsure", "Uncertain", options={"top": top})
    return preferences.paired("self_eval", prompt, settings, "none")


def numbers(pairs):
    return [(pair.chosen_sample, pair.rejected_sample) for pair in pairs]


def test_a_top_share_of_nearly_all_leaves_a_sample_to_prefer_them_to():
    found = ranked(rated([0.2], [0.9], [0.5]), 0.9)
    assert [(pair.chosen_sample, pair.rejected_sample) for pair in found] == [(1, 0), (2, 0)]


def test_the_top_share_is_preferred_to_each_of_the_rest():
    # means: 0.2, 0.9, 0.5, 0.6, 0.1; the top 0.4 of five are the samples 1 and 3
    prompt = rated([0.1, 0.3], [0.9], [0.4, 0.6], [0.6], [0.1])
    pairs = ranked(prompt, 0.4)
    assert numbers(pairs) == [(1, 2), (1, 0), (1, 4), (3, 2), (3, 0), (3, 4)]
    assert pairs[0] == Pair("text 1", "text 2", 1, 2, pytest.approx(0.9), pytest.approx(0.5))


def test_the_share_is_rounded_up_and_taken_as_it_is_written():
    ten = rated(*([number / 10] for number in range(10)))
    assert {chosen for chosen, _ in numbers(ranked(ten, 0.3))} == {9, 8, 7}
    assert {chosen for chosen, _ in numbers(ranked(ten, 0.31))} == {9, 8, 7, 6}
    many = rated(*([number / 25] for number in range(25)))
    assert len({chosen for chosen, _ in numbers(ranked(many, 0.28))}) == 7  # the binary 0.28 * 25 is a little above 7


def test_equal_scores_equal_texts_and_empty_samples_are_no_pairs():
    assert ranked(rated([0.5], [0.5]), 0.3) == []
    same = rated([0.9], [0.1])
    same = same._replace(samples=tuple(sample._replace(text="the same") for sample in same.samples))
    assert ranked(same, 0.3) == []
    empty = rated([0.9], [0.1])
    empty = empty._replace(samples=(empty.samples[0], empty.samples[1]._replace(text=" \n")))
    assert ranked(empty, 0.3) == []


def test_a_sample_that_claims_nothing_is_the_worst():
    assert numbers(ranked(rated([], [0.1], [0.2]), 0.3)) == [(2, 1), (2, 0)]


@settings(deadline=None)
@given(st.lists(st.lists(st.floats(0, 1), max_size=3), min_size=1, max_size=6), st.sampled_from([0.3, 0.5]))
def test_the_chosen_one_always_scores_higher(confidences, top):
    found = ranked(rated(*confidences), top)
    assert all(pair.chosen_score > pair.rejected_score for pair in found)
    assert len(set(numbers(found))) == len(found)


def test_options_of_a_pairing_module_are_completed_and_unknown_ones_refused():
    assert preferences.options("self_eval", {}) == {"top": 0.3}
    with pytest.raises(plugins.ModuleError, match=r"self_eval\.py: no option best in OPTIONS, which has top"):
        preferences.options("self_eval", {"best": 1})


def rating_rows(id, confidences, evaluator="pretrained", sample=0, split="test"):
    return [
        {
            **made.answer("samples", "none", 0, id=id, sample=sample),
            "evaluator": evaluator,
            "split": split,
            "fragment": place,
            "confidence": value,
        }
        for place, value in enumerate(confidences)
    ]


def test_rated_samples_have_no_verdict_no_reference_and_no_truth():
    generations = made.responses(
        *(made.response(made.answer("samples", "none", id=id, sample=s), f"{id}{s}") for id in "ab" for s in (0, 1))
    )
    ratings = frames.build(rating_rows("a", [0.2, 0.4]) + rating_rows("a", [0.9], sample=1), frames.RATINGS)
    [prompt] = preferences.rated(
        {"a": "Who?", "b": "What?"}, generations, ratings, biography
    )  # b: no rating, no prompt
    assert (prompt.reference, prompt.truth) == ("", "{}")
    assert [sample.confidences for sample in prompt.samples] == [(0.2, 0.4), (0.9,)]
    assert {label for sample in prompt.samples for label in sample.labels} == {"unjudged"}
    with pytest.raises(preferences.PairError, match="sample 1 of the prompt 'a' has a rating but was not drawn"):
        list(preferences.rated({"a": "Who?"}, generations.filter(pl.col("sample") == 0), ratings, biography))


CLUSTERS = {f"id{number}": f"cluster{number // 2}" for number in range(20)}


def test_a_share_of_whole_clusters_is_learnt_from():
    ids = knowledge.learnt(CLUSTERS, 0.5, 0)
    assert len(ids) == 10
    assert all((f"id{2 * number}" in ids) == (f"id{2 * number + 1}" in ids) for number in range(10))
    assert ids == knowledge.learnt(dict(reversed(CLUSTERS.items())), 0.5, 0)
    assert ids != knowledge.learnt(CLUSTERS, 0.5, 1)


@pytest.mark.parametrize(("share", "count"), [(0.01, 2), (0.2, 4), (0.99, 18)])
def test_both_sides_always_have_a_cluster(share, count):
    assert len(knowledge.learnt(CLUSTERS, share, 0)) == count


def judged(labels_of):
    """JUDGEMENTS of samples: {id: [labels of sample 0, ...]}; the texts are `said` throughout."""
    rows = [
        row
        for id, drawn in labels_of.items()
        for sample, labels in enumerate(drawn)
        for row in made.judged(
            made.answer("samples", "none", id=id, sample=sample), labels, texts=["said"] * len(labels)
        )
    ]
    return made.judgements(*rows)


@pytest.mark.parametrize(("reading", "unverifiable"), [("wrong", [("B?", False)]), ("ignore", [])])
def test_duplicates_are_kept_and_what_counts_and_is_not_right_is_asked_as_wrong(reading, unverifiable):
    labels = {"a": ["r", "r", "w", "r"], "b": ["?jwi"], "c": ["r"]}
    asked = {"a": "A?", "b": "B?", "c": "C?"}
    found = knowledge.items(judged(labels), asked, {"a", "b"}, samples=3, dependent=False, reading=reading)
    assert [(item.question.prompt, item.right) for item in found] == [
        *(("A?", True), ("A?", True), ("A?", False)),  # the fourth sample is one too many
        *unverifiable,
        *(("B?", False), ("B?", False)),
    ]


def test_a_step_is_asked_about_behind_all_before_it():
    [first, second] = knowledge.items(
        judged({"a": ["?rw"]}), {"a": "A?"}, {"a"}, samples=1, dependent=True, reading="ignore"
    )
    assert first.question.before == ("said",)  # also one that is no item itself
    assert second.question.before == ("said", "said")


def table_of(*pairs):
    """An entailment that holds for exactly these (premise, hypothesis)."""
    asked = []

    def entail(questions):
        asked.extend(questions)
        return [Entailed(pair in pairs, 0.75 if pair in pairs else 0.25) for pair in questions]

    return entail, asked


def test_right_is_what_a_statement_of_the_reference_entails_and_is_entailed_by():
    entail, asked = table_of(("Q? a", "Q? r1"), ("Q? r1", "Q? a"), ("Q? b", "Q? r1"), ("Q? r2", "Q? c"))
    found = entailment.decide("Q?", [["a", "b"], ["c", "a"]], ["r1", "r2"], entail, dependent=False)
    right, one_way = judges.Judged(Verdict("right", fact="r1"), 0.75), judges.Judged(Verdict("wrong"), 0.25)
    assert found == [[right, one_way], [one_way, right]]
    assert len(asked) == len(set(asked)) == 3 * 2 * 2  # each distinct fragment and statement, there and back


def test_behind_the_first_wrong_step_all_are_wrong():
    entail, _ = table_of(("Q? a", "Q? r"), ("Q? r", "Q? a"))
    [found] = entailment.decide("Q?", [["a", "b", "a"]], ["r"], entail, dependent=True)
    assert [(one.verdict.label, one.verdict.fact) for one in found] == [
        ("right", "r"),
        ("wrong", None),
        ("wrong", None),
    ]
    [apart] = entailment.decide("Q?", [["a", "b", "a"]], ["r"], entail, dependent=False)
    assert [one.verdict.label for one in apart] == ["right", "wrong", "right"]


def test_a_reference_that_says_nothing_bears_nothing_out():
    assert entailment.decide("Q?", [["a"], []], [], table_of()[0], False) == [
        [judges.Judged(Verdict("wrong"), None)],
        [],
    ]


def written(folder, **tables):
    """Tables as files, and the arguments that name them."""
    arguments = []
    for name, (table, schema) in tables.items():
        frames.write(table, folder / f"{name}.parquet", schema)
        arguments += [f"--{name.replace('_', '-')}", str(folder / f"{name}.parquet")]
    return arguments


def fragments(texts_of):
    rows = [
        {**made.answer("samples", "none", id=id, sample=sample), "fragment": place, "text": text, "marked": False}
        for id, drawn in texts_of.items()
        for sample, texts in enumerate(drawn)
        for place, text in enumerate(texts)
    ]
    return frames.build(rows, frames.FRAGMENTS)


def training(ids):
    return made.data(*({**made.row(id, cluster=id, reference="A\nB"), "split": "train"} for id in ids))


def common(tmp_path, settings):
    return [
        *("--settings", json.dumps(settings), "--version", "1", "--batch-size", "4"),
        *("--work", str(tmp_path / "work"), "--output", str(tmp_path / "out.parquet")),
    ]


def test_entailed_labels_are_judgements_and_a_killed_run_asks_nothing_twice(tmp_path, monkeypatch):
    ids = [f"t{number}" for number in range(4)]
    arguments = written(
        tmp_path,
        fragments=(fragments({id: [["A", f"{id} x"], ["A"], ["beyond"]] for id in ids}), frames.FRAGMENTS),
        data=(training(ids), frames.DATA),
    )
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"files": {}, "source": [], "sha256": ""}')
    settings = {
        "sk_tuning/samples": 2,
        "sk_tuning/nli": {"dtype": "float32"},
        "domains/biography": {"module": "biography"},
    }
    asked, limit = [], 2

    def classifier(*_):
        def entail(pairs):
            if len(asked) >= limit:
                raise KeyboardInterrupt
            asked.append(list(pairs))
            return [Entailed(one.split()[-1] == other.split()[-1], 0.5) for one, other in pairs]

        return entail

    monkeypatch.setattr("halt.judges._base.PROMPTS_PER_PART", 1)
    monkeypatch.setattr(entailment, "classifier", classifier)
    args = sk_entail.parser().parse_args([*arguments, "--classifier", str(manifest), *common(tmp_path, settings)])
    with pytest.raises(KeyboardInterrupt):
        sk_entail.main(args)
    limit = 99
    sk_entail.main(args)
    assert len(asked) == 4 * 2  # there and back, of every prompt once
    table = frames.read(tmp_path / "out.parquet", frames.JUDGEMENTS)
    assert table["text"].to_list() == [text for id in ids for text in ("A", f"{id} x", "A")]  # two samples, in order
    assert table["label"].to_list() == ["right", "wrong", "right"] * 4
    assert table["fact"].to_list() == ["A", None, "A"] * 4


@pytest.mark.parametrize("tuned", [False, True])
def test_what_was_shown_or_learnt_is_not_rated(tmp_path, monkeypatch, tuned):
    ids = [f"t{number}" for number in range(8)]
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"files": {}, "source": [], "sha256": ""}')
    arguments = written(
        tmp_path,
        fragments=(fragments({id: [[f"{id} a"], [f"{id} b"]] for id in ids}), frames.FRAGMENTS),
        data=(training(ids), frames.DATA),
        judgements=(judged({id: ["rw", "wr"] for id in ids}), frames.JUDGEMENTS),
        training_data=(training(ids), frames.DATA),
    )
    settings = {
        "confidence": {"shots": 2, "seed": 0},
        "models/m": {"chat": True, "dtype": "float32"},
        "domains/biography": {"module": "biography"},
    }
    arguments += ["--model", str(manifest), "--evaluator", "tuned" if tuned else "pretrained"]
    if tuned:
        record = tmp_path / "training.json"
        record.write_text('{"stage": "sk_tune"}')
        arguments += ["--adapter", str(record)]
        settings |= {"sk_tuning/share": 0.5, "sk_tuning/seed": 3}
    loaded, shown = [], []

    def asker(_engine, shots, *_):
        shown.extend(shot.id for shot in shots)
        return lambda questions: [0.25] * len(questions)

    monkeypatch.setattr(engines, "of_model", lambda *given, **_: loaded.append(given))
    monkeypatch.setattr(p_true, "asker", asker)
    self_rate.main(self_rate.parser().parse_args([*arguments, *common(tmp_path, settings)]))
    table = frames.read(tmp_path / "out.parquet", frames.RATINGS)
    told = set(shown) | (knowledge.learnt({id: id for id in ids}, 0.5, 3) if tuned else set())
    assert len(shown) == 2
    assert set(table["id"]) == set(ids) - told
    assert set(table["sample"]) == {0, 1}
    assert set(table["evaluator"]) == {"tuned" if tuned else "pretrained"}
    assert loaded[0][2] == (tmp_path if tuned else None)  # the folder of the adapter


def test_pairs_come_from_ratings_alone(tmp_path):
    """No verdict is an input of the program; the data's references and truth change no pair."""
    generations = made.responses(
        *(made.response(made.answer("samples", "none", id="a", sample=s), f"said {s}") for s in range(3))
    )
    ratings = [row for s, value in enumerate((0.2, 0.9, 0.4)) for row in rating_rows("a", [value], "tuned", s, "train")]
    settings = {
        "methods/self-align": {"pairs": "self_eval", "options": {"top": 0.3}},
        "rewrite": {"rank_base": 0, "unverifiable": "drop", "idle": "drop"},
        "phrases": {"unsure": "Unsure from here", "uncertain": "Uncertain"},
        "domains/biography": {"module": "biography"},
    }
    found = []
    for reference in ("A\nB", "something else"):
        arguments = written(
            tmp_path,
            data=(made.data({**made.row("a", reference=reference), "split": "train"}), frames.DATA),
            generations=(generations, frames.RESPONSES),
            ratings=(frames.build(ratings, frames.RATINGS), frames.RATINGS),
        )
        arguments += ["--method", "self-align", "--threshold", "none", "--settings", json.dumps(settings)]
        arguments += ["--version", "1", "--output", str(tmp_path / "pairs.parquet")]
        pair_rated.main(pair_rated.parser().parse_args(arguments))
        found.append(frames.read(tmp_path / "pairs.parquet", frames.PAIRS))
    assert found[0].equals(found[1])
    assert found[0].select("chosen", "rejected").rows() == [("said 1", "said 2"), ("said 1", "said 0")]
    assert set(found[0]["method"]) == {"self-align"}


def test_calibration_is_told_of_each_evaluator_on_the_same_fragments():
    ratings = rating_rows("a", [0.9, 0.9, 0.1, 0.7]) + rating_rows("a", [1.0, 0.0, 0.0, 0.3], "tuned")
    table = calibration.table(
        frames.build(ratings, frames.RATINGS).lazy(),
        judged({"a": ["rww?"]}).lazy(),  # the fourth counts for nothing
        pl.DataFrame({"domain": ["biography"], "id": ["a"], "cluster": ["c"]}),
        metrics.Scoring(20, 0, "ignore"),
    )
    assert table["evaluator"].to_list() == ["pretrained", "tuned"]
    assert table["fragments"].to_list() == [3, 3]
    before, after = table.rows(named=True)
    assert before["auroc"] == pytest.approx((0.5 + 1) / 2)  # level with one wrong fragment, above the other
    assert before["ece"] == pytest.approx((abs(1.8 - 1) + 0.1) / 3)
    assert before["confidence"] == pytest.approx(1.9 / 3)
    assert (after["auroc"], after["ece"]) == (1, 0)


def metrics_row(id, given, right, unverifiable=0, unjudged=0):
    return {
        **made.answer("self-eval", "none", 0, id=id),
        **made.NOTHING,
        **{"cluster": id, "given": given, "right": right, "facts": right, "unverifiable": unverifiable},
        **{"unjudged": unjudged, "n_all": 4, "n_capable": 4},
    }


def test_facts_are_counted_as_factscore_does():
    rows = [
        metrics_row("a", 4, 3, unverifiable=1),  # 3 of 5
        metrics_row("b", 20, 10),  # 10 of 20, long enough
        metrics_row("c", 0, 0),  # no answer
        metrics_row("d", 0, 0, unjudged=2),  # nobody knows: left out
    ]
    [row] = facts.table(frames.build(rows, frames.METRICS).lazy(), "wrong").rows(named=True)
    assert (row["prompts"], row["method"], row["seed"]) == (3, "self-eval", "0")
    assert row["correct"] == pytest.approx(13 / 3)
    assert row["incorrect"] == pytest.approx(12 / 3)
    assert row["response_rate"] == pytest.approx(2 / 3)
    assert row["factscore"] == pytest.approx((3 / 5 + 10 / 20) / 2)
    assert row["factscore_penalty"] == pytest.approx((3 / 5 * math.exp(1 - 10 / 5) + 10 / 20) / 2)
    assert row["factscore_strict"] == row["factscore"]
    assert row["factscore_lenient"] == pytest.approx((3 / 4 + 10 / 20) / 2)
    [row] = facts.table(frames.build(rows, frames.METRICS).lazy(), "ignore").rows(named=True)
    assert (row["factscore"], row["incorrect"]) == (pytest.approx((3 / 4 + 10 / 20) / 2), pytest.approx(11 / 3))


def test_a_result_without_any_answer_has_no_factscore():
    [row] = facts.table(frames.build([metrics_row("a", 0, 0)], frames.METRICS).lazy(), "wrong").rows(named=True)
    assert (row["correct"], row["response_rate"], row["factscore"], row["factscore_penalty"]) == (0, 0, None, None)
