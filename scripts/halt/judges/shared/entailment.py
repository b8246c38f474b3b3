"""Right or wrong by two-way entailment: a fragment is right if it and a statement of the reference say the same.

As SK-Tuning labels its samples (Zhang et al., arXiv 2402.09267, by DeBERTa-large-MNLI), after semantic equivalence in
Kuhn et al. (arXiv 2302.09664): each entails the other, both after their question. In dependent domains all after the
first wrong fragment is wrong too, as for every judge here (decision).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from halt.domains import Verdict
from halt.errors import HaltError
from halt.judges import Case, Judge, Judged

ENTAILMENT = "entailment"  # the name of the classifier's class, in any case

_WRONG = Verdict("wrong")

Entail = Callable[[Sequence[tuple[str, str]]], list["Entailed"]]
"""(premise, hypothesis) -> the classifier's answer to each, in their order."""


class Entailed(NamedTuple):
    """Whether entailment is the most likely class, and its probability."""

    likeliest: bool
    probability: float


class EntailmentError(HaltError):
    """The model is no classifier of entailment; the message says what it is."""


def judge(entail: Entail, domain: ModuleType) -> Judge:
    """The judge that decides fragments of a domain by entailment."""

    def decided(cases: Sequence[Case]) -> list[list[list[Judged]]]:
        return [
            decide(row.prompt, responses, domain.split(row.reference), entail, domain.DEPENDENT)
            for row, responses in cases
        ]

    return decided


def decide(
    prompt: str, responses: Sequence[Sequence[str]], statements: Sequence[str], entail: Entail, dependent: bool
) -> list[list[Judged]]:
    """Verdicts on the fragments of each response to a prompt; statements: of the reference.

    A right fragment's fact is the statement that says the same; its score is the lower of the two probabilities. For
    other fragments the score is the best one found, None if the reference has no statement. Every distinct fragment is
    asked about once.
    """
    distinct = list(dict.fromkeys(fragment for response in responses for fragment in response))
    both = [(f"{prompt} {one}", f"{prompt} {other}") for one in distinct for other in statements]
    found = iter(zip(entail(both), entail([(other, one) for one, other in both]), strict=True))
    verdicts = {}
    for fragment in distinct:
        agreed: list[tuple[bool, float, str]] = []
        for statement in statements:
            there, back = next(found)
            same = there.likeliest and back.likeliest
            agreed.append((same, min(there.probability, back.probability), statement))
        same, score, statement = max(agreed, key=lambda one: one[:2], default=(False, None, None))
        verdicts[fragment] = Judged(Verdict("right", fact=statement), score) if same else Judged(_WRONG, score)
    return [_in_order([verdicts[fragment] for fragment in response], dependent) for response in responses]


def _in_order(verdicts: list[Judged], dependent: bool) -> list[Judged]:
    if not dependent:
        return verdicts
    cut = next((place for place, verdict in enumerate(verdicts) if verdict.verdict == _WRONG), len(verdicts))
    return [*verdicts[:cut], *(Judged(_WRONG, verdict.score) for verdict in verdicts[cut:])]


def classifier(folder: Path, dtype: str, batch_size: int) -> Entail:
    """The sequence classifier in a local folder; batch_size: pairs at once, speed only.

    EntailmentError unless one of its classes is called entailment. Pairs longer than its context lose the end of the
    longer text.
    """
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, dtype=getattr(torch, dtype), local_files_only=True
    )
    model = model.to(device).eval()
    names = {number: name for number, name in model.config.id2label.items() if name.lower() == ENTAILMENT}
    if len(names) != 1:
        found = ", ".join(model.config.id2label.values())
        raise EntailmentError(f"{folder}: a classifier of {found}, expected one with a class '{ENTAILMENT}'")
    [entailment] = names
    limit = min(tokenizer.model_max_length, _positions(model))

    @torch.inference_mode()
    def entail(pairs: Sequence[tuple[str, str]]) -> list[Entailed]:
        results: list[Entailed] = [Entailed(False, 0.0)] * len(pairs)
        by_length = sorted(range(len(pairs)), key=lambda place: sum(map(len, pairs[place])))
        for start in range(0, len(pairs), batch_size):
            chosen = by_length[start : start + batch_size]
            encoded = tokenizer(
                [pairs[place][0] for place in chosen],
                [pairs[place][1] for place in chosen],
                padding=True,
                truncation="longest_first",
                max_length=limit,
                return_tensors="pt",
            ).to(device)
            probabilities = model(**encoded).logits.float().softmax(-1)
            likeliest = (probabilities.argmax(-1) == entailment).tolist()
            for place, is_it, value in zip(chosen, likeliest, probabilities[:, entailment].tolist(), strict=True):
                results[place] = Entailed(is_it, value)
        return results

    return entail


def _positions(model) -> int:
    """How many tokens a classifier has positions for. RoBERTa also counts the first ones, up to the padding's.

    Its configuration says 514 for 512, and tokenizers often give no length at all.
    """
    tables = [module for name, module in model.named_modules() if name.endswith("embeddings.position_embeddings")]
    unused = [table.padding_idx + 1 for table in tables if table.padding_idx is not None]
    return model.config.max_position_embeddings - max(unused, default=0)
