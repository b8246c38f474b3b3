"""How a prompt reaches a model: few-shot contexts of training pairs, and the rows for finetuning.

Models with a chat template get turns, the others the plain-text form of their domain (EXAMPLE, STOP).
"""

import hashlib
import random
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import NamedTuple

from halt.engines import Prompt
from halt.errors import HaltError

Pair = tuple[str, str]

POOL = ("id", "cluster", "prompt", "reference")  # columns of the training rows that contexts are drawn from


class Asking(NamedTuple):
    """One prompt and the examples that may stand before it."""

    id: str
    pairs: list[Pair]
    question: str
    chat: bool
    domain: ModuleType

    def prompt(self, shots: int) -> Prompt:
        """The prompt after the first `shots` examples."""
        return few_shot(self.id, self.pairs[:shots], self.question, self.chat, self.domain)


def context(
    pool: Sequence[Mapping], asked: Mapping, shots: int, seed: int, shared: Sequence[Sequence[Mapping]] = ()
) -> list[Pair]:
    """C random (prompt, reference) pairs for one prompt, never itself (paper section 1.1) or a variant of it.

    pool: training rows (id, cluster, prompt, reference); asked: id and cluster of the prompt. The choice depends on
    (seed, id) and the pool alone. A worked variant in the context would show more than the model knows. shared:
    contexts (see `contexts`); the prompt takes one that has no variant of it, and draws its own if there is none.
    """
    key = hashlib.blake2b(f"{seed}\0{asked['id']}".encode(), digest_size=8).digest()
    draw = random.Random(int.from_bytes(key, "big"))
    fitting = [rows for rows in shared if all(row["cluster"] != asked["cluster"] for row in rows)]
    if fitting:
        return _pairs(draw.choice(fitting))
    others = [row for row in pool if row["cluster"] != asked["cluster"]]
    if len(others) < shots:
        raise HaltError(
            f"{shots} shots, but only {len(others)} training rows are no variant of '{asked['id']}', expected fewer"
            " shots or more rows"
        )
    return _pairs(draw.sample(others, shots))


def contexts(pool: Sequence[Mapping], shots: int, seed: int, count: int | None) -> list[list[Mapping]]:
    """`count` contexts of C random training rows each, for all prompts to share; none if `count` is None.

    The n-th depends on (seed, n) and the pool alone. Prompts with a common beginning are faster: it is computed once
    (halt.engines). A decision: the paper draws a context for each prompt.
    """
    if count is None:
        return []
    if len(pool) < shots:
        raise HaltError(f"{shots} shots, but only {len(pool)} training rows, expected fewer shots or more rows")
    return [random.Random(f"{seed}/context {number}").sample(pool, shots) for number in range(count)]


def few_shot(prompt_id: str, pairs: Sequence[Pair], prompt: str, chat: bool, domain: ModuleType) -> Prompt:
    """The prompt after its in-context pairs; without pairs it is zero-shot."""
    if chat:
        turns = [turn for question, answer in pairs for turn in _turns(question, answer)]
        return Prompt(prompt_id, [*turns, {"role": "user", "content": prompt}], None)
    shown = "".join(domain.EXAMPLE.format(prompt=question, response=answer) for question, answer in pairs)
    return Prompt(prompt_id, None, shown + _opening(domain, prompt))


def begun(answer: str, chat: bool, domain: ModuleType) -> str:
    """An answer as it directly follows a prompt: in plain text, after the spaces that the prompt lacks."""
    if chat:
        return answer
    head = domain.EXAMPLE.partition("{response}")[0]
    return head[len(head.rstrip(" ")) :] + answer


def askings(
    rows: Sequence[Mapping],
    pool: Sequence[Mapping],
    shots: int,
    seed: int,
    chat: bool,
    domain: ModuleType,
    count: int | None = None,
) -> list[Asking]:
    """Every row (id, cluster, prompt) with `shots` random pairs of the pool, see `context`.

    count: how many contexts all rows share, see `contexts`; None draws one for each row.
    """
    shared = contexts(pool, shots, seed, count) if shots else []
    return [
        Asking(row["id"], context(pool, row, shots, seed, shared) if shots else [], row["prompt"], chat, domain)
        for row in rows
    ]


def training_row(prompt: str, target: str, chat: bool, domain: ModuleType) -> dict:
    """One row for TRL's SFTTrainer, which takes the loss on the completion alone; the prompt is zero-shot."""
    if chat:
        user, assistant = _turns(prompt, target)
        return {"prompt": [user], "completion": [assistant]}
    opening = _opening(domain, prompt)
    whole = domain.EXAMPLE.format(prompt=prompt, response=target)
    return {"prompt": opening, "completion": whole[len(opening) :]}


def training_rows(targets: Sequence[Mapping], chat: bool, domains: Mapping[str, ModuleType]) -> list[dict]:
    """`training_row` for every row (domain, prompt, target) of a targets table; domains: their modules by name."""
    return [training_row(row["prompt"], row["target"], chat, domains[row["domain"]]) for row in targets]


def preference_rows(pairs: Sequence[Mapping], chat: bool, domain: ModuleType) -> list[dict]:
    """Rows for TRL's DPOTrainer from a pairs table (prompt, chosen, rejected); the prompt is zero-shot."""
    rows = []
    for pair in pairs:
        chosen, rejected = (training_row(pair["prompt"], pair[name], chat, domain) for name in ("chosen", "rejected"))
        rows.append({**chosen, "chosen": chosen["completion"], "rejected": rejected["completion"]})
    return [{name: row[name] for name in ("prompt", "chosen", "rejected")} for row in rows]


def _pairs(rows: Sequence[Mapping]) -> list[Pair]:
    return [(row["prompt"], row["reference"]) for row in rows]


def _turns(prompt: str, answer: str) -> tuple[dict, dict]:
    return {"role": "user", "content": prompt}, {"role": "assistant", "content": answer}


def _opening(domain: ModuleType, prompt: str) -> str:
    """The plain-text form up to where the response begins."""
    return domain.EXAMPLE.format(prompt=prompt, response="\0").split("\0")[0].rstrip(" ")
