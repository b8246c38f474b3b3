"""Which rows are for training, for validation, for testing.

The hash of its name alone decides a cluster's split, by the shares. Other rows do not matter: new rows never move an
old one, and in every stratum the shares hold on average.
"""

import hashlib
from collections import defaultdict
from itertools import zip_longest
from typing import TYPE_CHECKING

from halt.paths import SPLITS

if TYPE_CHECKING:
    from halt.domains import Row


def assign(
    rows: "list[Row]", validation: float, test: float, limits: dict[str, int], seed: int, fold: int = 0
) -> "dict[str, list[Row]]":
    """Rows of each split that `limits` names ("train", "validation", "test"), at most limits[split] of them.

    validation, test: shares of clusters, each in [0, 1), together below 1. fold: which part is tested on; no row is
    tested on in two folds below 1 / test. Rows with a repeated prompt (apart from white space and case) or identifier
    are dropped. If there are more rows than `limits` allows, strata take turns, and within a stratum clusters do, in
    the order of a hash of (seed, name): a larger limit only adds rows. The rows come back in that order. ValueError for
    shares that leave nothing to train on.
    """
    if not (0 <= validation < 1 and 0 <= test < 1 and validation + test < 1):
        raise ValueError(f"shares validation={validation} and test={test} leave nothing for training")
    parts: dict[str, list] = {split: [] for split in SPLITS}
    for row in distinct(rows):
        place = (unit(row.cluster) - fold * test) % 1
        split = "test" if place < test else "validation" if place < test + validation else "train"
        parts[split].append(row)
    return {split: _turns(parts[split], seed)[: limits[split]] for split in limits}


def unit(name: str) -> float:
    """A number in [0, 1) that depends on the name alone (blake2b, 64 bits)."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) / 2**64


def distinct(rows: "list[Row]") -> "list[Row]":
    """One row for every prompt and identifier, the first: rows appended later never displace one."""
    kept, prompts, identifiers = [], set(), set()
    for row in rows:
        prompt = " ".join(row.prompt.split()).lower()
        if prompt not in prompts and row.id not in identifiers:
            kept.append(row)
        prompts.add(prompt)
        identifiers.add(row.id)
    return kept


def _turns(rows: "list[Row]", seed: int) -> "list[Row]":
    strata: dict[str, dict[str, list]] = defaultdict(lambda: defaultdict(list))
    for row in sorted(rows, key=lambda row: unit(f"{seed} {row.id}")):
        strata[row.stratum][row.cluster].append(row)
    queues = []
    for stratum in sorted(strata):
        clusters = sorted(strata[stratum], key=lambda name: unit(f"{seed} {name}"))
        queues.append(_interleave([strata[stratum][name] for name in clusters]))
    return _interleave(queues)


def _interleave(queues: "list[list[Row]]") -> "list[Row]":
    return [row for turn in zip_longest(*queues) for row in turn if row is not None]
