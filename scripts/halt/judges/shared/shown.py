"""How much of a row's truth an evaluator sees: all of it, or as much as its context holds, and which rows lost some.

A tested model's text is shown on one line between quotation marks: it can neither close them nor look like the prompt
around it.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from halt.domains import Row

if TYPE_CHECKING:
    import polars as pl

MARK = "[...]"  # in place of what was left out
SHARES = (1.0, 0.7, 0.5, 0.35, 0.25, 0.17, 0.1)  # of the truth's letters, tried in this order until the prompt fits

Evidence = Callable[[Row], str]
"""All the truth of a row for an evaluator."""
Cut = Callable[[Row], None]
"""Called with each row that was shown only in part."""


def shortened(text: str, share: float) -> str:
    """About this share of a text: two thirds of it from its beginning and one from its end, with MARK between them."""
    kept = int(len(text) * share)
    if kept >= len(text):
        return text
    end = kept // 3
    return f"{text[: kept - end].rstrip()}\n{MARK}\n{text[len(text) - end :].lstrip()}"


def everything(row: Row) -> None:
    """For judges that note no cuts."""


def reasons(judgements: "pl.DataFrame") -> dict[str, int]:
    """How many fragments of a JUDGEMENTS table are unjudged, by the reason in their column `kind`."""
    kinds = (kind for label, kind in judgements.select("label", "kind").iter_rows() if label == "unjudged")
    return dict(sorted(Counter("no reason given" if kind is None else kind for kind in kinds).items()))


def losses(reasons: Mapping[str, int], cut: int) -> str:
    """Log text after the labels: why fragments are unjudged, and for how many prompts less than all was shown."""
    why = [f"{count} {reason}" for reason, count in reasons.items()]
    told = f" (unjudged: {', '.join(why)})" if why else ""
    return told + (f"; the evaluator saw only a part of the truth of {cut} prompts" if cut else "")


class Cuts:
    """The rows that an evaluator saw only in part, as files in a folder: processes and later starts share them."""

    def __init__(self, folder: Path):
        self._folder = folder

    def __call__(self, row: Row) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file(row.id).touch()

    def count(self, ids: Iterable[str]) -> int:
        return sum(self._file(one).exists() for one in ids)

    def _file(self, name: str) -> Path:
        return self._folder / hashlib.sha256(name.encode()).hexdigest()[:32]
