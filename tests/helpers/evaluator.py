"""Evaluators served over HTTP: one of the tests, which believes half of all statements, the same half every time, and
one that the workflow serves."""

import contextlib
import hashlib
import time
from collections.abc import Iterator

from http_server import Asked, Reply, Server, chat, serve

CONCURRENCY = 4

# A run whose workflow serves its evaluator itself: overlay of config/tiny.yaml. So small an evaluator hardly replies in
# the required form, and where nothing is judged HALT has no target: the method here reads no verdict.
SERVED_MODEL = "smollm2-135m"
SERVED = {
    "experiment": {"domains": ["biography"], "methods": ["base", "unchanged-own"]},
    "domains": {"biography": {"judge": "own", "rows": {"train": 4, "validation": 2, "test": 1}}},
    "generate": {"samples": 2, "shots": 1},
    "respond": {"shots": 1},
    "score": {"capable": False},
    "models": {
        SERVED_MODEL: {
            "system": "template",
            "needs": {"judge": {"gpus": 0, "memory_mb": 2500, "minutes": 30, "processes": 1, "batch_size": 1}},
        }
    },
    "judges": {
        "own": {
            "type": "llm",
            "engine": "served",
            "server": "transformers",
            "model": SERVED_MODEL,
            "decide": "text",
            "needs": {"concurrency": 2, "timeout": 120, "retries": 3},
        }
    },
}


class Evaluator:
    """What the tests see of it. `delay`: seconds for an answer, to be set while a test wants it slow."""

    VARIABLE = "HALT_TEST_EVALUATOR_KEY"
    KEY = "key-0123456789-of-the-served-evaluator"

    def __init__(self):
        self.delay = 0.0
        self.server: Server | None = None

    @property
    def entry(self) -> dict:
        """The evaluator as an entry of the config's `judges`."""
        return {
            "type": "llm",
            "engine": "openai",
            "endpoint": self.server.endpoint,
            "model": "evaluator",
            "decide": "text",
            "needs": {"concurrency": CONCURRENCY, "timeout": 20, "retries": 2},
            "api_key_variable": self.VARIABLE,
        }

    def questions(self, start: int = 0) -> list[str]:
        """What was asked, from the `start`-th request on."""
        return [asked.last for asked in self.server.asked[start:]]

    def answer(self, asked: Asked) -> Reply:
        """Reply to one request; 401 without the right key."""
        if asked.authorization != f"Bearer {self.KEY}":
            return Reply(401, b"{}")
        time.sleep(self.delay)
        believes = hashlib.sha256(asked.last.encode()).digest()[0] % 2
        return chat("supported" if believes else "contradicted")


@contextlib.contextmanager
def serving() -> Iterator[Evaluator]:
    """Serve an evaluator while the block runs."""
    evaluator = Evaluator()
    with serve(evaluator.answer) as evaluator.server:
        yield evaluator
