"""The LLM judge: its words read strictly, its probabilities calibrated, the ground truth encoded once."""

import random
from types import ModuleType

import pytest
import torch
from http_server import chat, serve
from hypothesis import given
from hypothesis import strategies as st
from runs import ROOT
from transformers import AutoModelForCausalLM, AutoTokenizer, Gemma3TextConfig, LlamaConfig

from halt import domains, judges, plugins, rewriting
from halt.domains import Row, Verdict
from halt.engines import scoring
from halt.engines.asked import Requests
from halt.engines.openai import Engine
from halt.engines.replies import Reply
from halt.judges import Case, JudgeError, llm
from halt.judges.shared import calibration, questions
from halt.prompting import texts
from halt.rewriting import halt_reference

TEXTS = ROOT / "scripts" / "prompts"
ADA = Row("ada", "ada", "", "Profile of Ada Bell.", "Ada Bell was Irish.\nAda Bell was born in 1801.", {})
SUM = Row("sum", "sum", "", "What is (2 + 3) * 4?", "2 + 3 = 5\n5 * 4 = 20", {})


def entry(decide, **more):
    return {"type": "llm", "engine": "transformers", "model": "tiny", "decide": decide, **more}


def read_texts(decide, dependent, **more):
    names = judges.needs(entry(decide, **more), dependent).texts
    return {name: texts.load(TEXTS, name) for name in names}


def by_text(cases, dependent, answer, path, domain=None, **more):
    """Verdicts of the text judge over real HTTP, and what the server was asked."""
    with serve(answer) as server:
        engine = Engine(server.endpoint, "tiny", path / "replies.jsonl", backoff=0.01)
        means = judges.Means(
            domain or _domain(dependent),
            read_texts("text", dependent, **more),
            "",
            path,
            (),
            None,
            8,
            1,
            Requests(4, 5, 1),
        )
        verdicts = llm._by_text(entry("text", **more), means, engine.generate, chat=True)(cases)
        engine.close()
    return verdicts, server.asked


def _domain(dependent):
    module = ModuleType("halt.domains.tested")
    module.DEPENDENT = dependent
    return module


def reference(row):
    return row.reference


def labels(judged):
    return [[[item.verdict.label for item in response] for response in case] for case in judged]


def test_each_fragment_is_judged_by_itself_with_the_ground_truth_before_it(tmp_path):
    words = {"Irish": "supported", "French": "Contradicted.", "painter": "**not mentioned**"}

    def answer(asked):
        [statement] = [line for line in asked.last.splitlines() if line.startswith("Statement: ")]
        assert asked.last.index(ADA.reference) < asked.last.index(statement)
        return chat(next(reply for word, reply in words.items() if word in statement))

    response = ["Ada Bell was Irish.", "Ada Bell was French.", "Ada Bell was a painter."]
    judged, asked = by_text([Case(ADA, [response, response[:1]])], False, answer, tmp_path)
    assert labels(judged) == [[["right", "wrong", "unverifiable"], ["right"]]]
    assert len(asked) == 3  # the fragment that two samples share is asked for once


def test_the_evidence_of_the_domain_is_the_ground_truth(tmp_path):
    domain = _domain(False)
    domain.evidence = lambda row: f"{row.truth['town']}, says the infobox."
    row = ADA._replace(truth={"town": "Cork"})
    _, [asked] = by_text(
        [Case(row, [["Ada Bell was Irish."]])], False, lambda asked: chat("supported"), tmp_path, domain
    )
    assert "Cork, says the infobox." in asked.last
    assert ADA.reference not in asked.last


@pytest.mark.parametrize("wrong", [None, "", " "])
def test_a_module_without_evidence_for_a_row_is_named(wrong):
    domain = _domain(False)
    domain.evidence = lambda row: wrong
    with pytest.raises(plugins.ModuleError, match=r"tested.py: evidence\(\) gave .* on 'ada', expected a text"):
        domains.evidence(domain, ADA)


def test_the_evaluator_names_no_reference_statement(tmp_path):
    response = ["Ada Bell was Irish.", "ada bell  was Irish"]
    [[judged]], _ = by_text([Case(ADA, [response])], False, lambda asked: chat("supported"), tmp_path)
    assert [item.verdict.fact for item in judged] == [None, None]
    [[judged]] = questions.judge_by_probability(
        [Case(ADA, [response])], False, lambda asked: [0.9] * len(asked), "{prompt}", 0, reference
    )
    assert [item.verdict for item in judged] == [Verdict("right")] * 2


