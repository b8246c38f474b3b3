"""The trade-off figure: correctness against completeness, a panel a domain, a point a method and threshold."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from . import seeds_of_report

# Okabe and Ito's palette: told apart with any colour vision; every method has a marker of its own besides.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#999999", "#F0E442")
_MARKERS = ("s", "D", "^", "v", "P", "X", "*")
_HALT = ("#D55E00", "o")
_STYLE = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "svg.hashsalt": "halt",  # ids in the SVG, else random
}
_PANEL = 2.9  # inches
_ENTRY = 1.5  # inches: a name in the legend
_PER_ROW = 4


def tradeoff(main: Iterable[Mapping], halt: Sequence[str], curves: Sequence[str] = ()) -> Figure:
    """The figure of all results of the main table.

    main: its rows (the mean over the seeds is drawn where there is one); halt: names of the methods drawn as HALT;
    curves: of those with so many thresholds that they are a curve, small points without intervals and one name for all.
    A row of panels per model, a panel per domain; "all → x" is the adapter trained on all domains, tested on x.
    Thresholds of a method are joined by a line, the larger the darker. Results without a correctness (nothing
    given) are left out and named in the panel.
    """
    rows = seeds_of_report(main)
    models = list(dict.fromkeys(row["model"] for row in rows))
    panels = list(dict.fromkeys((row["domain"], row["test_domain"]) for row in rows))
    looks = _looks(dict.fromkeys((row["method"], row["threshold"]) for row in rows), halt, curves)
    wide = min(len(panels), _PER_ROW)
    lines = math.ceil(len(panels) / wide)
    # Never narrower than the legend needs.
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
                _panel(axes, members, looks, min(1.0, limit) * 1.06, curves)
                domain, test_domain = panels[place]
                title = test_domain if domain == test_domain else f"{domain} → {test_domain}"
                axes.set_title(title if len(models) == 1 else f"{title}\n{model}", loc="left", fontweight="bold")
        figure.supxlabel("completeness (right / in the reference)", fontsize=9)
        figure.supylabel("correctness (right / given)", fontsize=9)
        named = {
            method if threshold == "none" or method in curves else f"{method}, α {threshold}": look
            for (method, threshold), look in looks.items()
        }
        handles = [Line2D([], [], **look.point, linestyle=look.line, color=look.colour) for look in named.values()]
        columns = max(2, int(size[0] / _ENTRY))
        figure.legend(handles, list(named), loc="outside upper center", ncols=min(len(named), columns), fontsize=8)
    return figure


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
    point: dict  # marker, size and colours


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


def _panel(axes, rows, looks, limit, curves):
    _contours(axes, limit)
    drawn = [row for row in rows if row["correctness"] is not None]
    silent = [row for row in rows if row["correctness"] is None]
    for method in dict.fromkeys(row["method"] for row in drawn):
        found = [row for row in drawn if row["method"] == method]
        look = looks[method, found[0]["threshold"]]
        x, y = ([row[score] for row in found] for score in ("completeness_all", "correctness"))
        axes.plot(x, y, color=look.colour, linestyle=look.line, linewidth=1.2, zorder=3)
        for row in found:
            style = {"color": look.colour, "linewidth": 0.9, "alpha": 0.55, "zorder": 2}
            if method not in curves:
                axes.plot([row["completeness_all_lo"], row["completeness_all_hi"]], [row["correctness"]] * 2, **style)
                axes.plot([row["completeness_all"]] * 2, [row["correctness_lo"], row["correctness_hi"]], **style)
            point = looks[method, row["threshold"]].point
            axes.plot(row["completeness_all"], row["correctness"], linestyle="none", zorder=4, **point)
    if silent:
        names = ", ".join(_silent(silent, curves))
        # above all points: no correctness exceeds 1
        style = {"fontsize": 6.5, "color": "#555555", "va": "top"}
        axes.text(0.02, 1.0, f"gave nothing: {names}", transform=axes.transAxes, **style)
    axes.set_xlim(0, limit)
    axes.set_ylim(0, 1.05)
    axes.tick_params(labelsize=8, labelbottom=True, labelleft=True)


def _silent(rows, curves):
    """Names of the results that gave nothing; of a curve, which has them at its small thresholds, the largest."""
    last = {row["method"]: row["threshold"] for row in rows if row["method"] in curves}
    single = [f"{row['method']} {row['threshold']}" for row in rows if row["method"] not in curves]
    return single + [f"{method} to {threshold}" for method, threshold in last.items()]


def _contours(axes, limit):
    """Faint lines of equal F1 (0.2, 0.4, ...), so that a reader sees which trade pays."""
    for f1 in (0.2, 0.4, 0.6, 0.8):
        x = np.linspace(f1 / (2 - f1), 1, 200)
        y = f1 * x / (2 * x - f1)
        axes.plot(x, y, color="#dddddd", linewidth=0.7, zorder=0)
        if x[0] < limit * 0.9:
            axes.text(
                x[0] + 0.004, 0.995, f"F1 {f1:g}".replace("0.", "."), color="#aaaaaa", fontsize=6.5, va="top", zorder=1
            )
