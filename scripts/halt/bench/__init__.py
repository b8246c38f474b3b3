"""Speed beside the bare engines, and what a large experiment costs."""

from halt.bench.measures import HEAD, OURS, alone, beside, markdown, overhead, row
