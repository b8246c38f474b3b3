"""Preference training with TRL's DPOTrainer (arXiv 2305.18290): from a finetuned adapter, with pairs of answers.

The policy starts as the adapter of supervised finetuning. The reference policy is the same adapter, held fixed: TRL
keeps it as a second adapter named "ref" (`DPOTrainer.__init__`). The seed alone decides the order of pairs. A step is
the same global batch of pairs on any number of processes, as in `halt.training.sft`.
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
from datasets import Dataset, disable_progress_bars
from transformers import PreTrainedTokenizerBase
from trl import DPOConfig, DPOTrainer

from halt.engines import chat
from halt.engines.precision import fitting
from halt.running import resume
from halt.training import common
from halt.training.common import Run
from halt.training.encoding import TrainingError, encode, order, plan, text

_ARGUMENTS = tuple(name for name in common.ARGUMENTS if name != "packing")  # not in DPO
_ARGUMENTS += ("beta", "disable_dropout", "precompute_ref_log_probs", "truncation_mode")
_LOGGED = {"accuracy": "rewards/accuracies", "margin": "rewards/margins"}  # columns of loss.csv: TRL's names


class _Fitted(NamedTuple):
    """Pairs whose two answers begin within max_length, and how many of them lost the tail of an answer."""

    rows: list[Mapping]
    truncated: int


class PairTrainer(common.Resumable, DPOTrainer):
    """DPOTrainer that saves the trained adapter and writes no card: see `common.Resumable`."""


def prefer(
    rows: Sequence[Mapping],
    model: Path,
    adapter: Path,
    dtype: str,
    settings: Mapping,
    run: Run,
    batch_size: int,
    work: Path,
    output: Path,
    quantization: str | None = None,
    system: str = chat.TEMPLATE,
) -> None:
    """Train the adapter on pairs by DPO and write it to the folder `output`, as `training.finetune` does.

    rows: {"prompt", "chosen", "rejected"}: lists of turns or texts, see `prompting.preference_rows`. model: folder of
    the pretrained model. adapter: folder of the finetuned one, start and reference. settings: the config's section
    `dpo`. batch_size: most pairs at once in one process. `loss.csv` has two more columns: the share of pairs whose
    chosen answer has the higher reward, and the mean difference of the rewards. Pairs whose prompt alone fills
    max_length are dropped; training.json counts them and those that lost the tail of an answer. Without rows the
    adapter stays as it is: if all samples are right, or all wrong, nothing is preferred. Raises TrainingError.
    """
    transformers.utils.logging.disable_progress_bar()
    disable_progress_bars()
    state = accelerate.PartialState(cpu=not torch.cuda.is_available())
    if not rows:
        if state.is_main_process:
            print(f"[halt] {run.label}: no pairs, the adapter stays as it is", file=sys.stderr)
            common.keep(adapter, {**run.provenance, "pairs": 0, "pairs_seen": 0}, output, _LOGGED)
        state.wait_for_everyone()
        return
    spread = plan(settings["global_batch"], fitting(batch_size, dtype), state.num_processes, "dpo.global_batch")
    tokenizer = chat.load(model, system)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    fitted = _fitted(rows, tokenizer, settings["max_length"])
    if not fitted.rows:
        raise TrainingError(
            f"{run.label}: the prompts of all {len(rows)} pairs fill dpo.max_length, found {settings['max_length']},"
            " expected more"
        )
    rows, dropped = fitted.rows, len(rows) - len(fitted.rows)
    if state.is_main_process:
        told = f"{fitted.truncated} cut at dpo.max_length, {dropped} dropped whose prompt alone fills it"
        print(f"[halt] {run.label}: {len(rows)} pairs, {told}", file=sys.stderr)
        resume.workdir(work, run.fingerprint)
    state.wait_for_everyone()

    lengths = [max(len(text(row["chosen"])), len(text(row["rejected"]))) for row in rows]
    stream = order(lengths, settings["epochs"], settings["global_batch"], run.seed)
    pretrained = common.pretrained(model, dtype, True, state.device.type, quantization)
    trainer = PairTrainer(
        model=peft.PeftModel.from_pretrained(pretrained, adapter, is_trainable=True),
        args=DPOConfig(
            **common.arguments(settings, dtype, spread, len(stream) // settings["global_batch"], run.seed, work, state),
            beta=settings["beta"],
            activation_checkpointing=settings["gradient_checkpointing"],
        ),
        train_dataset=Dataset.from_list([rows[row] for row in stream]),
        processing_class=tokenizer,
    )
    if len(trainer.train_dataset) != len(stream):  # else the order is not that of `stream`
        raise TrainingError(f"{run.label}: TRL kept {len(trainer.train_dataset)} of {len(stream)} pairs, expected all")
    for name, weight in trainer.model.named_parameters():
        weight.requires_grad_(".default." in name)  # the reference stays fixed
        if weight.requires_grad:  # TRL rounds the adapter of a quantized model to bfloat16, not the reference
            weight.data = trainer.model.get_parameter(name.replace(".default.", ".ref.")).data.float().clone()
    parameters = common.parameters(trainer.model)
    common.train(trainer, run.label, settings["global_batch"], work, state)

    record = {
        **common.record(trainer, run, _ARGUMENTS),
        "loss": list(trainer.args.loss_type),
        "pairs": len(rows),
        "pairs_truncated": fitted.truncated,
        "pairs_dropped_too_long": dropped,
        "pairs_seen": len(stream),
        "parameters": parameters,
        "quantization": quantization,
    }
    common.save(trainer, record, len(rows), settings["global_batch"], output, _LOGGED)
    if state.is_main_process:
        shutil.rmtree(work)


def _fitted(rows: Sequence[Mapping], tokenizer: PreTrainedTokenizerBase, max_length: int) -> _Fitted:
    """The pairs that `max_length` leaves. TRL would cut and drop too, without a count."""
    kept, truncated = [], 0
    for row in rows:
        both = [{"prompt": row["prompt"], "completion": row[answer]} for answer in ("chosen", "rejected")]
        encoded = encode(both, tokenizer, max_length)
        if len(encoded.examples) == len(both):
            kept.append(row)
            truncated += encoded.truncated > 0
    return _Fitted(kept, truncated)
