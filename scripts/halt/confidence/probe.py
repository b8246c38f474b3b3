"""A probe on hidden states as a confidence: a linear model reads off the activations whether a fragment is right.

After "LLMs Know More Than They Show" (Orgad et al., arXiv 2410.02707): logistic regression on the hidden state of the
pretrained model at a token of the answer. It learns from the judged fragments of training samples, right or not;
which layer and which token it reads is chosen there too, by AUROC on training prompts that it did not learn from. Of
the answers that it is applied to it sees the states alone, never a verdict.

The states are those of the model as it reads prompt and answer, behind the examples that it wrote the answer behind.
The answer is cut into tokens from its text, which need not be the tokens that it was written in (decision).
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from halt import engines, frames, plugins, readings
from halt.confidence import ConfidenceError, training_fragments
from halt.engines import Prompt

PROGRAM = "probe"

BEFORE = "before"  # a position: the last token before the fragment
ANSWER = ("id", "sample")
PLACE = (*ANSWER, "fragment")

Predict = Callable[[np.ndarray], np.ndarray]
"""States (n, width) -> P(right) of each, (n,)."""
Fit = Callable[[np.ndarray, np.ndarray, float], Predict]
"""States (n, width), which are right (n,), the penalty -> the probe: `fit` here, or of another filter's module."""


class Answer(NamedTuple):
    """One answer to be read: what it was written behind, its text, its fragments in order."""

    prompt: Prompt
    text: str
    fragments: tuple[str, ...]


class Chosen(NamedTuple):
    """Which states the probe reads, and how well it ranks fragments of training prompts that it did not learn from."""

    position: str
    layer: int
    auroc: float | None  # None: all training fragments are right or all are wrong, so there was nothing to choose by


def positions(kind: str, listed: Sequence[str]) -> list[str]:
    """The tokens of a fragment that come into question: those of the filter's module, or else `listed`."""
    return list(plugins.literal("confidence", kind, "POSITIONS", ()) or listed)


def spans(text: str, fragments: Sequence[str]) -> list[tuple[int, int]]:
    """Where the fragments stand in the answer: start and end of each; ConfidenceError for one that is not in it.

    Whatever space a domain's split takes out or puts in does not matter.
    """
    places = [place for place, character in enumerate(text) if not character.isspace()]
    bare, found, behind = "".join(text[place] for place in places), [], 0
    for fragment in fragments:
        wanted = "".join(fragment.split())
        start = bare.find(wanted, behind)
        if start < 0 or not wanted:
            raise ConfidenceError(f"the fragment '{fragment}' is not in its answer: they are of different runs")
        behind = start + len(wanted)
        found.append((places[start], places[behind - 1] + 1))
    return found


def token(span: tuple[int, int], text: str, offsets: Sequence[tuple[int, int]], position: str) -> int:
    """Index of the token of a fragment at `position`, -1 for the one before the answer's first.

    span: the fragment's start and end in the text; offsets: of every token of the text. position: first; last;
    content, the last one with a letter or digit; before, the one before the first.
    """
    start, end = span
    own = [index for index, (begins, ends) in enumerate(offsets) if begins < end and ends > start]
    if not own:
        raise ConfidenceError(f"no token of this model's tokenizer stands for '{text[start:end]}'")
    if position == "content":
        words = [index for index in own if any(map(str.isalnum, text[offsets[index][0] : offsets[index][1]]))]
        return (words or own)[-1]
    return {"first": own[0], "last": own[-1], BEFORE: own[0] - 1}[position]


def answers(responses: pl.DataFrame, fragments: pl.DataFrame, prompts: Mapping[str, Prompt]) -> list[Answer]:
    """The answers (RESPONSES) that FRAGMENTS are of, by id and sample. prompts: what each was written behind, by id."""
    text_of = {(id, sample): text for id, sample, text in responses.select(*ANSWER, "text").iter_rows()}
    found = []
    for key, rows in fragments.sort(PLACE).partition_by(ANSWER, as_dict=True, maintain_order=True).items():
        if key not in text_of or key[0] not in prompts:
            raise ConfidenceError(f"fragments of the prompt '{key[0]}', which is not among the answers or in the data")
        found.append(Answer(prompts[key[0]], text_of[key], tuple(rows["text"])))
    return found


def read(
    engine, asked: Sequence[Answer], chosen: Sequence[str], depths: Sequence[float], batch_size: int
) -> tuple[list[int], np.ndarray]:
    """(layers, hidden states) of the fragments of the answers, in their order: (fragments, positions, layers, width).

    engine: of transformers; chosen: positions; depths: shares of the model's layers.
    """
    sequences, places = [], []
    for answer in asked:
        before = engine.encode(answer.prompt)
        written = engine.tokenizer(answer.text, add_special_tokens=False, return_offsets_mapping=True)
        offsets = written["offset_mapping"]
        sequences.append([*before, *written["input_ids"]])
        places.append(
            [
                len(before) + token(span, answer.text, offsets, position)
                for span in spans(answer.text, answer.fragments)
                for position in chosen
            ]
        )
    try:
        layers, states = engine.hidden_states(sequences, places, depths, batch_size)
    except engines.EngineError as error:
        raise ConfidenceError(f"{error}: fewer shots or a smaller max_new_tokens make it shorter") from error
    found = np.concatenate(states)
    return layers, found.reshape(-1, len(chosen), *found.shape[1:])


