"""Trainers: finetuning, DPO and SK-Tuning, with LoRA and checkpoints. Knows no domain."""
