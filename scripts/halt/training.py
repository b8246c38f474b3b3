"""Supervised finetuning with TRL: the answer alone is learnt, the same way on any number of processes.

What this module adds to TRL's SFTTrainer, and why:

* The order of examples is made here, from the seed alone, so that neither the number of processes nor the batch size
  decides which examples an optimiser step sees.
* On a CPU the language-model head sees only the positions that carry loss. TRL 1.16 does so on devices with Triton;
  on a CPU it scores every prompt and padding position, with entropy and accuracy beside (`compute_loss` there).
* A checkpoint counts only when it is whole, so that a kill at any moment costs one save interval at most.

Frozen weights under LoRA are held in the model's own number format, as they are for generation, or in 4 bits (QLoRA,
arXiv 2305.14314); trained weights are float32 always, because updates are lost in bfloat16.

The model is whole in every process (DDP) or sharded over them (FSDP2, on GPUs), as accelerate's launcher says.
"""

import csv
import json
import math
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import accelerate
import peft
import torch
import transformers
from accelerate.utils import parse_flag_from_env
from accelerate.utils.fsdp_utils import disable_fsdp_ram_efficient_loading
from datasets import Dataset
from safetensors import safe_open
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.fsdp import MixedPrecisionPolicy
from torch.nn import functional
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, PrinterCallback, TrainerCallback
from trl import SFTConfig, SFTTrainer

from halt import frames, resume
from halt.examples import IGNORED, Encoded, Plan, TrainingError, encode, order, plan
from halt.progress import Progress

_SAVES = 10  # checkpoints in one training: a kill costs at most a tenth of it
_WHOLE = "whole"  # file that marks a checkpoint as completely written, and says by what: see `_parallel`
_COLUMNS = ("step", "epoch", "loss", "learning_rate", "grad_norm")

# What is read back from the trainer's arguments into training.json; nothing there names a path, a host or a time.
_ARGUMENTS = (
    "activation_checkpointing",
    "adam_beta1",
    "adam_beta2",
    "adam_epsilon",
    "average_tokens_across_devices",
    "bf16",
    "data_seed",
    "fp16",
    "gradient_accumulation_steps",
    "label_smoothing_factor",
    "learning_rate",
    "loss_type",
    "lr_scheduler_type",
    "max_grad_norm",
    "max_length",
    "max_steps",
    "optim",
    "packing",
    "per_device_train_batch_size",
    "seed",
    "train_sampling_strategy",
    "warmup_steps",
    "weight_decay",
)


class Run(NamedTuple):
    """What identifies one training. provenance: see `provenance.about`; fingerprint: see `resume.fingerprint`."""

    label: str
    seed: int
    provenance: Mapping
    fingerprint: str


class AnswerTrainer(SFTTrainer):
    """SFTTrainer without what finetuning here does not need: see the head of this module."""

    loss_is_scaled_for_ga = True  # `compute_loss` divides by the tokens of all accumulated batches

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """Sum of the negative log-likelihood over answer tokens / answer tokens of the whole optimiser step."""
        if self.accelerator.device.type != "cpu":
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        following = functional.pad(inputs["labels"][:, 1:], (0, 1), value=IGNORED)
        answers = following != IGNORED
        arguments = {name: value for name, value in inputs.items() if name != "labels"}
        with _head_sees(self.model.get_output_embeddings(), answers):
            logits = model(**arguments, use_cache=False).logits[0]
        loss = functional.cross_entropy(logits.float(), following[answers], reduction="sum") / num_items_in_batch
        return loss * self.accelerator.num_processes  # DDP takes the mean over processes, the sum is wanted

    def save_model(self, output_dir=None, _internal_call=False):
        """Under FSDP the trained weights alone are gathered, in process 0; the frozen ones stay where they are."""
        if not self.is_fsdp_enabled:
            super().save_model(output_dir, _internal_call)
            return
        options = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)
        gathered = get_model_state_dict(self.model, options=options)
        for tied in self.model.all_tied_weights_keys:
            gathered.pop(tied, None)  # a second copy
        self._save(output_dir, state_dict=gathered)

    def create_model_card(self, *args, **kwargs) -> None:
        """No card: it would name paths and times."""

    def _save_checkpoint(self, model, trial):
        super()._save_checkpoint(model, trial)
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            checkpoint = Path(self.args.output_dir, f"checkpoint-{self.state.global_step}")
            (checkpoint / _WHOLE).write_text(_parallel(self))


