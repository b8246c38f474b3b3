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
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

from halt import plugins, readings
from halt.errors import HaltError


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
