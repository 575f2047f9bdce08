"""Marks and axes that several figures share: dot plots, curves with intervals, marks per shape, legends, axes."""

from __future__ import annotations

import math
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from analysis.report.figures.style import INK, PAPER, look
from analysis.statistics.intervals import MIN_REPEATS, Interval

DOTS = (
    f"The broad line is the 95 % interval over leases; below {MIN_REPEATS} leases there is none, and the thin line is "
    "only the range of the repeats."
)
"""Explains the lines of :func:`dots` in captions."""


def dots(
    axes: Axes, y: float, values: tuple[float, ...], label: str, series: int, interval: Interval | None = None
) -> None:
    """One row of a dot plot: every repeat, the median as a bar with its value beside it, and what :data:`DOTS` says."""
    colour, marker, _ = look(series)
    middle = median(values)
    ends = [min(values), max(values)]
    if shown(interval):
        assert interval is not None and interval.low is not None and interval.high is not None
        reached = [interval.low, interval.high]
        axes.plot(reached, [y, y], "|-", color=colour, linewidth=4.5, markersize=9, markeredgewidth=1.3, alpha=0.45,
                  solid_capstyle="butt", zorder=2)  # fmt: skip
        ends = [min(*reached, *ends), max(*reached, *ends)]
    else:
        axes.plot(ends, [y, y], color=colour, linewidth=1.4, alpha=0.55, solid_capstyle="butt", zorder=2)
    axes.plot(values, [y] * len(values), marker, markersize=5.5, markerfacecolor=PAPER, markeredgecolor=colour,
              markeredgewidth=1.3, zorder=3, linestyle="none")  # fmt: skip
    axes.plot([middle, middle], [y - 0.17, y + 0.17], color=colour, linewidth=2.6, solid_capstyle="butt", zorder=4)
    axes.annotate(label, (ends[1], y), xytext=(8, 0), textcoords="offset points", va="center", ha="left",
                  fontsize=8.5, color=INK, annotation_clip=False)  # fmt: skip


def shown(interval: Interval | None) -> bool:
    """Whether an interval is drawn: it is of enough leases to be believed."""
    return interval is not None and interval.n >= MIN_REPEATS and interval.low is not None and interval.high is not None


Point = tuple[float, float, float | None, float | None]
"""x, y, and the interval of y; None where there is none."""


def reach(middle: float, low: float | None, high: float | None) -> list[list[float]] | None:
    """An interval as matplotlib's error bars want it: how far it reaches to either side."""
    if low is None or high is None:
        return None
    return [[max(0.0, middle - low)], [max(0.0, high - middle)]]


def curve(axes: Axes, points: list[Point], series: int, label: str) -> None:
    """One line through points in order of x, each with its interval as a bar where there is one."""
    colour, marker, dash = look(series)
    axes.plot([p[0] for p in points], [p[1] for p in points], color=colour, marker=marker, markersize=5, linewidth=1.5,
              linestyle=dash, markeredgecolor=PAPER, markeredgewidth=0.5,
              label=label)  # fmt: skip
    for x, y, low, high in points:
        if (bars := reach(y, low, high)) is not None:
            axes.errorbar(x, y, yerr=bars, color=colour, elinewidth=1.1, capsize=2.5, fmt="none")


def errorbars(axes: Axes, x: float | Interval, y: Interval, series: int, label: str, *, full: bool = True) -> None:
    """One shape as a mark at its medians, with an interval in each direction that has one; an empty mark unless ``full``."""
    colour, marker, _ = look(series)
    across = None if isinstance(x, float) else reach(x.median, x.low, x.high)
    axes.errorbar(
        x if isinstance(x, float) else x.median, y.median, xerr=across, yerr=reach(y.median, y.low, y.high), fmt=marker,
        color=colour, markersize=8, markerfacecolor=colour if full else PAPER, markeredgecolor=colour, elinewidth=1.2,
        capsize=3, label=label,
    )  # fmt: skip


def legend(fig: Figure, axes: Axes, columns: int = 3) -> None:
    """The legend of a figure below its drawing."""
    handles, labels = axes.get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower left", ncols=columns, handlelength=2.6, columnspacing=1.3)


def value_axis(axes: Axes, values: list[float], label: str) -> None:
    """The axis of values: from zero, or logarithmic and said so where the largest is over 20 times the smallest."""
    known = [v for v in values if v > 0]
    if known and max(known) / min(known) > 20:
        axes.set_xscale("log")
        axes.set_xlim(min(known) / 1.6, max(known) * (max(known) / min(known)) ** 0.22 * 1.3)
        decades = math.log10(max(known) / min(known))
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < 2.5 else (1.0,)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.10g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        label += ", logarithmic axis"
    else:
        axes.set_xlim(0, (max(values) if values and max(values) > 0 else 1.0) * 1.3)
    axes.set_xlabel(label)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
