"""What a workflow will cost, and what it did cost: from jobs, config and measured times.

Pure: no file, no clock, no Snakemake. Work (tokens, judge requests) is counted from the config and is an upper bound:
every answer as long as `max_new_tokens`, every split as large as `rows` and the data set allow. Requests are counted by
the fragments that a domain's answers usually have, if its module says how many. A job's time is, in this order:
`measured` (its own benchmark file), `scaled` (from benchmarks of jobs of the same rule, by their work), `estimated`
(work over the config's `throughput`), `asked` (the minutes that it asks for, if the config has no throughput),
`assumed`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from halt import domains, judges, paths, plugins
from halt.engines.asked import reached
from halt.errors import HaltError

# Not in any config. Printed with every plan.
TOKENS_A_FRAGMENT = 12  # 9 to 18 in the default run's domains
ALONE = 0.1  # of the fragments: asked by themselves although one request carries an answer
CLAIMS_A_SENTENCE = 2  # an extractor is asked about each sentence
PROMPT_TOKENS = 128  # of a training example, before its target
START_SECONDS = 30  # of a program that loads a model: Python, imports, the GPU
LOAD_BYTES = 1e9  # per second, weights from the disk
FETCH_BYTES = 1e8  # per second, weights from the network
SMALL_SECONDS = 10  # a job that loads no model
# sums of sizes, and parameters, of a transformer of width 128 x depth, per depth^n
LORA_SHAPE = (20 * 128, 12 * 128**2)
TABLE_BYTES = 6  # on the disk for every token of an answer, over responses, fragments and judgements

BYTES = {"bfloat16": 2, "float16": 2, "float32": 4}
# Whose needs apply to a rule without an entry of its own.
_NEEDS_OF = {
    "prefer": "finetune",
    "sk_tune": "finetune",
    "sk_sample": "generate",
    **dict.fromkeys(("self_evaluate", "self_rate", "rate_choices", "vouch", "choose", "probe"), "respond"),
}
BASES = ("measured", "scaled", "estimated", "asked", "assumed")


class PlanError(HaltError):
    """The jobs cannot be planned as asked; the message names the job."""


class Job(NamedTuple):
    """One job of the graph. `after` holds the positions of the jobs that it waits for; `needed`: it has yet to run."""

    rule: str
    wildcards: Mapping[str, str]
    gpus: int
    cpus: int
    memory_mb: int | None  # None: the rule has no such resource
    minutes: int | None
    benchmark: str | None
    service: bool  # runs beside the jobs after it and ends with the last of them
    needed: bool
    after: tuple[int, ...]


class Measured(NamedTuple):
    """A benchmark file of Snakemake: wall seconds and the largest resident memory in MB (None: too short to see)."""

    seconds: float
    peak_mb: float | None


class Work(NamedTuple):
    """Upper bounds of what one job does. The requests go to a judge (`evaluator`) or an extractor; None: to neither."""

    generated: int = 0  # tokens
    trained: int = 0  # tokens, prompt and target, over all epochs
    judged: int = 0  # tokens of the answers that are judged
    requests: int = 0
    evaluator: str | None = None  # key of `judges`
    extractor: str | None = None  # key of `extractors`


class Time(NamedTuple):
    seconds: float
    basis: str  # one of BASES


class Line(NamedTuple):
    """The bill of one rule, in hours of the jobs that have yet to run. asked: if each takes all the time it may."""

    rule: str
    jobs: int
    to_run: int
    gpu_hours: float
    gpu_hours_asked: float
    cpu_hours: float
    longest: float  # seconds
    bases: Mapping[str, int]


def work(job: Job, config: Mapping) -> Work:
    """Upper bounds for a job, by its rule and wildcards; nothing for a rule without a model."""
    match job.rule:
        case "generate" | "respond" | "sk_sample" | "vouch" | "choose" | "rate_choices" | "self_rate":
            return _generating(job, config)
        case "self_evaluate":  # and one sample of each training prompt
            return _generating(job, config, beside=1)
        case "probe":  # and all samples of the training prompts
            return _generating(job, config, beside=config["generate"]["samples"])
        case "sk_tune":  # every fragment is a question, after its examples
            domain, settings = _domain(job, config), config["sk_tuning"]
            length = min(
                settings["training"]["max_length"],
                (1 + config["confidence"]["shots"]) * (PROMPT_TOKENS + TOKENS_A_FRAGMENT),
            )
            answers = _rows(domain, "train", config) * settings["share"] * settings["samples"]
            questions = answers * -(-domain["max_new_tokens"] // TOKENS_A_FRAGMENT)
            return Work(trained=round(questions * settings["training"]["epochs"] * length))
        case "judge" | "judge_responses" | "sk_judge":
            return _judging(job, config)
        case "extract" | "extract_responses" | "sk_extract" | "extract_references" | "edit":
            return _extracting(job, config)
        case "prefer":  # all pairs of a prompt's samples, or as many as the method takes; two answers each
            domain, settings, samples = _domain(job, config), config["dpo"], config["generate"]["samples"]
            length = min(settings["max_length"], PROMPT_TOKENS + domain["max_new_tokens"])
            pairs = samples * (samples - 1) // 2
            if (most := config["methods"][job.wildcards["method"]].get("pairs_per_prompt")) is not None:
                pairs = min(pairs, most)
            return Work(trained=round(2 * _rows(domain, "train", config) * pairs * settings["epochs"] * length))
        case "finetune":
            name, settings = job.wildcards["domain"], config["finetune"]
            tokens = 0
            for domain in config["experiment"]["domains"] if name == paths.ALL else [name]:
                entry = config["domains"][domain]
                length = min(settings["max_length"], PROMPT_TOKENS + entry["max_new_tokens"])
                tokens += _rows(entry, "train", config) * length
            return Work(trained=round(tokens * settings["epochs"]))
    return Work()


def _generating(job: Job, config: Mapping, beside: int = 0) -> Work:
    """Questions and answers that are read count as generated. beside: answers per training prompt."""
    domain = _domain(job, config)
    answers = _answers(job, config) + beside * _rows(domain, "train", config)
    return Work(generated=answers * domain["max_new_tokens"])


def times(jobs: Sequence[Job], config: Mapping, measured: Mapping[str, Measured]) -> list[Time]:
    """Seconds of every job, needed or not. measured: by path of the benchmark file."""
    works = [work(job, config) for job in jobs]
    known: dict[tuple, list[tuple[float, float]]] = defaultdict(list)
    for job, done in zip(jobs, works, strict=True):
        if job.benchmark in measured:
            for alike in _alike(job, done):
                known[alike].append((measured[job.benchmark].seconds, _amount(done)))
    rates = {alike: sum(s for s, _ in found) / sum(a for _, a in found) for alike, found in known.items()}
    found = []
    for job, done in zip(jobs, works, strict=True):
        rate = next((rates[alike] for alike in _alike(job, done) if alike in rates), None)
        if job.benchmark in measured:
            found.append(Time(measured[job.benchmark].seconds, "measured"))
        elif rate is not None:
            found.append(Time(rate * _amount(done), "scaled"))
        else:
            found.append(unmeasured(job, done, config))
    return _with_services(jobs, found)


def bill(jobs: Sequence[Job], found: Sequence[Time]) -> list[Line]:
    """One line per rule, in the order of their first job; found: see `times`."""
    lines = []
    for rule in dict.fromkeys(job.rule for job in jobs):
        own = [(job, time) for job, time in zip(jobs, found, strict=True) if job.rule == rule]
        left = [(job, time) for job, time in own if job.needed]
        bases = [time.basis for _, time in left]
        lines.append(
            Line(
                rule,
                len(own),
                len(left),
                sum(job.gpus * time.seconds for job, time in left) / 3600,
                sum(job.gpus * _asked(job, time) for job, time in left) / 3600,
                sum(job.cpus * time.seconds for job, time in left) / 3600,
                max((time.seconds for _, time in left), default=0.0),
                {basis: bases.count(basis) for basis in BASES if basis in bases},
            )
        )
    return lines


def too_short(jobs: Sequence[Job], found: Sequence[Time]) -> list[tuple[str, str, int, int, float]]:
    """(rule, model, jobs, minutes asked, seconds of the longest) of jobs to run that take longer than they may."""
    groups: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    for job, time in zip(jobs, found, strict=True):
        if job.needed and job.minutes is not None and time.seconds > 60 * job.minutes:
            groups[job.rule, job.wildcards.get("model", ""), job.minutes].append(time.seconds)
    return [(*key[:2], len(seconds), key[2], max(seconds)) for key, seconds in groups.items()]


def totals(jobs: Iterable[Job], config: Mapping) -> tuple[Work, dict[str, int]]:
    """The work of all jobs that have yet to run, and the requests by evaluator and extractor."""
    works = [work(job, config) for job in jobs if job.needed]
    requests: dict[str, int] = defaultdict(int)
    for one in works:
        if name := one.evaluator or one.extractor:
            requests[name] += one.requests
    return Work(*(sum(getattr(one, name) for one in works) for name in Work._fields[:4])), dict(requests)


def disk(jobs: Sequence[Job], config: Mapping) -> tuple[dict[str, float], list[str]]:
    """Bytes that all jobs leave, by kind, existing ones included, and the models whose size the config lacks."""
    found = {"models": 0.0, "adapters": 0.0, "tables": 0.0}
    unknown = set()
    for job in jobs:
        name = job.wildcards.get("model")
        size = _parameters(name, config)
        if job.rule in ("fetch_model", "finetune", "prefer", "sk_tune") and size is None:
            unknown.add(name)
        elif job.rule == "fetch_model":
            found["models"] += size * BYTES[config["models"][name]["dtype"]]
        elif job.rule in ("finetune", "prefer", "sk_tune"):
            found["adapters"] += _trained_parameters(size, config["finetune"]) * BYTES["float32"]
        done = work(job, config)
        found["tables"] += (done.generated + done.judged) / 2 * TABLE_BYTES
    return found, sorted(unknown)


def served(job: Job, config: Mapping) -> str | None:
    """The served evaluator or extractor that a job asks, None for none."""
    done = work(job, config)
    return (done.evaluator or done.extractor) if done.requests and _needs(job, done, config)[1] is None else None


def _domain(job: Job, config: Mapping) -> Mapping:
    return config["domains"][job.wildcards.get("test_domain", job.wildcards["domain"])]


def _rows(domain: Mapping, split: str, config: Mapping) -> int:
    """The most rows of a split: those that the config asks for, or its share of the data set, if that is smaller."""
    whole, most = plugins.literal("domains", domain["module"], "ROWS", 0), domain["rows"][split]
    if not whole:
        return most
    shares = {"validation": config["data"]["validation"], "test": config["data"]["test"]}
    return min(most, round(whole * shares.get(split, 1 - sum(shares.values()))))


def _answers(job: Job, config: Mapping) -> int:
    """Samples of a split (generate and the rules after it), or one answer to each prompt of the answered split."""
    domain = _domain(job, config)
    if job.rule.startswith("sk_"):
        return _rows(domain, "train", config) * config["sk_tuning"]["samples"]
    if "split" in job.wildcards:
        return _rows(domain, job.wildcards["split"], config) * config["generate"]["samples"]
    return _rows(domain, config["respond"]["split"], config)


def _judging(job: Job, config: Mapping) -> Work:
    domain = _domain(job, config)
    answers, dependent = _answers(job, config), domains.load(domain["module"]).DEPENDENT
    tokens = answers * domain["max_new_tokens"]
    asked = judges.needs(config["judges"][domain["judge"]], dependent).asked
    if asked is None:
        return Work(judged=tokens)
    fragments = _fragments(domain)
    together = 1 if dependent else 1 + ALONE * fragments
    each = fragments if asked == "fragment" else together
    return Work(judged=tokens, requests=round(answers * each), evaluator=domain["judge"])


def _extracting(job: Job, config: Mapping) -> Work:
    """One request a sentence, of samples, answers or references; two if it is rewritten: the result is read again."""
    domain = _domain(job, config)
    answers = {
        "extract_references": lambda: _rows(domain, job.wildcards["split"], config),
        "edit": lambda: 2 * _rows(domain, "train", config),
    }.get(job.rule, lambda: _answers(job, config))()
    sentences = max(1.0, _fragments(domain) / CLAIMS_A_SENTENCE)
    return Work(requests=round(answers * sentences), extractor=domain["extractor"])


def _fragments(domain: Mapping) -> float:
    """How many fragments an answer usually has."""
    told = plugins.literal("domains", domain["module"], "FRAGMENTS", 0.0)
    return told or -(-domain["max_new_tokens"] // TOKENS_A_FRAGMENT)


def _amount(done: Work) -> int:
    """The amount of work that a job's time grows with."""
    return done.generated or done.trained or done.requests or done.judged or 1


