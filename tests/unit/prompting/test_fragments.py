"""Answers to fragments: abstention is no fragment, doubt is marked, nothing else is lost."""

import time

import pytest

from halt.domains import load
from halt.prompting import fragments

PHRASES = {"unsure": "Unsure from here", "uncertain": "Uncertain"}
DOMAIN = load("biography")


def texts(answer: str, phrases=PHRASES) -> list[tuple[str, bool]]:
    return [tuple(fragment) for fragment in fragments.cut(answer, DOMAIN, phrases)]


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


@pytest.mark.parametrize(
    "said",
    [
        "- Unsure from here",
        "Step 3: Unsure from here",
        "**Step 3:** Unsure from here.",
        "3. **Unsure from here**",
        "* *unsure from here*",
        "> Unsure from here",
        "### Unsure from here",
        "Answer: Unsure from here",
        "    # Unsure from here",
        "2) `Unsure from here`",
    ],
)
def test_a_phrase_is_known_behind_bullets_numbers_and_emphasis(said):
    assert texts(f"Ada Lovelace was English.\n{said}\nShe was a poet.") == [("Ada Lovelace was English.", False)]
    behind = said.replace("Unsure", "Uncertain").replace("unsure", "uncertain").replace(" from here", "")
    assert texts(f"Ada Lovelace was English.\n{behind}\nShe was a poet.") == [
        ("Ada Lovelace was English.", False),
        ("She was a poet.", True),
    ]


@pytest.mark.parametrize(
    "said",
    [
        "**Final Answer:** Unsure from here",
        "- **Birth**: Unsure from here",
        "4. **Add:** Unsure from here",
        "Step 2: **Add.** Unsure from here",
        "**Step 2 (pears):** Unsure from here",
        "Step two: Unsure from here",
        "Result: Unsure from here",
        "(Unsure from here)",
        "“Unsure from here”",
        "$\\boxed{\\text{Unsure from here}}$",
        "I’m unsure from here.",
        "The answer is: I am unsure from here",
        "<strong>Unsure from here</strong>",
        "Unsure\u00a0from \t here",
        "B. Unsure from here",
        "→ Unsure from here",
        "| Unsure from here |",
    ],
)
def test_an_answer_ends_behind_labels_brackets_and_quotes_too(said):
    assert texts(f"Ada Lovelace was English.\n{said}\nShe was a poet.") == [("Ada Lovelace was English.", False)]


@pytest.mark.parametrize(
    "said",
    [
        "(Uncertain) 7 - 2 = 5",
        "[uncertain]: 7 - 2 = 5",
        "Step 2 (Uncertain): 7 - 2 = 5",
        "**Step 2 (Uncertain):** 7 - 2 = 5",
        "(Uncertain: 7 - 2 = 5)",
        "**Subtract:** Uncertain: 7 - 2 = 5",
        "Step two: Uncertain. 7 - 2 = 5",
    ],
)
def test_a_marker_is_known_in_brackets_and_behind_labels(said):
    assert fragments.cut(said, load("mathematics"), PHRASES) == [("7 - 2 = 5", True)]


@pytest.mark.parametrize("piece", ["(", "a ", "**a:", "a: ", "\\text{", "A. ", " ", "*", "Step 1 (", "<b>", "unsure "])
def test_a_line_of_any_length_is_read_at_once(piece):
    before = time.process_time()
    texts(piece * (100_000 // len(piece)))
    assert time.process_time() - before < 5


@pytest.mark.parametrize(
    "said",
    [
        "Uncertain: Ann Lee was Danish.",
        "- **Uncertain:** Ann Lee was Danish.",
        "**Uncertain: Ann Lee was Danish.**",
        "Uncertain - Ann Lee was Danish.",
        "2. uncertain. Ann Lee was Danish.",
        "Uncertain Ann Lee was Danish.",
    ],
)
def test_what_is_said_behind_the_marker_on_its_line_is_a_marked_fragment(said):
    assert texts(f"{said}\nShe died.") == [("Ann Lee was Danish.", True), ("She died.", True)]


def test_a_phrase_is_known_where_a_sentence_of_a_line_begins_with_it():
    bios = load("wikibios")
    said = fragments.cut("Ann was a poet. Uncertain: she was Danish. She died. Unsure from here. More.", bios, PHRASES)
    assert said == [("Ann was a poet.", False), ("she was Danish.", True), ("She died.", True)]


def test_a_sign_behind_the_marker_is_content():
    found = fragments.cut("1 + 1 = 2\nUncertain: -5 + 3 = -2", load("mathematics"), PHRASES)
    assert found == [("1 + 1 = 2", False), ("-5 + 3 = -2", True)]
    found = fragments.cut("    x = 1\n    Uncertain: return x", load("code"), PHRASES)
    assert found == [("    x = 1", False), ("    return x", True)]


@pytest.mark.parametrize(
    "line",
    [
        "Uncertain times made her famous.",
        "She was Uncertain: nobody knew.",
        "uncertain = 5",
        "uncertain.sort()",
        "(Uncertain times made her famous.)",
        "[uncertain, sure]",
        "(uncertain) = 5",
        "f(uncertain) - 1",
    ],
)
def test_a_word_of_a_statement_is_no_marker(line):
    assert texts(f"Ada Lovelace was English.\n{line}") == [("Ada Lovelace was English.", False), (line, False)]


@pytest.mark.parametrize("phrases", [None, PHRASES])
def test_declining_in_other_words_gives_no_fragment(phrases):
    assert texts("I'm sorry, but I have no information about her. Please check a library.", phrases) == []
    said = "Ada Lovelace was English.\nI don't know when she was born.\nAda Lovelace was a poet."
    assert [text for text, _ in texts(said, phrases)] == ["Ada Lovelace was English.", "Ada Lovelace was a poet."]


def test_talk_around_statements_gives_no_fragment():
    said = "Sure! Here is the profile:\n\n# Ada Lovelace\nAda Lovelace was English.\n\nI hope this helps!"
    assert texts(said, None) == [("Ada Lovelace was English.", False)]
    assert texts("Certainly!", None) == [("Certainly!", False)]  # all that is said


def test_where_steps_build_on_each_other_only_the_end_can_decline():
    code = load("code")
    said = ['    text = """', "I don't know", '"""', "    return text"]
    assert [text for text, _ in fragments.cut("\n".join(said), code, None)] == said
    steps = fragments.cut("1 + 1 = 2\nI'm not sure how to go on.", load("mathematics"), None)
    assert steps == [("1 + 1 = 2", False)]
