"""Probes: states are read where they should be, and nothing is chosen, learned or bounded by what it is tested on."""

import json

import numpy as np
import polars as pl
import pytest
import synthetic as made
from hypothesis import given
from hypothesis import strategies as st

import probe as program
from halt import confidence, engines, frames
from halt.confidence import probe
from halt.engines import Prompt

SETTINGS = {"layers": [0.5, 1.0], "positions": ["last", "first"], "folds": 2, "penalty": 0.1, "seed": 0}
PLACE = ["id", "sample", "fragment"]


def test_fragments_are_found_in_their_answer_one_behind_the_other():
    text = "Sure:\n- Born in  1809.\n\n- a\n- a\n"
    found = probe.spans(text, ["- Born in 1809.", "- a", "- a"])
    assert [text[start:end] for start, end in found] == ["- Born in  1809.", "- a", "- a"]
    assert found == [(6, 22), (24, 27), (28, 31)]
    assert probe.spans("def f(x):\n\treturn x", ["def f(x):\n    return x"]) == [(0, 19)]


@pytest.mark.parametrize("fragments", [["b", "a"], ["a b c"], [" "]])
def test_a_fragment_that_is_not_in_its_answer_is_refused(fragments):
    with pytest.raises(confidence.ConfidenceError, match="is not in its answer"):
        probe.spans("a b", fragments)


@given(st.lists(st.text(st.sampled_from("ab é=\t"), min_size=1, max_size=5).filter(str.strip), max_size=5))
def test_every_fragment_stands_where_its_span_says(fragments):
    text = " \n".join(fragments)
    for fragment, (start, end) in zip(fragments, probe.spans(text, fragments), strict=True):
        assert text[start:end].split() == fragment.split()


def test_a_token_is_named_by_where_it_stands_in_its_fragment():
    text, offsets = "A cat.\nB (!)", [(0, 1), (1, 5), (5, 6), (6, 7), (7, 8), (8, 10), (10, 12)]
    whole, second, signs = (0, 6), (7, 8), (9, 12)
    names = ("first", "content", "last", "before")
    assert [probe.token(whole, text, offsets, name) for name in names] == [0, 1, 2, -1]
    assert [probe.token(second, text, offsets, name) for name in names] == [4, 4, 4, 3]
    assert [probe.token(signs, text, offsets, name) for name in names] == [5, 6, 6, 4]  # no word: the last one
    with pytest.raises(confidence.ConfidenceError, match="no token of this model's tokenizer stands for 'B'"):
        probe.token(second, text, offsets[:4], "last")


def test_early_stop_reads_before_a_fragment_whatever_is_listed():
    assert probe.positions("early_stop", ["last", "first"]) == ["before"]
    assert probe.positions("probe", ["last", "first"]) == ["last", "first"]


@pytest.fixture(scope="module")
def engine(random_tiny):
    return engines.load("transformers", random_tiny, "float32")


def answer(*fragments, asked="Who?"):
    return probe.Answer(Prompt("p", [{"role": "user", "content": asked}], None), "\n".join(fragments), fragments)


def test_states_are_those_of_one_plain_pass_at_the_tokens_of_the_fragments(engine):
    import torch

    answers = [answer("born in 1809", "a painter"), answer("a poet", asked="Who was the woman that wrote it?")]
    layers, found = probe.read(engine, answers, ["last", "before"], [0.01, 1.0, 0.99], batch_size=2)
    count = engine.model.config.num_hidden_layers
    assert layers == [1, count]
    assert found.shape == (3, 2, 2, engine.model.config.hidden_size)
    place = 0
    for one in answers:
        opening = engine.encode(one.prompt)
        for number in range(len(one.fragments)):
            upto = "\n".join(one.fragments[: number + 1])
            cut = "\n".join([*one.fragments[:number], ""])
            for position, text in enumerate((upto, cut)):
                ids = torch.tensor([[*opening, *engine.tokenizer(text, add_special_tokens=False)["input_ids"]]])
                with torch.inference_mode():
                    states = engine.model(input_ids=ids, output_hidden_states=True).hidden_states
                for column, layer in enumerate(layers):
                    expected = states[layer][0, -1].numpy()
                    np.testing.assert_allclose(found[place, position, column], expected, atol=1e-5)
            place += 1