def _alike(job: Job, done: Work) -> list[tuple]:
    """Jobs whose speed is used for this one, closest first."""
    model = job.wildcards.get("model")
    domain = job.wildcards.get("test_domain", job.wildcards.get("domain"))
    if done.generated or done.trained:
        return [(job.rule, model, domain), (job.rule, model)]
    if done.judged:  # samples or responses, of whichever model
        return [("judge", done.evaluator, domain), ("judge", done.evaluator)]
    if done.extractor:
        return [("extract", done.extractor, domain), ("extract", done.extractor)]
    return [(job.rule,)]


def unmeasured(job: Job, done: Work, config: Mapping) -> Time:
    """Seconds of a job, from the config alone; done: its `work`."""
    if job.rule == "fetch_model":
        size = _weights(job.wildcards["model"], config)
        return Time(SMALL_SECONDS + size / FETCH_BYTES, "assumed")
    if not (done.generated or done.trained or done.requests):
        return Time(SMALL_SECONDS, "assumed")
    needs, loaded = _needs(job, done, config)
    if "throughput" not in needs:
        return Time(_asked(job, Time(SMALL_SECONDS, "assumed")), "asked")
    start = START_SECONDS + _weights(loaded, config) / LOAD_BYTES
    return Time(start + _amount(done) / (needs["throughput"] * max(job.gpus, 1)), "estimated")


