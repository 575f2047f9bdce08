"""How every figure looks, and how it is written: SVG and PNG on white, and SVG to put into a page.

The inline SVG takes its colours from the page's CSS variables, so one drawing serves light and dark. Series differ in
marker, line style or hatch as well as in colour; the first four colours, and all that share a line style, also differ in
lightness, and as the colour-blind see them.
"""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.statistics.intervals import MIN_REPEATS, Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID, PAPER, SHADE = "#1c2127", "#5b6570", "#dde1e6", "#fefefe", "#eef0f3"
COLOURS = ("#004884", "#db740f", "#088766", "#993981", "#3f9bd1", "#866a00", "#67707c", "#9f1522", "#1c2f8a")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.2, 1.5)), (0, (3, 1)))
HATCHES = ("", "////", "xxxx", "\\\\\\\\")
WIDTH_IN = 7.6
RC: Any = {
    "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9.5, "text.color": INK,
    "axes.edgecolor": MUTED, "axes.labelcolor": MUTED, "axes.labelsize": 9, "xtick.color": MUTED, "ytick.color": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.7,
    "axes.titlesize": 9.5, "axes.titleweight": "bold", "axes.titlelocation": "left", "grid.color": GRID,
    "grid.linewidth": 0.7, "axes.grid": True, "axes.axisbelow": True, "axes.facecolor": "none",
    "figure.facecolor": PAPER,
    "legend.frameon": False, "legend.fontsize": 8.5, "hatch.linewidth": 0.6, "xtick.major.size": 3,
    "ytick.major.size": 0,
}  # fmt: skip
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
LINE_IN = 0.2  # height of one line of the title
TITLE_GAP_PX = 8  # right of a panel's title


@dataclass(frozen=True)
class Drawn:
    """A figure as the page needs it."""

    name: str
    title: str  # says what to see
    caption: str  # how it was made and how to read it
    alt: str
    svg: str  # to put into a page
    runs: tuple[str, ...] = ()  # the records it draws, where it draws single ones


def figure(height_in: float, title: str) -> tuple[Figure, float]:
    """A figure whose layout leaves room for its title.

    Args:
        height_in: height of the drawing without its title, in inches.
        title: wrapped at the width of the figure.

    Returns:
        The figure, and the height of the title in inches.
    """
    import textwrap

    from matplotlib.figure import Figure

    lines = textwrap.wrap(title, 76) or [""]
    head = LINE_IN * len(lines) + 0.16
    fig = Figure(figsize=(WIDTH_IN, height_in + head))
    below = (0, 0, 1, height_in / (height_in + head))
    fig.set_layout_engine("constrained", rect=below, h_pad=0.06, w_pad=0.06, hspace=0.03)
    fig.text(
        0.06 / WIDTH_IN, 1 - 0.08 / (height_in + head), "\n".join(lines), ha="left", va="top", fontsize=11,
        fontweight="bold", gid="headline", linespacing=1.25, in_layout=False,
    )  # fmt: skip
    return fig, head


