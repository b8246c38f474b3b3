"""HALT between its two extremes: a fragment rests on certain earlier ones, and falls with them if one is wrong.

The paper's reviewers asked for such a graph; the rules are ours. The domain's module draws it (`rests_on`). Without
that function, nothing rests on anything in an independent domain (HALT's deletion). In a dependent domain each fragment
then rests on the one before it (HALT's cut). In a dependent domain the `unsure` phrase is written once, at the end, if
an error was removed. Idle and unverifiable fragments are left out as in HALT, and nothing falls with them.

The judge of a dependent domain calls everything after the first error wrong. Such a fragment may still be right by
itself. The module says so (`judge_alone`, by the ground truth, whatever judge the domain has). Without that function
nothing stays after the first error, and the graph changes nothing.
"""

import json
from collections.abc import Sequence

from halt.domains import Row
from halt.rewriting import Judged, RewriteError, Sample, Settings, Target, ends, first_error, select, staying, written

RANKED = True

Edges = Sequence[tuple[int, ...]]  # for each fragment the places of the earlier ones that it rests on


def rewrite(prompt: Judged, settings: Settings, threshold: str) -> Target:
    sample = select(prompt.samples, threshold, settings)
    total = len(sample.fragments)
    labels = _labels(prompt, sample, settings)
    places = standing(labels, _edges(sample.fragments, settings))
    kept = [sample.fragments[place] for place in staying(sample, labels, places, settings)]
    cut = settings.dependent and (len(places) < total or not sample.finished)
    unsure = cut or not kept
    return Target(written(kept, unsure, settings), sample.index, total, len(kept))


def standing(labels: Sequence[str], edges: Edges) -> list[int]:
    """Places, in order, of the fragments that are no errors and rest on none, directly or not."""
    found: set[int] = set()
    for place, (label, below) in enumerate(zip(labels, edges, strict=True)):
        if not ends(label) and found.issuperset(below):
            found.add(place)
    return sorted(found)


def chain(length: int) -> Edges:
    """Every fragment rests on the one before it."""
    return [(place - 1,) if place else () for place in range(length)]


def _edges(fragments: Sequence[str], settings: Settings) -> Edges:
    """RewriteError if the domain draws an edge to anything but an earlier fragment."""
    rests_on = vars(settings.domain).get("rests_on")
    if rests_on is None:
        return chain(len(fragments)) if settings.dependent else [()] * len(fragments)
    edges = rests_on(list(fragments))
    sound = len(edges) == len(fragments)
    if not sound or not all(0 <= below < place for place, drawn in enumerate(edges) for below in drawn):
        module = settings.domain.__name__
        raise RewriteError(f"{module}: rests_on() gave {edges}, expected the places of earlier fragments for each")
    return edges


def _labels(prompt: Judged, sample: Sample, settings: Settings) -> list[str]:
    """The judge's labels up to the first error. After it, in a dependent domain, each fragment's own label."""
    judge = vars(settings.domain).get("judge_alone")
    end = first_error(sample) + 1
    if not settings.dependent or judge is None or end >= len(sample.labels):
        return list(sample.labels)
    row = Row(prompt.id, "", "", prompt.prompt, prompt.reference, json.loads(prompt.truth))
    alone = [verdict.label for verdict in judge(list(sample.fragments), row)]
    return [*sample.labels[:end], *alone[end:]]
