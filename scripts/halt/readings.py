"""What verdicts count as: the two readings of what the ground truth says nothing about (config section `reading`).

The paper's evaluator is binary: what the truth does not mention is not right. An idle fragment is given and not right
in both readings.
"""

WRONG, IGNORE = "wrong", "ignore"  # of the label unverifiable
READINGS = (WRONG, IGNORE)

_ALWAYS = ("right", "wrong", "idle")


def given(reading: str) -> tuple[str, ...]:
    """The labels of the fragments that count; of these `right` alone is right."""
    return (*_ALWAYS, "unverifiable") if reading == WRONG else _ALWAYS
