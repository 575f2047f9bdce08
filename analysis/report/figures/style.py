"""Colours, markers and matplotlib settings of every figure.

Series differ in marker, line style or hatch as well as in colour. The first four colours, and all that share a line
style, also differ in lightness and as people with colour vision deficiencies see them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

INK, MUTED, GRID, PAPER, SHADE = "#1c2127", "#5b6570", "#dde1e6", "#fefefe", "#eef0f3"
COLOURS = ("#004884", "#db740f", "#088766", "#993981", "#3f9bd1", "#866a00", "#67707c", "#9f1522", "#1c2f8a")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.2, 1.5)), (0, (3, 1)))
HATCHES = ("", "////", "xxxx", "\\\\\\\\")
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
VARIABLES = {
    INK: "--ink", MUTED: "--muted", GRID: "--line", PAPER: "--card", SHADE: "--shade",
    **{colour: f"--s{index}" for index, colour in enumerate(COLOURS)},
}  # fmt: skip
"""CSS variable of the page that stands for each colour in an inline SVG, so that one drawing serves light and dark."""


class Look(NamedTuple):
    """Colour, marker and line style of one series."""

    colour: str
    marker: str
    dash: Any


def look(series: int) -> Look:
    """The look of a series by its number; numbers beyond the palette begin again."""
    return Look(COLOURS[series % len(COLOURS)], MARKERS[series % len(MARKERS)], DASHES[series % len(DASHES)])
