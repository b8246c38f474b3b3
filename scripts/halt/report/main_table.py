"""The main table for a person to read: the result in plain words, then the numbers."""

from collections.abc import Mapping, Sequence

import polars as pl

from halt import readings
from halt.report import BASELINES, seeds_of_report

FEW = 30  # with fewer pairs the text says that there are few
SMALL = 0.05  # up to this p-value the text says that a trend is shown

_HEAD = (
    *("method", "α", "answered", "fragments", "correctness, strict", "correctness, lenient"),
    *("completeness", "completeness within capability", "F1", "F1 within capability"),
)
_SCORES = (
    *("correctness_strict", "correctness_lenient"),
    *("completeness_all", "completeness_capable", "f1_all", "f1_capable"),
)
_BEST = ("correctness_strict", "correctness_lenient", "f1_all", "f1_capable")
_NOTES = """\
Correctness: share of right fragments in an answer that gave any. *Strict*: a fragment that the ground truth says
nothing about is given and not right, as in the paper, whose evaluator knows right and wrong only. *Lenient*: it counts
for nothing. An idle fragment (true and leading nowhere, or code that does nothing) is given and not right in both. This
run is read {reading}:
so are its samples ranked, and F1, answered, fragments and every sentence below follow that reading. Completeness: share
of what the reference answer holds; *within capability*: share of what the pretrained model got right in at least one of
its samples. F1: harmonic mean of correctness and completeness. Answered: share of prompts that got at least one
fragment. In brackets 95 % intervals by bootstrap over prompts. **Bold**: the best of a column. *Italic*: controls
computed from judgements alone, no training: `kind-filter` keeps only kinds of statements that were mostly right in the
training samples, `random-trim` drops fragments at random until as few are left as HALT gave. `floor`: the best
answer that is the same for every prompt, found on training rows. A result that is no better in
correctness and in completeness shows no knowledge.
"""
_UNKNOWN = """\
Completeness within capability is not measured in this run (`score.capable: false`): it takes samples of every test
prompt.
"""
_READ = {
    readings.WRONG: "strictly (`reading.unverifiable: wrong`)",
    readings.IGNORE: "leniently (`reading.unverifiable: ignore`)",
}
_SHORT = {readings.WRONG: "strict", readings.IGNORE: "lenient"}


def report(
    main: pl.DataFrame,
    paired: pl.DataFrame,
    trend: pl.DataFrame,
    control: pl.DataFrame,
    sampled: Mapping[tuple[str, str], float],
    halt: Sequence[str],
    reading: str,
    floors: Sequence[str] = (),
    capable: bool = True,
) -> str:
    """Markdown text from the tables of `tables`, `trends` and `controls`.

    sampled: share of right fragments in the training samples by (model, test domain), without domains where none was
    judged; halt: methods that rewrite as HALT does; reading: of halt.readings, the config's; floors: methods that give
    every prompt the same answer; capable: whether completeness within capability was measured. A run that did not
    measure it is a short one: the text begins with its size.
    """
    parts = []
    rows = seeds_of_report(main.iter_rows(named=True))
    verdicts: dict[str, list[str]] = {}
    controlled = seeds_of_report(control.iter_rows(named=True), (*_GROUP, "method", "of", "like", "threshold"))
    for group in dict.fromkeys(tuple(row[name] for name in _GROUP) for row in rows):
        model, domain, test_domain = group
        trained = "" if domain == test_domain else f", trained on {domain}"
        parts.append(f"## {test_domain} ({model}{trained})\n")
        members = [row for row in rows if tuple(row[name] for name in _GROUP) == group]
        for method in halt:
            tried = [row for row in members if row["method"] == method]
            if tried:
                smallest = min(tried, key=_threshold)
                share = sampled.get((model, test_domain))
                differences = _differences(paired, smallest)
                finding = _finding(smallest, members, differences, share, reading, floors)
                verdicts.setdefault(f"`{method}` at α = {smallest['threshold']}", []).append(
                    f"{test_domain}: {finding}"
                )
                parts.append(finding + "\n")
                parts.append(_trend(trend, smallest) + "\n")
        beside = [row for row in controlled if tuple(row[name] for name in _GROUP) == group]
        parts.append(_table(members, beside))
    notes = _NOTES.format(reading=_READ[reading])
    head = ["# Results\n", notes] if capable else ["# Results\n", _short(rows, verdicts), notes + _UNKNOWN]
    return "\n".join([*head, *parts])


