"""What computes: text, probabilities and hidden states of a model. `_base` has the form that all engines share."""

from halt.engines._base import Completion, EngineError, Prompt, Sampling, encode, load, of_model, request_seed
