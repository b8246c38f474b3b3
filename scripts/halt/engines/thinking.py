"""The text of a model without its thoughts."""

from halt import thoughts


def without_thoughts(text: str) -> str | None:
    """The text without its thoughts (halt.thoughts); None if the last one does not end."""
    said, unended = thoughts.parted(text)
    return None if unended else said
