"""Speed beside the bare engines."""

from halt.bench.measures import OURS, alone, beside, markdown, overhead, table

__all__ = ["OURS", "alone", "beside", "markdown", "overhead", "table"]
