"""R-Tuning-R (arXiv 2311.09677): if the model is wrong, a refusal replaces the reference, here the `unsure` phrase.

"Wrong" means the same as in `r_tuning`.
"""

from halt.rewriting import Judged, Settings, Target, r_tuning

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
    return Target(prompt.reference if r_tuning.knows(prompt, settings) else settings.unsure, None, 0, 0)
