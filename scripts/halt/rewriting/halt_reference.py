"""HALT's targets from the references instead of the model's own words (the targets that the paper's Table 2 compares).

The paper says that ground-truth targets gain a few per cent of correctness. How they are limited to what the model can
do is a decision: the reference keeps what the alpha-percentile sample, the one that HALT rewrites, got right.

Independent fragments: the statements of the reference that a right fragment of the sample states. The judge names the
fact. If it names none (an LLM judge), it is the statement with most of the fragment's words, if that has at least the
share `overlap` of them. Dependent fragments: the reference's first fragments, as many as the sample has right ones
before its first error, never the last one, and the `unsure` phrase. If the sample solves the task without an error, the
whole reference.
"""

import json
import re
from collections.abc import Sequence

from halt.domains import Row
from halt.rewriting import Judged, Sample, Settings, Target, first_error, select, wholly_right, written

RANKED = True

OPTIONS = {
    "overlap": {
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 1,
        "default": 0.5,
        "description": "share of a right fragment's words in its statement, where the judge names none (decision)",
    }
}


def rewrite(prompt: Judged, settings: Settings, threshold: str) -> Target:
    sample = select(prompt.samples, threshold, settings)
    statements = settings.domain.split(prompt.reference)
    if settings.dependent:
        whole = wholly_right(sample, settings)
        right = sample.labels[: first_error(sample)].count("right")
        kept = statements if whole else statements[: min(right, len(statements) - 1)]
        return Target(written(kept, not whole, settings), None, len(statements), len(kept))
    places = _stated(prompt, sample, statements, settings)
    kept = [statement for place, statement in enumerate(statements) if place in places]
    return Target(written(kept, not kept, settings), None, len(statements), len(kept))


def _stated(prompt: Judged, sample: Sample, statements: Sequence[str], settings: Settings) -> set[int]:
    """Places of the reference statements that the right fragments of a sample state."""
    judged = zip(sample.fragments, sample.labels, sample.facts, strict=True)
    right = [(fragment, fact) for fragment, label, fact in judged if label == "right"]
    named = {fact for _, fact in right if fact is not None}
    facts = _facts(prompt, statements, settings) if named else []
    found = {place for place, fact in enumerate(facts) if fact in named}
    for fragment, fact in right:
        if fact is None:
            found |= _closest(fragment, statements, settings.options["overlap"])
    return found


def _facts(prompt: Judged, statements: Sequence[str], settings: Settings) -> list[str | None]:
    """The fact of each reference statement, as the domain's reference judge names it."""
    row = Row(prompt.id, "", "", prompt.prompt, prompt.reference, json.loads(prompt.truth))
    return [verdict.fact for verdict in settings.domain.judge(list(statements), row)]


def _closest(fragment: str, statements: Sequence[str], overlap: float) -> set[int]:
    """The place of the first statement with most of a fragment's words; none if the share is below `overlap`."""
    words = _words(fragment)
    shares = [len(words & _words(statement)) / len(words) for statement in statements] if words else []
    best = max(shares, default=0)
    return {shares.index(best)} if best >= overlap else set()


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))
