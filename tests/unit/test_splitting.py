"""Answers to fragments: abstention is no fragment, doubt is marked, nothing else is lost."""

from halt import splitting
from halt.domains import load

PHRASES = {"unsure": "Unsure from here", "uncertain": "Uncertain"}
DOMAIN = load("biography")


def texts(answer: str, phrases=PHRASES) -> list[tuple[str, bool]]:
    return [tuple(fragment) for fragment in splitting.fragments(answer, DOMAIN, phrases)]


def test_a_bare_abstention_gives_no_fragment():
    assert texts("Unsure from here") == []
    assert texts("  unsure from here.\n") == []


def test_an_answer_ends_where_it_abstains():
    assert texts("Ada Lovelace was English.\nUnsure from here\nAda Lovelace was a poet.") == [
        ("Ada Lovelace was English.", False)
    ]


def test_what_follows_the_marker_is_marked():
    assert texts("Ada Lovelace was English.\nUncertain\nAda Lovelace was a poet.") == [
        ("Ada Lovelace was English.", False),
        ("Ada Lovelace was a poet.", True),
    ]


def test_a_word_that_only_begins_like_the_phrase_is_content():
    assert texts("Uncertainty was named by Werner Heisenberg.") == [
        ("Uncertainty was named by Werner Heisenberg.", False)
    ]


def test_samples_of_the_pretrained_model_know_no_phrases():
    assert len(texts("Ada Lovelace was English.\nUncertain\nAda Lovelace was a poet.", None)) == 3
