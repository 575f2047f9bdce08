"""Progress of a search: the value of every run, and the best so far."""

from __future__ import annotations

from pathlib import Path

from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.measures.formats import plural
from analysis.report.figures import marks, style
from analysis.report.figures.canvas import Drawn, canvas
from analysis.report.searched import Searched


def draw(search: Searched | None, folder: Path) -> list[Drawn]:
    """One figure; none without a search that has run anything with a value, nor for a set, whose values do not compare."""
    if search is None or search.of_set or not any(run.value is not None for run in search.runs):
        return []

    title = f"{search.workloads[0]}: best shape found by {search.strategy} after each paid run"
    numbers = range(1, len(search.runs) + 1)
    with canvas(folder, "search-progress", title, 3.2) as sheet:
        axes = sheet.fig.subplots()
        known = [(n, run.best) for n, run in zip(numbers, search.runs, strict=True) if run.best is not None]
        if known:
            axes.step(
                *zip(*known, strict=True), where="post", color=style.COLOURS[0], linewidth=1.8, label="best so far"
            )
        kinds = (
            ("ended well within the limits", "o", 0, [r.feasible for r in search.runs]),
            ("beyond a limit", "s", 1, [r.status == "ok" and not r.feasible for r in search.runs]),
            ("failed or timed out: what was paid", "X", 3, [r.status != "ok" for r in search.runs]),
        )
        for label, marker, series, of_kind in kinds:
            points = [
                (n, r.value)
                for n, r, so in zip(numbers, search.runs, of_kind, strict=True)
                if so and r.value is not None
            ]
            if points:
                axes.plot(*zip(*points, strict=True), marker, color=style.COLOURS[series], markerfacecolor=style.PAPER,
                          markeredgewidth=1.4, linestyle="none", markersize=6.5, label=label)  # fmt: skip
        best = search.recommended
        if best is not None and best.value is not None:
            at = search.runs.index(best) + 1
            right = at > len(search.runs) / 2
            axes.annotate(best.shape, (at, best.value), xytext=(-6 if right else 6, -13), textcoords="offset points",
                          fontsize=8.5, color=style.INK, ha="right" if right else "left")  # fmt: skip
        axes.set_ylim(0, max(run.value for run in search.runs if run.value is not None) * 1.1)
        axes.set_xlim(0.5, len(search.runs) + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}"))
        axes.set_xlabel(f"paid runs, of {plural(search.candidates, 'candidate')}")
        axes.set_ylabel(f"{search.objective}{', ' + search.unit + ' per run' if search.unit else ''}")
        marks.legend(sheet.fig, axes)
        caption = (
            f"Each mark is one run of one shape (n = {len(search.runs)}), measured once, so without an interval; "
            "the line is the least value so far that ended well within the limits."
        )
        alt = "Marks by number of the run. " + "; ".join(
            f"{n}: {run.shape} {run.status}" + ("" if run.value is None else f" {run.value:.4g}")
            for n, run in zip(numbers, search.runs, strict=True)
        )
        return [sheet.save(caption, alt)]
