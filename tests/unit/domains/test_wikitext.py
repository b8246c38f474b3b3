"""WikiBio's archive: articles by its line counts, infobox fields whole, text as people write it."""

import zipfile

import pytest

from halt.domains.shared.text import wikitext
from halt.inputs import sources

SET = {
    "title": "ann lee\nbo ray -lrb- singer -rrb-\n",
    "nb": "2\n1\n",
    "sent": "ann lee was a nurse .\nshe died .\nbo ray sings .\n",
    "box": "name_1:ann\tname_2:lee\timage:<none>\nname_1:bo\n",
}


def _people(tmp_path, **changes):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for kind, text in (SET | changes).items():
            if text is not None:
                archive.writestr(f"wikipedia-biography-dataset/test/test.{kind}", text)
    return wikitext.people(sources.Source([tmp_path / "set.zip"], "hub a/b"), "test")


def test_articles_come_with_their_own_sentences_and_infobox(tmp_path):
    assert list(_people(tmp_path)) == [
        (1, "ann lee", ["ann lee was a nurse .", "she died ."], [("name", "ann lee")]),
        (2, "bo ray -lrb- singer -rrb-", ["bo ray sings ."], [("name", "bo")]),
    ]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"nb": "2\nmany\n"}, r"test\.nb: line 2 is 'many', expected the number of sentences"),
        ({"nb": "2\n"}, r"test\.nb: line 2 is '', expected the number of sentences"),
        ({"nb": "2\n1000000000\n"}, r"test\.nb: line 2 is '1000000000', expected"),
        ({"nb": "2\n2\n"}, r"test\.sent ends before article 2 of test\.title"),
        ({"box": "name_1:ann\n"}, r"test\.box ends before article 2 of test\.title"),
        ({"sent": None}, r"hub a/b: no member test/test\.sent, expected the files of WikiBio's archive"),
    ],
)
def test_files_that_do_not_fit_each_other_are_told(tmp_path, changes, fault):
    with pytest.raises(sources.SourceError, match=fault):
        list(_people(tmp_path, **changes))


def test_tokens_of_a_field_stand_in_the_order_of_their_numbers_and_empty_fields_are_left_out():
    line = "work_10:j\twork_2:b\twork_1:a\twork_11:k\timage:<none>\tborn_1:<none>\turl_1:http://x\tnote:alone"
    assert wikitext.infobox(line) == [("work", "a b j k"), ("url", "http://x"), ("note", "alone")]
    assert wikitext.infobox("") == []


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("-lrb- 1815 -- 1852 -rrb- , -lsb- 1 -rsb- .", "(1815 -- 1852), [1]."),
        ("her `` long road '' sold , he `` said ''", 'her "long road" sold, he "said"'),
        ("she did n't , they 're the boys ' choir 's", "she didn't, they're the boys' choir's"),
        ("2\\/3 and 5\\/8 of 50 % for $ 3", "2/3 and 5/8 of 50% for $3"),
        ("born in washington , d.c. .", "born in washington, d.c."),
        ("oops ... again ?", "oops... again?"),
        ("li wei -lrb- ; born 1990 -rrb-", "li wei (born 1990)"),
    ],
)
def test_tokenised_text_is_written_as_people_write(tokens, text):
    assert wikitext.clean(tokens) == text
    assert wikitext.clean(text) == text


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("henry viii of england", "Henry VIII of England"),
        ("xi liu", "Xi Liu"),
        ("j. r. o'hare -lrb- born 1950 -rrb-", "J. R. O'Hare (born 1950)"),
        ("jean-luc mcdonald , jr.", "Jean-Luc McDonald, Jr."),
        ("ludwig van beethoven -lrb- radio host -rrb-", "Ludwig van Beethoven (radio host)"),
        ("émile zola", "Émile Zola"),
    ],
)
def test_titles_are_names(title, name):
    assert wikitext.person_name(title) == name