def test_what_would_have_been_written_later_changes_no_state(engine):
    """So to stop at a boundary and to cut the finished answer there are the same."""
    whole = answer("born in 1809", "a painter", "died in 1865")
    _, early = probe.read(engine, [whole._replace(text="born in 1809\na painter", fragments=whole.fragments[:2])],
                          ["before"], [1.0], 1)  # fmt: skip
    _, late = probe.read(engine, [whole], ["before"], [1.0], 1)
    np.testing.assert_allclose(early, late[:2], atol=1e-5)
    assert not np.allclose(late[1], late[2], atol=1e-3)


def test_an_answer_beyond_the_context_is_refused(engine):
    long = answer("a painter " * engine.model.config.max_position_embeddings)
    with pytest.raises(confidence.ConfidenceError, match=r"the model's context \d+: fewer shots"):
        probe.read(engine, [long], ["last"], [1.0], 1)


def test_layers_are_shares_of_the_depth_without_rounding_errors():
    from types import SimpleNamespace

    from halt.engines import states

    config = SimpleNamespace(get_text_config=lambda: SimpleNamespace(num_hidden_layers=100))
    model = SimpleNamespace(config=config)
    assert states.layers_at(model, [1.0, 0.255, 0.07, 0.001]) == [1, 7, 26, 100]  # 0.07 * 100 is more than 7 in binary


def test_states_of_a_table_lie_beside_their_fragments():
    rows = fragments({"p0": ["rw", "r"]})
    states = np.arange(3 * 2 * 1 * 4, dtype=np.float32).reshape(3, 2, 1, 4)
    table = probe.states_table(made.shuffled(rows), "train", ["last", "first"], [7], states)
    assert dict(table.schema) == dict(pl.DataFrame(schema=frames.STATES).schema)
    assert table.select("sample", "fragment", "position").rows() == [
        (0, 0, "last"),
        (0, 0, "first"),
        (0, 1, "last"),
        (0, 1, "first"),
        (1, 0, "last"),
        (1, 0, "first"),
    ]
    assert table["state"].to_list() == states.reshape(-1, 4).tolist()
    assert set(table["layer"]) == {7}


def test_prompts_of_a_cluster_share_a_fold():
    clusters = {f"t{number}": f"c{number // 2}" for number in range(20)}
    ids = [id for id in clusters for _ in range(3)]
    found = probe.folds(ids, clusters, 5, 0)
    by_cluster = {}
    for id, fold in zip(ids, found, strict=True):
        by_cluster.setdefault(clusters[id], set()).add(int(fold))
    assert all(len(each) == 1 for each in by_cluster.values())
    assert sorted(fold for each in by_cluster.values() for fold in each) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert (probe.folds(ids, clusters, 5, 1) != found).any()


def test_a_linear_model_learns_a_direction_and_a_single_label_is_its_share():
    states = np.array([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0], [-2.0, 0.0]], dtype=np.float32)
    predict = probe.fit(states, np.array([True, True, False, False]), 0.1)
    low, middle, high = predict(np.array([[-3.0, 0.0], [0.0, 0.0], [3.0, 0.0]]))
    assert low < 0.2 < 0.8 < high
    assert middle == pytest.approx(0.5)
    assert probe.fit(states, np.array([True] * 4), 0.1)(states).tolist() == [1.0] * 4
    assert probe.fit(states, np.array([False] * 4), 0.1)(states[:2]).tolist() == [0.0] * 2


def test_a_stronger_penalty_is_less_sure():
    states, right = np.array([[1.0], [-1.0]] * 4), np.array([True, False] * 4)
    sure, unsure = (probe.fit(states, right, penalty)(states[:1])[0] for penalty in (0.1, 100))
    assert 0.5 < unsure < 0.6 < sure


def test_what_is_said_of_a_fold_was_learned_from_the_others():
    """In one fold a large state is right, in the other wrong: each is told the opposite of its own labels."""
    states = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    right, fold = np.array([True, False, False, True]), np.array([0, 0, 1, 1])
    values = probe.held_out(states, right, np.array([True] * 4), fold, 0.1)
    assert ((values > 0.5) != right).all()


