"""From judged samples to pairs of answers, one preferred to the other, for DPO; pure.

One module per method, each with `pairs(prompt, settings, threshold) -> list[Pair]`; the arguments are those of
`halt.rewriting`'s modules. No pair leaves the prompt out of training. A module may declare `OPTIONS` and `VERDICTS` as
those do; it finds its options in `settings.options`. `SAMPLES`, a literal, is the least number of samples that it can
pair. A method that is `rated_by` p(True) gets samples with `confidences`, and without verdicts and references (see
`rated`).
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from types import ModuleType
from typing import Any, NamedTuple

import polars as pl

from halt import domains, plugins
from halt.errors import HaltError
from halt.rewriting import Judged, Sample, Settings, without_tail


class Pair(NamedTuple):
    """Two answers to one prompt. A sample is None if the answer is no sample, a score is None if none decided."""

    chosen: str
    rejected: str
    chosen_sample: int | None
    rejected_sample: int | None
    chosen_score: float | None
    rejected_score: float | None


class PairError(HaltError):
    """The tables do not match, or an option is not known; the message says where or which."""


def load(module_name: str) -> ModuleType:
    """The method module `halt.preferences.<module_name>`; ModuleError if it is missing, broken or lacks `pairs`."""
    return plugins.load("preferences", module_name)


def paired(module_name: str, prompt: Judged, settings: Settings, threshold: str) -> list[Pair]:
    """The pairs that a method makes of one prompt. ModuleError if it fails or gives something else."""
    with plugins.blamed("preferences", module_name):
        found = list(load(module_name).pairs(prompt, settings, threshold))
    for pair in found:
        if not (isinstance(pair, Pair) and pair.chosen.strip() and pair.rejected.strip()):
            file = plugins.file_of("preferences", module_name)
            raise plugins.ModuleError(f"{file}: pairs() gave {pair!r}, expected Pairs of two texts")
    return found


def drawn(found: Sequence[Pair], most: int | None, seed: int, id: str) -> list[Pair]:
    """At most `most` of the pairs of the prompt `id`, in their order; None takes them all.

    The choice depends on (seed, id) and the number of pairs alone, on no other prompt. A larger `most` adds pairs to
    those of a smaller one. The paper of FactTune takes all (arXiv 2311.08401).
    """
    if most is None:
        return list(found)
    places = list(range(len(found)))
    random.Random(f"{seed}/{id}").shuffle(places)
    return [found[place] for place in sorted(places[:most])]


def options(module_name: str, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """`chosen` completed with the defaults of a module's OPTIONS; ModuleError on a name that is not there."""
    return plugins.options("preferences", module_name, chosen)


def rated(
    prompts: Mapping[str, str], generations: pl.DataFrame, ratings: pl.DataFrame, domain: ModuleType
) -> Iterator[Judged]:
    """Every rated prompt with its samples (RESPONSES) and the p(True) of their fragments (RATINGS), in their order.

    prompts: by id; domain: their module, which knows the whole part of an answer that was cut off. The result has no
    reference, truth, verdict or text of a fragment: a method cannot use them. A prompt without any rating is left out
    (it was an example, or SK-Tuning learned from it). A sample without fragments has no confidence. PairError if a
    rating belongs to no sample.
    """
    of_sample = {
        key: tuple(part["confidence"])
        for key, part in ratings.sort("fragment")
        .partition_by("id", "sample", as_dict=True, maintain_order=True)
        .items()
    }
    drawn: dict[str, list[Sample]] = defaultdict(list)
    columns = ("id", "sample", "text", "finished")
    for id, index, text, finished in generations.select(columns).sort("id", "sample").iter_rows():
        confidences = of_sample.pop((id, index), ())
        fragments = () if finished else tuple(domains.split(domain, text))
        whole = without_tail(Sample(index, text, fragments, (), (), confidences, finished))
        unjudged = ("unjudged",) * len(whole.confidences)
        drawn[id].append(whole._replace(fragments=("",) * len(unjudged), labels=unjudged))
    if of_sample:
        id, index = next(iter(of_sample))
        raise PairError(
            f"sample {index} of the prompt '{id}' has a rating but was not drawn: the tables come from different runs"
        )
    known = set(ratings["id"])
    for id, prompt in prompts.items():
        if id in known:
            yield Judged(id, prompt, "", tuple(drawn[id]))


def unequal(samples: tuple[Sample, ...], score: Callable[[Sample], float]) -> list[Pair]:
    """All pairs of samples with unequal scores, the higher one chosen (arXiv 2311.08401). Empty ones are left out."""
    answers = [(float(score(sample)), sample) for sample in samples if sample.text.strip()]
    found = []
    for pair in combinations(answers, 2):
        (low, rejected), (high, chosen) = sorted(pair, key=lambda scored: scored[0])
        if low < high and chosen.text.strip() != rejected.text.strip():
            found.append(Pair(chosen.text.strip(), rejected.text.strip(), chosen.index, rejected.index, high, low))
    return found
