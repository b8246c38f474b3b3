"""The program behind data/wordnet: lines of WordNet's files, and what a gloss says about a person."""

import pytest

import extract_wordnet

LINE = (
    "10943065 18 n 03 Darwin 0 Charles_Darwin 0 Charles_Robert_Darwin 0 002 @i 10366245 n 0000 + 03025063 a 0101 "
    '| English natural scientist (1809-1882); "an example"  \n'
)


def test_a_line_of_a_data_file_is_read_and_the_licence_is_not():
    ((offset, synset),) = extract_wordnet.parse(["  1 This software is provided by Princeton\n", LINE])
    assert offset == "10943065"
    assert synset.file == "18"
    assert synset.words == ["Darwin", "Charles Darwin", "Charles Robert Darwin"]
    assert synset.pointers == [("@i", "10366245")]
    assert synset.derived == 1
    assert extract_wordnet.definition(synset.gloss) == "English natural scientist (1809-1882)"


@pytest.mark.parametrize(
    ("gloss", "years"),
    [
        ("English poet (1809-1847)", ("1809", "1847")),
        ("Roman statesman (106-43 BC)", ("106 BC", "43 BC")),
        ("39th President of the United States (1924-)", ("1924", "")),
        ("slave who sued for liberty (1795?-1858)", ("", "1858")),
        ("United States violinist (born in Russia in 1920)", ("1920", "")),
        ("Roman emperor (37-68)", ("", "")),
        ("Greek sculptor (4th century BC)", ("", "")),
    ],
)
def test_years_are_read_or_left_out(gloss, years):
    assert extract_wordnet.years(gloss) == years


@pytest.mark.parametrize(
    ("gloss", "nationality", "origin"),
    [
        ("United States painter (born in Germany)", "American", "Germany"),
        ("notable English cricketer (1882-1963)", "English", ""),
        ("Englishman who tried to blow up Parliament", "English", ""),
        ("Austrian born psychoanalyst", None, "Austrian"),
        ("king of Macedon; conqueror of Greece", None, ""),
        ("physicist who worked with the German Max Planck", None, ""),
    ],
)
def test_the_nationality_is_the_one_the_gloss_begins_with(gloss, nationality, origin):
    assert extract_wordnet.nationality(gloss) == nationality
    assert extract_wordnet.origin(gloss) == origin


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["Darwin", "Charles Darwin"], "Charles Darwin"),
        (["Beethoven", "van Beethoven", "Ludwig van Beethoven"], "Ludwig van Beethoven"),
        (["Marx", "Herbert Marx", "Zeppo"], "Herbert Marx"),
        (["Lysippus"], None),
    ],
)
def test_a_full_name_has_a_given_name(words, name):
    assert extract_wordnet.full_name(words) == name