class _Steps(TrainerCallback):
    """Progress lines, from process 0."""

    def __init__(self, label: str, total: int):
        self.progress = Progress(label, total, "steps")

    def on_train_begin(self, args, state, control, **kwargs):
        self.progress.skip(state.global_step)

    def on_step_end(self, args, state, control, **kwargs):
        self.progress.advance()


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
) -> None:
    """Train on the rows and leave an adapter (or, for `full`, a whole model) in the folder `output`.

    rows: see `encode`. model: folder of the pretrained model. dtype: of its frozen weights and of the computation
    ("bfloat16", "float16" or "float32"). settings: the config's section `finetune`. batch_size: examples at once in
    one process, at most. work: folder for checkpoints, removed at the end. quantization: "4bit" for frozen weights of 4
    bits, with LoRA alone. Called once in every process.

    output, which appears by rename, holds the weights (safetensors) and their configuration, `loss.csv` (a row a step)
    and `training.json` (the settings read back from the trainer, rows, tokens, provenance, sha256 of the other files).
    Raises TrainingError.
    """
    transformers.utils.logging.disable_progress_bar()
    fsdp = parse_flag_from_env("ACCELERATE_USE_FSDP")  # set by accelerate's launcher
    if quantization:
        # FSDP2 cannot send quantised weights from process to process: each reads the model, onto its own GPU.
        disable_fsdp_ram_efficient_loading()
    state = accelerate.PartialState(cpu=not torch.cuda.is_available())
    spread = plan(settings["global_batch"], batch_size, state.num_processes)
    tokenizer = AutoTokenizer.from_pretrained(model)
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
    trainer = AnswerTrainer(
        model=_pretrained(model, dtype, settings, state.device.type, quantization),
        args=_arguments(settings, dtype, spread, len(stream) // settings["global_batch"], run.seed, work, state),
        train_dataset=Dataset.from_list(encoded.examples).select(stream),
        processing_class=tokenizer,
        peft_config=_lora(settings["lora"]) if settings["adapter"] == "lora" else None,
    )
    trainer.remove_callback(PrinterCallback)
    for weight in trainer.model.parameters():
        if weight.requires_grad:
            weight.data = weight.data.float()  # TRL makes the adapter of a quantised model bfloat16
    if fsdp:
        _shard(trainer, dtype)
    parameters = _parameters(trainer.model)
    if (found := trainer.get_total_train_batch_size(trainer.args)) != settings["global_batch"]:
        raise TrainingError(f"the trainer takes {found} examples a step, expected {settings['global_batch']}")
    if state.is_main_process:
        trainer.add_callback(_Steps(run.label, trainer.args.max_steps))
    checkpoint = _last_checkpoint(work, state, _parallel(trainer))
    started, before = time.monotonic(), int(checkpoint.name.split("-")[1]) if checkpoint else 0
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)

    if state.is_main_process:
        tokens = sum(lengths[row] for row in stream[before * settings["global_batch"] :])
        seconds = time.monotonic() - started
        print(f"[halt] {run.label}: {tokens} tokens, {tokens / seconds:.0f} tokens/s", file=sys.stderr)
    record = _record(trainer, encoded, stream, run) | {"parameters": parameters, "quantization": quantization}
    _save(trainer, record, len(encoded.examples), settings, output)
    if state.is_main_process:
        shutil.rmtree(work)


def _losses(encoded: Encoded) -> str:
    return (
        f"{encoded.truncated} cut at finetune.max_length, {encoded.unanswered} dropped whose prompt alone fills it, "
        f"{encoded.empty} dropped as empty"
    )


@contextmanager
def _head_sees(head: torch.nn.Module, chosen: torch.Tensor) -> Iterator[None]:
    """The head is given only the chosen (batch, position) pairs: logits are (1, chosen.sum(), vocabulary).

    A hook and not a forward of our own: whatever a model does to its logits (soft caps, scales) stays in force.
    """

    def narrow(module, arguments):
        return (arguments[0][chosen][None],)

    handle = head.register_forward_pre_hook(narrow)
    try:
        yield
    finally:
        handle.remove()