def save(
    fig: Figure, head_in: float, folder: Path, name: str, title: str, caption: str, alt: str, runs: tuple[str, ...] = ()
) -> Drawn:
    """Write ``<name>.svg`` and ``<name>.png`` under ``folder`` and return the figure for the page.

    The page shows the title in its own words above the figure, so the inline SVG is cut below the drawn one.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    with matplotlib.rc_context({**RC, "svg.hashsalt": name}):
        engine = fig.get_layout_engine()
        assert engine is not None  # see figure()
        engine.execute(fig)
        _narrow_titles(fig)
        fig.set_layout_engine("none")  # laid out once is enough
        # Not savefig, which draws everything a second time, unseen, before each file.
        buffer = io.StringIO()
        FigureCanvasSVG(fig).print_svg(buffer, metadata={"Date": None, "Creator": None, "Title": title})  # type: ignore[no-untyped-call]
        fig.set_dpi(144)
        FigureCanvasAgg(fig).print_png(folder / f"{name}.png", metadata={"Software": None})  # type: ignore[no-untyped-call]
    svg = buffer.getvalue()
    (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
    return Drawn(name, title, caption, alt, _inline(svg, head_in, name), runs)


def _narrow_titles(fig: Figure) -> None:
    """Set the title of a panel smaller where it would run into the next panel, or out of the figure."""
    from matplotlib.text import Text

    places = [axes.get_window_extent() for axes in fig.axes]
    for axes, place in zip(fig.axes, places, strict=True):
        beside = [other.x0 for other in places if other.x0 > place.x1 and abs(other.y0 - place.y0) < 1]
        room = min([*beside, fig.bbox.x1]) - place.x0 - TITLE_GAP_PX
        for text in axes.findobj(Text):
            if text.get_text() and text.get_text() == axes.get_title(loc="left"):
                wanted = text.get_window_extent().width
                if wanted > room:  # widths follow the size within a few percent, as letters keep to whole pixels
                    text.set_fontsize(float(text.get_fontsize()) * 0.97 * room / wanted)


def _inline(svg: str, head_in: float, name: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="headline">.*?</g>\s*', "", svg, count=1, flags=re.DOTALL)
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    if box is None:
        raise ValueError("matplotlib wrote an SVG without a viewBox that starts at 0 0")
    width, height, top = float(box[1]), float(box[2]), head_in * 72
    svg = re.sub(
        r"<svg[^>]*>",
        f'<svg viewBox="0 {top:g} {width:g} {height - top:g}" aria-hidden="true" focusable="false" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">',
        svg,
        count=1,
    )
    svg = re.sub(r'\bid="', f'id="{name}-', svg)  # ids are unique within a page, not within a figure
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    svg = re.sub(r'xlink:href="#', f'xlink:href="#{name}-', svg)
    svg = re.sub(r"(font: [^;\"]*?px) [^;\"]*", rf"\1 {FONTS}", svg)
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    return svg.strip()


VARIABLES = {
    INK: "--ink", MUTED: "--muted", GRID: "--line", PAPER: "--card", SHADE: "--shade",
    **{colour: f"--s{index}" for index, colour in enumerate(COLOURS)},
}  # fmt: skip
"""CSS variable of the page that stands for each colour in an inline SVG."""


DOTS = (
    f"The broad line is the 95 % interval over leases; below {MIN_REPEATS} leases there is none, and the thin line is "
    "only the range of the repeats."
)
"""What the lines of :func:`dots` are, for captions."""


def dots(
    axes: Axes, y: float, values: tuple[float, ...], label: str, series: int, interval: Interval | None = None
) -> None:
    """One row of a dot plot: every repeat, the median as a bar with its value beside it, and what :data:`DOTS` says."""
    from statistics import median

    colour, marker = COLOURS[series % len(COLOURS)], MARKERS[series % len(MARKERS)]
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
    colour, marker = COLOURS[series % len(COLOURS)], MARKERS[series % len(MARKERS)]
    axes.plot([p[0] for p in points], [p[1] for p in points], color=colour, marker=marker, markersize=5, linewidth=1.5,
              linestyle=DASHES[series % len(DASHES)], markeredgecolor=PAPER, markeredgewidth=0.5,
              label=label)  # fmt: skip
    for x, y, low, high in points:
        if (bars := reach(y, low, high)) is not None:
            axes.errorbar(x, y, yerr=bars, color=colour, elinewidth=1.1, capsize=2.5, fmt="none")


def legend(fig: Figure, axes: Axes, columns: int = 3) -> None:
    """The legend of a figure below its drawing."""
    handles, labels = axes.get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower left", ncols=columns, handlelength=2.6, columnspacing=1.3)


def value_axis(axes: Axes, values: list[float], label: str) -> None:
    """The axis of values: from zero, or logarithmic and said so where the largest is over 20 times the smallest."""
    known = [v for v in values if v > 0]
    if known and max(known) / min(known) > 20:
        from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

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
