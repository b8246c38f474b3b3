"""The trade-off figure: correctness against completeness, a panel per domain, a point per method and threshold.

Each method has its own color while there are enough. With more methods each family has a color, each method in it a
marker; panels are larger, and only HALT has intervals. The best constant answer is a cross with a dotted line: its F1.
"""

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from halt import report

# Okabe and Ito's palette: told apart with any color vision; every method also has its own marker.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#999999", "#F0E442")
_MARKERS = ("s", "D", "^", "v", "P", "X", "*")
_HALT = ("#D55E00", "o")
_FLOOR = ("#000000", "x")
_FAMILY_COLOURS = {
    report.HALT: _HALT[0],
    report.VARIANTS: "#E69F00",
    report.ORDINARY: "#0072B2",
    report.REFUSING: "#009E73",
    report.PREFERRING: "#CC79A7",
    report.FILTERS: "#56B4E9",
    report.CONTROLS: "#999999",
    report.OTHERS: "#000000",
}
_FAMILY_MARKERS = (*_MARKERS, "o", "<", ">", "p", "h")
_LINES = ("-", "--", ":", "-.")  # of curves of one family
_STYLE = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "svg.hashsalt": "halt",  # ids in the SVG, else random
}
_PANEL = 2.9  # inches
_ENTRY = 1.5  # inches, for a name in the legend
_PER_ROW = 4
_LARGE_PANEL = 4.3  # inches, of many methods
_LARGE_PER_ROW = 2
_LETTERS = 44  # in a line of small print in a large panel


def tradeoff(
    main: Iterable[Mapping],
    halt: Sequence[str],
    curves: Sequence[str] = (),
    families: Mapping[str, str] | None = None,
    floors: Sequence[str] = (),
) -> Figure:
    """The figure of all results of the main table.

    main: its rows (the mean over the seeds is drawn if there is one); halt: names of the methods drawn as HALT; curves:
    names of those with many thresholds, drawn as small points without intervals under one name; families: of FAMILIES
    by method, OTHERS if missing, used only with more methods than colors; floors: names of those with one answer for
    every prompt. A result below the dotted line of their F1 is worse than an answer that knows nothing of the prompt. A
    row of panels per model, a panel per domain; "all → x" is the adapter trained on all domains, tested on x. A line
    joins the thresholds of a method, the larger the darker. Results without a correctness (nothing given) are left out
    and named in the panel.
    """
    rows = report.seeds_of_report(main)
    models = list(dict.fromkeys(row["model"] for row in rows))
    panels = list(dict.fromkeys((row["domain"], row["test_domain"]) for row in rows))
    results = sorted(
        {(row["method"], row["threshold"]) for row in rows}, key=lambda result: report.method_rank(*result)
    )
    methods = list(dict.fromkeys(method for method, _ in results))
    crowded = len(set(methods) - {*halt, *floors}) > len(_COLOURS)
    if crowded:
        grouped = _grouped(methods, halt, families or {})
        looks = _family_looks(results, grouped, curves)
        bare = [method for method in methods if method not in halt]
        rows.sort(key=lambda row: row["method"] in halt)  # HALT is drawn last, above the others
    else:
        looks, bare = _looks([one for one in results if one[0] not in floors], halt, curves), [*curves, *floors]
    looks = {result: _floor_look() if result[0] in floors else looks[result] for result in results}
    wide = min(len(panels), _LARGE_PER_ROW if crowded else _PER_ROW)
    lines = math.ceil(len(panels) / wide)
    # Never narrower than the legend needs.
    if crowded:
        deep = 2 + max(len(members) for members in grouped.values())
        size = (max(wide * _LARGE_PANEL, len(grouped) * _ENTRY) + 0.3, len(models) * lines * _LARGE_PANEL + 0.17 * deep)
    else:
        size = (max(wide * _PANEL, 5.2) + 0.3, len(models) * lines * _PANEL + 0.7)
    with matplotlib.rc_context(_STYLE):
        # A bare Figure draws with Agg: no backend to choose, no screen needed.
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(len(models) * lines, wide, squeeze=False, sharex=True, sharey=True)
        limit = max([0.1, *(row["completeness_all_hi"] for row in rows if row["correctness"] is not None)])
        for line, model in enumerate(models):
            for place in range(lines * wide):
                axes = grid[line * lines + place // wide][place % wide]
                if place >= len(panels):
                    axes.set_axis_off()
                    continue
                members = [
                    row
                    for row in rows
                    if row["model"] == model and (row["domain"], row["test_domain"]) == panels[place]
                ]
                _panel(axes, members, looks, min(1.0, limit) * 1.06, bare, None if crowded else curves)
                _floor_lines(axes, [row["f1_all"] for row in members if row["method"] in floors])
                domain, test_domain = panels[place]
                title = test_domain if domain == test_domain else f"{domain} → {test_domain}"
                axes.set_title(title if len(models) == 1 else f"{title}\n{model}", loc="left", fontweight="bold")
        figure.supxlabel("completeness (right / in the reference)", fontsize=9)
        figure.supylabel("correctness (right / given)", fontsize=9)
        if crowded:
            _family_legend(figure, looks, grouped)
        else:
            _legend(figure, looks, curves)
    return figure


def _legend(figure, looks, curves):
    """A name for every method and threshold, one for a curve."""
    named = {
        method if threshold == "none" or method in curves else f"{method}, α {threshold}": look
        for (method, threshold), look in looks.items()
    }
    columns = max(2, int(figure.get_figwidth() / _ENTRY))
    figure.legend(
        _handles(named.values()),
        list(named),
        loc="outside upper center",
        ncols=min(len(named), columns),
        fontsize=8,
    )


def _family_legend(figure, looks, grouped):
    """A column for every family, its name above those of its methods."""
    named = {method: look for (method, _), look in looks.items()}  # of the largest threshold, the darkest
    nothing = Line2D([], [], linestyle="none")
    handles, names = [], []
    deep = 1 + max(len(members) for members in grouped.values())
    for family, members in grouped.items():
        handles += [nothing, *_handles(named[method] for method in members)]
        names += [family, *members]
        filled = deep - 1 - len(members)
        handles += [nothing] * filled
        names += [""] * filled
    legend = figure.legend(
        handles,
        names,
        loc="outside upper center",
        ncols=len(grouped),
        fontsize=8,
        title="of a method at several α: the larger α, the darker the point; crosses: 95 % intervals of HALT",
        title_fontsize=8,
    )
    for place, text in enumerate(legend.get_texts()):
        if place % deep == 0:
            text.set_fontweight("bold")


def _handles(looks):
    return [Line2D([], [], **look.point, linestyle=look.line, color=look.colour) for look in looks]


def save(figure: Figure, png: Path, svg: Path) -> None:
    """Write the figure as PNG (150 dpi) and SVG, without dates and versions: equal figures give equal bytes."""
    for path in (png, svg):
        path.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(_STYLE):
        figure.savefig(png, format="png", dpi=150, metadata={"Software": None})
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})


