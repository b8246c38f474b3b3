"""How sure a model is of a whole answer, by R-Tuning (arXiv 2311.09677): it learned to say `I am sure` or not.

Nothing is generated. The value is P(sure) among the two phrases after the answer, at the first token where they differ.
Beside it stands the likelihood of the answer: the geometric mean of the probabilities of its tokens. The paper ranks
answers by the mean of the two. If an answer itself says whether it is sure, it is read up to there.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from halt import engines
from halt.confidence import ConfidenceError
from halt.confidence.p_true import share
from halt.engines import Prompt
from halt.prompting import fragments


class Statement(NamedTuple):
    """One answer in token ids, up to the token where the two possible last lines differ."""

    answer: list[int]  # after its prompt
    start: int  # where it begins there; the length of `answer` if it is empty
    line: list[int]  # prompt, answer and what both phrases begin with
    sure: int  # the tokens that follow there
    not_sure: int


def statement(engine, prompt: Prompt, text: str, phrases: Mapping[str, str]) -> Statement:
    """One answer, ready to be weighed. ConfidenceError if the tokenizer cannot tell the two phrases apart.

    prompt: zero-shot, as in finetuning; text: the answer as it was generated; phrases: {"sure", "not_sure"}.
    """
    said = fragments.answer(text, phrases)
    head = f"{said}\n" if said.strip() else ""
    sure, not_sure = (encoded(engine, prompt, head + phrases[name]) for name in ("sure", "not_sure"))
    parted = common(sure, not_sure)
    if parted == min(len(sure), len(not_sure)):
        raise ConfidenceError(
            f"this model cannot be asked whether it is sure: in its tokenizer '{phrases['sure']}' and "
            f"'{phrases['not_sure']}' are alike up to the end of one"
        )
    answer = encoded(engine, prompt, said) if said.strip() else engine.encode(prompt)
    return Statement(answer, common(engine.encode(prompt), answer), sure[:parted], sure[parted], not_sure[parted])


def weighed(engine, statements: Sequence[Statement], batch_size: int) -> list[tuple[float, float]]:
    """(P(sure), likelihood of the answer) of each statement, both in [0, 1]; the likelihood of an empty answer is 0.

    ConfidenceError if a statement is longer than the model's context.
    """
    from halt.engines import scoring

    sure, likelihood = [0.0] * len(statements), [0.0] * len(statements)
    said = [place for place, one in enumerate(statements) if one.start < len(one.answer)]
    try:
        found = engine.likelihoods(
            [statements[place].answer for place in said], [statements[place].start for place in said], batch_size
        )
        for place, value in zip(said, found, strict=True):
            likelihood[place] = value
        # Nearly always one pair of tokens; what stands before them could merge with them in some tokenizers.
        for pair in dict.fromkeys((one.sure, one.not_sure) for one in statements):
            places = [place for place, one in enumerate(statements) if (one.sure, one.not_sure) == pair]
            lines = [statements[place].line for place in places]
            weights = engine.next_token_probabilities(lines, pair, batch_size)
            for place, weight in zip(places, weights, strict=True):
                sure[place] = share(*weight)
    except (scoring.ScoringError, engines.EngineError) as error:
        raise ConfidenceError(f"{error}: an answer with its prompt is too long") from error
    return list(zip(sure, likelihood, strict=True))


def encoded(engine, prompt: Prompt, text: str) -> list[int]:
    """Token ids of a prompt and of the text that the model says after it."""
    if prompt.messages is None:
        return engine.encode(prompt._replace(text=prompt.text + text))
    return engine.encode(prompt) + engine.tokenizer(text, add_special_tokens=False)["input_ids"]


def common(first: Sequence[int], second: Sequence[int]) -> int:
    """Length of the common beginning."""
    shorter = min(len(first), len(second))
    return next((place for place in range(shorter) if first[place] != second[place]), shorter)
