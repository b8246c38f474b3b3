"""From judged samples to pairs of answers, the one preferred to the other, for DPO; pure.

One module a method, each with `pairs(prompt, settings, threshold) -> list[Pair]`; the arguments are those of
`halt.rewriting`'s modules. No pair leaves the prompt out of training.
"""

import random
from collections.abc import Callable, Sequence
from itertools import combinations
from types import ModuleType
from typing import NamedTuple

from halt import modules
from halt.rewriting import Judged, Sample, Settings


class Pair(NamedTuple):
    """Two answers to one prompt; a sample is None for an answer that is no sample, a score where none decided."""

    chosen: str
    rejected: str
    chosen_sample: int | None
    rejected_sample: int | None
    chosen_score: float | None
    rejected_score: float | None


def load(module_name: str) -> ModuleType:
    """The method module `halt.preferences.<module_name>`; ModuleError if it is missing, broken or lacks `pairs`."""
    return modules.load("preferences", module_name)


def paired(module_name: str, prompt: Judged, settings: Settings, threshold: str) -> list[Pair]:
    """The pairs that a method makes of one prompt; ModuleError if it fails or gives what are no pairs."""
    with modules.blamed("preferences", module_name):
        found = list(load(module_name).pairs(prompt, settings, threshold))
    for pair in found:
        if not (isinstance(pair, Pair) and pair.chosen.strip() and pair.rejected.strip()):
            file = modules.file_of("preferences", module_name)
            raise modules.ModuleError(f"{file}: pairs() gave {pair!r}, expected Pairs of two texts")
    return found


def drawn(found: Sequence[Pair], most: int | None, seed: int, id: str) -> list[Pair]:
    """At most `most` of the pairs of the prompt `id`, in the order in which they are; None takes them all.

    Which ones depends on (seed, id) and the number of pairs alone, on no other prompt; a larger `most` adds to those
    of a smaller one. The paper of FactTune takes all (arXiv 2311.08401).
    """
    if most is None:
        return list(found)
    places = list(range(len(found)))
    random.Random(f"{seed}/{id}").shuffle(places)
    return [found[place] for place in sorted(places[:most])]


def unequal(samples: tuple[Sample, ...], score: Callable[[Sample], float]) -> list[Pair]:
    """Every two samples of unequal score, the higher one chosen (arXiv 2311.08401); empty samples are left out."""
    answers = [(float(score(sample)), sample) for sample in samples if sample.text.strip()]
    found = []
    for pair in combinations(answers, 2):
        (low, rejected), (high, chosen) = sorted(pair, key=lambda scored: scored[0])
        if low < high:
            found.append(Pair(chosen.text.strip(), rejected.text.strip(), chosen.index, rejected.index, high, low))
    return found
