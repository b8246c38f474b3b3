"""A probe on hidden states as a confidence: a linear model reads from the activations whether a fragment is right.

After "LLMs Know More Than They Show" (Orgad et al., arXiv 2410.02707): logistic regression on the hidden state of the
pretrained model at a token of the answer. It learns from the judged fragments of training samples. The layer and the
token that it reads are chosen there too, by AUROC on training prompts that it did not learn from. It never sees a
verdict on the answers that it is applied to.

The model reads prompt and answer, after the same examples that it saw when it wrote the answer. The text of the answer
is tokenized again, which need not give the tokens that were generated (decision).
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
"""States (n, width), which are right (n,), the penalty -> the probe: `fit` here or in another filter."""


class Answer(NamedTuple):
    """One answer to be read: its prompt, its text, its fragments in order."""

    prompt: Prompt
    text: str
    fragments: tuple[str, ...]


class Chosen(NamedTuple):
    """Which states the probe reads, and how well it ranks fragments of training prompts that it did not learn from."""

    position: str
    layer: int
    auroc: float | None  # None if all training fragments have one label: nothing to choose by


def positions(kind: str, listed: Sequence[str]) -> list[str]:
    """The tokens of a fragment to choose from: POSITIONS of the filter's module, else `listed`."""
    return list(plugins.literal("confidence", kind, "POSITIONS", ()) or listed)


def spans(text: str, fragments: Sequence[str]) -> list[tuple[int, int]]:
    """Start and end of each fragment in the answer. ConfidenceError for one that is not in it.

    Spaces that a domain's split removes or adds do not matter.
    """
    places = [place for place, character in enumerate(text) if not character.isspace()]
    bare, found, behind = "".join(text[place] for place in places), [], 0
    for fragment in fragments:
        wanted = "".join(fragment.split())
        start = bare.find(wanted, behind)
        if start < 0 or not wanted:
            raise ConfidenceError(f"the fragment '{fragment}' is not in its answer: files of different runs")
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
    """The answers (RESPONSES) that FRAGMENTS belong to, by id and sample. prompts: the prompt of each, by id."""
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
    """Logistic regression on standardized states; if all labels are equal, the share of right ones.

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

    right, labelled: (n,) of bool; unlabeled fragments are predicted and never learned from; learn: `fit` of a filter's
    module. ConfidenceError if all labeled ones lie in one fold.
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

    training: JUDGEMENTS of the training samples. answered: FRAGMENTS of the answers, whose split is `split`. states:
    STATES of both. clusters: of training prompts, by id. settings: `probe`. kind: the filter's module. reading: which
    fragments count; those that are not right are learned as wrong. A training fragment's confidence comes from the
    probe that did not learn from its fold: a probe is too sure of its own examples, and the bound would be too high.
    The answers' come from the probe that learned from all.
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
    """The least `confidence` at the boundaries up to each fragment, in its place: after a stop nothing is written.

    A bound then cuts every answer where it would have stopped, in independent domains too.
    """
    return fragments.with_columns(pl.col("confidence").cum_min().over(ANSWER, order_by="fragment"))


def _matrix(fragments: pl.DataFrame, states: pl.DataFrame, split: str, position: str, layer: int) -> np.ndarray:
    """States (n, width) of the fragments, in their order."""
    at = (pl.col("split") == split) & (pl.col("position") == position) & (pl.col("layer") == layer)
    joined = fragments.select(PLACE).join(states.filter(at), on=PLACE, how="left", maintain_order="left")["state"]
    if joined.null_count():
        raise ConfidenceError(f"{joined.null_count()} fragments without a hidden state: tables of different runs")
    return joined.list.to_array(joined.list.len().max() or 1).to_numpy()