def test_what_is_not_labelled_teaches_nothing():
    states = np.array([[1.0], [-1.0], [1.0], [-1.0], [-1.0]])
    right, fold = np.array([True, False, True, False, True]), np.array([0, 0, 1, 1, 1])
    values = [probe.held_out(states, right, np.array([True] * 4 + [last]), fold, 0.1) for last in (False, True)]
    assert values[0][1] == pytest.approx(1 - values[0][0])  # the same of both labels
    assert values[1][1] > values[0][1]
    assert values[0][4] == values[0][3]


def test_labels_of_one_fold_alone_are_refused():
    with pytest.raises(confidence.ConfidenceError, match="too few prompts to learn from"):
        probe.held_out(np.ones((2, 1)), np.array([True, False]), np.array([True, True]), np.array([0, 0]), 0.1)


def fragments(labels_of, method="samples"):
    """FRAGMENTS: {id: [labels of sample 0, ...]}."""
    return judged(labels_of, method).select(list(frames.FRAGMENTS))


def judged(labels_of, method="samples"):
    rows = [
        line
        for id, drawn in labels_of.items()
        for sample, labels in enumerate(drawn)
        for line in made.judged(made.answer(method, "none", 0, id=id, sample=sample), labels)
    ]
    return made.judgements(*rows)


def states_of(table, split, state):
    """STATES at two positions and two layers; state: (position, layer, label) -> two numbers."""
    rows = [
        {"split": split, **{name: row[name] for name in PLACE}, "position": position, "layer": layer,
         "state": state(position, layer, row.get("label"))}
        for row in table.iter_rows(named=True)
        for position in ("last", "first")
        for layer in (1, 2)
    ]  # fmt: skip
    return frames.build(rows, frames.STATES)


def informative(where):
    """A state that says whether the fragment is right at one position and layer alone."""
    noise = np.random.default_rng(0)

    def state(position, layer, label):
        says = {"right": 1.0, "wrong": -1.0}.get(label, 0.0) if (position, layer) == where else 0.0
        return [says, noise.normal()]

    return state


TRAINED = {f"t{number}": ["rw?", "wr", "rr"] for number in range(8)}
CLUSTERS = {id: id for id in TRAINED}


@pytest.mark.parametrize("where", [("last", 1), ("last", 2), ("first", 2)])
def test_layer_and_token_are_chosen_where_training_prompts_can_be_told_apart(where):
    training, answered = judged(TRAINED), judged({"p0": ["rwr"]}, "base")
    state = informative(where)
    states = pl.concat([states_of(training, "train", state), states_of(answered, "test", state)])
    setting, measured, values, chosen = probe.confidences(
        made.shuffled(training), answered, states, CLUSTERS, SETTINGS, "probe", "test", "ignore"
    )
    assert (chosen.position, chosen.layer, chosen.auroc) == (*where, 1.0)
    assert [value > 0.5 for value in values] == [True, False, True]
    assert setting.select(PLACE).rows() == [(id, 0, place) for id in sorted(TRAINED) for place in range(3)]
    assert [value > 0.5 for value in measured[:2]] == [True, False]
    assert measured[2] == pytest.approx(0.6, abs=0.25)  # unverifiable: neither, but it has a confidence


def test_states_of_other_fragments_change_no_confidence_of_training():
    training, state = judged(TRAINED), informative(("last", 1))
    found = []
    for texts in ("rwr", "www"):
        answered = judged({"p0": [texts]}, "base")
        states = pl.concat([states_of(training, "train", informative(("last", 1))), states_of(answered, "test", state)])
        found.append(probe.confidences(training, answered, states, CLUSTERS, SETTINGS, "probe", "test", "ignore"))
    assert found[0][1] == found[1][1]
    assert found[0][3] == found[1][3]


