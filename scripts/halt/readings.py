"""The two readings of a verdict `unverifiable`, where the ground truth says nothing (config section `reading`).

The paper's evaluator is binary: what the truth does not mention is not right. An idle fragment is given and not right
in both readings.
"""

WRONG, IGNORE = "wrong", "ignore"  # how the label unverifiable counts
READINGS = (WRONG, IGNORE)

_ALWAYS = ("right", "wrong", "idle")


def given(reading: str) -> tuple[str, ...]:
    """The labels of the fragments that count. Of these only `right` is right."""
    return (*_ALWAYS, "unverifiable") if reading == WRONG else _ALWAYS
