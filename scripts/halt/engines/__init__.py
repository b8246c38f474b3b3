"""Engines compute text, probabilities and hidden states of a model. `_base` has the interface that all share."""

from halt.engines._base import Completion, EngineError, Prompt, Sampling, encode, load, of_model, request_seed
