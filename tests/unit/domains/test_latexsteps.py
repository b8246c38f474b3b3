"""Worked solutions in LaTeX are cut into what a reader calls a step."""

import time

import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from halt.domains import competition_math
from halt.domains.shared import skipped_rows
from halt.domains.shared.maths import latexsteps
from halt.inputs import sources


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        # the paper's cuts
        ("Adding gives $3x=15$, so $x=5$.", ["Adding gives $3x", "=15$, so $x", "=5$."]),
        ("One.\n\nTwo.", ["One.", "\nTwo."]),
        ("\\[a &= b \\\\\n&=c\\]", ["\\[a ", "&= b \\\\", "\n&=c\\]"]),
        # inside braces
        ("If \\text{since $x=2$} it is $y=3$", ["If \\text{since $x=2$} it is $y", "=3$"]),
        ("$\\sum_{i=1}^{n=4} i = 10$", ["$\\sum_{i=1}^{n=4} i ", "= 10$"]),
        ("It is $\\boxed{x = 2}$", ["It is $\\boxed{x = 2}$"]),
        ("$\\left\\{ x = 1 \\right\\}$", ["$\\left\\{ x ", "= 1 \\right\\}$"]),  # these braces are signs
        ("$a {b = c = d$", ["$a {b ", "= c ", "= d$"]),  # a brace without its partner
        ("$a} = {b$", ["$a} ", "= {b$"]),
        # parts of other signs
        ("$3 \\stackrel{?}{=} 4$ and $a \\overset{!}= b$", ["$3 \\stackrel{?}{=} 4$ and $a \\overset{!}= b$"]),
        ("$a=>b$, $x>=2$, $y<=3$, $z := 4$, $p != q$", ["$a=>b$, $x>=2$, $y<=3$, $z := 4$, $p != q$"]),
        ("$a \\not= b \\neq c == d$", ["$a \\not= b \\neq c == d$"]),
        ("$a\\\\=b$", ["$a\\\\", "=b$"]),  # after a line's end
        # lines that only open or close
        (
            "So\n\\begin{align*}\nx &= 2 \\\\\n&= 3\n\\end{align*}\nis it.",
            ["So", "\n\\begin{align*}\nx ", "&= 2 \\\\", "\n&= 3\n\\end{align*}", "\nis it."],
        ),
        (
            "\\[\n\\left\\{\n\\begin{array}{c@{=}l}\nx \\\\\ny\n\\end{array}\n\\right.\n\\]\nGood.",
            ["\\[\n\\left\\{\n\\begin{array}{c@{=}l}\nx \\\\", "\ny\n\\end{array}\n\\right.\n\\]", "\nGood."],
        ),
        ("So\n$$\n2x\n$$\nand\n$$\n3y\n$$", ["So", "\n$$\n2x\n$$", "\nand", "\n$$\n3y\n$$"]),
        ("\\begin{align*}\nx", ["\\begin{align*}\nx"]),  # cut off
        ("x\n\\begin{align*}", ["x", "\n\\begin{align*}"]),
        # figures
        ("[asy]\npair A = (0,0);\nif (r == 5) draw(A);\n[/asy]\n\nIt is $2=2$.", ["It is $2", "=2$."]),
        ("See [asy] draw(A); [/asy] the line.", ["See", "\nthe line."]),
        ("Look:\n[asy]\nsize(5cm); x = ", ["Look:"]),  # cut off
        ("[asy]x=1;[/asy]", []),
        ("", []),
    ],
)
def test_a_solution_is_cut_where_a_reader_ends_a_step(text, steps):
    assert latexsteps.split(text) == steps
    assert competition_math.split(text) == steps


_PARTS = [
    "x",
    "=",
    "&=",
    " ",
    "\n",
    "{",
    "}",
    "\\{",
    "\\\\",
    "$$",
    "\\[",
    "\\]",
    "\\begin{align*}",
    "\\end{align*}",
    "&",
]


@given(
    st.lists(
        st.sampled_from([*_PARTS, "\\stackrel", "\\not", "\\left.", "[asy]", "[/asy]", ">", "\\text{"]), max_size=25
    )
)
def test_steps_joined_are_cut_alike(parts):
    steps = latexsteps.split("".join(parts))
    assert latexsteps.split(latexsteps.join(steps)) == steps
    assert all(step.strip() for step in steps)


@given(st.lists(st.sampled_from(_PARTS), max_size=25))
def test_nothing_but_figures_is_lost(parts):
    text = "".join(parts)
    assert "".join("".join(latexsteps.split(text)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    "part",
    ["{", "}", "{=", "\\begin{a}\n", "\\begin{a}{", "\\stackrel{", "[asy]", "& ", "$$\n", "=", "\\left", "\\hline "],
)
def test_a_text_of_any_length_is_cut_at_once(part):
    before = time.process_time()
    latexsteps.split(part * (100_000 // len(part)) + "x")
    latexsteps.split("{" * 30_000 + part * 10 + "}" * 30_000)
    assert time.process_time() - before < 3


def test_a_problem_whose_answer_stands_in_its_figure_is_left_out(tmp_path):
    row = {"problem": "How long?", "level": "Level 1", "type": "Geometry"}
    told = '[asy]\nlabel("$\\boxed{3}$");\n[/asy]\nSee above.'
    polars.DataFrame([row | {"solution": told}]).write_parquet(tmp_path / "train.parquet")
    source = sources.open_source([tmp_path], {"type": "path", "path": "x"})
    with skipped_rows.counted() as counts:
        assert list(competition_math.rows(source, {})) == []
    assert counts == {"whose answer stands in a figure": 1}
