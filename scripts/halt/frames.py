"""Every table of the workflow: its columns, how it is written, where it came from.

All tables are parquet (zstd), long format. They carry the wildcards of their path as columns, so any of them can be
concatenated. Equal rows give equal bytes. The footer has the stage that wrote the table, its settings, its inputs
(sha256) and the versions of packages.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import polars as pl

from halt.errors import HaltError

# idle: true but leads nowhere (mathematics), or harmless but does nothing (code). It counts as given, not as right.
LABELS = ("right", "wrong", "idle", "unverifiable", "unjudged")

# The comment of a column is its description in the documentation (tools/reference_pages.py).
_RUN = {
    "model": pl.String,  # key of `models` in the config
    "domain": pl.String,  # what the adapter was trained on
    "method": pl.String,  # key of `methods`; "samples" for samples of the pretrained model
    "threshold": pl.String,  # label with two decimals ("0.40"); "none" for a method without a threshold
    "seed": pl.Int64,  # of finetuning; of sampling for samples
    "test_domain": pl.String,  # where the prompts come from
}
_ANSWER = _RUN | {
    "id": pl.String,  # of the prompt
    "sample": pl.Int32,  # which sample of the prompt, from 0; 0 for an answer
}

DATA = {
    "domain": pl.String,  # key of `domains` in the config
    "split": pl.String,  # train, validation or test
    "id": pl.String,  # of the row, unique in its domain
    "cluster": pl.String,  # shared by rows made from one original: they stay in one split and are resampled together
    "prompt": pl.String,  # what the model is asked
    "reference": pl.String,  # a complete right answer
    "reference_fragments": pl.Int32,  # n_all, the fragments of a complete answer (paper, section 4)
    "truth": pl.String,  # JSON that only the domain's own module reads
}
RESPONSES = _ANSWER | {
    "text": pl.String,  # the answer
    "tokens": pl.Int32,  # generated tokens, with the end token
    "finished": pl.Boolean,  # false: cut by max_new_tokens
}
FRAGMENTS = _ANSWER | {
    "fragment": pl.Int32,  # place in the answer, from 0
    "text": pl.String,  # the fragment
    "marked": pl.Boolean,  # the model doubts it: after `Uncertain` (Add-On HALT) or before `I am unsure` (R-Tuning)
}
CLAIMS = _ANSWER | {  # one row per sentence; the claims of an answer, in order, are its FRAGMENTS
    "sentence": pl.Int32,  # place in the answer, from 0
    "text": pl.String,  # the sentence
    "begin": pl.Int32,  # where it begins in the answer, in characters; null if it does not stand there word for word
    "end": pl.Int32,  # where it ends
    "marked": pl.Boolean,  # as in FRAGMENTS
    "claims": pl.List(pl.String),  # what was taken from it; the sentence itself if the extractor failed on it
    "reason": pl.String,  # empty: these are the extractor's claims; "no claim"; else why the extractor failed
    "absent": pl.Int32,  # listed claims that are not in the text: left out
    "surplus": pl.Int32,  # listed claims above one for each word of the sentence: left out
    "repeated": pl.Int32,  # listed claims that the answer has before: left out
}
JUDGEMENTS = FRAGMENTS | {
    "label": pl.Enum(LABELS),  # the verdict
    "kind": pl.String,  # kind of statement (birth year, ...), null if the domain has none; for unjudged, the reason
    "fact": pl.String,  # the reference statement that it matches, null if none; two fragments with one fact count once
    "solved": pl.Boolean,  # whether the whole answer solves its task; null if unknown or if fragments are independent
    "score": pl.Float64,  # what the judge decided by, such as P(yes) - P(no); null for the reference judge
}
CONFIDENCES = _ANSWER | {  # of the method that filters by them; the threshold is "none"
    "split": pl.String,  # train for the training samples that set the bound, else the split that was answered
    "fragment": pl.Int32,  # place in the answer, from 0
    "confidence": pl.Float64,  # how sure the model is of it; more is surer
}
ASSURANCES = _ANSWER | {  # of models that were taught to say whether they are sure (R-Tuning)
    "sure": pl.Float64,  # probability of the sure phrase after the answer, against the unsure one
    "likelihood": pl.Float64,  # geometric mean of the probabilities of the answer's tokens; 0 for an empty answer
}
CHOICES = _RUN | {  # of questions that give answers to choose from (TruthfulQA)
    "id": pl.String,  # of the question
    "choice": pl.Int32,  # place among the choices, from 0
    "kind": pl.String,  # best, correct or incorrect; the best one is correct too
    "text": pl.String,  # the choice
    "log_probability": pl.Float64,  # of the whole choice after the prompt
}
STATES = {  # in the work folder alone
    "split": pl.String,  # as of CONFIDENCES
    "id": pl.String,  # of the prompt
    "sample": pl.Int32,  # which sample of the prompt, from 0
    "fragment": pl.Int32,  # place in the answer, from 0
    "position": pl.String,  # which token of the fragment (halt.confidence.probe)
    "layer": pl.Int32,  # 1 is the output of the first layer
    "state": pl.List(pl.Float32),  # the hidden state
}
RATINGS = _ANSWER | {  # of samples (method "samples") or of choices (method "choices", `sample` is the choice)
    "evaluator": pl.String,  # whose p(True): pretrained or tuned
    "split": pl.String,  # of the prompt
    "fragment": pl.Int32,  # place in the answer, from 0
    "confidence": pl.Float64,  # p(True)
}
TARGETS = {
    "model": pl.String,  # key of `models` in the config
    "domain": pl.String,  # where the prompt comes from
    "method": pl.String,  # key of `methods`
    "threshold": pl.String,  # label with two decimals, or "none"
    "id": pl.String,  # of the prompt
    "prompt": pl.String,  # what the model is asked
    "target": pl.String,  # what it is finetuned to answer
    "sample": pl.Int32,  # which sample was rewritten; null if the target is no sample
    "fragments": pl.Int32,  # fragments of the sample before rewriting
    "kept": pl.Int32,  # fragments that are left
}
PAIRS = {
    "model": pl.String,  # key of `models` in the config
    "domain": pl.String,  # where the prompt comes from
    "method": pl.String,  # key of `methods`
    "threshold": pl.String,  # label with two decimals, or "none"
    "id": pl.String,  # of the prompt
    "prompt": pl.String,  # what the model is asked
    "chosen": pl.String,  # the preferred answer
    "rejected": pl.String,  # the other answer
    "chosen_sample": pl.Int32,  # which sample it is; null if it is no sample
    "rejected_sample": pl.Int32,  # which sample it is; null if it is no sample
    "chosen_score": pl.Float64,  # what the method preferred it by; null if it used no score
    "rejected_score": pl.Float64,  # what the method rejected it by; null if it used no score
}
METRICS = _ANSWER | {
    "cluster": pl.String,  # as in DATA
    "given": pl.Int32,  # fragments that count in every reading: right + wrong + idle
    "right": pl.Int32,  # right fragments
    "facts": pl.Int32,  # different facts among the right fragments (halt.metrics.fact_key)
    "idle": pl.Int32,  # idle fragments
    "unverifiable": pl.Int32,  # unverifiable fragments
    "unjudged": pl.Int32,  # fragments without a verdict
    "solved": pl.Boolean,  # as in JUDGEMENTS; false for an answer without fragments in a dependent domain
    "n_all": pl.Int32,  # what a complete answer needs
    "n_capable": pl.Int32,  # what the pretrained model got right in a sample of the prompt; null if none was drawn
}


class FrameError(HaltError):
    """A table that is not what the stage expects; the message names the file and the column."""


def file_digest(path: Path | str) -> str:
    """sha256 of one file, or of the sorted (name, sha256) pairs of a folder's files."""
    path = Path(path)
    if path.is_dir():
        names = sorted(p for p in path.rglob("*") if p.is_file())
        return hashlib.sha256("".join(f"{p.relative_to(path)} {file_digest(p)}\n" for p in names).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def build(rows: Iterable[Mapping], schema: Mapping) -> pl.DataFrame:
    """Rows (mappings with exactly the schema's keys) as a table."""
    return pl.DataFrame(list(rows), schema=dict(schema), orient="row")


def write(table: pl.DataFrame, path: Path | str, schema: Mapping, provenance: Mapping | None = None) -> None:
    """Write by rename: a table is either whole or absent.

    provenance: JSON-able mapping, kept in the parquet footer under the key `halt`. It holds no times and no absolute
    paths: equal inputs give equal bytes.
    """
    path = Path(path)
    if dict(table.schema) != {name: _dtype(kind) for name, kind in schema.items()}:
        raise FrameError(f"{path}: columns are {dict(table.schema)}, expected {dict(schema)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        temporary = Path(file.name)
    try:
        table.write_parquet(
            temporary,
            compression="zstd",
            metadata={"halt": json.dumps(provenance or {}, sort_keys=True)},
        )
        temporary.chmod(0o644)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read(path: Path | str, schema: Mapping) -> pl.DataFrame:
    """Read one table and check it against its schema. FrameError names the first column that differs."""
    with readable(path):
        table = pl.read_parquet(path)
    for name, kind in schema.items():
        found = table.schema.get(name)
        if found != _dtype(kind):
            raise FrameError(f"{path}: column '{name}' is {found or 'missing'}, expected {kind}")
    return table.select(list(schema))


@contextlib.contextmanager
def readable(path: Path | str) -> Iterator[None]:
    """FrameError, with the name of the file, if polars cannot read it."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        raise FrameError(f"{path}: not a readable parquet table ({str(error).splitlines()[0]})") from error


def provenance(path: Path | str) -> dict:
    """What `write` put in the footer."""
    said = pl.read_parquet_metadata(path).get("halt", "{}")
    try:
        return json.loads(said)
    except ValueError as error:
        raise FrameError(f"{path}: the footer is not readable JSON ({error})") from error


def _dtype(kind) -> pl.DataType:
    return kind() if isinstance(kind, type) else kind