def _short(rows, verdicts):
    """What a short run shows, and how little it rests on."""
    prompts = {(row["model"], row["test_domain"]): row["prompts"] for row in rows}
    least, most = min(prompts.values()), max(prompts.values())
    asked = f"{least}" if least == most else f"{least} to {most}"
    seeds = sorted({row["seed"] for row in rows} - {"all"})
    trained = "one seed" if len(seeds) == 1 else f"{len(seeds)} seeds"
    lines = [f"**A small run: {asked} test prompts a domain, {trained} of finetuning.**"]
    for name, found in verdicts.items():
        won = [line.partition(":")[0] for line in found if line.partition(": ")[2].startswith("**Yes")]
        told = f" ({', '.join(won)})" if won else ""
        lines.append(
            f"{name} is shown to be right more often than both unchanged methods in {len(won)} of {len(found)}"
            f" domains{told}."
        )
    lines.append(
        "So few prompts leave wide intervals: what is not shown here may still be there, and what is shown may be"
        " smaller. The same on more prompts: `make laptop`; with two seeds: `make evidence`.\n"
    )
    return " ".join(lines)


def equal(table: pl.DataFrame, reading: str) -> str:
    """Markdown text of the table of `tables.equal`, in a reading; empty without HALT or without other methods."""
    rows = seeds_of_report(table.iter_rows(named=True), (*_GROUP, "method", "threshold", "against"))
    parts = ["", "## At equal completeness\n", _EQUAL.format(reading=_SHORT[reading])] if rows else []
    place = (*_GROUP, "against")
    for group in dict.fromkeys(tuple(row[name] for name in place) for row in rows):
        members = [row for row in rows if tuple(row[name] for name in place) == group]
        model, domain, test_domain, against = group
        trained = "" if domain == test_domain else f", trained on {domain}"
        parts += [f"### {test_domain} ({model}{trained}): beside {against}\n", _beside(members)]
    return "\n".join(parts)


def _beside(members):
    """The results within the curve as a table, the others by their reason."""
    lines = []
    within = [row for row in members if row["reason"] is None]
    if within:
        head = (
            "method",
            "α",
            "completeness",
            "correctness",
            f"{within[0]['against']} there",
            "difference, strict",
            "difference, lenient",
            "resamples",
        )
        lines += ["| " + " | ".join(head) + " |", "|" + "---|" * 2 + "---:|" * (len(head) - 2)]
    for row in within:
        scores = [_number(row[name]) for name in ("completeness_all", "correctness", "curve_correctness")]
        differences = [_signed_or_not(row, end) for end in ("_strict", "_lenient")]
        cells = [row["method"], _label(row), *scores, *differences, _percent(row["inside"])]
        lines.append("| " + " | ".join(cells) + " |")
    lines += [""] * bool(lines)
    ends = members[0]
    if ends["points"]:
        lines.append(f"The curve goes from {_number(ends['curve_from'])} to {_number(ends['curve_to'])}.")
    for reason in dict.fromkeys(row["reason"] for row in members if row["reason"] is not None):
        named = [f"{row['method']} {_label(row)}".strip() for row in members if row["reason"] == reason]
        lines.append(f"{reason[0].upper()}{reason[1:]}: {', '.join(named)}.")
    return "\n".join(lines) + "\n"


_EQUAL = """\
Is a method right more often than HALT where it says as much? Difference: its correctness less that of the curve
through HALT's thresholds at its completeness, both over the prompts that each answered, in the strict and in the
lenient reading; the other columns, and which methods are listed, are of the {reading} one. The curve is straight
between its points and ends with them. Intervals are by bootstrap over prompts, the curve made anew each time, over
those resamples in which the method still lies within it; their share stands beside.
"""


def confidence(table: pl.DataFrame) -> str:
    """Markdown text of the table of `confidences`; empty if no method has a confidence."""
    if table.is_empty():
        return ""
    head = ("model", "domain", "method", "of", "by", "ranked", "right", "AUROC", "AP", "calibration error")
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * 6 + "---:|" * 4]
    several = table["seed"].n_unique() > 1
    for row in table.iter_rows(named=True):
        domain = (
            row["test_domain"] if row["domain"] == row["test_domain"] else f"{row['domain']} → {row['test_domain']}"
        )
        name = f"{row['method']}, seed {row['seed']}" if several else row["method"]
        cells = (row["model"], domain, name, row["of"], row["by"], f"{row['number']} {row['ranked']}")
        values = (_percent(row["right"]), _ranked(row, "auroc"), _ranked(row, "ap"), _number(row["ece"]))
        lines.append("| " + " | ".join((*cells, *values)) + " |")
    return "\n".join(["", "## Confidence\n", _CONFIDENCE, *lines, ""])