def _pretrained(folder: Path, dtype: str, settings: Mapping, device: str, quantization: str | None) -> torch.nn.Module:
    """The model to train. Eager attention on a CPU: a fifth faster than torch's fused one at these lengths."""
    frozen = settings["adapter"] == "lora"
    if quantization and not frozen:
        raise TrainingError(f"quantization: {quantization} weights cannot be trained, expected finetune.adapter lora")
    return AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=dtype if frozen else "float32",
        attn_implementation="eager" if device == "cpu" else "sdpa",
        quantization_config=_four_bits(dtype) if quantization else None,
    )


def _four_bits(dtype: str) -> BitsAndBytesConfig:
    """QLoRA's format. The bits are packed into numbers of the model's own format: FSDP shards nothing else."""
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
        bnb_4bit_quant_storage=dtype,
    )


def _parallel(trainer: AnswerTrainer) -> str:
    """How the processes share the model; the checkpoints of the one are not read by the other."""
    return "fsdp" if trainer.is_fsdp_enabled else "ddp"


def _shard(trainer: AnswerTrainer, dtype: str) -> None:
    """What envs/accelerate/fsdp.yaml cannot know. TrainingError where accelerate would not shard: it says nothing."""
    if not trainer.is_fsdp_enabled:
        raise TrainingError("needs.finetune.parallel: fsdp needs GPUs, found none; on a CPU accelerate shards nothing")
    if dtype != "float32":  # accelerate would also add up the gradients in it
        policy = MixedPrecisionPolicy(getattr(torch, dtype), reduce_dtype=torch.float32)
        trainer.accelerator.state.fsdp_plugin.mixed_precision_policy = policy


def _parameters(model: torch.nn.Module) -> dict[str, int]:
    """Numbers of weights, before they are sharded; packed ones count as what they stand for."""
    if isinstance(model, peft.PeftModel):
        trained, every = model.get_nb_trainable_parameters()
        return {"trained": trained, "all": every}
    return dict.fromkeys(("trained", "all"), model.num_parameters())


