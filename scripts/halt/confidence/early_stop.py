"""A probe before the fragment as a confidence: the answer ends where the next fragment is too unlikely to be right.

After Adaptive Inference-Time Compute (Manvi et al., arXiv 2410.02725): the probe reads the hidden state before a
fragment is written and predicts whether it will be right; generation stops at the first boundary where that is too
unlikely. The answers are greedy, and what is written up to a boundary does not depend on what follows: to stop there is
to cut the finished answer there, and nothing is generated again. The paper has the model say the prediction, as a token
that it was trained to say, and then sample anew; here a probe says it, and nothing is trained or sampled (decision).
"""

from halt.confidence.probe import fit

__all__ = ["fit"]

PROGRAM = "probe"
POSITIONS = ("before",)  # the token that it reads, whatever probe.positions lists
STOPS = True
