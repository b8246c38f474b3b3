"""For people to look at: tables, the trade-off figure, the page of answers."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl

from halt import frames, metrics, rewriting

BASELINES = ("unchanged-own", "unchanged-reference")
# Families of methods, by how they treat the errors of a model's answers; in the order of the figure's legend.
HALT, VARIANTS, ORDINARY = "HALT", "HALT's variants", "nothing removed"
REFUSING, PREFERRING, FILTERS = "knows or not", "preferences", "filters"
CONTROLS, OTHERS = "controls", "others"
FAMILIES = (HALT, VARIANTS, ORDINARY, REFUSING, PREFERRING, FILTERS, CONTROLS, OTHERS)
_FAMILY_OF_MODULE = {  # of scripts/halt/rewriting/; None: the pretrained model
    None: ORDINARY,
    "unchanged_own": ORDINARY,
    "unchanged_reference": ORDINARY,
    "halt": HALT,
    "add_on": VARIANTS,
    "halt_graph": VARIANTS,
    "halt_reference": VARIANTS,
    "idk": REFUSING,
    "idk_share": REFUSING,
    "r_tuning": REFUSING,
    "r_tuning_r": REFUSING,
    "r_tuning_u": REFUSING,
    "random_trim": CONTROLS,
}
_FIRST = {"base": 0, "floor": 1}
RESULT = ("model", "domain", "method", "threshold", "test_domain")


def scan(paths: Sequence[Path], schema: Mapping) -> pl.LazyFrame:
    """Many tables of one schema as one lazy table: only the columns and rows in use are read.

    frames.FrameError for a file whose columns differ. Without files, a table without rows.
    """
    expected = dict(pl.Schema(schema))
    for path in paths:
        with frames.readable(path):
            found = dict(pl.read_parquet_schema(path))
        if found != expected:
            wrong = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
            raise frames.FrameError(f"{path}: not the expected table, these columns differ: {', '.join(wrong)}")
    return pl.scan_parquet(list(paths)) if paths else pl.LazyFrame(schema=expected)


def method_rank(method: str, threshold: str) -> tuple:
    """Sort key of a method: the untrained model, the best constant answer, methods without a threshold, then those with
    one by threshold."""
    return (_FIRST.get(method, len(_FIRST)), threshold != "none", method, threshold)


def halt_methods(methods: Mapping[str, Mapping]) -> list[str]:
    """Names of the configured methods that rewrite as HALT does."""
    return sorted(name for name, method in methods.items() if method["rewrite"] == "halt")


def filter_methods(methods: Mapping[str, Mapping]) -> list[str]:
    """Names of the configured methods that only filter the answers of another: points of a curve."""
    return sorted(name for name, method in methods.items() if "filter" in method)


def floor_methods(methods: Mapping[str, Mapping]) -> list[str]:
    """Names of the configured methods that give every prompt the same answer."""
    return sorted(name for name, method in methods.items() if method.get("constant"))


def families(methods: Mapping[str, Mapping]) -> dict[str, str]:
    """The family (FAMILIES) of each configured method, and of it scored with its marked fragments."""
    found = {}
    for name, method in methods.items():
        by_key = PREFERRING if "pairs" in method else FILTERS if "filter" in method else None
        by_key = CONTROLS if method.get("constant") else by_key
        found[name] = by_key or _FAMILY_OF_MODULE.get(method["rewrite"], OTHERS)
        found[f"{name}{metrics.FULL}"] = found[name]
    return found


def right_shares(methods: Mapping[str, Mapping]) -> dict[str, float]:
    """By method that teaches to say whether an answer is sure: the share of right fragments that makes an answer right.

    From the method's own option; R-Tuning's default for one without such an option.
    """
    default = rewriting.options("r_tuning", {})["share"]
    phrased = {name: method for name, method in methods.items() if method.get("phrases")}
    return {name: method.get("options", {}).get("share", default) for name, method in phrased.items()}


def write_text(text: str, path: Path) -> None:
    """UTF-8 in any locale; makes the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_csv(table: pl.DataFrame, path: Path) -> None:
    """CSV with six digits after the point; an undefined score is an empty field."""
    write_text(table.write_csv(float_precision=6), path)


def seeds_of_report(rows: Iterable[Mapping], key: Sequence[str] = RESULT) -> list[Mapping]:
    """The table rows that a reader should see: the mean over the seeds if there is one, else the only seed.

    key: the columns, without `seed`, that tell results apart.
    """
    rows = list(rows)
    averaged = {tuple(row[name] for name in key) for row in rows if row["seed"] == "all"}
    return [row for row in rows if row["seed"] == "all" or tuple(row[name] for name in key) not in averaged]
