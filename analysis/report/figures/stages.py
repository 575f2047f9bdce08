"""Stages of an attempt: stacked bars of their median seconds."""

from __future__ import annotations

from pathlib import Path

from matplotlib.patches import Patch

from analysis.measures.formats import number, percent
from analysis.report.figures import style
from analysis.report.figures.canvas import Drawn, canvas
from analysis.report.summary import Summary

STAGES = (
    ("submit_s", "submit: until the first task"),
    ("run_s", "run: the workload's own time"),
    ("finish_s", "finish: rest of the job"),
    ("collect_s", "collect: gather the record"),
)
ORDER = (1, 0, 4, 6)  # colours: the run stands out by lightness too


def draw(summary: Summary, folder: Path) -> list[Drawn]:
    """One bar per scenario and workload; none without an ok run."""

    bars = [r for r in summary.results if r.spread("run_s")]
    if not bars:
        return []
    overheads = [s.median for r in bars if (s := r.spread("overhead_ratio"))]
    title = "Where the seconds of an attempt go"
    if overheads:
        low, high = percent(min(overheads)), percent(max(overheads))
        both = low if low == high else f"{low} to {high}"
        title = f"Overhead: {both} of an attempt is not the workload's own time (medians)"
    bars.sort(key=lambda r: (r.workload, r.variant, r.scenario))
    with canvas(folder, "stages", title, 0.36 * len(bars) + 1.0) as sheet:
        axes = sheet.fig.subplots()
        totals = [sum(s.median for name, _ in STAGES if (s := r.spread(name))) for r in bars]
        for y, result in enumerate(bars):
            left = 0.0
            for index, (name, _) in enumerate(STAGES):
                spread = result.spread(name)
                if spread is None:
                    continue
                axes.barh(
                    y, spread.median, left=left, height=0.62, color=style.COLOURS[ORDER[index]],
                    hatch=style.HATCHES[index], edgecolor=style.PAPER, linewidth=0.8,
                )  # fmt: skip
                if index == 1 and spread.median > 0.12 * max(totals):
                    axes.text(left + spread.median / 2, y, f"{number(spread.median)} s", ha="center", va="center",
                              fontsize=8.5, color="#ffffff", fontweight="bold",
                              bbox={"facecolor": style.COLOURS[ORDER[1]], "edgecolor": "none", "pad": 1.5})  # fmt: skip
                left += spread.median
            axes.annotate(
                f"{number(left)} s", (left, y), xytext=(6, 0), textcoords="offset points", va="center", fontsize=8.5
            )
        labels = [f"{r.workload}{', ' + r.variant if r.variant else ''}  ·  {r.scenario} (n = {r.n})" for r in bars]
        axes.set_yticks(range(len(bars)), labels)
        axes.set_ylim(len(bars) - 0.5, -0.5)
        axes.set_xlim(0, max(totals) * 1.14)
        axes.set_xlabel("seconds (median of each stage)")
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        handles = [
            Patch(facecolor=style.COLOURS[ORDER[i]], hatch=style.HATCHES[i], edgecolor=style.PAPER, label=text)
            for i, (_, text) in enumerate(STAGES)
        ]
        sheet.fig.legend(handles=handles, loc="outside lower left", ncols=2, handlelength=1.8, columnspacing=1.8)
        alt = "Stacked bars. " + "; ".join(
            f"{r.workload} on {r.scenario}: "
            + ", ".join(f"{name[:-2]} {number(s.median)} s" for name, _ in STAGES if (s := r.spread(name)))
            for r in bars
        )
        caption = (
            "Medians of each stage; they need not add up to the median of the whole. What happens once per lease is in "
            "the table below."
        )
        return [sheet.save(caption, alt)]
