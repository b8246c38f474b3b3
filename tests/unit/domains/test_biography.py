"""Biographies: the reference is right in every row of the extract, and the judge tells near misses from hits."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runs import ROOT

from halt import domains, plugins
from halt.domains import Verdict, biography
from halt.domains.shared.text import talk
from halt.inputs import sources

WORDNET = ROOT / "data/wordnet"
SPEC = {"type": "path", "path": "data/wordnet/people.tsv"}


@pytest.fixture(scope="module")
def rows():
    return list(biography.rows(sources.open_source([WORDNET / "people.tsv"], SPEC), {"most_famous": 10**6}))


@pytest.fixture(scope="module")
def darwin(rows):
    return next(row for row in rows if row.id == "charles-darwin")


def test_every_reference_is_right_with_distinct_facts(rows):
    for row in rows:
        fragments = biography.split(row.reference)
        verdicts = biography.judge(fragments, row)
        assert [verdict.label for verdict in verdicts] == ["right"] * len(fragments), row
        assert len({verdict.fact for verdict in verdicts}) == len(fragments) >= 3
        assert biography.join(fragments) == row.reference


def test_ids_and_prompts_are_distinct_and_ordered_by_fame(rows):
    assert len({row.id for row in rows}) == len({row.prompt for row in rows}) == len(rows) > 2000
    source = sources.open_source([WORDNET / "people.tsv"], SPEC)
    assert list(biography.rows(source, {"most_famous": 10})) == rows[:10]
    assert "william-shakespeare" in {row.id for row in rows[:10]}


@pytest.mark.parametrize(
    ("statement", "label", "kind"),
    [
        ("Charles Darwin was English.", "right", "nationality"),
        ("Charles Darwin was British", "right", "nationality"),
        ("charles darwin is  an Englishman... ", "right", "nationality"),
        ("Nationality: English", "right", "nationality"),
        ("**Nationality:** French", "wrong", "nationality"),
        ("- **Born:** 1809", "right", "birth year"),
        ("Died: 1883", "wrong", "death year"),
        ("Born: 1809, Shrewsbury", "unverifiable", "birth year"),
        ("Occupation: naturalist", "right", "occupation"),
        ("Known for: pigeons", "unverifiable", None),
        ("Birth: Charles Darwin was born in 1809.", "right", "birth year"),
        ("Charles Darwin, an English naturalist, died in 1882.", "right", "death year"),
        ("Charles Darwin, a French naturalist, died in 1882.", "wrong", "nationality"),
        ("Charles Darwin, who died in 1882, was a naturalist.", "right", "occupation"),
        ("Charles Darwin, who died in 1883, was a naturalist.", "wrong", "death year"),
        ("The English biologist Charles Darwin was born in 1809.", "right", "birth year"),
        ("Danish biologist Charles Darwin was born in 1809.", "wrong", "nationality"),
        ("Born in 1809, Charles Darwin was English.", "right", "nationality"),
        ("Born in 1808, Charles Darwin was English.", "wrong", "birth year"),
        ("Charles Darwin's nationality was English.", "right", "nationality"),
        ("The birth year of Charles Darwin is 1808.", "wrong", "birth year"),
        ("Charles Darwin's birth year was not 1808.", "unverifiable", None),
        ("Charles Darwin was a Dane.", "wrong", "nationality"),
        ("Charles Darwin was an Englishman and a naturalist.", "right", "occupation"),
        ("Charles Darwin was a naturalist, a botanist and a geologist.", "unverifiable", "occupation"),
        ("Charles Darwin was a former biologist.", "unverifiable", "occupation"),
        ("Queen Charles Darwin was English.", "unverifiable", "nationality"),
        ("Charles Darwin was English, not French.", "unverifiable", "occupation"),
        ("Charles Darwin was not born in 1700.", "unverifiable", "occupation"),
        ("The father of Charles Darwin was a doctor.", "unverifiable", None),
        ("Charles Darwin the younger was French.", "wrong", "nationality"),
        ("Charles Darwin and his wife were English.", "unverifiable", None),
        ("Charles Darwin is not a name I know.", "unverifiable", None),
        ("Charles Darwin was French.", "wrong", "nationality"),
        ("Charles Darwin was a naturalist.", "right", "occupation"),
        ("Charles Darwin was a scientist.", "right", "occupation"),
        ("Charles Darwin was a famous biologist.", "right", "occupation"),
        ("Charles Darwin was a painter.", "wrong", "occupation"),
        ("Charles Darwin was a man.", "unverifiable", "occupation"),
        ("Charles Darwin was a marine biologist.", "unverifiable", "occupation"),
        ("Charles Darwin was a member of parliament.", "unverifiable", "occupation"),
        ("Charles Darwin was an English naturalist.", "right", "occupation"),
        ("Charles Darwin was an American naturalist.", "wrong", "nationality"),
        ("Charles Darwin was an English painter.", "wrong", "occupation"),
        ("Charles Darwin was a naturalist and painter.", "wrong", "occupation"),
        ("Charles Darwin was a naturalist who kept pigeons.", "unverifiable", "occupation"),
        ("Charles Darwin was born in 1809.", "right", "birth year"),
        ("- Charles Darwin was born in 1810.", "wrong", "birth year"),
        ("Charles Darwin was born on February 12, 1809.", "unverifiable", "birth year"),
        ("Charles Darwin was born on February 12, 1810.", "wrong", "birth year"),
        ("Charles Darwin was born in Shrewsbury in 1809.", "unverifiable", "birth year"),
        ("Charles Darwin died in 1882.", "right", "death year"),
        ("2. Charles Darwin died in 1883.", "wrong", "death year"),
        ("Charles Darwin was born in 1809 and died in 1882.", "right", "death year"),
        ("Charles Darwin was born in 1809 and died in 1883.", "wrong", "death year"),
        ("Charles Robert Darwin was English.", "right", "nationality"),
        ("Charles Darwin wrote a book.", "unverifiable", None),
        ("Charls Darwin was English.", "wrong", "nationality"),
        ("Darwin was English.", "wrong", "nationality"),
        ("Charles Dickens was English.", "wrong", "nationality"),
        ("He was English.", "wrong", "nationality"),
        ("something else", "wrong", None),
    ],
)
def test_statements_are_judged_by_what_the_row_knows(darwin, statement, label, kind):
    verdict = biography.judge([statement], darwin)[0]
    assert (verdict.label, verdict.kind) == (label, kind)
    assert (verdict.fact is not None) == (label == "right")


@pytest.mark.parametrize(
    ("name", "subject", "label"),
    [
        ("Count Alessandro Volta", "Alessandro Volta", "right"),
        ("Charles Darwin", "Sir Charles Darwin", "right"),
        ("Billie Jean King", "Billie Jean King", "right"),
        ("Billie Jean King", "Billie Jean", "wrong"),
        ("Count Rumford", "Rumford", "wrong"),
        ("Count Alessandro Volta", "Count Volta", "wrong"),
    ],
)
def test_titles_are_no_part_of_a_name(darwin, name, subject, label):
    titled = darwin._replace(truth=darwin.truth | {"name": name, "aliases": []})
    assert biography.judge([f"{subject} was English."], titled)[0].label == label


def test_what_the_row_does_not_know_is_not_verifiable(darwin):
    living = darwin._replace(truth=darwin.truth | {"died": "", "origin": "Poland"})
    assert biography.judge(["Charles Darwin died in 1882."], living)[0].label == "unverifiable"
    assert biography.judge(["Charles Darwin was Polish."], living)[0].label == "unverifiable"


def test_british_leaves_english_open_and_english_excludes_scottish(darwin):
    british = darwin._replace(truth=darwin.truth | {"nationality": "British"})
    assert biography.judge(["Charles Darwin was Scottish."], british)[0].label == "unverifiable"
    assert biography.judge(["Charles Darwin was Scottish."], darwin)[0].label == "wrong"


def test_years_before_our_era_need_their_mark(darwin):
    ancient = darwin._replace(truth=darwin.truth | {"born": "65 BC", "died": "8 BC"})
    lines = ["Charles Darwin was born in 65 BC.", "Charles Darwin died in 8 B.C.", "Charles Darwin was born in 65."]
    labels = [verdict.label for verdict in biography.judge(lines, ancient)]
    assert labels[:2] == ["right", "right"]
    assert labels[2] != "right"


@given(st.text())
def test_split_undoes_join_and_drops_titles_alone(text):
    fragments = biography.split(text)
    assert biography.split(biography.join(fragments)) == fragments
    content = [line for line in text.splitlines() if not talk.is_title(line.strip())]
    assert "".join("".join(fragments).split()) == "".join("".join(content).split())


def test_titles_are_no_fragments():
    said = "# Charles Darwin\n**Charles Darwin**\n**Charles Darwin was French.**\nCharles Darwin was English."
    assert biography.split(said) == said.splitlines()[2:]


@pytest.mark.parametrize(
    ("statement", "label"),
    [
        ("*Charles Darwin* was English.", "right"),
        ("***Charles Darwin*** was __English__.", "right"),
        ("**Charles Darwin was English**.", "right"),
        ("**Charles *Robert* Darwin** was English.", "right"),
        ("3) `Charles Darwin` was born in **1809**.", "right"),
        ("### Charles Darwin died in 1882.", "right"),
        ("> + Charles Darwin was a _naturalist_.", "right"),
        ("- [x] **Birth:** Charles Darwin was born in 1809.", "right"),
        ("Fact 2: [Charles Darwin](https://example.org/a_b) was <b>English</b>.", "right"),
        ("**Charles Darwin** was French.", "wrong"),
        ("Char**les** Darwin was English.", "wrong"),
        ("Char_les_ Darwin was English.", "wrong"),
        ("Charles* Darwin was English.", "wrong"),
        ("C. Darwin was English.", "wrong"),
        ("Charles\u200b Darwin was English.", "wrong"),
        ("Charle\u0455 Darwin was English.", "wrong"),  # a Cyrillic letter
        ("Darwin, Charles was English.", "wrong"),
    ],
)
def test_markdown_changes_no_verdict_and_mends_no_name(darwin, statement, label):
    assert biography.judge([statement], darwin)[0].label == label


@pytest.mark.parametrize(
    "line",
    [
        "I don't know much about this person.",
        "Sorry, but I am not able to confirm when Charles Darwin was born.",
        "As a language model, I have no reliable data on him. Could you give me more details?",
        "Here is a short profile of Charles Darwin:",
        "**Profile:**",
        "---",
    ],
)
def test_a_line_that_declines_or_frames_the_answer_is_not_wrong(darwin, line):
    assert biography.judge([line], darwin) == [Verdict("unverifiable")]


@pytest.mark.parametrize(
    "line",
    [
        "I'm not sure, but Charles Darwin was French.",
        "Unfortunately, Charles Dickens was English.",
        "I don't know him well. He was French.",
    ],
)
def test_a_claim_with_an_excuse_is_a_claim(darwin, line):
    assert biography.judge([line], darwin)[0].label == "wrong"


def test_an_evaluator_sees_all_that_the_extract_knows(darwin):
    seen = domains.evidence(biography, darwin)
    truth = darwin.truth
    for part in (*darwin.reference.splitlines(), *truth["aliases"], *truth["occupations"], truth["gloss"]):
        assert part in seen
    assert domains.subject(biography, darwin) == "Charles Darwin"


@pytest.mark.parametrize(
    "piece",
    [
        "was born in ",
        "born ",
        "died ",
        "and ",
        "(",
        "a b ",
        "English ",
        "*",
        "Charles Darwin ",
        "a, ",
        "born: ",
        "b.c. ",
        "\0",
        "\u0130",
        "but ",
    ],
)
def test_an_answer_of_any_length_is_judged_at_once(darwin, piece):
    for begin in ("", "Charles Darwin was a ", "Charles Darwin was born in "):
        before = time.process_time()
        biography.judge(biography.split(begin + piece * (100_000 // len(piece))), darwin)
        assert time.process_time() - before < 5


def test_a_source_without_people_is_refused(tmp_path):
    (tmp_path / "x.tsv").write_text("")
    with pytest.raises(domains.DomainError, match=r"has no people\.tsv"):
        list(biography.rows(sources.open_source([tmp_path], SPEC), {}))


def test_an_unknown_option_is_refused():
    with pytest.raises(domains.DomainError, match="unknown option famous; known: most_famous"):
        list(biography.rows(sources.open_source([WORDNET], SPEC), {"famous": 1}))


def test_a_missing_domain_module_is_named():
    with pytest.raises(plugins.ModuleError, match="no module 'astrology'"):
        domains.load("astrology")
    assert domains.load("biography") is biography
