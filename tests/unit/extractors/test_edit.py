"""An answer without what only its wrong claims say: by sentence, checked, and never with something new in it."""

import pytest
from runs import ROOT

from halt.engines.replies import Reply
from halt.extractors import EDIT_TEXTS, edit
from halt.extractors.edit import CAME_IN, FAILED, Said
from halt.prompting import texts

PROMPTS = {name: texts.load(ROOT / "scripts/prompts", name) for name in EDIT_TEXTS}
PROMPT = "Write a short biography of Ann Lee."
BORN, PAINTED = "Ann Lee was born in 1901.", "Ann Lee painted ships."
MIXED = Said("Ann Lee was born in 1901 and painted ships.", (BORN,), (PAINTED,))


def asking(shortened, read=f"- {BORN}"):
    """An extractor that shortens to one text and then lists these claims; it counts what it is asked."""
    asked = []

    def ask(conversations):
        asked.append(len(conversations))
        editing = [turns[0]["content"].endswith("Shortened:") for turns in conversations]
        return [Reply(shortened if edits else read, 1, True) for edits in editing]

    return ask, asked


def test_a_sentence_is_kept_left_out_or_shortened_by_what_its_claims_were_judged():
    right = Said("She was Danish.", ("Ann Lee was Danish.",), ())
    wrong = Said("She died in 1960.", (), ("Ann Lee died in 1960.",))
    ask, asked = asking("Ann Lee was born in 1901.")
    [found] = edit.edit([(PROMPT, [right, MIXED, wrong])], ask, PROMPTS)
    assert found == edit.Edited(("She was Danish.", "Ann Lee was born in 1901."))
    assert asked == [1, 1]


def test_nothing_is_asked_for_answers_without_a_mixed_sentence():
    ask, asked = asking("x")
    right = Said("She was Danish.", ("Ann Lee was Danish.",), ())
    assert edit.edit([(PROMPT, [right])], ask, PROMPTS) == [edit.Edited(("She was Danish.",))]
    assert asked == []


@pytest.mark.parametrize(
    ("shortened", "read", "reason"),
    [
        ("Ann Lee was born in 1901 in Oslo.", f"- {BORN}\n- Ann Lee was born in Oslo.", CAME_IN),
        ("Ann Lee was born in 1901 in Oslo.", f"- {BORN}", CAME_IN),  # the extractor hides it
        ("Ann Lee was born in 1901 and painted ships.", f"- {BORN}\n- {PAINTED}", CAME_IN),  # nothing was left out
        ("I think so.", "none", CAME_IN),
        ("One line.\nAnother line.", f"- {BORN}", FAILED),
        ("", f"- {BORN}", FAILED),
    ],
)
def test_where_something_came_in_or_nothing_came_the_claims_stand_instead(shortened, read, reason):
    ask, _ = asking(shortened, read)
    assert edit.edit([(PROMPT, [MIXED])], ask, PROMPTS) == [edit.Edited(None, reason)]


def test_equal_sentences_of_several_answers_are_shortened_once():
    ask, asked = asking("Ann Lee was born in 1901.")
    found = edit.edit([(PROMPT, [MIXED])] * 3, ask, PROMPTS)
    assert len(found) == 3
    assert asked == [1, 1]
