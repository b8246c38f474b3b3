"""The paper's own sets from the hub: small files with the columns of the real ones."""

import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from halt import domains, sources
from halt.domains import competition_math, medexqa, wikibios
from halt.errors import HaltError

SPEC = {"type": "hub", "repository": "owner/set", "revision": "0" * 40}


@pytest.fixture
def bios(tmp_path):
    table = {"column_header": ["name", "birth_date"], "row_number": [1, 1], "content": ["ada lovelace", "1815"]}
    text = (
        "ada lovelace -lrb- 1815 -- 1852 -rrb- was a mathematician . she worked with mr. babbage . she died young .\n"
    )
    record = {"target_text": text, "input_text": {"table": table, "context": "ada lovelace\n"}}
    polars.DataFrame([record]).write_parquet(tmp_path / "train.parquet")
    return sources.open_source([tmp_path], SPEC)


def test_wikibios_gives_text_and_infobox(bios):
    (row,) = wikibios.rows(bios, {"max_sentences": 2})
    assert row.prompt == "Write a short biography of Ada Lovelace."
    assert wikibios.split(row.reference) == [
        "ada lovelace (1815 -- 1852) was a mathematician.",
        "she worked with mr. babbage.",
    ]
    assert row.truth["infobox"] == {"name": "ada lovelace", "birth_date": "1815"}
    assert row.truth["text"].endswith("she died young.")


def test_wikibios_refuses_other_columns(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"target_text": "x", "input_text": {}}\n')
    with pytest.raises(domains.DomainError, match="record 0"):
        list(wikibios.rows(sources.open_source([tmp_path], SPEC), {}))


@pytest.fixture
def problems(tmp_path):
    records = [
        {
            "problem": "What is $1+1$?",
            "level": "Level 1",
            "type": "Algebra",
            "solution": "We add.\n\n$1+1=2\\le 3$, so $x \\ge 1$ and the answer is $\\boxed{\\frac{4}{2}}$.",
        },
        {"problem": "Hard?", "level": "Level 5", "type": "Geometry", "solution": "It is $\\boxed{7}$."},
        {"problem": "Odd?", "level": "Level ?", "type": "Geometry", "solution": "It is $\\boxed{7}$."},
        {"problem": "None?", "level": "Level 1", "type": "Geometry", "solution": "No box."},
    ]
    polars.DataFrame(records).write_parquet(tmp_path / "train.parquet")
    return sources.open_source([tmp_path], SPEC)


def test_math_is_cut_at_line_breaks_and_equals_signs(problems):
    rows = list(competition_math.rows(problems, {}))
    assert [row.truth["answer"] for row in rows] == ["\\frac{4}{2}", "7"]
    assert [row.stratum for row in rows] == ["Algebra", "Geometry"]
    fragments = competition_math.split(rows[0].reference)
    assert [fragment.strip()[:4] for fragment in fragments] == ["We a", "$1+1", "=2\\l"]
    assert competition_math.join(fragments) == rows[0].reference
    assert [row.truth["level"] for row in competition_math.rows(problems, {"levels": [5]})] == [5]


def test_math_compares_final_answers_by_value(problems):
    row = next(competition_math.rows(problems, {}))
    assert competition_math.same_answer("So it is $\\boxed{2}$.", row)
    assert competition_math.same_answer("So it is $\\boxed{2.0}$.", row)
    assert not competition_math.same_answer("So it is $\\boxed{3}$.", row)


def test_math_refuses_other_columns(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"problem": "x"}\n')
    with pytest.raises(domains.DomainError, match="lacks the column level, solution, type"):
        list(competition_math.rows(sources.open_source([tmp_path], SPEC), {}))


@pytest.fixture
def questions(tmp_path):
    line = 'What is it?\tone\ttwo\tthree\tfour\tIt is two. E.g. here, No. 2.\t"Two" it is\tB\n'
    (tmp_path / "test").mkdir()
    (tmp_path / "test/speech_pathologist_test.tsv").write_text(line)
    return sources.open_source([tmp_path], SPEC)


def test_medexqa_explains_and_then_answers(questions):
    (row,) = medexqa.rows(questions, {})
    assert row.prompt == "What is it?\nA. one\nB. two\nC. three\nD. four"
    assert medexqa.split(row.reference)[-1] == "The answer is B. two"
    assert row.stratum == "speech pathologist"
    assert row.truth["answer"] == "B"
    assert len(row.truth["explanations"]) == 2
    (other,) = medexqa.rows(questions, {"explanation": 2})
    assert other.reference.startswith("Two it is")


def test_medexqa_refuses_other_columns(tmp_path):
    for line, fault in (
        ("q\tA", r"x_test\.tsv: .* has 2 fields, expected 8"),
        ("q" + "\tA?" * 7, r"line 1 of x_test\.tsv"),
    ):
        (tmp_path / "x_test.tsv").write_text(f"{line}\n")
        with pytest.raises(HaltError, match=fault):
            list(medexqa.rows(sources.open_source([tmp_path], SPEC), {}))


@pytest.mark.parametrize("module", [wikibios, medexqa, competition_math])
@given(text=st.text(st.sampled_from("ab. A=\n&!?<1"), max_size=30))
def test_split_undoes_join_and_drops_no_content(module, text):
    fragments = module.split(text)
    assert module.split(module.join(fragments)) == fragments
    assert "".join("".join(fragments).split()) == "".join(text.split())
