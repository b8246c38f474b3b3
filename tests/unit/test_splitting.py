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


def test_a_phrase_may_end_in_a_full_stop():
    ended = {"unsure": "I don't know.", "uncertain": "Perhaps:"}
    assert texts("Ada Lovelace was English.\nPerhaps:\nShe was a poet.\nI don't know.", ended) == [
        ("Ada Lovelace was English.", False),
        ("She was a poet.", True),
    ]


R_TUNING = {**PHRASES, "sure": "I am sure", "not_sure": "I am unsure"}


def test_a_sure_answer_ends_before_the_line_that_says_so():
    expected = [("Ada Lovelace was English.", False)]
    assert texts("Ada Lovelace was English.\nI am sure", R_TUNING) == expected
    assert texts("Ada Lovelace was English.\n I am SURE.\nI am unsure\nMore.", R_TUNING) == expected
    assert texts("I am sure", R_TUNING) == []


def test_an_unsure_answer_is_marked_from_its_beginning():
    expected = [("Ada Lovelace was English.", True), ("Ada Lovelace was a poet.", True)]
    assert texts("Ada Lovelace was English.\nAda Lovelace was a poet.\nI am unsure.", R_TUNING) == expected
    assert texts("I am unsure", R_TUNING) == []


def test_without_its_phrases_a_method_s_answers_are_read_as_they_stand():
    assert texts("Ada Lovelace was English.\nI am sure") == [("Ada Lovelace was English.", False), ("I am sure", False)]
    assert texts("Ada Lovelace was English.", R_TUNING) == [("Ada Lovelace was English.", False)]


def test_samples_of_the_pretrained_model_know_no_phrases():
    assert len(texts("Ada Lovelace was English.\nUncertain\nAda Lovelace was a poet.", None)) == 3
