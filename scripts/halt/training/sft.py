"""Supervised finetuning with TRL: only the answer is learned, in the same way on any number of processes.

What this module adds to TRL's SFTTrainer, and why:

* The order of examples is made here, from the seed alone: neither the number of processes nor the batch size decides
  which examples an optimizer step sees.
* On a CPU the language-model head sees only the positions that carry loss. TRL 1.16 does so on devices with Triton; on
  a CPU it scores every prompt and padding position, and also computes entropy and accuracy (`compute_loss` there).

Frozen weights under LoRA have the model's own number format, as for generation, or 4 bits (QLoRA, arXiv 2305.14314).
Trained weights are always float32, because bfloat16 loses updates.
"""

import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import accelerate
import torch
import transformers
from accelerate.utils import parse_flag_from_env
from accelerate.utils.fsdp_utils import disable_fsdp_ram_efficient_loading
from datasets import Dataset
from torch.nn import functional
from trl import SFTConfig, SFTTrainer

from halt.engines import chat
from halt.engines.precision import fitting
from halt.running import resume
from halt.training import common
from halt.training.common import Run
from halt.training.encoding import IGNORED, Encoded, TrainingError, encode, order, plan


class AnswerTrainer(common.Resumable, SFTTrainer):
    """SFTTrainer without what finetuning here does not need: see the head of this module."""

    loss_is_scaled_for_ga = True  # `compute_loss` divides by the tokens of all accumulated batches

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """Sum of the negative log-likelihood over answer tokens / answer tokens of the whole optimizer step."""
        if self.accelerator.device.type != "cpu":
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        following = functional.pad(inputs["labels"][:, 1:], (0, 1), value=IGNORED)
        answers = following != IGNORED
        arguments = {name: value for name, value in inputs.items() if name != "labels"}
        with _head_sees(self.model.get_output_embeddings(), answers):
            logits = model(**arguments, use_cache=False).logits[0]
        loss = functional.cross_entropy(logits.float(), following[answers], reduction="sum") / num_items_in_batch
        return loss * self.accelerator.num_processes  # DDP takes the mean over processes, we need the sum


def finetune(
    rows: Sequence[Mapping],
    model: Path,
    dtype: str,
    settings: Mapping,
    run: Run,
    batch_size: int,
    work: Path,
    output: Path,
    quantization: str | None = None,
    system: str = chat.TEMPLATE,
) -> None:
    """Train on the rows and write an adapter (or, for `full`, a whole model) to the folder `output`.

    rows: see `encode`. model: folder of the pretrained model. dtype: of its frozen weights and of the computation
    ("bfloat16", "float16" or "float32"). settings: the config's section `finetune`. batch_size: most examples at once
    in one process. work: folder for checkpoints, removed at the end. quantization: "4bit" for frozen weights of 4 bits,
    with LoRA alone. system: see `chat.load`. Called once in every process.

    output, which appears by rename, holds the weights (safetensors) and their configuration, `loss.csv` (a row per
    step) and `training.json` (the settings read back from the trainer, rows, tokens, provenance, sha256 of the other
    files). Raises TrainingError.
    """
    transformers.utils.logging.disable_progress_bar()
    fsdp = parse_flag_from_env("ACCELERATE_USE_FSDP")  # set by accelerate's launcher
    if quantization:
        # FSDP2 cannot send quantized weights between processes: each reads the model, onto its own GPU.
        disable_fsdp_ram_efficient_loading()
    state = accelerate.PartialState(cpu=not torch.cuda.is_available())
    spread = plan(settings["global_batch"], fitting(batch_size, dtype), state.num_processes)
    tokenizer = chat.load(model, system)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    encoded = encode(rows, tokenizer, settings["max_length"])
    if not encoded.examples:
        raise TrainingError(f"{run.label}: none of {len(rows)} targets is left to train on ({_losses(encoded)})")
    if state.is_main_process:
        print(f"[halt] {run.label}: {len(encoded.examples)} targets, {_losses(encoded)}", file=sys.stderr)
        resume.workdir(work, run.fingerprint)
    state.wait_for_everyone()

    lengths = [len(example["input_ids"]) for example in encoded.examples]
    stream = order(lengths, settings["epochs"], settings["global_batch"], run.seed)
    lora = settings["adapter"] == "lora"
    steps = len(stream) // settings["global_batch"]
    trainer = AnswerTrainer(
        model=common.pretrained(model, dtype, lora, state.device.type, quantization),
        args=SFTConfig(
            **common.arguments(settings, dtype, spread, steps, run.seed, work, state),
            activation_checkpointing=settings["gradient_checkpointing"],  # not FSDP's: with that PEFT saves no weight
            dataset_kwargs={"skip_prepare_dataset": True},  # tokenized above
        ),
        train_dataset=Dataset.from_list(encoded.examples).select(stream),
        processing_class=tokenizer,
        peft_config=common.lora(settings["lora"]) if lora else None,
    )
    for weight in trainer.model.parameters():
        if weight.requires_grad:
            weight.data = weight.data.float()  # TRL makes the adapter of a quantized model bfloat16
    if fsdp:
        common.shard(trainer, dtype)
    parameters = common.parameters(trainer.model)
    started = time.monotonic()
    before = common.train(trainer, run.label, settings["global_batch"], work, state)

    if state.is_main_process:
        tokens = sum(lengths[row] for row in stream[before * settings["global_batch"] :])
        seconds = time.monotonic() - started
        print(f"[halt] {run.label}: {tokens} tokens, {tokens / seconds:.0f} tokens/s", file=sys.stderr)
    record = {
        **common.record(trainer, run),
        **_seen(encoded, stream),
        "parameters": parameters,
        "quantization": quantization,
    }
    common.save(trainer, record, len(encoded.examples), settings["global_batch"], output)
    if state.is_main_process:
        shutil.rmtree(work)


def _seen(encoded: Encoded, stream: Sequence[int]) -> dict:
    """Which of its rows the training saw, and which it did not."""
    supervised = [sum(label != IGNORED for label in example["labels"]) for example in encoded.examples]
    return {
        "rows": {
            "trained": len(encoded.examples),
            "truncated": encoded.truncated,
            "dropped_empty": encoded.empty,
            "dropped_too_long": encoded.unanswered,
        },
        "examples_seen": len(stream),
        "tokens_seen": sum(len(encoded.examples[row]["input_ids"]) for row in stream),
        "answer_tokens_seen": sum(supervised[row] for row in stream),
    }


def _losses(encoded: Encoded) -> str:
    return (
        f"{encoded.truncated} cut at finetune.max_length, {encoded.unanswered} dropped whose prompt alone fills it, "
        f"{encoded.empty} dropped as empty"
    )


@contextmanager
def _head_sees(head: torch.nn.Module, chosen: torch.Tensor) -> Iterator[None]:
    """The head gets only the chosen (batch, position) pairs: logits are (1, chosen.sum(), vocabulary).

    A hook and not a forward of our own: what a model does to its logits (soft caps, scales) still happens.
    """

    def narrow(module, arguments):
        return (arguments[0][chosen][None],)

    handle = head.register_forward_pre_hook(narrow)
    try:
        yield
    finally:
        handle.remove()
