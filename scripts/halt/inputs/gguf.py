"""GGUF to safetensors, once: quantized weights of a package become a model folder that transformers loads."""

import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from halt.inputs.fetching import FetchError


def dequantise(gguf: Path, into: Path, dtype: str) -> None:
    """Write model and tokenizer of one GGUF file to a folder; `dtype` is a torch name (bfloat16, float32).

    FetchError if transformers cannot read the file's architecture.
    """
    try:
        model = AutoModelForCausalLM.from_pretrained(
            gguf.parent, gguf_file=gguf.name, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
        )
    except ValueError as error:
        raise FetchError(f"{gguf.name}: transformers cannot read it ({str(error).splitlines()[0]})") from error
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    # Qwen's GGUF quantizes a tied embedding twice, as embedding and as head: tie them again, with the finer head
    if not model.config.tie_word_embeddings and _same(embedding.weight, head.weight):
        embedding.weight = torch.nn.Parameter(head.weight.detach().clone())
        model.config.tie_word_embeddings = True
        model.tie_weights()
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    for config in (model.config, model.generation_config):
        config.eos_token_id = tokenizer.eos_token_id
        config.bos_token_id = tokenizer.bos_token_id
        config.pad_token_id = tokenizer.pad_token_id
    model.generation_config.do_sample = False
    model.config.quantization_config = None
    del model.config.quantization_config
    model = model.to(getattr(torch, dtype))
    model.save_pretrained(into)
    tokenizer.save_pretrained(into)
    if not json.loads((into / "config.json").read_text()).get("model_type"):
        raise FetchError(f"{gguf.name}: no model_type in the converted config")


def _same(left: torch.Tensor, right: torch.Tensor) -> bool:
    """Equal up to quantization error."""
    return left.shape == right.shape and torch.cosine_similarity(left, right, dim=1).mean().item() > 0.98