class _Look(NamedTuple):
    """How a method at a threshold is drawn."""

    colour: str  # of the method
    line: str
    point: dict  # marker, size and colors
    width: float = 1.2  # of the line


def _looks(
    results: Iterable[tuple[str, str]], halt: Sequence[str], curves: Sequence[str]
) -> dict[tuple[str, str], _Look]:
    """By (method, threshold); HALT stands out, the others share the palette in the order of the table."""
    results = list(results)
    methods = list(dict.fromkeys(method for method, _ in results))
    others = [method for method in methods if method not in halt]
    looks = {}
    for method, threshold in results:
        thresholds = sorted(other for name, other in results if name == method)
        if method in halt:
            place = [name for name in methods if name in halt].index(method)
            colour, marker, line = _HALT[0], _HALT[1] if place == 0 else _MARKERS[-place], "-"
        else:
            place = others.index(method)
            colour, marker = _COLOURS[place % len(_COLOURS)], _MARKERS[place % len(_MARKERS)]
            line = "none" if threshold == "none" else "--"
        share = (thresholds.index(threshold) + 1) / len(thresholds)  # the smaller the threshold the lighter
        if method in curves:
            share, line = 1, ":"
        inside = tuple(1 - share * (1 - part) for part in to_rgb(colour))
        size = 3 if method in curves else 6
        point = {"marker": marker, "markersize": size, "markerfacecolor": inside, "markeredgecolor": colour}
        looks[method, threshold] = _Look(colour, line, point | {"markeredgewidth": 0.8})
    return looks


def _floor_look() -> _Look:
    colour, marker = _FLOOR
    return _Look(colour, "none", {"marker": marker, "markersize": 6, "markeredgecolor": colour, "markeredgewidth": 1.4})


def _grouped(methods: Sequence[str], halt: Sequence[str], families: Mapping[str, str]) -> dict[str, list[str]]:
    """Methods by family, sorted; families in the order of FAMILIES, those without any left out."""
    family_of = {method: report.HALT if method in halt else families.get(method, report.OTHERS) for method in methods}
    found = {family: sorted(method for method in methods if family_of[method] == family) for family in report.FAMILIES}
    return {family: members for family, members in found.items() if members}


