"""Sampling with Hugging Face transformers, on CPU or GPU.

Two things differ from `model.generate`:

* A sample is a function of (seed, prompt id, sample index). A counter-based hash of them gives Gumbel noise, which is
  added to the tempered logits; the argmax *is* a sample from the softmax (Gumbel 1954; Maddison et al. 2014, arXiv
  1411.0030). The rest of the batch does not matter.
* The N samples of one prompt are N query positions of one row of the batch, not N rows. Each step feeds the N newest
  tokens side by side with the same position id, and a mask lets each see the prompt and its own past alone. So the
  prompt is encoded once, and its keys and values are stored once.

Prompts also share the encoding of their common beginning (the same few-shot examples): see halt.engines.prefixes.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM, DynamicCache
from transformers.cache_utils import get_layer_types_and_kwargs
from transformers.utils import logging as transformers_logging

from halt import engines
from halt.engines import Completion, Prompt, Sampling, chat, prefixes, scoring, states
from halt.engines.precision import computed_in, in_one_piece
from halt.engines.prefixes import NOTHING, Beginning
from halt.errors import HaltError


class Engine:
    """A causal language model and its tokenizer, loaded from a local folder.

    adapter: folder that finetuning left: a LoRA adapter, or a whole model instead of the pretrained one. shards: GPUs
    that hold the layers, in even shares; HaltError if there are fewer. 1: the GPU of this process, or the CPU. system:
    see `chat.load`.
    """

    def __init__(
        self,
        folder: Path | str,
        dtype: str,
        adapter: Path | str | None = None,
        shards: int = 1,
        system: str = chat.TEMPLATE,
    ):
        transformers_logging.disable_progress_bar()
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.tokenizer = chat.load(folder, system, padding_side="left")
        adapted = adapter is not None and Path(adapter, "adapter_config.json").is_file()
        model = AutoModelForCausalLM.from_pretrained(
            folder if adapted or adapter is None else adapter,
            dtype=getattr(torch, dtype),
            local_files_only=True,  # attention: torch's fused one if the model supports it; Gemma-2 does not
            **_placement(shards),
        )
        if adapted:
            from peft import PeftModel

            # Not merged: the sum would be rounded to the bfloat16 weight, and most of a small update would be lost.
            model = PeftModel.from_pretrained(model, adapter).get_base_model()
        self.model = (model if shards > 1 else model.to(self.device)).eval()
        computed = getattr(torch, computed_in(dtype))
        for weight in self.model.parameters():  # an adapter's come as float32; buffers (rotary frequencies) stay so
            weight.data = weight.data.to(computed)
        in_one_piece(self.model)
        config = model.config.get_text_config()
        self.window = getattr(config, "sliding_window", None)
        # None: a window is every layer's (Mistral)
        self.layer_types = set(config.layer_types) if self.window and "layer_types" in config else None
        self.context = scoring.context(model)
        self.end_tokens = _end_tokens(model, self.tokenizer)

    def encode(self, prompt: Prompt) -> list[int]:
        """Token ids of one prompt, with the chat template's opening of the answer."""
        return engines.encode(self.tokenizer, prompt)

    def next_token_probabilities(
        self, sequences: Sequence[list[int]], tokens: Sequence[int], batch_size: int
    ) -> list[list[float]]:
        """P(token | sequence): see halt.engines.scoring."""
        return scoring.next_token_probabilities(self.model, sequences, tokens, batch_size)

    def likelihoods(self, sequences: Sequence[list[int]], starts: Sequence[int], batch_size: int) -> list[float]:
        """Geometric mean of the probabilities of the tokens from `starts` on: see halt.engines.scoring."""
        return scoring.likelihoods(self.model, sequences, starts, batch_size)

    def log_probabilities(
        self, groups: Sequence[Sequence[list[int]]], starts: Sequence[Sequence[int]], batch_size: int
    ) -> list[list[float]]:
        """Log-probability of the tokens from `starts` on of the sequences of each group: see halt.engines.scoring."""
        return [
            scoring.log_probabilities(self.model, sequences, own, batch_size)
            for sequences, own in zip(groups, starts, strict=True)
        ]

    def hidden_states(
        self, sequences: Sequence[list[int]], places: Sequence[Sequence[int]], depths: Sequence[float], batch_size: int
    ) -> tuple[list[int], list[np.ndarray]]:
        """(layers, their hidden states at the places of each sequence): see halt.engines.states."""
        layers = states.layers_at(self.model, depths)
        return layers, states.read(self.model, sequences, places, layers, batch_size)

    def generate(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        batch_size: int,
        count: Callable[[int], None] = lambda prompts: None,
    ) -> list[list[Completion]]:
        """N completions of every prompt, in the prompts' order.

        batch_size: sequences decoded together (prompts × N); it changes speed and memory, not the samples, except for
        floating-point ties. count: called with the number of prompts of each finished batch, for progress. EngineError
        if a prompt leaves no room for max_new_tokens in the model's context.
        """
        encoded = [self.encode(prompt) for prompt in prompts]
        self._check_layers()
        limit = self.context
        for prompt, tokens in zip(prompts, encoded, strict=True):
            if limit is not None and len(tokens) + sampling.max_new_tokens > limit:
                raise engines.EngineError(
                    f"the prompt '{prompt.id}' has {len(tokens)} tokens and {sampling.max_new_tokens} are to follow,"
                    f" but {limit} fit, the model's context: expected fewer shots or a smaller max_new_tokens"
                )
        per_batch = max(1, batch_size // sampling.samples)
        beginnings = self._beginnings(encoded)
        own = [tokens[begun.tokens :] for tokens, begun in zip(encoded, beginnings, strict=True)]
        by_length = sorted(range(len(prompts)), key=lambda index: len(own[index]))
        results: list[list[Completion]] = [[] for _ in prompts]
        for start in range(0, len(prompts), per_batch):
            chosen = by_length[start : start + per_batch]
            batch = self._generate_batch(
                [own[i] for i in chosen], [prompts[i].id for i in chosen], sampling, [beginnings[i] for i in chosen]
            )
            for index, completions in zip(chosen, batch, strict=True):
                results[index] = completions
            count(len(chosen))
        return results

    @torch.inference_mode()
    def _beginnings(self, encoded: list[list[int]]) -> list[Beginning]:
        """For each prompt the encoded beginning that it shares with others; empty if sharing is not worth it."""
        found = [NOTHING] * len(encoded)
        for group in prefixes.groups(encoded):
            tokens = torch.tensor([encoded[group.members[0]][: group.length]], device=self.device)
            cache, positions = DynamicCache(), torch.arange(group.length, device=self.device)[None]
            visible = torch.ones((1, group.length, group.length), dtype=torch.bool, device=self.device).tril()
            self._forward(tokens, positions, visible, positions, cache, last=True)
            beginning = Beginning.of(cache, group.length)
            for member in group.members:
                found[member] = beginning
        return found

    @torch.inference_mode()
    def _generate_batch(
        self, encoded: list[list[int]], ids: list[str], sampling: Sampling, beginnings: list[Beginning]
    ) -> list[list[Completion]]:
        """Completions of prompts that continue with `encoded` after their beginnings.

        A row of keys is: padding, beginning, padding, the rest of the prompt, the generated tokens.
        """
        rows, n = len(encoded), sampling.samples
        before, width = max(one.tokens for one in beginnings), max(len(tokens) for tokens in encoded)
        pad = self.tokenizer.pad_token_id if self.tokenizer.pad_token_id is not None else self.end_tokens[0]
        tokens = torch.full((rows, width), pad)
        seen = torch.zeros((rows, before + width), dtype=torch.bool)
        for row, ids_ in enumerate(encoded):
            tokens[row, width - len(ids_) :] = torch.tensor(ids_)
            seen[row, before + width - len(ids_) :] = True
            seen[row, before - beginnings[row].tokens : before] = True
        tokens, seen = tokens.to(self.device), seen.to(self.device)
        lengths = seen.sum(1)

        cache = prefixes.joined(beginnings, before)
        positions = (seen.cumsum(1) - 1).clamp(min=0)
        causal = torch.ones((before + width,) * 2, dtype=torch.bool, device=self.device).tril()[before:]
        itself = torch.eye(before + width, dtype=torch.bool, device=self.device)[before:]
        visible = causal & seen[:, None, :] | itself
        # logits: (rows, 1, vocabulary)
        logits = self._forward(tokens, positions[:, before:], visible, positions, cache, last=True)
        logits = logits.expand(-1, n, -1)

        keys = [[_key(sampling.seed, ids[row], sample) for sample in range(n)] for row in range(rows)]
        written: list[list[list[int]]] = [[[] for _ in range(n)] for _ in range(rows)]
        done = [[False] * n for _ in range(rows)]
        live = list(range(rows))  # rows of the batch that are still in the cache
        key_positions = positions
        prompt_mask = seen[:, None, :].expand(-1, n, -1)  # (rows, N, keys): what each sample may see
        own = torch.eye(n, dtype=torch.bool, device=self.device).expand(rows, n, n)
        for step in range(sampling.max_new_tokens):
            chosen = _choose(logits, [keys[row] for row in live], step, sampling)  # (live rows, N)
            for place, row in enumerate(live):
                for sample, token in enumerate(chosen[place].tolist()):
                    if not done[row][sample]:
                        written[row][sample].append(token)
                        done[row][sample] = token in self.end_tokens or self._stops(written[row][sample], sampling.stop)
            stay = [place for place, row in enumerate(live) if not all(done[row])]
            if not stay or step + 1 == sampling.max_new_tokens:
                break
            if len(stay) < len(live):
                index = torch.tensor(stay)
                live = [live[place] for place in stay]
                cache.batch_select_indices(index)  # each layer selects on its own device
                index = index.to(self.device)
                chosen, key_positions = chosen[index], key_positions[index]
                prompt_mask, own, lengths = prompt_mask[index], own[index], lengths[index]
            position = (lengths + step)[:, None].expand(-1, n)
            prompt_mask = torch.cat([prompt_mask, own], dim=2)
            key_positions = torch.cat([key_positions, position], dim=1)
            logits = self._forward(chosen, position, prompt_mask, key_positions, cache)
        return [[self._completion(written[row][sample], sampling.stop) for sample in range(n)] for row in range(rows)]

    def _forward(
        self,
        tokens: torch.Tensor,
        positions: torch.Tensor,
        visible: torch.Tensor,
        key_positions: torch.Tensor,
        cache: DynamicCache,
        last: bool = False,
    ) -> torch.Tensor:
        """Logits (rows, queries, vocabulary) in float32. `visible`: (rows, queries, keys), True if seen."""
        masks = self._additive(visible)
        if self.window:
            near = key_positions[:, None, :] > positions[:, :, None] - self.window
            kinds = {"full_attention": masks, "sliding_attention": self._additive(visible & near)}
            masks = {kind: kinds[kind] for kind in self.layer_types} if self.layer_types else kinds["sliding_attention"]
        output = self.model(
            input_ids=tokens,
            position_ids=positions,
            attention_mask=masks,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1 if last else 0,
        )
        return output.logits.float()

    def _additive(self, visible: torch.Tensor) -> torch.Tensor:
        dtype = self.model.dtype
        mask = torch.zeros(visible.shape, dtype=dtype, device=self.device)
        return mask.masked_fill_(~visible, torch.finfo(dtype).min)[:, None]

    def _check_layers(self) -> None:
        """EngineError for layers whose past is no list of keys and values (recurrent or chunked ones)."""
        kinds, _ = get_layer_types_and_kwargs(self.model.config.get_text_config())
        if alien := sorted({*kinds} - {"full_attention", "sliding_attention"}):
            raise engines.EngineError(
                f"{self.tokenizer.name_or_path}: found layers of the kind {', '.join(alien)}, expected full_attention"
                " and sliding_attention alone: give the model engine: vllm in the config"
            )

    def _stops(self, tokens: list[int], stop: tuple[str, ...]) -> bool:
        return bool(stop) and any(mark in self.tokenizer.decode(tokens) for mark in stop)

    def _completion(self, tokens: list[int], stop: tuple[str, ...]) -> Completion:
        end = next((place for place, token in enumerate(tokens) if token in self.end_tokens), None)
        tokens = tokens if end is None else tokens[: end + 1]
        text = self.tokenizer.decode(tokens, skip_special_tokens=True)
        cuts = [text.index(mark) for mark in stop if mark in text]
        return Completion(text[: min(cuts)] if cuts else text, len(tokens), end is not None or bool(cuts))


def _placement(shards: int) -> dict:
    """Arguments of from_pretrained that put a model on the first `shards` GPUs and nothing into main memory."""
    if shards == 1:
        return {}
    if (found := torch.cuda.device_count()) < shards:
        raise HaltError(f"the model is to be spread over {shards} GPUs, found {found}")
    memory = {gpu: torch.cuda.get_device_properties(gpu).total_memory for gpu in range(shards)}
    return {"device_map": "balanced", "max_memory": memory}


def _end_tokens(model, tokenizer) -> list[int]:
    """Every token that ends an answer: the tokenizer's, the model's own list, and what its chat template ends with."""
    configured = model.generation_config.eos_token_id
    listed = configured if isinstance(configured, list) else [configured]
    return sorted(
        {token for token in [*listed, tokenizer.eos_token_id, *chat.end_tokens(tokenizer)] if token is not None}
    )


def _key(seed: int, prompt_id: str, sample: int) -> int:
    digest = hashlib.blake2b(f"{seed}\0{prompt_id}\0{sample}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def _choose(logits: torch.Tensor, keys: list[list[int]], step: int, sampling: Sampling) -> torch.Tensor:
    """Next tokens (rows, N) from logits (rows, N, vocabulary)."""
    if sampling.temperature == 0:
        return logits.argmax(-1)
    logits = logits / sampling.temperature
    if sampling.top_p < 1.0:
        logits = _nucleus(logits, sampling.top_p)
    flat = torch.tensor([[_mix(key, step) for key in row] for row in keys], device=logits.device)  # (rows, N)
    return (logits + gumbel(flat, logits.shape[-1])).argmax(-1)


def _mix(key: int, step: int) -> int:
    """64 bits for one position of one sample, as a signed integer: splitmix64 of key + step · golden ratio."""
    z = (key + (step + 1) * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    z ^= z >> 31
    return z - (1 << 64) if z >> 63 else z


def gumbel(keys: torch.Tensor, size: int) -> torch.Tensor:
    """Standard Gumbel noise (..., size) from 64-bit integer keys (...): the same for any batch and process count.

    The k-th value hashes (key, k) with two rounds of the 32-bit finalizer `lowbias32`
    (https://github.com/skeeto/hash-prospector); the second round uses the other half of the key.
    """
    low = ((keys << 32) >> 32).int().unsqueeze(-1)
    high = (keys >> 32).int().unsqueeze(-1)
    bits = torch.arange(size, dtype=torch.int32, device=keys.device) ^ low
    _lowbias32(bits)
    bits ^= high
    _lowbias32(bits)
    # the upper 24 bits (arithmetic shift: -2^23 ... 2^23 - 1) as a number inside (0, 1), exact in float32
    uniform = (bits >> 8).float().add_(2.0**23 + 0.5).mul_(2.0**-24)
    return uniform.log_().neg_().log_().neg_()


def _lowbias32(x: torch.Tensor) -> None:
    """In place, on int32. torch shifts keep the sign: each shift is masked to the bits that a logical one leaves."""
    x ^= (x >> 16).bitwise_and_(0xFFFF)
    x *= 0x7FEB352D
    x ^= (x >> 15).bitwise_and_(0x1FFFF)
    x *= 0x846CA68B - 2**32
    x ^= (x >> 16).bitwise_and_(0xFFFF)


def _nucleus(logits: torch.Tensor, top_p: float) -> torch.Tensor:
    """Keep the smallest set of tokens whose probability reaches top_p (Holtzman et al. 2020)."""
    ordered, order = logits.sort(-1, descending=True)
    probabilities = ordered.softmax(-1)
    outside = probabilities.cumsum(-1) - probabilities >= top_p
    return logits.masked_fill(outside.scatter(-1, order, outside), float("-inf"))
