"""What every training shares: one order and one global batch on any number of processes, and checkpoints.

A checkpoint counts only if it is whole: a kill at any moment costs one save interval at most. training.json holds what
was really done, read back from the trainer.

The model is whole in every process (DDP) or sharded over them (FSDP2, on GPUs), as accelerate's launcher says.
"""

import csv
import json
import math
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import accelerate
import peft
import torch
from safetensors import safe_open
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.fsdp import MixedPrecisionPolicy
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, PrinterCallback, Trainer, TrainerCallback

from halt import frames
from halt.engines.precision import computed_in
from halt.running.progress import Progress
from halt.training.encoding import Plan, TrainingError

_SAVES = 10  # checkpoints in one training: a kill costs at most a tenth of it
_WHOLE = "whole"  # file that marks a checkpoint as complete, and says how the model was shared: see `parallel`
_COLUMNS = ("step", "epoch", "loss", "learning_rate", "grad_norm")

# Trainer arguments that go into training.json; none of them names a path, a host or a time.
_READ_BACK = (
    "activation_checkpointing adam_beta1 adam_beta2 adam_epsilon average_tokens_across_devices bf16 data_seed fp16 "
    "gradient_accumulation_steps label_smoothing_factor learning_rate loss_type lr_scheduler_type max_grad_norm "
    "max_length max_steps optim packing per_device_train_batch_size seed train_sampling_strategy warmup_steps "
    "weight_decay"
)
ARGUMENTS = tuple(_READ_BACK.split())


class Run(NamedTuple):
    """The identity of one training. provenance: see `provenance.about`; fingerprint: see `resume.fingerprint`."""

    label: str
    seed: int
    provenance: Mapping
    fingerprint: str


class Resumable(Trainer):
    """How all trainers of this workflow save."""

    def save_model(self, output_dir=None, _internal_call=False):
        """Under FSDP process 0 gathers the trained weights alone; the frozen ones stay where they are."""
        if not self.is_fsdp_enabled:
            super().save_model(output_dir, _internal_call)
            return
        options = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)
        gathered = get_model_state_dict(self.model, options=options)
        for tied in self.model.all_tied_weights_keys:
            gathered.pop(tied, None)  # a second copy
        self._save(output_dir, state_dict=gathered)

    def create_model_card(self, *args, **kwargs) -> None:
        """No model card: it would name paths and times."""

    def _save_checkpoint(self, model, trial):
        super()._save_checkpoint(model, trial)
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            checkpoint = Path(self.args.output_dir, f"checkpoint-{self.state.global_step}")
            (checkpoint / _WHOLE).write_text(parallel(self))


class _Steps(TrainerCallback):
    """Progress lines, from process 0."""

    def __init__(self, label: str, total: int):
        self.progress = Progress(label, total, "steps")

    def on_train_begin(self, args, state, control, **kwargs):
        self.progress.skip(state.global_step)

    def on_step_end(self, args, state, control, **kwargs):
        self.progress.advance()


def pretrained(folder: Path, dtype: str, frozen: bool, device: str, quantization: str | None) -> torch.nn.Module:
    """The model to train, float32 unless it is frozen under an adapter.

    Eager attention on a CPU: a fifth faster than torch's fused one at these lengths. On a GPU the fused one, if the
    model supports it (Gemma-2 does not).
    """
    if quantization and not frozen:
        raise TrainingError(f"quantization: {quantization} weights cannot be trained, expected finetune.adapter lora")
    model = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=dtype if frozen else "float32",
        attn_implementation="eager" if device == "cpu" else None,
        quantization_config=_four_bits(dtype) if quantization else None,
    )
    return model if quantization or computed_in(dtype) == dtype else model.float()


def lora(settings: Mapping) -> peft.LoraConfig:
    """A fresh adapter on all linear layers; settings: the config's `finetune.lora`."""
    return peft.LoraConfig(
        r=settings["rank"],
        lora_alpha=settings["alpha"],
        lora_dropout=settings["dropout"],
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def _four_bits(dtype: str) -> BitsAndBytesConfig:
    """QLoRA's format. The bits are packed into numbers of the model's own format: FSDP shards no other."""
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
        bnb_4bit_quant_storage=dtype,
    )


