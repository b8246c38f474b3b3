"""From judged samples to finetuning targets: the first place that knows the threshold, and pure.

One module per method, each with `rewrite(prompt, settings, threshold) -> Target | None`; None leaves the prompt out of
training. `settings` is a Settings, `threshold` the canonical label ("0.40") or "none". A module may also have

    OPTIONS: dict                            JSON-schema properties of the method's `options` in the config, each with
                                             a default: a literal
    PHRASES: tuple[str, ...]                 keys of `settings.phrases`, the method's own, that it writes: a literal
    RANKED: bool                             True: takes the alpha-percentile sample (`select`), so two thresholds may
                                             take the same one; default False: a literal
    MARKS: bool                              True: teaches the model to mark what it doubts; the tables then show its
                                             answers with and without these marks; default False: a literal
    VERDICTS: bool                           False: reads no verdict, so samples without one count too; default True
    survey(prompts, settings, threshold)     what a target needs from all prompts at once: called before the first
                                             `rewrite`, which gets the result as its fourth argument
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

from halt import plugins, readings
from halt.errors import HaltError
from halt.rewriting.shared import percentile, unfinished


class Sample(NamedTuple):
    """One sampled answer and its judged fragments; labels are of halt.frames.LABELS, facts as in its JUDGEMENTS.

    If max_new_tokens cut the answer (not `finished`), only its whole part is here: see `unfinished`. confidences: the
    model's own p(True) of each fragment, for methods that are `rated_by` it; those see no label.
    """

    index: int
    text: str
    fragments: tuple[str, ...]
    labels: tuple[str, ...]
    facts: tuple[str | None, ...] = ()
    confidences: tuple[float, ...] = ()
    finished: bool = True
    solved: bool | None = None  # whether it solves its task; None if unknown, and in independent domains


class Judged(NamedTuple):
    """One training prompt with its reference and the N judged samples of the pretrained model."""

    id: str
    prompt: str
    reference: str
    samples: tuple[Sample, ...]
    truth: str = "{}"  # JSON, read only by the domain's own module


class Settings(NamedTuple):
    """Settings of rewriting. `join` and `dependent` come from the domain, `options` and `phrases` from the method."""

    dependent: bool
    join: Callable[[list[str]], str]
    rank_base: int  # 0: the paper's gloss (third, second, most accurate of five), 1: its printed formula
    unverifiable: str  # keep | drop, in targets: fragments that the ground truth does not mention
    idle: str  # keep | drop, in targets: fragments that lead nowhere or do nothing
    reading: str  # wrong | ignore: how unverifiable fragments count when samples are ranked
    unsure: str
    uncertain: str
    options: Mapping[str, Any] = MappingProxyType({})  # every option of the method's module, see `options`
    phrases: Mapping[str, str] = MappingProxyType({})  # of the method alone: {"sure": ..., "not_sure": ...}
    domain: ModuleType | None = None  # the domain's module, for its split() and judge()


class Target(NamedTuple):
    """What the model learns to say, the sample it is from (None: no sample), and how much of that was kept."""

    target: str
    sample: int | None
    fragments: int
    kept: int


class RewriteError(HaltError):
    """The tables do not match; the message says where they differ."""


def load(module_name: str) -> ModuleType:
    """The method module `halt.rewriting.<module_name>`; ModuleError if it is missing, broken or lacks `rewrite`."""
    return plugins.load("rewriting", module_name)


def options(module_name: str, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """`chosen` completed with the defaults of a method module's OPTIONS; ModuleError on a name that is not there."""
    return plugins.options("rewriting", module_name, chosen)


def targets(
    module_name: str, prompts: Sequence[Judged], settings: Settings, threshold: str
) -> Iterator[tuple[Judged, Target | None]]:
    """The target of every prompt. ModuleError if the method fails or gives something else than a target."""
    surveyed = ()
    if survey := vars(load(module_name)).get("survey"):
        with plugins.blamed("rewriting", module_name):
            surveyed = (survey(prompts, settings, threshold),)
    for prompt in prompts:
        yield prompt, rewritten(module_name, prompt, settings, threshold, *surveyed)


def rewritten(module_name: str, prompt: Judged, settings: Settings, threshold: str, *surveyed: Any) -> Target | None:
    """The target of one prompt; surveyed: the result of the method's `survey`, if it has one.

    ModuleError if the method fails or gives something else than a target.
    """
    with plugins.blamed("rewriting", module_name):
        target = load(module_name).rewrite(prompt, settings, threshold, *surveyed)
    sound = isinstance(target, Target) and isinstance(target.target, str) and target.target.strip()
    if target is not None and not sound:
        file = plugins.file_of("rewriting", module_name)
        raise plugins.ModuleError(f"{file}: rewrite() gave {target!r}, expected a Target with text, or None")
    return target


class Left(NamedTuple):
    """What HALT leaves of a sample: the places of its fragments, in order, and whether the `unsure` phrase follows."""

    places: list[int]
    unsure: bool


def correctness(sample: Sample, settings: Settings) -> Fraction:
    """Share of right fragments among those that count in the config's reading; 0 without any."""
    counted = sum(map(sample.labels.count, readings.given(settings.reading)))
    return Fraction(sample.labels.count("right"), counted) if counted else Fraction(0)


def select(samples: tuple[Sample, ...], threshold: str, settings: Settings) -> Sample:
    """The alpha-percentile sample, in ascending order of correctness: see `percentile`.

    Equal samples keep the order in which they were drawn.
    """
    ordered = sorted(samples, key=lambda sample: (correctness(sample, settings), sample.index))
    return ordered[percentile.place(threshold, len(ordered), settings.rank_base)]


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


def usable(prompts: Iterable[Judged], module: ModuleType, settings: Settings) -> list[Judged]:
    """The prompts with the samples that a method can read.

    A sample is left out if only unjudged fragments could count, and so is a prompt without samples: a judge's failure
    is no error of the model. Nothing is left out for a module without VERDICTS.
    """
    if not vars(module).get("VERDICTS", True):
        return list(prompts)
    counted = set(readings.given(settings.reading))
    kept = [
        prompt._replace(samples=tuple(one for one in prompt.samples if _is_judged(one, counted))) for prompt in prompts
    ]
    return [prompt for prompt in kept if prompt.samples]


def samples(prompts: Iterable[Judged]) -> int:
    """How many samples the prompts have together."""
    return sum(len(prompt.samples) for prompt in prompts)


def _is_judged(sample: Sample, counted: set[str]) -> bool:
    return "unjudged" not in sample.labels or not counted.isdisjoint(sample.labels)
