"""HALT: capability-aligned finetuning (arXiv 2506.04051), the library of the workflow."""

import sys

# Tests of APPS have integers of thousands of digits. Python reads and writes at most 4,300 unless told otherwise.
# A limit stays: the time grows with the square of the length, to 0.1 s at this one.
sys.set_int_max_str_digits(100_000)
