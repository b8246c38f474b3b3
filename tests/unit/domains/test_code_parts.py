"""What is idle in a program is left out of a target only where the rest is still that program."""

import ast

import pytest

from halt.domains import load
from halt.domains.shared.programs import codeparts
from halt.rewriting import Judged, Sample, Settings, add_on, halt, halt_graph

DOCSTRING = ['def f(x):\n    """Twice x.', "    More of it.", '    """', "    # twice", "    y = 2 * x", "    return y"]


@pytest.mark.parametrize(
    ("fragments", "places", "gone"),
    [
        (DOCSTRING, [1, 2, 3], [1, 3]),  # the docstring is opened in a line that stays, and must be closed
        (["def f(x):", '    """Twice.', '    """', "    return 2 * x"], [1, 2], [1, 2]),
        (["for x in y:", "    pass", "print(y)"], [1], []),
        (["for x in y:", "    pass", "    print(x)"], [1], [1]),
        (["if x:", "    # nothing", "    pass", "else:", "    y = 1"], [1, 2], [1]),
        (["def f(x):", "    # twice", "    if x:"], [1], [1]),  # cut at its end
        (["try:", "    x = 1", "    1"], [2], [2]),
        (["x = = 1", "# a"], [1], []),  # no Python: nothing is touched
        (["x = 1"], [], []),
    ],
)
def test_what_is_left_out_breaks_nothing(fragments, places, gone):
    assert codeparts.removable(fragments, places) == gone


def settings(module, **changes):
    values = {"rank_base": 0, "unverifiable": "drop", "idle": "drop", "reading": "wrong", "unsure": "Unsure from here"}
    return Settings(True, module.join, **{**values, **changes}, uncertain="Uncertain", domain=module)


@pytest.mark.parametrize("name", ["code", "apps"])
@pytest.mark.parametrize("method", [halt, add_on, halt_graph])
def test_a_target_of_code_without_its_idle_lines_is_still_python(name, method):
    module = load(name)
    labels = ("right", "idle", "idle", "idle", "right", "right")
    prompt = Judged("id", "prompt", "", (Sample(0, "", tuple(DOCSTRING), labels),))
    text = method.rewrite(prompt, settings(module), "1.00").target
    ast.parse(text)
    assert "twice" not in text
    assert "More of it." not in text
    kept = method.rewrite(prompt, settings(module, idle="keep"), "1.00").target
    assert kept == module.join(DOCSTRING)