def test_halt_reference_takes_what_an_evaluator_bore_out(tmp_path):
    """In a domain that has no reference judge at all, too."""
    row = ADA._replace(reference="Ada Bell was Irish. She painted the sea.")
    sampled = ["The painter Ada Bell was Irish.", "Ada Bell was French."]
    [[judged]], _ = by_text(
        [Case(row, [sampled])],
        False,
        lambda asked: chat("contradicted" if "French" in asked.last else "supported"),
        tmp_path,
    )
    verdicts = [item.verdict for item in judged]
    sample = rewriting.Sample(
        0, " ".join(sampled), tuple(sampled), tuple(v.label for v in verdicts), tuple(v.fact for v in verdicts)
    )
    wikibios = domains.load("wikibios")
    settings = rewriting.Settings(
        False,
        wikibios.join,
        0,
        "drop",
        "drop",
        "wrong",
        "Unsure",
        "Uncertain",
        options={"overlap": 0.5},
        domain=wikibios,
    )
    target = halt_reference.rewrite(rewriting.Judged("p0", "", row.reference, (sample,)), settings, "0.40")
    assert target.target == "Ada Bell was Irish."


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("2", ["right", "wrong", "wrong"]),
        ("1.", ["wrong", "wrong", "wrong"]),
        ("none", ["right", "right", "right"]),
        ("Step 1 holds.\n3", ["right", "right", "wrong"]),
    ],
)
def test_the_first_wrong_step_and_all_after_it_are_wrong(tmp_path, reply, expected):
    response = ["2 + 3 = 5", "5 * 4 = 25", "so 25"]
    judged, [asked] = by_text([Case(SUM, [response])], True, lambda asked: chat(reply), tmp_path)
    assert labels(judged) == [[expected]]
    assert '2. "5 * 4 = 25"' in asked.last
    assert SUM.reference in asked.last
    facts = [item.verdict.fact for item in judged[0][0] if item.verdict.label == "right"]
    assert len(set(facts)) == len(facts)


@pytest.mark.parametrize("malformed", ["maybe", "supported, I think", "", "0", "4", "-1", "1 or 2", "²"])
@pytest.mark.parametrize("dependent", [False, True])
def test_a_malformed_reply_is_asked_again_once_and_then_unjudged(tmp_path, malformed, dependent):
    row, response = (SUM, ["2 + 3 = 5", "5 * 4 = 20", "20"]) if dependent else (ADA, ["Ada Bell was Irish."])
    judged, asked = by_text([Case(row, [response])], dependent, lambda asked: chat(malformed), tmp_path)
    assert labels(judged) == [[["unjudged"] * len(response)]]
    turns = asked[1].body["messages"]
    assert len(asked) == 2
    assert all(turn["content"].strip() for turn in turns)  # servers refuse empty turns
    assert [turn["role"] for turn in turns] == (["user", "assistant", "user"] if malformed else ["user"])
    assert not malformed or turns[1]["content"] == malformed


def test_a_reply_that_is_well_formed_the_second_time_counts(tmp_path):
    def answer(asked):
        return chat("Well...") if len(asked.body["messages"]) == 1 else chat("contradicted")

    judged, asked = by_text([Case(ADA, [["Ada Bell was French."]])], False, answer, tmp_path)
    assert labels(judged) == [[["wrong"]]]
    assert len(asked) == 2
    assert "supported, contradicted, not mentioned" in asked[1].last


def test_a_reply_cut_by_the_token_limit_is_malformed(tmp_path):
    judged, asked = by_text(
        [Case(ADA, [["Ada Bell was Irish."]])], False, lambda asked: chat("supported", finish="length"), tmp_path
    )
    assert labels(judged) == [[["unjudged"]]]
    assert len(asked) == 2


def test_all_questions_of_the_cases_are_asked_in_one_go():
    rounds = []

    def ask(conversations):
        rounds.append(len(conversations))
        return [Reply("supported", 1, True)] * len(conversations)

    cases = [Case(ADA._replace(id=f"a{i}"), [["x", "y"]]) for i in range(4)]
    questions.judge_by_text(cases, False, ask, read_texts("text", False), reference)
    assert rounds == [8]