def states_table(
    fragments: pl.DataFrame, split: str, chosen: Sequence[str], layers: Sequence[int], states: np.ndarray
) -> pl.DataFrame:
    """STATES of FRAGMENTS from what `read` found of their answers; chosen: the positions that it was asked for."""
    places = fragments.sort(PLACE).select(PLACE)
    order = places.join(pl.DataFrame({"position": list(chosen)}), how="cross", maintain_order="left_right")
    order = order.join(pl.DataFrame({"layer": list(layers)}), how="cross", maintain_order="left_right")
    flat = pl.Series(states.reshape(-1, states.shape[-1])).arr.to_list()
    table = order.with_columns(pl.col("layer").cast(pl.Int32), split=pl.lit(split), state=flat)
    return table.select(list(frames.STATES))


def folds(ids: Sequence[str], clusters: Mapping[str, str], count: int, seed: int) -> np.ndarray:
    """The fold, 0 to count - 1, of each prompt: the prompts of a cluster share it, and folds hold as many clusters."""
    names = sorted(
        {clusters[id] for id in ids},
        key=lambda name: hashlib.blake2b(f"{seed}\0{name}".encode(), digest_size=8).digest(),
    )
    fold_of = {name: place % count for place, name in enumerate(names)}
    return np.array([fold_of[clusters[id]] for id in ids], dtype=int)


def fit(states: np.ndarray, right: np.ndarray, penalty: float) -> Predict:
    """Logistic regression on standardised states; where all labels are the same, the share of right ones.

    states: (n, width); right: (n,) of bool, n at least 1; penalty: of half the squared weights, against the sum of the
    n log losses.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if right.all() or not right.any():
        return lambda given: np.full(len(given), float(right[0]))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1 / penalty, max_iter=1000))
    model.fit(states, right)
    return lambda given: model.predict_proba(given)[:, 1] if len(given) else np.empty(0)


def held_out(
    states: np.ndarray, right: np.ndarray, labelled: np.ndarray, fold: np.ndarray, penalty: float, learn: Fit = fit
) -> np.ndarray:
    """P(right) of training fragments by a probe that learned from the other folds alone.

    right, labelled: (n,) of bool; what is not labelled is predicted and never learned from; learn: `fit` of a filter's
    module. ConfidenceError if all that is labelled lies in one fold.
    """
    values = np.empty(len(states))
    for number in np.unique(fold):
        here = fold == number
        rest = labelled & ~here
        if not rest.any():
            raise ConfidenceError("the judged training fragments are of too few prompts to learn from: more rows")
        values[here] = learn(states[rest], right[rest], penalty)(states[here])
    return values


def confidences(
    training: pl.DataFrame,
    answered: pl.DataFrame,
    states: pl.DataFrame,
    clusters: Mapping[str, str],
    settings: Mapping,
    kind: str,
    split: str,
    reading: str,
) -> tuple[pl.DataFrame, list[float], list[float], Chosen]:
    """(training fragments that set the bound, their confidences, those of the answers' fragments, what was chosen).

    training: JUDGEMENTS of the training samples; answered: FRAGMENTS of the answers, which are of the `split`; states:
    STATES of both; clusters: of training prompts, by id; settings: `probe`; kind: the filter's module; reading: which
    fragments count, of which those that are not right are learnt as wrong. A training fragment's confidence is of the
    probe that did not learn from its fold: what a probe says of its own examples is too sure, and would set the bound
    too high. The answers' are of the probe that learned from all.
    """
    from sklearn.metrics import roc_auc_score

    learn = plugins.load("confidence", kind).fit
    training = training.sort(PLACE)
    label = training["label"].cast(pl.String)
    right, labelled = (label == "right").to_numpy(), label.is_in(readings.given(reading)).to_numpy()
    if not labelled.any():
        raise ConfidenceError("no fragment of the training samples was judged: there is nothing to learn from")
    fold = folds(training["id"].to_list(), clusters, settings["folds"], settings["seed"])
    both = 0 < right[labelled].sum() < labelled.sum()
    best: tuple[Chosen, np.ndarray] | None = None
    for position, layer in states.select("position", "layer").unique(maintain_order=True).iter_rows():
        own = _matrix(training, states, "train", position, layer)
        values = held_out(own, right, labelled, fold, settings["penalty"], learn)
        area = float(roc_auc_score(right[labelled], values[labelled])) if both else None
        if best is None or (both and area > best[0].auroc):
            best = Chosen(position, layer, area), values
    chosen, values = best
    own = _matrix(training, states, "train", chosen.position, chosen.layer)
    predict = learn(own[labelled], right[labelled], settings["penalty"])
    given = predict(_matrix(answered, states, split, chosen.position, chosen.layer))
    setting = training.with_columns(confidence=values)
    answered = answered.with_columns(confidence=pl.Series(given, dtype=pl.Float64))
    if plugins.literal("confidence", kind, "STOPS", False):
        setting, answered = reached(setting), reached(answered)
    setting = training_fragments(setting)
    return setting, setting["confidence"].to_list(), answered["confidence"].to_list(), chosen


def reached(fragments: pl.DataFrame) -> pl.DataFrame:
    """The least `confidence` at the boundaries up to each fragment, in its place: behind a stop nothing is written.

    So a bound that drops what is below it cuts every answer where it would have stopped, in independent domains too.
    """
    return fragments.with_columns(pl.col("confidence").cum_min().over(ANSWER, order_by="fragment"))


def _matrix(fragments: pl.DataFrame, states: pl.DataFrame, split: str, position: str, layer: int) -> np.ndarray:
    """States (n, width) of the fragments, in their order."""
    at = (pl.col("split") == split) & (pl.col("position") == position) & (pl.col("layer") == layer)
    joined = fragments.select(PLACE).join(states.filter(at), on=PLACE, how="left", maintain_order="left")["state"]
    if joined.null_count():
        raise ConfidenceError(f"{joined.null_count()} fragments without a hidden state: tables of different runs")
    return joined.list.to_array(joined.list.len().max() or 1).to_numpy()
