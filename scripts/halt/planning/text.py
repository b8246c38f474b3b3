"""A plan as Markdown that reads well in a terminal."""

import math
from collections.abc import Iterable, Mapping, Sequence

from halt import planning
from halt.planning import Line, Used, Work

_MEANING = {
    "measured": "from the benchmark file of the job's last run, whatever its settings were",
    "scaled": "from benchmark files of jobs of the same rule, by the work to do",
    "estimated": "work over the config's `throughput`, which is itself an estimate; GPUs of a job add up",
    "asked": "all the job's minutes, because the config has no `throughput`",
    "assumed": "a job that computes little, or a download",
}


def plan(lines: Sequence[Line], work: Work, requests: Mapping[str, int]) -> str:
    """The bill by rule and in total, with the basis of every time."""
    total = [sum(getattr(line, name) for line in lines) for name in ("jobs", "to_run")]
    hours = [sum(getattr(line, name) for line in lines) for name in ("gpu_hours", "gpu_hours_asked", "cpu_hours")]
    rows = [
        (
            line.rule,
            f"{line.jobs:,}",
            f"{line.to_run:,}",
            *_hours(line.gpu_hours, line.gpu_hours_asked, line.cpu_hours),
            _clock(line.longest) if line.to_run else "",
            ", ".join(basis if len(line.bases) == 1 else f"{count} {basis}" for basis, count in line.bases.items()),
        )
        for line in lines
    ]
    rows.append(("**all**", f"{total[0]:,}", f"{total[1]:,}", *_hours(*hours), "", ""))
    head = ("rule", "jobs", "to run", "GPU-hours", "at most", "CPU-hours", "longest job", "times are")
    counted = [("tokens generated", work.generated), ("tokens trained on", work.trained)]
    counted += [("tokens of judged answers", work.judged)]
    counted += [(f"requests to `{name}`", count) for name, count in requests.items()]
    return "\n".join(
        [
            _table(head, "lrrrrrrl", rows),
            "GPU-hours at most: if every job takes all its minutes (without retries).",
            "",
            _table(("to do, at most", "count"), "lr", [(what, f"{count:,}") for what, count in counted]),
        ]
    )


def walls(found: Mapping[int, float | str], cpus: float, chain: float, turns: Mapping[str, float]) -> str:
    """Wall time by number of GPUs, on so many CPUs (math.inf: no limit). A text says why there is none.

    chain: seconds of the longest chain of jobs; turns: seconds that each endpoint needs to answer.
    """
    rows = [(str(gpus), wall if isinstance(wall, str) else _clock(wall)) for gpus, wall in found.items()]
    on = "as many CPUs as they want" if cpus == math.inf else f"{cpus} CPUs"
    told = [f"On {on}, without queues. The longest chain of jobs takes {_clock(chain)}: no machine is faster."]
    told += [f"`{name}` answers for {_clock(seconds)}, one job at a time." for name, seconds in turns.items()]
    return f"{_table(('GPUs', 'wall time'), 'rl', rows)}\n{' '.join(told)}\n"


def too_short(found: Sequence[tuple[str, str, int, int, float]]) -> str:
    """Jobs whose minutes are too few; found: see `planning.too_short`."""
    lines = [
        f"- {rule} {model}: {jobs} jobs ask for {minutes} min, the longest takes {_clock(longest)}\n"
        for rule, model, jobs, minutes, longest in found
    ]
    return f"**Asked for too little:**\n\n{''.join(lines)}\n" if lines else ""


def disk(found: Mapping[str, float], unknown: Sequence[str]) -> str:
    """Disk by kind."""
    rows = [(kind, _bytes(size)) for kind, size in found.items()] + [("**all**", _bytes(sum(found.values())))]
    lines = [_table(("disk, when all is done", "size"), "lr", rows)]
    lines.append("A finetune that runs also holds its last checkpoint.")
    if unknown:
        lines.append(f"Not counted, because the config lacks `parameters`: {', '.join(unknown)}.")
    return "\n".join(lines) + "\n"