def test_braces_in_code_reach_the_evaluator_as_they_are():
    row = SUM._replace(reference="return {truth: 1}")
    question = questions._first_wrong_question(read_texts("text", True)["judge_first_wrong"], row, ["x = {steps}"])
    text = question.text(row.reference)
    assert "return {truth: 1}" in text
    assert '1. "x = {steps}"' in text


def test_every_answer_in_words_stands_in_the_prompt_text():
    whole = read_texts("text", False, ask="response")
    assert all(word in whole[name] for name in ("judge_fragment", "judge_fragments") for word in questions.WORDS)
    assert questions.NO_STEP in read_texts("text", True)["judge_first_wrong"]
    for dependent in (False, True):
        [template] = read_texts("probability", dependent).values()
        assert questions.YES in template
        assert questions.NO in template


def test_a_prompt_text_with_another_field_is_refused(tmp_path):
    (tmp_path / "judge_again.txt").write_text("Answer with {from}.\n")
    with pytest.raises(texts.PromptError, match=r"judge_again.txt: fields are \{from\}, expected \{form\}"):
        texts.load(tmp_path, "judge_again")


def test_every_ground_truth_stands_before_what_is_asked_about_it():
    for name, fields in texts.fields().items():
        if "truth" in fields:
            text = texts.load(TEXTS, name)
            later = [field for field in fields if field not in ("prompt", "truth")]
            assert all(text.index("{truth}") < text.index(f"{{{field}}}") for field in later)


# Decisions by probability


def test_scores_from_the_threshold_on_are_right():
    values = {"a": 0.3, "b": 0.2, "c": 0.1}

    def score(questions):
        return [values[question] for question in questions]

    [[judged]] = questions.judge_by_probability(
        [Case(ADA, [["a", "b", "c"]])], False, score, "{fragment}", 0.2, reference
    )
    assert [item.verdict.label for item in judged] == ["right", "right", "wrong"]
    assert [item.score for item in judged] == [0.3, 0.2, 0.1]


def test_steps_are_scored_behind_their_prefix_and_the_first_below_the_threshold_ends_the_right_ones():
    asked = []

    def score(questions):
        asked.extend(questions)
        return [-1.0 if question.endswith('|2. "bad"') else 1.0 for question in questions]

    responses = [["ok", "bad", "ok"], ["ok", "fine"]]
    [judged] = questions.judge_by_probability([Case(SUM, responses)], True, score, "{steps}|{step}", 0.0, reference)
    assert labels([judged]) == [[["right", "wrong", "wrong"], ["right", "right"]]]
    first = '(this is the first)|1. "ok"'
    assert asked == [first, '1. "ok"|2. "bad"', '1. "ok"\n2. "bad"|3. "ok"', '1. "ok"|2. "fine"']


def test_the_truth_of_a_prompt_goes_to_the_evaluator_in_one_call():
    calls = []

    def score(questions):
        calls.append(questions)
        return [0.0] * len(questions)

    cases = [Case(ADA, [["a", "b"], ["b", "c"]]), Case(ADA._replace(id="eve"), [["a"]])]
    questions.judge_by_probability(cases, False, score, "{fragment}", 0.0, reference)
    assert calls == [["a", "b", "c"], ["a"]]


@given(
    st.lists(st.floats(-1, 1), min_size=1, max_size=12),
    st.lists(st.floats(-1, 1), min_size=1, max_size=12),
)
def test_no_threshold_has_a_higher_balanced_accuracy(right, wrong):
    if len({*right, *wrong}) == 1:
        with pytest.raises(JudgeError, match="every labelled statement"):
            calibration.fit(right, wrong)
        return
    fitted = calibration.fit(right, wrong)
    between = sorted({*right, *wrong})
    tried = [calibration._balanced_accuracy(right, wrong, value) for value in between[1:]]
    assert fitted.balanced_accuracy == max(tried)
    assert 0 <= fitted.auc <= 1


def test_perfect_separation_has_its_threshold_in_the_middle():
    fitted = calibration.fit([0.5, 0.7], [-0.5, 0.1])
    assert (fitted.threshold, fitted.auc, fitted.balanced_accuracy) == (pytest.approx(0.3), 1.0, 1.0)


PEOPLE = [
    Row(name, name, "", name, f"{name} was {nation}.\n{name} was born in {year}.", {})
    for name, nation, year in [("Ada Bell", "Irish", 1801), ("Bo Lind", "Swedish", 1750), ("Cy Roe", "Irish", 1870)]
]


