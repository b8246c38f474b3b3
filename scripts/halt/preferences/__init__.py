"""Pairs of answers out of judged samples: one module a method. A method is what `_base` describes."""

from halt.preferences._base import Pair, PairError, drawn, load, options, paired, rated, unequal
