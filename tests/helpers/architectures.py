"""A tiny random model of every architecture that config.yaml and config/paper.yaml name, with the tests' tokenizer."""

from pathlib import Path

import tiny_model
import torch
import transformers

WINDOW = 16  # tokens that a layer with a window sees: prompts of the tests are longer

_SHARED = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 1024,
    "initializer_range": 0.3,
    "tie_word_embeddings": False,
}

# what is beside _SHARED; Qwen2: as its checkpoints are, and with the window that it has but does not use by default
CAUSAL = {
    "llama": ("Llama", {}),
    "gemma2": ("Gemma2", {"sliding_window": WINDOW, "query_pre_attn_scalar": 8}),
    "gemma3": ("Gemma3", {"sliding_window": WINDOW, "query_pre_attn_scalar": 8}),
    "mistral": ("Mistral", {"sliding_window": WINDOW}),
    "qwen2": ("Qwen2", {}),
    "qwen2-window": ("Qwen2", {"use_sliding_window": True, "sliding_window": WINDOW, "max_window_layers": 1}),
}


def causal(name: str, folder: Path) -> Path:
    """The folder, made a model folder of that architecture."""
    family, more = CAUSAL[name]
    tokenizer = _tokenizer()
    tokenizer.save_pretrained(folder)
    kind = f"{family}Text" if family == "Gemma3" else family
    config = getattr(transformers, f"{kind}Config")(
        **_SHARED,
        **more,
        vocab_size=len(tokenizer),
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    _save(getattr(transformers, f"{family}ForCausalLM"), config, folder)
    return folder


NLI = ("Roberta", "Deberta", "DebertaV2")
POSITIONS = 64  # tokens that a classifier here can take


def classifier(family: str, folder: Path, says_length: bool) -> Path:
    """A classifier of entailment; says_length: whether its tokenizer knows how much it can take."""
    tokenizer = _tokenizer()
    tokenizer.model_max_length = POSITIONS if says_length else int(1e30)
    tokenizer.save_pretrained(folder)
    unused = tokenizer.pad_token_id + 1 if family == "Roberta" else 0  # RoBERTa: 514 of 512
    relative = {"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "position_biased_input": False}
    config = getattr(transformers, f"{family}Config")(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=POSITIONS + unused,
        initializer_range=0.5,
        pad_token_id=tokenizer.pad_token_id,
        id2label={0: "CONTRADICTION", 1: "NEUTRAL", 2: "ENTAILMENT"},
        **({"type_vocab_size": 0} | relative if family.startswith("Deberta") else {"type_vocab_size": 1}),
    )
    _save(getattr(transformers, f"{family}ForSequenceClassification"), config, folder)
    return folder


def _tokenizer():
    return transformers.AutoTokenizer.from_pretrained(tiny_model.build())


def _save(model, config, folder: Path) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model(config).save_pretrained(folder)
