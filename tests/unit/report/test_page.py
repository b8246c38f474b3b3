"""The page of answers: hostile model text stays text, verdicts are told by more than colour, nothing is fetched."""

import json
import re
from html.parser import HTMLParser

import pytest
import synthetic as made

import page as page_program
from halt import frames
from halt.report import page

SCRIPT = "<script>alert(1)</script>"
ATTRIBUTE = "\"><img src=x onerror='alert(2)'>"


class Elements(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words = set(), set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.words.append(data)


def render(answers, rows=None, prompts=5):
    """The page of answers [(key, text, labels, texts)] to these DATA rows."""
    rows = rows or [made.row()]
    replied = [made.response(key, text) for key, text, _, _ in answers]
    judged = [line for key, _, labels, texts in answers for line in made.judged(key, labels, texts=texts)]
    tables = made.data(*rows), made.responses(*replied), made.judgements(*judged)
    return page.render(*(table.lazy() for table in tables), prompts, ["halt"])


@pytest.mark.parametrize("hostile", [SCRIPT, ATTRIBUTE, "{{ 7 * 7 }}", "</style><style>*{display:none}"])
def test_model_text_is_never_markup(hostile):
    key = made.answer(model=hostile, domain="biography")
    row = made.row(prompt=hostile, reference=hostile)
    text = render([(key, f"{hostile}\nand {hostile} more", "r", [hostile])], [row])
    found = Elements(text)
    assert "script" not in found.tags
    assert "img" not in found.tags
    assert text.count("<style>") == 1
    assert not {name for name in found.attributes if name.startswith("on")}
    shown = "".join(found.words)
    assert shown.count(hostile) == 5  # model, prompt, reference, fragment, words after it


def test_page_loads_nothing_and_may_run_nothing():
    text = render([(made.answer(), "a", "r", ["a"])])
    assert "default-src 'none'" in text
    assert not re.search(r"""(src|href)=["'](?!#)""", text)
    assert "url(" not in text


def test_verdicts_bear_a_mark_besides_their_colour():
    text = render([(made.answer(), "a\nb\nc\nd\ne", "rwi?j", ["a", "b", "c", "d", "e"])])
    marks = {"right": "✓", "wrong": "✗", "idle": "○", "unverifiable": "?", "unjudged": "…"}
    assert tuple(marks) == frames.LABELS
    for label, mark in marks.items():
        assert f'aria-label="{label}">{mark}</span>' in text
        assert (
            f'<li class="piece {label}"><span class="mark">{mark}</span><span class="words">{label}' in text
        )  # legend
        assert f"\n.{label} {{ color: var(--{label}); background: var(--{label}-back); }}" in text


def test_an_answer_is_counted_in_both_readings_where_they_differ():
    assert "1 of 3 right (strict), 1 of 2 (lenient)</span>" in render([(made.answer(), "a", "rw?", list("abc"))])
    assert "1 of 2 right</span>" in render([(made.answer(), "a", "ri", list("ab"))])
    assert "gives nothing</span>" in render([(made.answer(), "a", "j", ["a"])])


def test_abstention_is_shown_as_words_that_are_no_fragment():
    found = page.pieces("- born 1815\nUnsure from here", made.judged(made.answer(), "r", texts=["born 1815"]))
    assert [(piece.text, piece.label) for piece in found] == [("born 1815", "right"), ("Unsure from here", "")]


def test_fragments_that_were_tidied_are_shown_as_judged_and_not_twice():
    found = page.pieces("born  in 1815", made.judged(made.answer(), "r", texts=["born in 1815"]))
    assert [piece.text for piece in found] == ["born in 1815"]


def test_equal_fragments_keep_their_order():
    found = page.pieces("a\nb\na", made.judged(made.answer(), "rwr", texts=["a", "b", "a"]))
    assert [(piece.text, piece.label) for piece in found] == [("a", "right"), ("b", "wrong"), ("a", "right")]


def test_an_answer_without_a_word_is_named():
    assert "an empty answer" in render([(made.answer(), " \n", "", [])])


def test_answers_come_in_the_order_base_unchanged_halt_by_threshold():
    order = [
        ("base", "none"),
        ("unchanged-own", "none"),
        ("unchanged-reference", "none"),
        ("halt", "0.40"),
        ("halt", "0.80"),
        ("add-on", "0.40"),
    ]
    text = render([(made.answer(*each), "a", "r", ["a"]) for each in reversed(order)])
    names = re.findall(r"<h3>([^<]+)</h3>", text)
    assert names == [
        "base",
        "unchanged-own",
        "unchanged-reference",
        "halt α = 0.40",
        "halt α = 0.80",
        "add-on α = 0.40",
    ]


def test_prompts_are_few_per_domain_and_chosen_whatever_the_order():
    ids = [f"p{place}" for place in range(20)]
    answers = [(made.answer(id=id), f"answer {id}", "", []) for id in ids]
    rows = [made.row(id) for id in ids]
    first = render(answers, rows, prompts=3)
    assert first.count('class="prompt"') == 3
    assert first == render(answers[::-1], rows[::-1], prompts=3)


def test_of_several_seeds_the_lowest_is_shown():
    answers = [(made.answer(seed=seed), f"seed {seed}", "", []) for seed in (2, 1)]
    text = render(answers)
    assert "seed 1" in text
    assert "seed 2" not in text


def test_every_domain_is_in_the_table_of_contents(tmp_path):
    paths = made.write(tmp_path, prompts=6)
    output = tmp_path / "page.html"
    arguments = [item for name in ("data", "responses", "judgements") for item in (f"--{name}", *paths[name])]
    arguments += ["--settings", json.dumps(made.SETTINGS), "--output", output]
    page_program.main(page_program.parser().parse_args(list(map(str, arguments))))
    text = output.read_text(encoding="utf-8")
    for place, domain in enumerate(("biography", "mathematics"), start=1):
        assert f'<a href="#domain-{place}">{domain}</a>' in text
        assert f'<section id="domain-{place}">' in text
    assert text.count('class="prompt"') == 2 * made.SETTINGS["report"]["prompts"]
