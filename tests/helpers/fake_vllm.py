"""vLLM's interface, as far as the engine uses it, over a transformers model on the CPU.

Names of arguments and fields are those of vLLM 0.32.0 (entrypoints/llm.py, engine/arg_utils.py, sampling_params.py,
lora/request.py, outputs.py); an argument that is not among them is a TypeError, as it is there.
"""

import sys
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import TypedDict

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)


class TokensPrompt(TypedDict):
    prompt_token_ids: list[int]


@dataclass
class SamplingParams:
    n: int = 1
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    stop: list[str] | None = None
    stop_token_ids: list[int] | None = None
    max_tokens: int | None = 16
    logprob_token_ids: list[int] | None = None
    prompt_logprobs: int | None = None

    def __post_init__(self):
        assert self.temperature >= 0
        assert 0 < self.top_p <= 1
        assert self.max_tokens >= 1


@dataclass
class LoRARequest:
    lora_name: str
    lora_int_id: int
    lora_path: str = ""

    def __post_init__(self):
        assert self.lora_int_id >= 1
        assert self.lora_path


@dataclass
class Logprob:
    logprob: float


@dataclass
class CompletionOutput:
    index: int
    text: str
    token_ids: list[int]
    logprobs: list[dict[int, Logprob]] | None
    finish_reason: str | None


@dataclass
class LLM:
    """One request after the other: what the batch holds changes nothing."""

    model: str
    tokenizer: str
    dtype: str
    tensor_parallel_size: int
    seed: int
    max_model_len: int
    enable_prefix_caching: bool
    enable_lora: bool = False
    max_loras: int = 1
    max_lora_rank: int = 16
    lora_target_modules: list[str] | None = None
    enable_chunked_prefill: bool = True
    enforce_eager: bool = False
    finish_reason: str | None = None  # a test's own: how every request ends
    requests: list = field(default_factory=list)

    def __post_init__(self):
        assert self.max_lora_rank in RANKS
        assert self.max_model_len == -1
        assert self.tensor_parallel_size >= 1
        self.encoder = AutoTokenizer.from_pretrained(self.tokenizer)
        self.plain = AutoModelForCausalLM.from_pretrained(self.model, dtype=getattr(torch, self.dtype)).eval()
        self.model_config = SimpleNamespace(max_model_len=self.plain.config.max_position_embeddings)
        made.append(self)

    def generate(self, prompts, sampling_params=None, *, use_tqdm=True, lora_request=None):
        assert len(prompts) == len(sampling_params)
        assert lora_request is None or self.enable_lora
        model = self.plain if lora_request is None else PeftModel.from_pretrained(self.plain, lora_request.lora_path)
        self.requests += sampling_params
        results = []
        for prompt, sampling in zip(prompts, sampling_params, strict=True):
            ids = prompt["prompt_token_ids"]
            output = self._complete(model.eval(), ids, sampling)
            own = None if sampling.prompt_logprobs is None else self._of_prompt(model.eval(), ids)
            results.append(SimpleNamespace(outputs=[output], prompt_logprobs=own))
        return results

    @torch.inference_mode()
    def _of_prompt(self, model, ids):
        """None for the first token, then the log-probability of each token behind those before it."""
        logs = model(torch.tensor([ids])).logits[0].float().log_softmax(-1)
        return [None, *({token: Logprob(float(logs[place, token]))} for place, token in enumerate(ids[1:]))]

    @torch.inference_mode()
    def _complete(self, model, ids, sampling):
        generator = torch.Generator().manual_seed(sampling.seed or 0)
        written, logprobs, reason, text = [], [], "length", ""
        while len(written) < sampling.max_tokens and reason == "length":
            logits = model(torch.tensor([[*ids, *written]])).logits[0, -1].float()
            if sampling.temperature:
                weights = (logits / sampling.temperature).softmax(-1)
                token = int(torch.multinomial(weights, 1, generator=generator))
            else:
                token = int(logits.argmax())
            written.append(token)
            wanted = {token, *(sampling.logprob_token_ids or ())}
            logprobs.append({one: Logprob(float(logits.log_softmax(-1)[one])) for one in wanted})
            text = self.encoder.decode(written, skip_special_tokens=True)
            cuts = [text.index(mark) for mark in sampling.stop or () if mark in text]
            if cuts or token in (self.encoder.eos_token_id, *(sampling.stop_token_ids or ())):
                reason = "stop"
                text = text[: min(cuts)] if cuts else text
        asked = sampling.logprob_token_ids is not None
        return CompletionOutput(0, text, written, logprobs if asked else None, self.finish_reason or reason)


made: list[LLM] = []


def install(monkeypatch, gpus: int, cpu_build: bool = False) -> list[LLM]:
    """Put the fake where `import vllm` finds it, on a machine with so many GPUs; the LLMs that are made."""
    module, lora, request = ModuleType("vllm"), ModuleType("vllm.lora"), ModuleType("vllm.lora.request")
    platforms = ModuleType("vllm.platforms")
    platforms.current_platform = SimpleNamespace(is_cpu=lambda: cpu_build)
    module.__spec__ = SimpleNamespace(name="vllm")
    module.LLM, module.SamplingParams, module.TokensPrompt = LLM, SamplingParams, TokensPrompt
    request.LoRARequest = LoRARequest
    for fake in (module, lora, request, platforms):
        monkeypatch.setitem(sys.modules, fake.__name__, fake)
    monkeypatch.delitem(sys.modules, "halt.engines.vllm", raising=False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    made.clear()
    return made