def _lora(settings: Mapping) -> peft.LoraConfig:
    return peft.LoraConfig(
        r=settings["rank"],
        lora_alpha=settings["alpha"],
        lora_dropout=settings["dropout"],
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def _arguments(
    settings: Mapping,
    dtype: str,
    spread: Plan,
    steps: int,
    seed: int,
    work: Path,
    state: accelerate.PartialState,
) -> SFTConfig:
    return SFTConfig(
        output_dir=str(work),
        per_device_train_batch_size=spread.batch,
        gradient_accumulation_steps=spread.accumulation,
        max_steps=steps,
        learning_rate=settings["learning_rate"],
        lr_scheduler_type="constant_with_warmup" if settings["schedule"] == "constant" else settings["schedule"],
        warmup_steps=math.ceil(settings["warmup"] * steps),
        weight_decay=settings["weight_decay"],
        max_grad_norm=settings["max_grad_norm"],
        activation_checkpointing=settings["gradient_checkpointing"],  # not FSDP's own: PEFT would save no weight
        max_length=settings["max_length"],
        bf16=dtype == "bfloat16",
        fp16=dtype == "float16",
        seed=seed,
        train_sampling_strategy="sequential",  # the order is ours
        dataset_kwargs={"skip_prepare_dataset": True},  # tokenised above
        save_strategy="steps",
        save_steps=math.ceil(steps / _SAVES),
        save_total_limit=2,  # the last whole one stays while the next is written
        logging_steps=1,
        logging_nan_inf_filter=False,  # a loss that is not a number must be seen
        report_to="none",
        disable_tqdm=True,
        ddp_find_unused_parameters=False,
        use_cpu=state.device.type == "cpu",
        dataloader_pin_memory=state.device.type != "cpu",
    )


def _last_checkpoint(work: Path, state: accelerate.PartialState, parallel: str) -> Path | None:
    """The newest usable checkpoint. Process 0 removes the torn ones, which would hide it from the rotation, and those
    of the other way to share the model."""
    if state.is_main_process:
        for folder in work.glob("checkpoint-*"):
            mark = folder / _WHOLE
            if not (mark.is_file() and mark.read_text() == parallel):
                shutil.rmtree(folder)
    state.wait_for_everyone()
    whole = [marker.parent for marker in work.glob(f"checkpoint-*/{_WHOLE}")]
    return max(whole, key=lambda folder: int(folder.name.split("-")[1]), default=None)


def _record(trainer: AnswerTrainer, encoded: Encoded, stream: Sequence[int], run: Run) -> dict:
    """What was really done, read back from the trainer and its parts."""
    model, optimizer = trainer.model, trainer.optimizer
    [scheduler] = {type(trainer.lr_scheduler).__name__}
    adapter = model.peft_config["default"].to_dict() if isinstance(model, peft.PeftModel) else None
    if adapter:
        adapter = {name: sorted(value) if isinstance(value, set) else value for name, value in adapter.items()}
        adapter.pop("base_model_name_or_path")
    groups = [{k: v for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
    supervised = [sum(label != IGNORED for label in example["labels"]) for example in encoded.examples]
    return {
        **run.provenance,
        "arguments": {name: getattr(trainer.args, name) for name in _ARGUMENTS},
        "processes": trainer.accelerator.num_processes,
        "parallel": _parallel(trainer),
        "mixed_precision": trainer.accelerator.mixed_precision,
        "optimizer": {"name": type(optimizer.optimizer).__name__, "groups": groups},
        "scheduler": scheduler,
        "adapter": adapter,
        "attention": model.config._attn_implementation,
        "dtypes": {
            "trained": sorted({str(p.dtype) for p in model.parameters() if p.requires_grad}),
            "frozen": sorted({str(p.dtype) for p in model.parameters() if not p.requires_grad}),
        },
        "rows": {
            "trained": len(encoded.examples),
            "truncated": encoded.truncated,
            "dropped_empty": encoded.empty,
            "dropped_too_long": encoded.unanswered,
        },
        "examples_seen": len(stream),
        "tokens_seen": sum(len(encoded.examples[row]["input_ids"]) for row in stream),
        "answer_tokens_seen": sum(supervised[row] for row in stream),
        "steps": trainer.state.global_step,
    }


def _save(trainer: AnswerTrainer, record: Mapping, rows: int, settings: Mapping, output: Path) -> None:
    """Weights, training.json and loss.csv into a folder that then takes the place of `output`."""
    partial = output.with_name(f".{output.name}.partial")
    if trainer.accelerator.is_main_process:
        shutil.rmtree(partial, ignore_errors=True)  # of a run that was killed here
    trainer.accelerator.wait_for_everyone()
    trainer.save_model(str(partial))
    if not trainer.accelerator.is_main_process:
        return
    (partial / "training_args.bin").unlink()
    if settings["adapter"] == "lora":
        kept = {"adapter_config.json", "adapter_model.safetensors"}
        for file in [file for file in partial.iterdir() if file.name not in kept]:
            file.unlink()
        configuration = json.loads((partial / "adapter_config.json").read_text())
        configuration["target_modules"].sort()  # a set: its order changes from run to run
        configuration["base_model_name_or_path"] = Path(configuration["base_model_name_or_path"]).name
        _write_json(configuration, partial / "adapter_config.json")
    with (partial / "loss.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, _COLUMNS, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        for entry in trainer.state.log_history:
            if "loss" in entry:
                epoch = round(entry["step"] * settings["global_batch"] / rows, 4)
                table.writerow({**entry, "epoch": epoch})
    _check_whole(partial, record["parameters"]["trained"])
    files = {file.name: frames.file_digest(file) for file in sorted(partial.iterdir())}
    _write_json({**record, "sha256": files}, partial / "training.json")
    for file in partial.iterdir():
        file.chmod(0o644)
    if output.exists():
        shutil.rmtree(output)
    os.rename(partial, output)


def _check_whole(folder: Path, expected: int) -> None:
    """TrainingError unless the saved weights are as many as were trained: one that was left out would raise nowhere."""
    found = 0
    for file in folder.glob("*.safetensors"):
        with safe_open(file, "pt") as weights:
            found += sum(math.prod(weights.get_slice(name).get_shape()) for name in weights.keys())  # noqa: SIM118
    if found != expected:
        raise TrainingError(f"{folder.name}: {found} weights were saved, expected the {expected} that were trained")


def _write_json(content: Mapping, path: Path) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