def _family_looks(
    results: Sequence[tuple[str, str]], grouped: Mapping[str, Sequence[str]], curves: Sequence[str]
) -> dict[tuple[str, str], _Look]:
    """By (method, threshold): the family's color, within it a marker per method; curves differ by their line."""
    looks = {}
    for family, members in grouped.items():
        for place, method in enumerate(members):
            colour = _FAMILY_COLOURS[family]
            thresholds = sorted(threshold for name, threshold in results if name == method)
            marker, size, line, width = _FAMILY_MARKERS[place % len(_FAMILY_MARKERS)], 6, "--", 0.6
            if family == report.HALT:
                marker, size, line, width = _HALT[1] if place == 0 else _MARKERS[-place], 8, "-", 1.6
            if method in curves:
                marker, size, line, width = ".", 4, _LINES[place % len(_LINES)], 1.2
            for number, threshold in enumerate(thresholds, start=1):
                share = 1 if method in curves else number / len(thresholds)
                inside = tuple(1 - share * (1 - part) for part in to_rgb(colour))
                point = {"marker": marker, "markersize": size, "markerfacecolor": inside, "markeredgecolor": colour}
                many = len(thresholds) > 1
                looks[method, threshold] = _Look(
                    colour, line if many else "none", point | {"markeredgewidth": 0.8}, width
                )
    return looks


def _panel(axes, rows, looks, limit, bare, curves):
    """One panel. bare: methods without intervals. curves: None if each of many silent methods is named once."""
    _contours(axes, limit)
    drawn = [row for row in rows if row["correctness"] is not None]
    silent = [row for row in rows if row["correctness"] is None]
    for method in dict.fromkeys(row["method"] for row in drawn):
        found = [row for row in drawn if row["method"] == method]
        look = looks[method, found[0]["threshold"]]
        x, y = ([row[score] for row in found] for score in ("completeness_all", "correctness"))
        axes.plot(x, y, color=look.colour, linestyle=look.line, linewidth=look.width, zorder=3)
        for row in found:
            style = {"color": look.colour, "linewidth": 0.9, "alpha": 0.55, "zorder": 2}
            if method not in bare:
                axes.plot([row["completeness_all_lo"], row["completeness_all_hi"]], [row["correctness"]] * 2, **style)
                axes.plot([row["completeness_all"]] * 2, [row["correctness_lo"], row["correctness_hi"]], **style)
            point = looks[method, row["threshold"]].point
            axes.plot(row["completeness_all"], row["correctness"], linestyle="none", zorder=4, **point)
    if silent and curves is None:
        names = f"gave nothing: {', '.join(_silent_methods(silent))}"
        names = textwrap.fill(names, _LETTERS, break_on_hyphens=False)
        # answers here would be complete and wrong: there are none
        style = {"fontsize": 6.5, "color": "#555555", "va": "bottom", "ha": "right", "zorder": 2}
        behind = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        axes.text(0.99, 0.02, names, transform=axes.transAxes, bbox=behind, **style)
    elif silent:
        names = ", ".join(_silent(silent, curves))
        # above all points: no correctness exceeds 1
        style = {"fontsize": 6.5, "color": "#555555", "va": "top"}
        axes.text(0.02, 1.0, f"gave nothing: {names}", transform=axes.transAxes, **style)
    axes.set_xlim(0, limit)
    axes.set_ylim(0, 1.05)
    axes.tick_params(labelsize=8, labelbottom=True, labelleft=True)


def _silent(rows, curves):
    """Names of the results that gave nothing; for a curve, only its largest such threshold."""
    last = {row["method"]: row["threshold"] for row in rows if row["method"] in curves}
    single = [f"{row['method']} {row['threshold']}" for row in rows if row["method"] not in curves]
    return single + [f"{method} to {threshold}" for method, threshold in last.items()]


def _silent_methods(rows):
    """Each method that gave nothing, once, with the thresholds at which it did."""
    found = {}
    for row in rows:
        found.setdefault(row["method"], []).append(row["threshold"])
    return [
        method
        if thresholds == ["none"]
        else f"{method}\N{NO-BREAK SPACE}{'–'.join(dict.fromkeys((thresholds[0], thresholds[-1])))}"
        for method, thresholds in found.items()
    ]


def _contours(axes, limit):
    """Faint lines of equal F1 (0.2, 0.4, ...): a reader sees which trade pays."""
    for f1 in (0.2, 0.4, 0.6, 0.8):
        x, y = _equal_f1(f1)
        axes.plot(x, y, color="#dddddd", linewidth=0.7, zorder=0)
        if x[0] < limit * 0.9:
            axes.text(
                x[0] + 0.004, 0.995, f"F1 {f1:g}".replace("0.", "."), color="#aaaaaa", fontsize=6.5, va="top", zorder=1
            )


def _floor_lines(axes, scores):
    """A dotted line of equal F1 for each constant answer, unless it has no score or earns nothing."""
    for f1 in scores:
        if f1:
            axes.plot(*_equal_f1(f1), color=_FLOOR[0], linestyle=":", linewidth=0.9, zorder=1)


def _equal_f1(f1: float) -> tuple[np.ndarray, np.ndarray]:
    """Completeness and correctness, each up to 1, with this F1."""
    x = np.linspace(f1 / (2 - f1), 1, 200)
    return x, f1 * x / (2 * x - f1)