def test_the_bound_is_not_set_by_what_a_probe_says_of_its_own_examples():
    """States that say nothing can be learned by heart; held out, right and wrong ones come out alike."""
    noise = np.random.default_rng(1)
    training = judged({f"t{number}": ["rw"] for number in range(12)})
    states = states_of(training, "train", lambda *_: noise.normal(size=20).tolist())
    answered = fragments({"p0": ["r"]}, "base")
    states = pl.concat([states, states_of(answered, "test", lambda *_: [0.0] * 20)])
    clusters = {f"t{number}": f"t{number}" for number in range(12)}
    setting, measured, _, chosen = probe.confidences(
        training, answered, states, clusters, SETTINGS, "probe", "test", "ignore"
    )
    right = (setting["label"].cast(pl.String) == "right").to_list()
    told = sum((value > 0.5) == is_right for value, is_right in zip(measured, right, strict=True))
    assert told < 20  # of 24; by heart it would be all
    assert chosen.auroc < 0.9


@pytest.mark.parametrize(("labels", "share"), [("rr", 1.0), ("ww", 0.0)])
def test_of_one_label_alone_nothing_is_learned_and_its_share_is_said(labels, share):
    training, answered = judged({f"t{number}": [labels] for number in range(4)}), fragments({"p0": ["rw"]}, "base")
    states = pl.concat(
        [states_of(training, "train", lambda *_: [1.0, 2.0]), states_of(answered, "test", lambda *_: [3.0, 4.0])]
    )
    clusters = {f"t{number}": f"t{number}" for number in range(4)}
    _, measured, values, chosen = probe.confidences(
        training, answered, states, clusters, SETTINGS, "probe", "test", "ignore"
    )
    assert chosen == ("last", 1, None)
    assert set(measured) | set(values) == {share}


def test_what_counts_and_is_not_right_is_learnt_as_wrong():
    training, answered = judged({f"t{number}": ["ri?"] for number in range(8)}), judged({"p0": ["r?i"]}, "base")
    says = {"right": 1.0, "idle": -1.0, "unverifiable": -1.0}
    states = [states_of(one, split, lambda _position, _layer, label: [says[label], 0.0])
              for one, split in ((training, "train"), (answered, "test"))]  # fmt: skip
    for reading in ("wrong", "ignore"):
        asked = (training, answered, pl.concat(states), {f"t{number}": f"t{number}" for number in range(8)})
        _, _, values, chosen = probe.confidences(*asked, SETTINGS, "probe", "test", reading)
        assert [value > 0.5 for value in values] == [True, False, False]
        assert chosen.auroc == 1.0


def test_nothing_judged_and_fragments_without_states_are_refused():
    answered = fragments({"p0": ["r"]}, "base")
    training = judged({"t0": ["??"]})
    states = states_of(training, "train", lambda *_: [0.0, 0.0])
    with pytest.raises(confidence.ConfidenceError, match="nothing to learn from"):
        probe.confidences(training, answered, states, {"t0": "t0"}, SETTINGS, "probe", "test", "ignore")
    training = judged({"t0": ["rw"], "t1": ["rw"]})
    states = states_of(training, "train", lambda *_: [0.0, 0.0])
    with pytest.raises(confidence.ConfidenceError, match="1 fragments without a hidden state"):
        probe.confidences(training, answered, states, {"t0": "t0", "t1": "t1"}, SETTINGS, "probe", "test", "ignore")


def test_behind_a_stop_nothing_is_written_in_independent_domains_too():
    key = made.answer("base", "none")
    rows = made.judgements(*made.judged(key, "rwrr", texts=list("abcd")))
    told = probe.reached(rows.with_columns(confidence=pl.Series([0.9, 0.6, 0.95, 0.4])))
    assert told["confidence"].to_list() == [0.9, 0.6, 0.6, 0.4]
    run = made.answer("early-stop", "none") | {"split": "test"}
    training = {**run, "split": "train", "id": "t", "fragment": 0, "confidence": 0.7}
    values = [{**run, "fragment": place, "confidence": value} for place, value in enumerate(told["confidence"])]
    answers, verdicts = confidence.filtered(
        made.responses(made.response(key, "a\nb\nc\nd")),
        rows,
        frames.build([*values, training], frames.CONFIDENCES),
        method="early-stop",
        threshold="0.50",
        unsure="Unsure from here",
        dependent=False,
        join="\n".join,
    )
    assert answers["text"].to_list() == ["a"]  # c is likely again, but it is never reached
    assert verdicts["text"].to_list() == ["a"]


