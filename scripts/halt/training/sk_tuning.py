"""SK-Tuning: p(True) is trained to be calibrated (Zhang et al., arXiv 2402.09267).

Each question has a right answer r+ and a wrong one r- ("A" and "B", or the other way round). The loss is the mean of
-log sigma(log pi(r+ | question) - log pi(r- | question)). The two answers differ in one token after one context: the
difference of their log-probabilities is that of two logits. Trained is a LoRA adapter, by the means of
`halt.training.sft.common`: the order comes from the seed alone, and a step is one global batch on any number of
processes.
"""

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import accelerate
import peft
import torch
import transformers
from torch.nn import functional
from transformers import Trainer, TrainingArguments

from halt import engines
from halt.confidence import p_true
from halt.confidence.p_true import Shot
from halt.confidence.shared.knowledge import Item
from halt.engines import chat as templates
from halt.engines import scoring
from halt.engines.precision import fitting, in_one_piece
from halt.running import resume
from halt.training import common
from halt.training.common import Run
from halt.training.encoding import TrainingError, order, plan

_TRLS = ("loss_type", "max_length", "packing")  # not arguments of transformers' own trainer
_ARGUMENTS = tuple(name for name in common.ARGUMENTS if name not in _TRLS)


class Encoded(NamedTuple):
    """Questions for training: {"input_ids", "right"} each, and how many were left out as too long."""

    examples: list[dict]
    dropped: int


class KnowledgeTrainer(common.Resumable, Trainer):
    """Trainer with the pairwise loss; answers: token ids of ("A", "B")."""

    loss_is_scaled_for_ga = False  # a mean over the micro-batch; all have one size

    def __init__(self, *args, answers: Sequence[int], **kwargs):
        super().__init__(*args, **kwargs)
        self.answers = list(answers)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        right = inputs.pop("right")
        logits = model(**inputs, use_cache=False, logits_to_keep=1).logits[:, -1, self.answers]
        return pairwise_loss(logits.float(), right)


def pairwise_loss(logits: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Mean of -log sigma(z(r+) - z(r-)).

    logits: (n, 2), of "true" and "false"; right: (n,), whether "true" is r+.
    """
    margin = logits[:, 0] - logits[:, 1]
    return functional.softplus(torch.where(right, -margin, margin)).mean()


def encode(
    items: Sequence[Item], shots: Sequence[Shot], template: str, chat: bool, tokenizer, max_length: int
) -> Encoded:
    """Token ids of every question after its shots, up to where the answer begins, as p(True) is asked for."""
    examples, dropped = [], 0
    for item in items:
        ids = engines.encode(tokenizer, p_true.conversation(item.question, shots, template, chat))
        if len(ids) > max_length:
            dropped += 1
        else:
            examples.append({"input_ids": ids, "right": item.right})
    return Encoded(examples, dropped)


def tune(
    items: Sequence[Item],
    shots: Sequence[Shot],
    template: str,
    chat: bool,
    model: Path,
    dtype: str,
    settings: Mapping,
    lora: Mapping,
    run: Run,
    batch_size: int,
    work: Path,
    output: Path,
    quantization: str | None = None,
    system: str = templates.TEMPLATE,
) -> None:
    """Train on the items and write a LoRA adapter to the folder `output`, as `training.finetune` does.

    template: prompt text of the question. model: folder of the pretrained model. settings: the config's section
    `sk_tuning.training`; lora: `finetune.lora`. batch_size: most questions at once in one process. Raises
    TrainingError. If all items have one answer, the model learns to give it always; training.json counts both.
    """
    transformers.utils.logging.disable_progress_bar()
    state = accelerate.PartialState(cpu=not torch.cuda.is_available())
    spread = plan(
        settings["global_batch"], fitting(batch_size, dtype), state.num_processes, "sk_tuning.training.global_batch"
    )
    tokenizer = templates.load(model, system)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    try:
        answers = scoring.answers_behind(tokenizer, template, [p_true.TRUE, p_true.FALSE], chat)
    except scoring.ScoringError as error:
        raise TrainingError(f"{run.label}: this model cannot be asked for p(True): {error}") from error
    examples, dropped = encode(items, shots, template, chat, tokenizer, settings["max_length"])
    right = sum(example["right"] for example in examples)
    if not examples:
        raise TrainingError(
            f"{run.label}: no fragments to train on ({dropped} longer than sk_tuning.training.max_length)"
        )
    if state.is_main_process:
        print(f"[halt] {run.label}: {right} right of {len(examples)} fragments, {dropped} too long", file=sys.stderr)
        resume.workdir(work, run.fingerprint)
    state.wait_for_everyone()

    lengths = [len(example["input_ids"]) for example in examples]
    stream = order(lengths, settings["epochs"], settings["global_batch"], run.seed)
    steps = len(stream) // settings["global_batch"]
    arguments = common.arguments(settings, dtype, spread, steps, run.seed, work, state)
    del arguments["max_length"]  # read above
    pretrained = common.pretrained(model, dtype, True, state.device.type, quantization)
    in_one_piece(pretrained)
    transformers.set_seed(run.seed)  # for the first weights of the adapter
    trainer = KnowledgeTrainer(
        model=peft.get_peft_model(pretrained, common.lora(lora)),
        args=TrainingArguments(
            **arguments,
            activation_checkpointing=settings["gradient_checkpointing"],
            remove_unused_columns=False,
        ),
        train_dataset=[examples[row] for row in stream],
        data_collator=lambda batch: collate(batch, pad),
        answers=answers,
    )
    parameters = common.parameters(trainer.model)
    common.train(trainer, run.label, settings["global_batch"], work, state)

    record = {
        **common.record(trainer, run, _ARGUMENTS),
        "max_length": settings["max_length"],
        "items": {"right": right, "wrong": len(examples) - right, "dropped_too_long": dropped},
        "items_seen": len(stream),
        "shots": len(shots),
        "answers": answers,
        "parameters": parameters,
        "quantization": quantization,
    }
    common.save(trainer, record, len(examples), settings["global_batch"], output)
    if state.is_main_process:
        shutil.rmtree(work)


def collate(batch: Sequence[Mapping], pad: int) -> dict[str, torch.Tensor]:
    """A micro-batch, padded on the left: all answers begin after the last column.

    Positions count from each question's first token, as when p(True) is asked for.
    """
    width = max(len(example["input_ids"]) for example in batch)
    ids = torch.full((len(batch), width), pad)
    mask = torch.zeros((len(batch), width), dtype=torch.long)
    for row, example in enumerate(batch):
        ids[row, width - len(example["input_ids"]) :] = torch.tensor(example["input_ids"])
        mask[row, width - len(example["input_ids"]) :] = 1
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "position_ids": (mask.cumsum(1) - 1).clamp(min=0),
        "right": torch.tensor([example["right"] for example in batch]),
    }