def test_wrong_statements_speak_of_the_same_subject_and_say_something_else():
    found = calibration.statements(PEOPLE, str.splitlines, False, 6, 0)
    for row, group in found:
        own = row.reference.splitlines()
        for item in group:
            assert (item.fragment.startswith(row.id), item.fragment in own, item.before) == (True, item.right, ())


def test_wrong_steps_stand_behind_right_ones():
    rows = [
        Row(name, name, "", "?", f"{a} + 1 = {a + 1}\n{a + 1} * 2 = {2 * a + 2}", {})
        for name, a in [("x", 3), ("y", 8)]
    ]
    for row, group in calibration.statements(rows, str.splitlines, True, 4, 0):
        own = row.reference.splitlines()
        for item in group:
            assert list(item.before) == own[: len(item.before)]
            assert (item.fragment == ([*own, ""])[len(item.before)]) == item.right


def test_calibration_needs_both_labels():
    with pytest.raises(JudgeError, match="both are needed"):
        calibration.statements(PEOPLE[:1], str.splitlines, False, 4, 0)


# The ground truth is encoded once


def llama():
    return LlamaConfig(
        vocab_size=300,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
    )


def gemma():  # layers that see a window only: shorter than the prefix of the test
    return Gemma3TextConfig(
        vocab_size=300,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        sliding_window=16,
        layer_types=["sliding_attention", "full_attention"],
        max_position_embeddings=256,
    )


def tiny(config, attention="eager"):
    torch.manual_seed(0)
    config._attn_implementation = attention
    return AutoModelForCausalLM.from_config(config).eval()


def sequences(prefix, endings, seed=0):
    draw = random.Random(seed)
    beginning = [draw.randrange(300) for _ in range(prefix)]
    return [[*beginning, *([number] + [draw.randrange(300) for _ in range(size - 1)])] for number, size in endings]


def plain(model, ids, tokens):
    with torch.inference_mode():
        return model(torch.tensor([ids])).logits[0, -1].softmax(-1)[tokens].tolist()


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("config", [llama, gemma])
@pytest.mark.parametrize("batch_size", [1, 3, 16])
@pytest.mark.parametrize("prefix", [0, 40])
def test_a_shared_prefix_gives_the_probabilities_of_full_encoding(config, attention, batch_size, prefix):
    model = tiny(config(), attention)
    asked = sequences(prefix, [(1, 5), (2, 1), (3, 9), (4, 5), (5, 20)])
    found = scoring.next_token_probabilities(model, asked, [7, 8], batch_size)
    expected = [plain(model, ids, [7, 8]) for ids in asked]
    assert torch.allclose(torch.tensor(found), torch.tensor(expected), atol=1e-6)


def test_one_sequence_and_equal_ones_and_one_inside_another():
    model = tiny(llama())
    [ids] = sequences(12, [(1, 3)])
    for asked in ([ids], [ids, ids], [ids[:6], ids], [[5]]):
        found = scoring.next_token_probabilities(model, asked, [7], 4)
        expected = [plain(model, one, [7]) for one in asked]
        assert torch.allclose(torch.tensor(found), torch.tensor(expected), atol=1e-6)


def test_the_shared_prefix_goes_through_the_model_once():
    model = tiny(llama())
    tokens = []
    model.register_forward_pre_hook(
        lambda module, args, kwargs: tokens.append(kwargs["input_ids"].numel()), with_kwargs=True
    )
    asked = sequences(100, [(number, 4) for number in range(20)])
    scoring.next_token_probabilities(model, asked, [7], 8)
    assert tokens[0] == 100
    assert sum(tokens) == 100 + 20 * 4


def test_a_ground_truth_beyond_the_context_is_said():
    with pytest.raises(scoring.ScoringError, match="257 tokens, the model's context 256"):
        scoring.next_token_probabilities(tiny(llama()), [[1] * 257], [7], 1)


def test_the_answer_token_is_the_one_behind_the_prompt(smollm2):
    tokenizer = AutoTokenizer.from_pretrained(smollm2)
    yes, no = scoring.answer_tokens(tokenizer, "Answer:", [" Yes", " No"])
    assert (tokenizer.decode(yes), tokenizer.decode(no)) == (" Yes", " No")
    with pytest.raises(scoring.ScoringError, match="same token"):
        scoring.answer_tokens(tokenizer, "Answer:", [" Yes", " Yes!"])
