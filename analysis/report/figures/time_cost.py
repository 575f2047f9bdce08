"""Run time and cost per run, per scenario and workload: every repeat, the median and its interval."""

from __future__ import annotations

from pathlib import Path

from analysis.measures.cost import Cost
from analysis.measures.formats import plural, seconds, usd
from analysis.report.figures import marks
from analysis.report.figures.canvas import Drawn, canvas
from analysis.report.summary import Result, Summary
from analysis.statistics.intervals import Interval


def draw(summary: Summary, costs: list[Cost], folder: Path) -> list[Drawn]:
    """One figure, a row of two panels per workload; none without an ok run."""

    groups: dict[tuple[str, str], list[Result]] = {}
    for result in summary.results:
        if result.spread("run_s"):
            groups.setdefault((result.workload, result.variant), []).append(result)
    if not groups:
        return []
    scenarios = sorted({r.scenario for r in summary.results})
    title = "Run time and cost per run of each shape"
    heights = [0.42 * len(results) + 0.2 for results in groups.values()]
    with canvas(folder, "time-and-cost", title, sum(heights) + 1.05 * len(groups)) as sheet:
        grid = sheet.fig.subplots(len(groups), 2, sharey="row", squeeze=False, height_ratios=heights)
        for row, ((workload, variant), results) in zip(grid, groups.items(), strict=True):
            name = workload + (f", {variant}" if variant else "")
            for axes, metric, words, label, form in (
                (row[0], "run_s", "run time", "seconds", seconds),
                (row[1], "cost_usd", "cost per run", "US dollars", usd),
            ):
                values: list[float] = []
                for y, result in enumerate(results):
                    spread = result.spread(metric)
                    if spread is None:
                        continue  # a gap stays a gap
                    interval = _interval(costs, result, metric)
                    values += [*spread.values, (marks.shown(interval) and interval and interval.high) or 0.0]
                    middle = form(spread.median)
                    marks.dots(axes, y, spread.values, middle, scenarios.index(result.scenario), interval)
                named = [f"{r.scenario} (n = {r.n}, {plural(r.leases, 'lease')})" for r in results]
                axes.set_yticks(range(len(results)), named)
                axes.set_ylim(len(results) - 0.5, -0.5)
                axes.set_title(f"{name}\n{words.capitalize()}" if axes is row[0] else words.capitalize())
                marks.value_axis(axes, values, label)
                axes.locator_params(axis="x", nbins=5) if axes.get_xscale() == "linear" else None
        alt = "Dot plots of run time and cost. " + "; ".join(
            f"{r.scenario}, {r.workload}: median {seconds(s.median)}" + (f", {usd(c.median)}" if c else "")
            for results in groups.values()
            for r in results
            if (s := r.spread("run_s"))
            for c in (r.spread("cost_usd"),)
        )
        caption = "Each mark is one repeat, the bar is the median. " + marks.DOTS + " " + summary.cost_said
        return [sheet.save(caption, alt)]


def _interval(costs: list[Cost], result: Result, metric: str) -> Interval | None:
    key = (result.workload, result.variant, result.scenario)
    of = next((cost for cost in costs if (cost.workload, cost.variant, cost.scenario) == key), None)
    return None if of is None else of.run_s if metric == "run_s" else of.per_run_usd