def test_the_least_chance_is_of_each_answer_by_itself():
    rows = fragments({"p0": ["rr", "rr"], "p1": ["r"]}).with_columns(confidence=pl.Series([0.2, 0.9, 0.8, 0.3, 0.7]))
    assert probe.reached(rows)["confidence"].to_list() == [0.2, 0.2, 0.8, 0.3, 0.7]


@pytest.mark.parametrize("kind", ["probe", "early_stop"])
def test_a_killed_probe_reads_nothing_twice(tmp_path, monkeypatch, kind):
    ids, trained = [f"p{number}" for number in range(6)], [f"t{number}" for number in range(6)]
    answers, judgements = fragments({id: ["rw"] for id in ids}, "base"), judged({id: ["rw", "wr"] for id in trained})
    texts = "statement 0\nstatement 1"
    tables = {
        "fragments": (answers, frames.FRAGMENTS),
        "responses": (
            made.responses(*(made.response(made.answer("base", "none", id=id), texts) for id in ids)),
            frames.RESPONSES,
        ),
        "data": (made.data(*(made.row(id) for id in ids)), frames.DATA),
        "judgements": (judgements, frames.JUDGEMENTS),
        "samples": (
            made.responses(
                *(
                    made.response(made.answer("samples", "none", 0, id=id, sample=sample), texts)
                    for id in trained
                    for sample in range(2)
                )
            ),
            frames.RESPONSES,
        ),
        "training-data": (made.data(*({**made.row(id), "split": "train"} for id in trained)), frames.DATA),
    }
    arguments = []
    for name, (table, schema) in tables.items():
        frames.write(table, tmp_path / f"{name}.parquet", schema)
        arguments += [f"--{name}", str(tmp_path / f"{name}.parquet")]
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"files": {}, "source": [], "sha256": ""}')
    settings = {
        "probe": SETTINGS,
        "reading": {"unverifiable": "wrong"},
        **{"generate/shots": 2, "generate/seed": 0, "respond/shots": 1, "respond/seed": 0},
        "models/m": {"chat": True, "dtype": "float32"},
        "domains/biography": {"module": "biography"},
        "methods/mine": {"filter": kind},
    }
    arguments += ["--model", str(manifest), "--method", "mine", "--settings", json.dumps(settings), "--version", "1"]
    arguments += ["--work", str(tmp_path / "work"), "--batch-size", "4", "--output", str(tmp_path / "out.parquet")]
    told, limit = [], 1

    def read(_engine, asked, chosen, depths, _batch_size):
        if len(told) >= limit:
            raise KeyboardInterrupt
        told.extend((one.prompt.id, len(one.prompt.messages), one.fragments) for one in asked)
        assert list(chosen) == (["before"] if kind == "early_stop" else ["last", "first"])
        assert depths == [0.5, 1.0]
        count = sum(len(one.fragments) for one in asked)
        return [1, 2], np.random.default_rng(len(told)).normal(size=(count, len(chosen), 2, 3)).astype(np.float32)

    monkeypatch.setattr("halt.confidence._base.PROMPTS_PER_PART", 4)
    monkeypatch.setattr("halt.engines.transformers.Engine", lambda *_, **__: "engine")
    monkeypatch.setattr(probe, "read", read)
    args = program.parser().parse_args(arguments)
    limit = 4  # one part of four answers
    with pytest.raises(KeyboardInterrupt):
        program.main(args)
    limit = 99
    program.main(args)
    assert sorted(id for id, _, _ in told) == sorted([*ids, *trained, *trained])
    turns = {id: count for id, count, _ in told}
    assert {turns[id] for id in ids} == {1 * 2 + 1}  # behind the examples that they were written behind
    assert {turns[id] for id in trained} == {2 * 2 + 1}
    table = frames.read(tmp_path / "out.parquet", frames.CONFIDENCES)
    assert dict(table["split"].value_counts().iter_rows()) == {"test": 12, "train": 12}
    assert table.filter(pl.col("split") == "test").select("id", "fragment").equals(answers.select("id", "fragment"))
    assert set(table["sample"]) == {0}
    assert (set(table["method"]), set(table["threshold"])) == ({"mine"}, {"none"})
    assert table["confidence"].is_between(0, 1).all()
    assert {"position", "layer", "auroc"} == set(frames.provenance(tmp_path / "out.parquet")["chosen"])
    assert not (tmp_path / "work").exists()
