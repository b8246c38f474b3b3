"""R-Tuning (arXiv 2311.09677): the reference, and a line that says whether the model knew: `I am sure`, `I am unsure`.

The original tests by greedy decoding whether the model is right. Here training prompts have samples and no greedy
answer, so the first sample is tested, or a majority of the N (decision, `answer`). A long answer is seldom wholly
right. So one of independent fragments counts as right from a share of right fragments on (decision, `share`); one of
dependent fragments must solve its task. The original's question between answer and line ("Are you sure ...?") is left
out.
"""

from fractions import Fraction

from halt.rewriting import Judged, Sample, Settings, Target, correctness

PHRASES = ("sure", "not_sure")
MARKS = True
OPTIONS = {
    "answer": {
        "enum": ["first", "majority"],
        "default": "first",
        "description": "which samples must be right for the model to know: the first, or more than half of them all",
    },
    "share": {
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 1,
        "default": 0.5,
        "description": "independent fragments: share of right ones from which on a sample is right (decision)",
    },
}


def rewrite(prompt: Judged, settings: Settings, threshold: str) -> Target:
    line = settings.phrases["sure" if knows(prompt, settings) else "not_sure"]
    return Target(f"{prompt.reference}\n{line}", None, 0, 0)


def knows(prompt: Judged, settings: Settings) -> bool:
    """Whether more than half of the samples that `answer` names are right."""
    samples = prompt.samples[:1] if settings.options["answer"] == "first" else prompt.samples
    return 2 * sum(_right(sample, settings) for sample in samples) > len(samples)


def _right(sample: Sample, settings: Settings) -> bool:
    if settings.dependent:
        return sample.solved is True
    return correctness(sample, settings) >= Fraction(str(settings.options["share"]))
