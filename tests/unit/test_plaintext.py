"""What models wrap their words in is taken off, and nothing that they state is lost with it."""

import time

import pytest

from halt import plaintext


@pytest.mark.parametrize(
    "text",
    [
        "<think>\nIs it so? No.\n</think>\n\nAnn Lee was Danish.",
        "<thinking mode='deep'>Hm.</thinking>Ann Lee was Danish.",
        "[THINK]Hm.[/THINK]\nAnn Lee was Danish.",
        "Hm, let me see.\n</think>\n\nAnn Lee was Danish.",  # the prompt had opened it
        "<think></think><think>Once more.</think> Ann Lee was Danish.",
    ],
)
def test_thoughts_are_no_part_of_an_answer(text):
    assert plaintext.without_thoughts(text).strip() == "Ann Lee was Danish."


def test_a_thought_that_never_ends_leaves_nothing_behind_it():
    assert plaintext.without_thoughts("<think>\nAnn Lee was Danish.").strip() == ""
    assert plaintext.without_thoughts("Ann Lee was tall.\n<think>\nOr was she?") == "Ann Lee was tall.\n"


@pytest.mark.parametrize("text", ["print('<think>')", "if a < b:\n    return a", "I think so.", "x </ y", "<thinker>"])
def test_what_only_looks_like_a_thought_stays(text):
    assert plaintext.without_thoughts(text) == text


@pytest.mark.parametrize(
    "line",
    [
        "- **Ann Lee** was Danish.",
        "1. Ann Lee was *Danish*.",
        "**2)** Ann Lee was Danish.",
        "> • __Ann Lee__ was `Danish`.",
        "Fact 3: Ann Lee was Danish.",
        "### Ann Lee was Danish.",
        "* [Ann Lee](https://example.org/a) was <b>Danish</b>.",
        "  Ann   Lee was\tDanish.",
    ],
)
def test_a_line_is_read_without_its_list_sign_and_emphasis(line):
    assert plaintext.bare(line) == "Ann Lee was Danish."


@pytest.mark.parametrize("line", ["1809 was a year.", "-5 = 3 - 8", "2.5 kg", "3 * 4", "snake_case_name", "C# is it"])
def test_what_only_looks_like_markdown_stays(line):
    assert plaintext.bare(line) == line


@pytest.mark.parametrize(
    "line", ["**Profile:**", "# Ann Lee", "---", "```", "Here is the profile of Ann Lee:", "**Ann Lee**", "", "Facts:"]
)
def test_titles_rules_and_fences_say_nothing(line):
    assert plaintext.says_nothing(line)


@pytest.mark.parametrize(
    "line", ["**Ann Lee was French**", "# Ann Lee was French", "Ann Lee was French:", "Here she died."]
)
def test_a_statement_dressed_as_a_title_is_a_statement(line):
    assert not plaintext.says_nothing(line)


@pytest.mark.parametrize(
    "line",
    [
        "I'm sorry, but I don't have any information about Ann Lee.",
        "As an AI language model, I cannot confirm this.",
        "I do not know when Ann Lee was born.",
        "- **I don’t know.**",
        "Unfortunately, there is no reliable information on her.",
        "Sorry, I can't.",
        "I am unable to provide a profile of this person.",
        "I have no comment.",
        "We could not find any record of it.",
        "I am not familiar with Ann Lee. Please give me more details.",
    ],
)
def test_a_refusal_in_a_model_s_own_words_is_one(line):
    assert plaintext.refuses(line)


@pytest.mark.parametrize(
    "line",
    [
        "I'm sorry, but Ann Lee was French.",
        "I do not know much about her, but Ann Lee was French.",
        "I don't know. Ann Lee was French.",
        "She did not know it.",
        "Ann Lee was a judge.",
        "There is no cure.",
        "I cannot recall it; Ann Lee was born in 1701.",
        "No information theory is older.",
    ],
)
def test_a_statement_behind_an_apology_is_no_refusal(line):
    assert not plaintext.refuses(line)


@pytest.mark.parametrize(
    "read", [plaintext.bare, plaintext.refuses, plaintext.says_nothing, plaintext.without_thoughts]
)
@pytest.mark.parametrize(
    "piece",
    ["* ", "<think> ", "<think>\n", "[a](", " ", "- ", "sorry ", "**", "</", "```", "i don't know, ", "1. ", "\0"],
)
def test_a_line_of_any_length_is_read_in_time(read, piece):
    begun = time.process_time()
    read(piece * (100_000 // len(piece)) + "x")
    assert time.process_time() - begun < 1
