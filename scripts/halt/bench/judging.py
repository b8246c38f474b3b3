"""Fragments per second of the reference judges, in one process."""

import random
import time
from collections.abc import Mapping
from types import ModuleType

from halt.domains import Row
from halt.judges import Case, reference

WRONG = 4  # answers of other rows, beside a row's own reference


def cases(rows: Mapping[str, Row], domain: ModuleType, count: int) -> list[Case]:
    """Every row answered with its own reference and with those of WRONG others: right and wrong, all well formed."""
    dice = random.Random(0)
    found = []
    for row in list(rows.values())[:count]:
        others = dice.sample([other for other in rows.values() if other.id != row.id], WRONG)
        found.append(Case(row, [domain.split(answer.reference) for answer in (row, *others)]))
    return found


def speed(given: list[Case], domain: ModuleType) -> float:
    """Fragments per wall second of one turn (a code answer waits for its sandbox, another process)."""
    start = time.monotonic()
    judged = reference.judge(given, domain)
    return sum(len(response) for responses in judged for response in responses) / (time.monotonic() - start)
