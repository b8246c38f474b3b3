"""Every table of the workflow: its columns, how it is written, where it came from.

All tables are parquet (zstd), long format, and carry the wildcards of their path as columns, so that a concat of any
files explains itself. Equal rows give equal bytes. The footer says which stage wrote the table, with which settings,
from which inputs (sha256) and with which package versions.
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

# idle: true and leading nowhere (mathematics), harmless and doing nothing (code): given, and not right.
LABELS = ("right", "wrong", "idle", "unverifiable", "unjudged")

_RUN = {
    "model": pl.String,
    "domain": pl.String,  # what the adapter was trained on
    "method": pl.String,  # "samples" for the training-time samples of the pretrained model
    "threshold": pl.String,  # canonical label ("0.40"), "none" for a method without one
    "seed": pl.Int64,
    "test_domain": pl.String,  # where the prompts come from
}
_ANSWER = _RUN | {"id": pl.String, "sample": pl.Int32}

DATA = {
    "domain": pl.String,
    "split": pl.String,  # train | validation | test
    "id": pl.String,
    "cluster": pl.String,  # rows derived from one original share it: they stay in one split and are resampled together
    "prompt": pl.String,
    "reference": pl.String,
    "reference_fragments": pl.Int32,  # n_all: fragments of a complete response (paper section 4, metrics)
    "truth": pl.String,  # JSON, read only by the domain's own module
}
RESPONSES = _ANSWER | {
    "text": pl.String,
    "tokens": pl.Int32,  # generated, the end token included
    "finished": pl.Boolean,  # False: cut by max_new_tokens
}
FRAGMENTS = _ANSWER | {
    "fragment": pl.Int32,
    "text": pl.String,
    "marked": pl.Boolean,  # doubted by the model: behind `Uncertain` (Add-On HALT), before `I am unsure` (R-Tuning)
}
JUDGEMENTS = FRAGMENTS | {
    "label": pl.Enum(LABELS),
    "kind": pl.String,  # of statement (birth year, ...), null where the domain has none; why a fragment is unjudged
    "fact": pl.String,  # the reference statement it matches: two fragments with one fact count once; null if none
    "solved": pl.Boolean,  # whether the whole answer solves its task; null where unknown, and in independent domains
    "score": pl.Float64,  # what the judge decided by, e.g. P(yes) - P(no); null for the reference judge
}
CONFIDENCES = _ANSWER | {  # of the method that filters by them; its threshold is "none": they have none
    "split": pl.String,  # train for the training samples that set the bound, else the split that was answered
    "fragment": pl.Int32,
    "confidence": pl.Float64,
}
ASSURANCES = _ANSWER | {  # of models that were taught to say whether they are sure (R-Tuning)
    "sure": pl.Float64,  # P(that it is sure) among that and that it is not, behind its answer
    "likelihood": pl.Float64,  # geometric mean of the probabilities of the answer's tokens; 0 for an empty answer
}
CHOICES = _RUN | {  # of questions that give answers to choose from (TruthfulQA)
    "id": pl.String,
    "choice": pl.Int32,
    "kind": pl.String,  # best (a correct one too), correct or incorrect
    "text": pl.String,
    "log_probability": pl.Float64,  # of the whole answer behind the prompt
}
STATES = {  # in the work folder alone
    "split": pl.String,  # as of CONFIDENCES
    "id": pl.String,
    "sample": pl.Int32,
    "fragment": pl.Int32,
    "position": pl.String,  # which token of the fragment (halt.confidence.probe)
    "layer": pl.Int32,  # 1 is the first one's output
    "state": pl.List(pl.Float32),
}
RATINGS = _ANSWER | {  # of samples; method "samples", seed of the sampling; of choices: method "choices", sample: which
    "evaluator": pl.String,  # pretrained | tuned: whose p(True)
    "split": pl.String,
    "fragment": pl.Int32,
    "confidence": pl.Float64,
}
TARGETS = {
    "model": pl.String,
    "domain": pl.String,
    "method": pl.String,
    "threshold": pl.String,
    "id": pl.String,
    "prompt": pl.String,
    "target": pl.String,
    "sample": pl.Int32,  # which sample was rewritten; null where the target is no sample
    "fragments": pl.Int32,  # of the sample, before rewriting
    "kept": pl.Int32,
}
PAIRS = {
    "model": pl.String,
    "domain": pl.String,
    "method": pl.String,
    "threshold": pl.String,
    "id": pl.String,
    "prompt": pl.String,
    "chosen": pl.String,
    "rejected": pl.String,
    "chosen_sample": pl.Int32,  # null where the answer is no sample
    "rejected_sample": pl.Int32,
    "chosen_score": pl.Float64,  # what the method preferred it by; null where no score did
    "rejected_score": pl.Float64,
}
METRICS = _ANSWER | {
    "cluster": pl.String,
    "given": pl.Int32,  # fragments that count in every reading: right + wrong + idle
    "right": pl.Int32,
    "facts": pl.Int32,  # distinct ones among the right: see halt.metrics.fact_key
    "idle": pl.Int32,
    "unverifiable": pl.Int32,
    "unjudged": pl.Int32,
    "solved": pl.Boolean,  # as in JUDGEMENTS; False for an answer of a dependent domain without fragments
    "n_all": pl.Int32,
    "n_capable": pl.Int32,  # null where no samples of the prompt were drawn (score.capable: false)
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
    """Write by rename, so that a table is either whole or absent.

    provenance: JSON-able mapping kept in the parquet footer under the key `halt`; no times, no absolute paths, so
    that equal inputs give equal bytes.
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
    """Read one table and hold it to its schema; FrameError names the first column that differs."""
    with readable(path):
        table = pl.read_parquet(path)
    for name, kind in schema.items():
        found = table.schema.get(name)
        if found != _dtype(kind):
            raise FrameError(f"{path}: column '{name}' is {found or 'missing'}, expected {kind}")
    return table.select(list(schema))


@contextlib.contextmanager
def readable(path: Path | str) -> Iterator[None]:
    """A file that polars cannot read becomes a FrameError that names it."""
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
