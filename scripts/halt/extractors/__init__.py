"""From free text to self-contained claims, by a language model that never sees the ground truth."""

from halt.extractors._base import EDIT_TEXTS, TEXTS, Ask, ExtractorError, Means
