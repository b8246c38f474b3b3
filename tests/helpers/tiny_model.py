"""Build the tests' model: a random Llama of some thousand weights with a chat template and a tokenizer of its own.

`python tests/tiny_model.py` leaves it in tests/models/random-tiny-lines, where config/tiny.yaml looks for it. The same
bytes every time; what is there already is kept. Its answers never end by themselves, but most have several lines: of an
answer that was cut off a target holds the whole ones.
"""

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "models" / "random-tiny-lines"
TEXT = ROOT / "data" / "wordnet" / "people.tsv"  # what the tokenizer's merges are counted on
VOCABULARY = 600
TEMPLATE = (
    "{% for turn in messages %}<|im_start|>{{ turn.role }}\n{{ turn.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def wide(folder: Path) -> Path:
    """The same with heads of 32 numbers each."""
    return build(folder, 128)


def build(folder: Path = FOLDER, hidden: int = 32) -> Path:
    """Make `folder` a model folder that transformers loads offline, unless it is one; return it."""
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".building-") as scratch:
        made = Path(scratch, folder.name)
        made.mkdir()
        tokenizer = _tokenizer(TEXT.read_text(encoding="utf-8").splitlines()[:2000])
        tokenizer.save_pretrained(made)
        _with_lines(_model(tokenizer, hidden), tokenizer).save_pretrained(made)
        os.replace(made, folder)
    return folder


def _tokenizer(lines):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokens = Tokenizer(models.BPE())
    tokens.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<|im_start|>", "<|im_end|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokens.train_from_iterator(lines, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokens, eos_token="<|im_end|>", pad_token="<|im_end|>")
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def _model(tokenizer, hidden):
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
        initializer_range=0.3,  # large: its answers depend on its prompts, and its next tokens differ in probability
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return LlamaForCausalLM(config)


def _with_lines(model, tokenizer):
    """The model with a longer embedding of the line break, which is therefore often the likeliest token."""
    import torch

    [line_break] = tokenizer("\n", add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        model.get_input_embeddings().weight[line_break] *= 2
    return model


if __name__ == "__main__":
    print(build(), file=sys.stderr)
