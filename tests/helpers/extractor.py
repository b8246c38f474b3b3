"""An extractor of the tests: it reads the prompt texts of scripts/prompts as a model would, and lists simple claims."""

import json
import re

_WINDOW = re.compile(r'^Text: "(.*)"', re.MULTILINE)
_SENTENCE = re.compile(r'^Sentence: "(.*)"', re.MULTILINE)


def sentence(asked: str) -> str:
    """The sentence that a question of the extractor is about; the last one, after the worked examples."""
    return json.loads(f'"{_SENTENCE.findall(asked)[-1]}"')


def window(asked: str) -> str:
    """The sentence in its window, as it is shown."""
    return json.loads(f'"{_WINDOW.findall(asked)[-1]}"')


def listed(asked: str) -> str:
    """Its reply: a claim for each part of the sentence that `and` joins; none for an exclamation."""
    said = sentence(asked)
    if said.endswith("!"):
        return "none"
    first, *others = said.rstrip(".").split(" and ")
    subject = " ".join(first.split()[:2])
    return "\n".join(f"- {one}." for one in (first, *(f"{subject} {other}" for other in others)))


def replied(asked: str) -> str:
    """Its reply to any text: for words of a random model, the sentence itself as the only claim."""
    said = sentence(asked)
    return listed(asked) if " and " in said or said.endswith("!") else f"- {said}"
