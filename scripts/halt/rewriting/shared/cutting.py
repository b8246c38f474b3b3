"""What stays of a sample: wrong fragments are deleted, or it is cut at the first error and says that it is unsure."""

from collections.abc import Sequence
from typing import NamedTuple

from halt.rewriting._base import Sample, Settings
from halt.rewriting.shared import unfinished


class Left(NamedTuple):
    """What HALT leaves of a sample: the places of its fragments, in order, and whether the `unsure` phrase follows."""

    places: list[int]
    unsure: bool


def keeps(label: str, settings: Settings) -> bool:
    """Whether a fragment may stay. What is not judged right is never taught as right, unless a setting says so."""
    chosen = {"unverifiable": settings.unverifiable, "idle": settings.idle}
    return label == "right" or chosen.get(label) == "keep"


def staying(sample: Sample, labels: Sequence[str], places: Sequence[int], settings: Settings) -> list[int]:
    """Those of some places of a sample whose fragments may stay; labels: of all its fragments.

    In a dependent domain, where these places hold no error, a fragment also stays if the others would break without it
    (the domain's `removable`).
    """
    gone = {place for place in places if not keeps(labels[place], settings)}
    removable = vars(settings.domain).get("removable") if settings.dependent and settings.domain else None
    if gone and removable:
        free = removable([sample.fragments[place] for place in places], [places.index(place) for place in gone])
        gone = {places[number] for number in free}
    return [place for place in places if place not in gone]


def ends(label: str) -> bool:
    """Whether the fragments after this one build on an error, by the labels."""
    return label in ("wrong", "unjudged")


def first_error(sample: Sample) -> int:
    """Index of the first fragment that is wrong or unjudged; the number of fragments if there is none."""
    return next((place for place, label in enumerate(sample.labels) if ends(label)), len(sample.labels))


def left(sample: Sample, settings: Settings) -> Left:
    """Independent fragments: those that may stay, or the phrase if there are none. Dependent ones: those before the
    first error that may stay, and the phrase if an error or the longest allowed length cut the answer."""
    end = first_error(sample) if settings.dependent else len(sample.labels)
    places = staying(sample, sample.labels, range(end), settings)
    cut = settings.dependent and (end < len(sample.labels) or not sample.finished)
    return Left(places, cut or not places)


def written(kept: list[str], unsure: bool, settings: Settings) -> str:
    """Fragments as text, with the `unsure` phrase on a line after them or alone."""
    return "\n".join([settings.join(kept)] * bool(kept) + [settings.unsure] * unsure)


def wholly_right(sample: Sample, settings: Settings) -> bool:
    """Whether a sample shows that the model knows. Dependent: it solves its task without an error. Independent:
    something in it is right and nothing has to go."""
    if settings.dependent:
        return sample.solved is True and first_error(sample) == len(sample.labels)
    return "right" in sample.labels and len(left(sample, settings).places) == len(sample.labels)


def without_tail(sample: Sample) -> Sample:
    """The whole part of a sample that was cut off: no target and no pair may end at the longest allowed length."""
    if sample.finished:
        return sample
    text, count = unfinished.whole(sample.text, sample.fragments)
    parts = ("fragments", "labels", "facts", "confidences")
    return sample._replace(text=text, **{name: getattr(sample, name)[:count] for name in parts})
