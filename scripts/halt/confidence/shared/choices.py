"""How likely a model finds each answer that a question offers, as TruthfulQA asks (arXiv 2109.07958).

The value is the sum of the log-probabilities of the answer's tokens after the prompt. The end of the answer does not
count, and the sum is not corrected for length.
"""

from collections.abc import Sequence
from types import ModuleType

import polars as pl

from halt import domains, engines, frames, paths
from halt.confidence import ConfidenceError
from halt.confidence.shared.sure import common, encoded
from halt.domains import Row
from halt.engines import Prompt
from halt.prompting import few_shot


def weighed(engine, prompts: Sequence[Prompt], answers: Sequence[Sequence[str]], batch_size: int) -> list[list[float]]:
    """The log-probability of each of the answers to each prompt.

    answers: the text as it directly follows the prompt (`prompting.begun`), at least one each. ConfidenceError if a
    prompt with an answer is longer than the model's context.
    """
    from halt.engines import scoring

    groups, starts = [], []
    for prompt, texts in zip(prompts, answers, strict=True):
        opening = engine.encode(prompt)
        groups.append([encoded(engine, prompt, text) for text in texts])
        starts.append([common(opening, sequence) for sequence in groups[-1]])
    try:
        return engine.log_probabilities(groups, starts, batch_size)
    except (scoring.ScoringError, engines.EngineError) as error:
        raise ConfidenceError(f"{error}: fewer respond.shots make it shorter") from error


def table(
    engine, asked: Sequence[tuple[Prompt, Row]], chat: bool, domain: ModuleType, batch_size: int, run: dict
) -> pl.DataFrame:
    """CHOICES of some questions. asked: the prompts that the model answers, and their rows; run: metrics.RUN."""
    listed = [domains.choices(domain, row) for _, row in asked]
    texts = [[few_shot.begun(choice.text, chat, domain) for choice in choices] for choices in listed]
    found = weighed(engine, [prompt for prompt, _ in asked], texts, batch_size)
    return frames.build(
        (
            {**run, "id": row.id, "choice": number, **choice._asdict(), "log_probability": value}
            for (_, row), choices, values in zip(asked, listed, found, strict=True)
            for number, (choice, value) in enumerate(zip(choices, values, strict=True))
        ),
        frames.CHOICES,
    )


def as_fragments(rows: Sequence[Row], domain: ModuleType, model: str, name: str) -> pl.DataFrame:
    """The choices of all rows as FRAGMENTS, for a model to rate: `sample` is the number of the choice.

    name: of the domain. No method wrote them: the column `method` says `choices`.
    """
    run = {"model": model, "domain": name, "method": "choices", "threshold": paths.NO_THRESHOLD, "seed": 0}
    run |= {"test_domain": name}
    return frames.build(
        (
            {**run, "id": row.id, "sample": number, "fragment": 0, "text": choice.text, "marked": False}
            for row in rows
            for number, choice in enumerate(domains.choices(domain, row))
        ),
        frames.FRAGMENTS,
    )