def parallel(trainer: Trainer) -> str:
    """How the processes share the model. Each way can only read its own checkpoints."""
    return "fsdp" if trainer.is_fsdp_enabled else "ddp"


def shard(trainer: Trainer, dtype: str) -> None:
    """Settings that envs/accelerate/fsdp.yaml cannot have. TrainingError if accelerate would silently not shard."""
    if not trainer.is_fsdp_enabled:
        raise TrainingError("needs.finetune.parallel: fsdp needs GPUs, found none; on a CPU accelerate shards nothing")
    if dtype != "float32":  # accelerate would also sum the gradients in this format
        policy = MixedPrecisionPolicy(getattr(torch, dtype), reduce_dtype=torch.float32)
        trainer.accelerator.state.fsdp_plugin.mixed_precision_policy = policy


def parameters(model: torch.nn.Module) -> dict[str, int]:
    """Numbers of weights before sharding; a packed one counts as the weights that it holds."""
    if isinstance(model, peft.PeftModel):
        trained, every = model.get_nb_trainable_parameters()
        return {"trained": trained, "all": every}
    return dict.fromkeys(("trained", "all"), model.num_parameters())


def arguments(
    settings: Mapping, dtype: str, spread: Plan, steps: int, seed: int, work: Path, state: accelerate.PartialState
) -> dict:
    """Keyword arguments of TRL's configs, for every trainer.

    settings: the config's `finetune`, `dpo` or `sk_tuning.training`.
    """
    return {
        "output_dir": str(work),
        "per_device_train_batch_size": spread.batch,
        "gradient_accumulation_steps": spread.accumulation,
        "max_steps": steps,
        "learning_rate": settings["learning_rate"],
        "lr_scheduler_type": "constant_with_warmup" if settings["schedule"] == "constant" else settings["schedule"],
        "warmup_steps": math.ceil(settings["warmup"] * steps),
        "weight_decay": settings["weight_decay"],
        "max_grad_norm": settings["max_grad_norm"],
        "max_length": settings["max_length"],
        "bf16": computed_in(dtype) == "bfloat16",
        "fp16": dtype == "float16",
        "seed": seed,
        "train_sampling_strategy": "sequential",  # the order is ours
        "save_strategy": "steps",
        "save_steps": math.ceil(steps / _SAVES),
        "save_total_limit": 2,  # keeps the last whole one while the next is written
        "logging_steps": 1,
        "logging_nan_inf_filter": False,  # a loss of NaN must show
        "report_to": "none",
        "disable_tqdm": True,
        "ddp_find_unused_parameters": False,
        "use_cpu": state.device.type == "cpu",
        "dataloader_pin_memory": state.device.type != "cpu",
    }


def train(trainer: Trainer, label: str, global_batch: int, work: Path, state: accelerate.PartialState) -> int:
    """Train to the end from the last usable checkpoint in `work`. Returns the number of steps done before.

    TrainingError if a step of the trainer is not the global batch.
    """
    trainer.remove_callback(PrinterCallback)
    if (found := trainer.get_total_train_batch_size(trainer.args)) != global_batch:
        raise TrainingError(f"the trainer takes {found} examples a step, expected {global_batch}")
    if state.is_main_process:
        trainer.add_callback(_Steps(label, trainer.args.max_steps))
    checkpoint = _last_checkpoint(work, state, parallel(trainer))
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return int(checkpoint.name.split("-")[1]) if checkpoint else 0


def _last_checkpoint(work: Path, state: accelerate.PartialState, parallel: str) -> Path | None:
    """The newest usable checkpoint. Process 0 removes incomplete ones, which would hide it from the rotation, and those
    of the other way to share the model."""
    if state.is_main_process:
        for folder in work.glob("checkpoint-*"):
            mark = folder / _WHOLE
            if not (mark.is_file() and mark.read_text() == parallel):
                shutil.rmtree(folder)
    state.wait_for_everyone()
    whole = [marker.parent for marker in work.glob(f"checkpoint-*/{_WHOLE}")]
    return max(whole, key=lambda folder: int(folder.name.split("-")[1]), default=None)


