"""Speed compared with the bare engines, and the cost of a large experiment."""

from halt.bench.measures import HEAD, OURS, alone, beside, markdown, overhead, row
