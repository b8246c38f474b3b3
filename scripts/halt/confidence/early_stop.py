"""A probe before the fragment as a confidence: the answer ends where the next fragment is unlikely to be right.

After Adaptive Inference-Time Compute (Manvi et al., arXiv 2410.02725). The probe reads the hidden state before a
fragment is written and predicts whether the fragment will be right. Generation stops at the first boundary where that
is too unlikely. The answers are greedy, so the text up to a boundary does not depend on what follows: to stop there is
to cut the finished answer there. The paper trains the model to say the prediction as a token, and then samples again.
Here a probe predicts, and nothing is trained or sampled (decision).
"""

from halt.confidence.probe import fit

__all__ = ["fit"]

PROGRAM = "probe"
POSITIONS = ("before",)  # the token that it reads; probe.positions of the config does not matter
STOPS = True