def notes(lines: Iterable[Line]) -> str:
    """The assumptions of the plan."""
    used = {basis for line in lines for basis in line.bases}
    told = [f"- {basis}: {_MEANING[basis]}" for basis in planning.BASES if basis in used]
    told.append(
        "- work is an upper bound: every answer as long as `max_new_tokens`, every split as large as `rows` and the"
        " data set allow"
    )
    told.append(
        "- requests are an estimate: as many fragments an answer as the domain's module says"
        f" (FRAGMENTS), else one for {planning.TOKENS_A_FRAGMENT} of `max_new_tokens`; with `ask: response`, one"
        f" request an answer and one for {planning.ALONE:.0%} of its fragments. An extractor gets one for each"
        f" sentence, which has {planning.CLAIMS_A_SENTENCE} claims"
    )
    told.append(
        f"- assumed: {planning.TOKENS_A_FRAGMENT} tokens a fragment, {planning.PROMPT_TOKENS} tokens"
        f" of prompt in training, {planning.START_SECONDS} s to start a program and"
        f" {planning.LOAD_BYTES / 1e9:g} GB/s to load weights, {planning.FETCH_BYTES / 1e9:g} GB/s to download them,"
        f" {planning.SMALL_SECONDS} s for a job that loads no model"
    )
    told.append("- a served evaluator's own GPUs are not counted unless the workflow starts it; its jobs take turns")
    return "**This is an estimate.** Times and sizes come from:\n\n" + "\n".join(told) + "\n"


def used(found: Sequence[Used]) -> str:
    """Planned against used, and what asks for too much."""
    rows = [
        (
            one.rule,
            one.model,
            str(one.jobs),
            _clock(one.planned),
            _clock(one.used),
            "" if one.minutes is None else f"{one.minutes} min",
            _clock(one.longest),
            "" if one.memory_mb is None else f"{one.memory_mb:,} MB",
            "" if one.peak_mb is None else f"{one.peak_mb:,.0f} MB",
        )
        for one in found
    ]
    head = ("rule", "model", "jobs", "planned", "used", "asked, a job", "longest", "memory asked", "memory used")
    told = _named("Asked for too little:", found, "too_little") + _named("Asked for too much:", found, "too_much")
    return "\n".join(
        [
            "Planned (by the config alone) against used (benchmark files), summed over jobs; rules without a benchmark"
            " file are small.",
            "",
            _table(head, "llrrrrrrr", rows),
            *told,
            "",
        ]
    )


def _named(title: str, found: Sequence[Used], what: str) -> list[str]:
    lines = [
        f"- {' '.join(filter(None, (one.rule, one.model)))}: {'; '.join(getattr(one, what))}"
        for one in found
        if getattr(one, what)
    ]
    return [f"**{title}**", "", *lines, ""] if lines else []


def _table(head: Sequence[str], align: str, rows: Sequence[Sequence[str]]) -> str:
    """Markdown with padded columns. align: l or r, by column."""
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    padded = [
        " | ".join(
            cell.ljust(width) if side == "l" else cell.rjust(width)
            for cell, width, side in zip(row, widths, align, strict=True)
        )
        for row in (head, *rows)
    ]
    rule = " | ".join(
        "-" * width if side == "l" else "-" * (width - 1) + ":" for width, side in zip(widths, align, strict=True)
    )
    return "".join(f"| {line} |\n" for line in (padded[0], rule, *padded[1:]))


def _hours(*hours: float) -> list[str]:
    return [f"{value:,.0f}" if value >= 10 else f"{value:.2g}" if value else "" for value in hours]


def _clock(seconds: float) -> str:
    """12 s, 3 min, 4.2 h, 2.1 d."""
    for limit, unit, size in ((120, "s", 1), (7200, "min", 60), (2 * 86400, "h", 3600)):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}" if size < 3600 else f"{seconds / size:.1f} {unit}"
    return f"{seconds / 86400:.1f} d"


def _bytes(size: float) -> str:
    return (
        f"{size / 1e9:,.0f} GB" if size >= 1e10 else f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
    )