def _needs(job: Job, done: Work, config: Mapping) -> tuple[Mapping, str | None]:
    """The config's numbers for this job, and the model that it loads (None: one at an endpoint)."""
    if not done.requests:
        model = job.wildcards["model"]
        stage = _NEEDS_OF.get(job.rule, job.rule)
        return config["models"][model]["needs"][stage], model
    if done.extractor:
        entry, stage = config["extractors"][done.extractor], "extract"
        model = reached(entry).model
    else:
        entry, stage = config["judges"][done.evaluator], "judge"
        model = judges.needs(entry, dependent=False).model
    return (entry.get("needs", {}), None) if model is None else (config["models"][model]["needs"][stage], model)


def _with_services(jobs: Sequence[Job], found: list[Time]) -> list[Time]:
    """A service runs as long as all jobs that it serves take one after the other."""
    for place, job in enumerate(jobs):
        if job.service:
            served = [
                time.seconds for other, time in zip(jobs, found, strict=True) if place in other.after and other.needed
            ]
            found[place] = Time(sum(served), "estimated")
    return found


def _asked(job: Job, time: Time) -> float:
    """Seconds that a job may take; its own time if it asks for none."""
    return time.seconds if job.minutes is None else 60.0 * job.minutes


def _parameters(model: str | None, config: Mapping) -> float | None:
    billions = config["models"][model].get("parameters") if model in config["models"] else None
    return None if billions is None else billions * 1e9


def _weights(model: str | None, config: Mapping) -> float:
    """Bytes of a model's weights, 0 if its size is not known."""
    size = _parameters(model, config)
    return 0.0 if size is None else size * BYTES[config["models"][model]["dtype"]]


def _trained_parameters(size: float, finetune: Mapping) -> float:
    """Parameters of one adapter: rank x the sum of the sizes of all linear layers (48 of 42 million at 8B, rank 16)."""
    if finetune["adapter"] == "full":
        return size
    sizes, parameters = LORA_SHAPE
    return finetune["lora"]["rank"] * sizes * (size / parameters) ** (2 / 3)