def _ranked(row, score):
    interval = "" if row[f"{score}_lo"] is None else f" [{_number(row[f'{score}_lo'])}, {_number(row[f'{score}_hi'])}]"
    return _number(row[score]) + interval


_CONFIDENCE = """\
Whether a confidence tells what is right from what is wrong: the fragments that a method filters by it, or the answers
of a model that was taught to say whether it is sure (R-Tuning). AUROC: chance that a right one has more confidence than
a wrong one, 0.5 for a confidence that knows nothing. AP: mean, over the right ones, of the share of right ones among
all that have at least as much; a confidence that knows nothing has the share of right ones. Calibration error: mean
distance of confidence and share of right ones.
"""
_GROUP = ("model", "domain", "test_domain")


def _threshold(row):
    return float(row["threshold"])


def _differences(paired, row):
    """{against: row} of the differences in correctness of this result."""
    place = ("model", "domain", "test_domain", "method", "threshold", "seed")
    same = pl.all_horizontal([pl.col(name) == row[name] for name in place])
    rows = paired.filter(same & (pl.col("score") == "correctness")).iter_rows(named=True)
    return {found["against"]: found for found in rows}


def _finding(row, members, differences, share, reading, floors=()):
    """Did HALT at the smallest threshold beat both unchanged methods, and a constant answer too? If not, the likely
    reason by the numbers."""
    name = f"{row['method']} at α = {row['threshold']}"
    compared = [differences[other] for other in BASELINES if other in differences]
    missing = [other for other in BASELINES if other not in differences]
    if row["response_rate"] is None:
        return f"**Open:** the judge gave no usable verdict on any answer of {name}."
    if row["correctness"] is None:
        told = f"{name} gave no fragment to any of the {row['prompts']} prompts: it only abstains."
        return f"**No.** {told} {_why(row, share)}"
    won = [found for found in compared if found["lo"] is not None and found["lo"] > 0]
    others = {each["method"]: each for each in members}
    told = " and ".join(_compared(found, others[found["against"]]) for found in compared)
    if missing:
        told += f", not compared with {' and '.join(missing)}, which this run lacks"
    if len(won) == len(BASELINES):
        level = [other for other in floors if other in differences and (differences[other]["lo"] or 0) <= 0]
        verdict = "**Yes, but not shown to be right more often than a constant answer:**" if level else "**Yes:**"
        text = f"{verdict} {name} is right more often than both unchanged methods, in the {_SHORT[reading]} reading: "
        text += f"{_number(row['correctness'])} against {told}."
    else:
        verdict = "**Open:**" if missing and len(won) == len(compared) else "**No:**"
        text = f"{verdict} {name} is not shown to be right more often than both unchanged methods, in the"
        text += f" {_SHORT[reading]} reading: "
        text += f"{_number(row['correctness'])} against {told}. {_why(row, share, compared)}"
    constant = [differences[other] for other in floors if other in differences]
    if constant:
        text += f" Paired difference to the best constant answer: {'; '.join(map(_signed, constant))}."
    beside = [found for against, found in differences.items() if against not in (*BASELINES, *floors)]
    if beside:
        told = "; ".join(f"{found['against']} {_signed(found)}" for found in beside)
        text += f" Paired difference to the controls, which look at no item: {told}."
    return text


def _compared(found, other):
    value = f"{_number(other['correctness'])} ({found['against']}"
    return f"{value}, paired difference {_signed(found)} on {found['prompts']} prompts that both answered)"


def _why(row, share, compared=()):
    reasons = [f"it answered {_percent(row['response_rate'])} of {row['prompts']} prompts"]
    few = [found["against"] for found in compared if found["prompts"] < FEW]
    if few:
        reasons.append(f"fewer than {FEW} prompts can be compared with {' and '.join(few)}, so the interval is wide")
    if share is not None:
        reasons.append(f"{_percent(share)} of the fragments of the training samples were right")
    worse = [found["against"] for found in compared if found["hi"] is not None and found["hi"] < 0]
    if worse:
        reasons.append(f"it is worse than {' and '.join(worse)}, the whole interval is below zero")
    return "As far as the numbers tell: " + "; ".join(reasons) + "."


