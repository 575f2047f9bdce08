"""Runs against best so far: how fast each strategy of a replay comes near the optimum."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.ticker import MaxNLocator

from analysis.report.figures import style
from analysis.report.figures.canvas import Drawn, canvas
from analysis.search.replay.tournament import Result


def draw(result: Result, what: str, path: Path) -> Drawn:
    """Write one figure, SVG and PNG beside each other.

    Args:
        result: of a replay.
        what: recording and objective, for the title.
        path: where to; its suffix is replaced by .svg and .png.
    """

    summary = {row["strategy"]: row for row in result.summary()}
    title = f"Best found so far against runs paid for: {what}"
    said = []
    with canvas(path.parent, path.stem, title, 3.6) as sheet:
        axes = sheet.fig.subplots()
        top = 1.0
        for series, name in enumerate(summary):
            curve = _mean_curve([row.best_so_far for row in result.rows if row.strategy == name])
            runs = np.arange(1, len(curve) + 1)
            top = max(top, float(curve[min(2, len(curve) - 1)]))
            colour, marker, dash = style.look(series)
            axes.plot(runs, curve, marker=marker, markersize=4, color=colour, label=name, linestyle=dash, linewidth=1.4)
            said.append(f"{name} {curve[-1]:.3f} after {len(curve)} runs")
        axes.axhline(1.1, color=style.MUTED, linewidth=0.8)
        axes.annotate("within 10 %", (1, 1.1), xytext=(0, 3), textcoords="offset points", fontsize=8, color=style.MUTED)
        axes.set_ylim(0.98, max(1.25, top * 1.05))
        axes.set_xlabel("runs")
        axes.set_ylabel("found / optimum, mean over workloads")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(ncols=2)
        caption = (
            "Mean over the workloads of best value so far / optimum; a search without any feasible run yet counts as the "
            "worst feasible value. Strategies are followed past their own stop. 'random' is the exact expectation."
        )
        alt = "Lines of found / optimum against runs: " + "; ".join(said)
        return sheet.save(caption, alt)


def _mean_curve(curves: list[tuple[float, ...]]) -> np.ndarray:
    longest = max(len(curve) for curve in curves)
    return np.asarray(np.mean([[*curve, *[curve[-1]] * (longest - len(curve))] for curve in curves], axis=0))
