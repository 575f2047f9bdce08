"""Time against cost of a run, with the shapes that no other beats in both."""

from __future__ import annotations

from pathlib import Path

from matplotlib.ticker import FuncFormatter

from analysis.measures.cost import Frontier
from analysis.measures.formats import plural, seconds, usd
from analysis.report.figures import marks, style
from analysis.report.figures.canvas import Drawn, canvas


def draw(frontiers: list[Frontier], named: list[str], folder: Path) -> list[Drawn]:
    """One figure per workload and variant that two shapes or more were measured on.

    Args:
        named: all shapes, so that one looks the same in every figure.
    """
    return [_draw(one, named, folder, f"frontier-{index}") for index, one in enumerate(
        (f for f in frontiers if len(f.points) > 1), 1)]  # fmt: skip


def _draw(one: Frontier, named: list[str], folder: Path, name: str) -> Drawn:

    where = one.workload + (f", {one.variant}" if one.variant else "")
    title = f"{where}: {one.text}"
    with canvas(folder, name, title, 3.2) as sheet:
        axes = sheet.fig.subplots()
        edge = sorted((p.run_s.median, p.cost_usd.median) for p in one.points if p.on_frontier)
        if len(edge) > 1:
            axes.step(*zip(*edge, strict=True), where="post", color=style.MUTED, linewidth=1, linestyle=(0, (4, 2)))
        for point in sorted(one.points, key=lambda p: p.scenario):
            label = f"{point.scenario} ({plural(point.leases, 'lease')})"
            series = named.index(point.scenario)
            marks.errorbars(axes, point.run_s, point.cost_usd, series, label, full=point.on_frontier)
        axes.set_xlim(0, max((p.run_s.high or p.run_s.median) for p in one.points) * 1.08)
        axes.set_ylim(0, max((p.cost_usd.high or p.cost_usd.median) for p in one.points) * 1.12)
        axes.set_xlabel("run time, seconds")
        axes.set_ylabel("cost per run, US dollars")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:.4g}"))
        marks.legend(sheet.fig, axes)
        sure = [f"{p.scenario} in {p.frontier_share:.0%}" for p in one.points if p.frontier_share is not None]
        caption = "Full marks: no other shape is both faster and cheaper. " + (
            f"On the frontier in resamples of the leases: {', '.join(sure)}. " if sure else ""
        )
        caption += "Medians over leases; a lease is the geometric mean of its repeats. "
        caption += "Bars: 95 % intervals over leases, drawn from two leases on."
        alt = "Marks by time and cost. " + "; ".join(
            f"{p.scenario}: {seconds(p.run_s.median)}, {usd(p.cost_usd.median)}"
            + ("" if p.on_frontier else f", beaten by {', '.join(p.dominated_by)}")
            for p in one.points
        )
        return sheet.save(caption, alt)