def record(trainer: Trainer, run: Run, names: Sequence[str] = ARGUMENTS) -> dict:
    """What was really done, read back from the trainer and its parts; names: of the arguments."""
    model, optimizer = trainer.model, trainer.optimizer
    [scheduler] = {type(trainer.lr_scheduler).__name__}
    adapter = model.peft_config["default"].to_dict() if isinstance(model, peft.PeftModel) else None
    if adapter:
        adapter = {name: sorted(value) if isinstance(value, set) else value for name, value in adapter.items()}
        adapter.pop("base_model_name_or_path")
    groups = [{k: v for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
    return {
        **run.provenance,
        "arguments": {name: getattr(trainer.args, name) for name in names},
        "processes": trainer.accelerator.num_processes,
        "parallel": parallel(trainer),
        "mixed_precision": trainer.accelerator.mixed_precision,
        "optimizer": {"name": type(optimizer.optimizer).__name__, "groups": groups},
        "scheduler": scheduler,
        "adapter": adapter,
        "attention": model.config._attn_implementation,
        "dtypes": {
            "trained": sorted({str(p.dtype) for p in model.parameters() if p.requires_grad}),
            "frozen": sorted({str(p.dtype) for p in model.parameters() if not p.requires_grad}),
        },
        "steps": trainer.state.global_step,
    }


def save(
    trainer: Trainer,
    record: Mapping,
    rows: int,
    global_batch: int,
    output: Path,
    columns: Mapping[str, str] | None = None,
) -> None:
    """Write weights, training.json and loss.csv to a folder that then replaces `output`.

    rows: of an epoch. columns: further columns of loss.csv, with their names in the trainer's log.
    """
    logged = {**{name: name for name in _COLUMNS}, **(columns or {})}
    partial = output.with_name(f".{output.name}.partial")
    if trainer.accelerator.is_main_process:
        shutil.rmtree(partial, ignore_errors=True)  # left by a killed run
    trainer.accelerator.wait_for_everyone()
    trainer.save_model(str(partial))
    if not trainer.accelerator.is_main_process:
        return
    (partial / "training_args.bin").unlink()
    if isinstance(trainer.model, peft.PeftModel):
        kept = {"adapter_config.json", "adapter_model.safetensors"}
        for file in [file for file in partial.iterdir() if file.name not in kept]:
            shutil.rmtree(file) if file.is_dir() else file.unlink()
        configuration = json.loads((partial / "adapter_config.json").read_text())
        configuration["target_modules"].sort()  # a set has another order in every run
        configuration["base_model_name_or_path"] = Path(configuration["base_model_name_or_path"]).name
        _write_json(configuration, partial / "adapter_config.json")
    with (partial / "loss.csv").open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(logged)
        for entry in trainer.state.log_history:
            if "loss" in entry:
                row = {**entry, "epoch": round(entry["step"] * global_batch / rows, 4)}
                table.writerow(row.get(name) for name in logged.values())
    _check_whole(partial, record["parameters"]["trained"])
    _finish(partial, record, output)


def keep(adapter: Path, record: Mapping, output: Path, columns: Mapping[str, str]) -> None:
    """What `save` writes, without a training: another adapter's weights, a record and an empty curve."""
    partial = output.with_name(f".{output.name}.partial")
    others = shutil.ignore_patterns(".*", "training.json", "loss.csv")
    shutil.rmtree(partial, ignore_errors=True)  # left by a killed run
    shutil.copytree(adapter, partial, ignore=others)
    (partial / "loss.csv").write_text(",".join((*_COLUMNS, *columns)) + "\n")
    _finish(partial, record, output)


def _finish(partial: Path, record: Mapping, output: Path) -> None:
    """Write training.json with the sha256 of the files in the folder, which then replaces `output`."""
    files = {file.name: frames.file_digest(file) for file in sorted(partial.iterdir())}
    _write_json({**record, "sha256": files}, partial / "training.json")
    for file in partial.iterdir():
        file.chmod(0o644)
    if output.exists():
        shutil.rmtree(output)
    os.rename(partial, output)


def _check_whole(folder: Path, expected: int) -> None:
    """TrainingError if fewer weights were saved than trained: nothing else would report a missing one."""
    found = 0
    for file in folder.glob("*.safetensors"):
        with safe_open(file, "pt") as weights:
            found += sum(math.prod(weights.get_slice(name).get_shape()) for name in weights.keys())  # noqa: SIM118
    if found != expected:
        raise TrainingError(f"{folder.name}: {found} weights were saved, expected the {expected} that were trained")


def _write_json(content: Mapping, path: Path) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
