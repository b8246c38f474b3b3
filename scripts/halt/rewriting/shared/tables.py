"""Judged samples as methods see them, from tables, and the key columns of the tables that methods make."""

from collections import defaultdict
from collections.abc import Iterator

import polars as pl

from halt.rewriting import Judged, RewriteError, Sample, without_tail


def judged(data: pl.DataFrame, generations: pl.DataFrame, judgements: pl.DataFrame) -> Iterator[Judged]:
    """Every prompt of a DATA table with its samples (RESPONSES) and their judged fragments (JUDGEMENTS).

    In the order of `data`. A sample may have no fragments. RewriteError if a prompt has no samples.
    """
    lists = (
        judgements.select("id", "sample", "fragment", "text", pl.col("label").cast(pl.String), "fact", "solved")
        .sort("id", "sample", "fragment")
        .group_by("id", "sample", maintain_order=True)
        .agg(pl.col("solved").first(), fragments="text", labels="label", facts="fact")
    )
    drawn = generations.select("id", "sample", "text", "finished").join(lists, on=["id", "sample"], how="left")
    samples: dict[str, list[Sample]] = defaultdict(list)
    for row in drawn.sort("id", "sample").iter_rows(named=True):
        fragments, labels, facts = (tuple(row[name] or ()) for name in ("fragments", "labels", "facts"))
        sample = Sample(row["sample"], row["text"], fragments, labels, facts, (), row["finished"], row["solved"])
        samples[row["id"]].append(without_tail(sample))
    for id, prompt, reference, truth in data.select("id", "prompt", "reference", "truth").iter_rows():
        if id not in samples:
            raise RewriteError(f"prompt '{id}' has no samples: the tables come from different runs")
        yield Judged(id, prompt, reference, tuple(samples[id]), truth)


def keys(generations: pl.DataFrame, method: str, threshold: str) -> dict:
    """The key columns of TARGETS and PAIRS: of one method, made of these samples (RESPONSES)."""
    return {
        "model": generations["model"][0],
        "domain": generations["domain"][0],
        "method": method,
        "threshold": threshold,
    }
