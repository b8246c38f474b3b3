"""Pairs of answers from judged samples: one module per method, as `_base` describes it."""

from halt.preferences._base import Pair, PairError, drawn, load, options, paired, rated, unequal