def _trend(trend, row):
    """Whether correctness and completeness rise or fall with the threshold, only if chance does not explain it."""
    same = pl.all_horizontal([pl.col(name) == row[name] for name in (*_GROUP, "method")])
    found = {each["score"]: each for each in trend.filter(same).iter_rows(named=True)}
    correctness, completeness = found["correctness"], found["completeness_all"]
    told = f"with correctness {_rho(correctness)}, with completeness {_rho(completeness)}"
    text = f"Rank correlation of α over results (thresholds × seeds that have the score): {told}."
    text += f" p: permutation of α within each seed; shown is what has p ≤ {SMALL}."
    if _shown(completeness):
        text += f" Completeness {'rises with α' if completeness['correlation'] > 0 else 'falls as α grows'}."
    else:
        text += f" That completeness rises with α is not shown{_too_few(completeness)}."
    if not _shown(correctness):
        text += f" Whether correctness falls as α grows is not shown either way{_too_few(correctness)}."
    elif correctness["correlation"] > 0:
        text += " Correctness does not fall as α grows: targets of every α hold what was judged right, α says how much."
    else:
        text += " Correctness falls as α grows."
    return text


def _shown(found):
    return found["p"] is not None and found["p"] <= SMALL


def _too_few(found):
    """For points that could show no trend in any order."""
    if found["least_p"] is None or found["least_p"] <= SMALL:
        return ""
    return f": of {found['points']} points no order has a smaller p than {found['least_p']:.3f}"


def _rho(found):
    if found["correlation"] is None:
        return f"undefined (it does not vary; over {found['points']})"
    exact = "exact" if found["exact"] else f"{found['permutations']} drawn"
    return f"{found['correlation']:+.2f} (over {found['points']}, p = {found['p']:.3f}, {exact})"


def _table(members, beside):
    """The numbers: results, then controls in italic."""
    best = {
        score: max((round(row[score], 2) for row in members if row[score] is not None), default=None) for score in _BEST
    }
    lines = ["| " + " | ".join(_HEAD) + " |", "|" + "---|" * 2 + "---:|" * (len(_HEAD) - 2)]
    lines += [_line(row, row["method"], best) for row in members]
    for row in beside:
        kinds = f": {row['kinds']}" if row["kinds"] else ""
        lines.append(_line(row, f"*{row['method']} of {row['of']}{kinds}*".replace("|", "\\|"), {}))
    counted = sorted({row["prompts"] for row in members})
    seeds = sorted({row["seed"] for row in members})
    mean = "mean over the seeds of finetuning where there are several" if "all" in seeds else f"seed {seeds[0]}"
    lines += ["", f"Test prompts: {', '.join(map(str, counted))}; {mean}."]
    unjudged = max(row["unjudged"] for row in members)
    if unjudged:
        lines[-1] += (
            f" The judge gave no usable verdict on up to {_percent(unjudged)} of a method's fragments: they count for"
            " nothing, and an answer of no others is left out."
        )
    lines.append("")
    return "\n".join(lines)


def _line(row, name, best):
    cells = [name, _label(row), _percent(row["response_rate"]), _number(row["fragments_given"])]
    for score in _SCORES:
        value = row[score]
        text = _number(value)
        if value is not None and best.get(score) == round(value, 2):
            text = f"**{text}**"
        if row[f"{score}_lo"] is not None:
            text += f" [{_number(row[f'{score}_lo'])}, {_number(row[f'{score}_hi'])}]"
        cells.append(text)
    return "| " + " | ".join(cells) + " |"


def _label(row):
    return "" if row["threshold"] == "none" else row["threshold"]


def _number(value):
    return "–" if value is None else f"{value:.2f}"


def _percent(value):
    return "–" if value is None else f"{100 * value:.0f} %"


def _signed_or_not(row, end):
    """A difference of `equal` in one reading, if the curve of that reading has one."""
    if row[f"difference{end}"] is None:
        return "–"
    return _signed({name: row[name + end] for name in ("difference", "lo", "hi")})


def _signed(found):
    if found["difference"] is None:
        return "undefined (no prompt answered by both)"
    interval = "" if found["lo"] is None else f" [{found['lo']:+.2f}, {found['hi']:+.2f}]"
    return f"{found['difference']:+.2f}{interval}"
