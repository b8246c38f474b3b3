"""The bench of extractors counts what it says: facts found, right claims, claims that can be understood alone."""

import pytest
from runs import ROOT

from halt import domains
from halt.bench import claims as bench
from halt.extractors.claims import Answer, Extracted
from halt.inputs.sources import Source

BIOGRAPHY, SPLIT = domains.load("biography"), domains.load("wikibios").split


@pytest.fixture(scope="module")
def people():
    """Rows with a nationality, an occupation and two years."""
    return bench.people(BIOGRAPHY, Source([ROOT / "data/wordnet/people.tsv"], "wordnet"), 5)


def perfect(people):
    """A reader that lists the statements of the row at the first sentence of its text."""

    def read(answers):
        told = [Extracted(tuple(row.reference.split("\n")), "") for row in people]
        return [
            [one, *[Extracted((), "no claim")] * (len(each.sentences) - 1)]
            for one, each in zip(told, answers, strict=True)
        ]

    return read


def test_every_style_holds_all_facts_and_a_perfect_reader_finds_them(people):
    for style, score in bench.measured(people, BIOGRAPHY, perfect(people), SPLIT).items():
        assert score.facts == 20, style
        assert score.found == score.right == score.named == score.claims == 20, style


def test_whole_sentences_are_enough_only_where_each_says_one_fact(people):
    found = bench.measured(people, BIOGRAPHY, bench.unread, SPLIT)
    recall = {style: score.found / score.facts for style, score in found.items()}
    assert recall.pop("a sentence for each fact") == 1
    assert max(recall.values()) <= 0.25


def test_a_claim_without_the_name_or_told_twice_finds_no_more(people):
    row = people[0]
    lines = row.reference.split("\n")
    bare = [f"They {line.removeprefix(row.truth['name']).strip()}" for line in lines]
    answer = Answer(row.prompt, tuple(lines))
    alone = bench.scored([row], [answer], [[Extracted(tuple(bare), "")]], BIOGRAPHY)
    assert (alone.found, alone.named) == (0, 0)
    twice = bench.scored([row], [answer], [[Extracted((lines[0], lines[0]), "")]], BIOGRAPHY)
    assert (twice.found, twice.claims, twice.right) == (1, 2, 2)


def test_the_table_has_a_line_for_each_reader_and_style(people):
    found = {"rules": bench.measured(people, BIOGRAPHY, bench.unread, SPLIT)}
    lines = bench.table(found).splitlines()
    assert len(lines) == 2 + len(bench.STYLES)
    assert lines[2].startswith("| rules | a sentence for each fact | 100 % | 100 % | 100 % | 20 |")
