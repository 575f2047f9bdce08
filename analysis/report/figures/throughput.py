"""Throughput in images/s per scenario and format: every repeat, the median and its interval."""

from __future__ import annotations

from pathlib import Path
from statistics import geometric_mean

from analysis.measures.formats import number, plural
from analysis.report.figures import marks
from analysis.report.figures.canvas import Drawn, canvas
from analysis.report.summary import Summary, Throughput

WHERE = {"bucket": "straight from the bucket", "staged": "staged on the node's own disk"}


def draw(summary: Summary, folder: Path) -> list[Drawn]:
    """One figure with a panel per workload, operation, source and cache state; none without measurements."""

    panels: dict[tuple[str, ...], list[Throughput]] = {}
    for row in summary.throughput:
        panels.setdefault((row.workload, row.variant, row.operation, row.source, row.cache), []).append(row)
    if not panels:
        return []
    formats = sorted({row.format for row in summary.throughput})
    heights = [0.34 * len(rows) + 0.12 * len({r.scenario for r in rows}) for rows in panels.values()]
    title = _title(summary.throughput)
    with canvas(folder, "throughput", title, sum(heights) + 0.42 * len(panels) + 0.55) as sheet:
        grid = sheet.fig.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)
        values = [v for row in summary.throughput for v in row.images_per_s.values]
        values += [row.interval.high or 0.0 for row in summary.throughput if row.interval and marks.shown(row.interval)]
        for axes, (key, rows) in zip(grid[:, 0], panels.items(), strict=True):
            y = 0.0
            ticks: list[tuple[float, str, str]] = []
            for row in sorted(rows, key=lambda r: (r.scenario, r.format)):
                if ticks and ticks[-1][2] != row.scenario:
                    y += 0.35
                spread = row.images_per_s
                leases = row.interval.n if row.interval else 0
                label = f"{number(spread.median)}  (n = {spread.n}, {plural(leases, 'lease')})"
                marks.dots(axes, y, spread.values, label, formats.index(row.format), row.interval)
                ticks.append((y, f"{row.scenario}  ·  {row.format or 'any'}", row.scenario))
                y += 1
            axes.set_yticks([t[0] for t in ticks], [t[1] for t in ticks])
            axes.set_ylim(y - 0.4, -0.6)
            axes.set_title(panel_name(*key))
            marks.value_axis(axes, values, "images/s")
            axes.label_outer()
        alt = "Dot plot of images per second. " + "; ".join(
            f"{row.scenario}, {row.workload}, {row.operation} {row.format} {row.source}: median "
            f"{number(row.images_per_s.median)} of {row.images_per_s.n} repeats"
            for row in summary.throughput
        )
        caption = (
            "Each mark is one repeat: images divided by seconds, over all batch settings of that repeat; the seconds "
            "are the run time for a Spark job with one operation, else the job's own clock. The bar is the "
            f"median. {marks.DOTS} Marks differ by format. n is the number of repeats."
        )
        return [sheet.save(caption, alt)]


def panel_name(workload: str, variant: str, operation: str, source: str, cache: str) -> str:
    """Title of a panel in words."""
    where = "from and to the bucket" if (operation, source) == ("write", "bucket") else WHERE.get(source, source)
    words = [f"{workload}: {operation}", where]
    words += [f"{cache} cache"] if cache in ("cold", "warm") else []
    words += [variant] if variant else []
    return ", ".join(word for word in words if word)


def _title(rows: list[Throughput]) -> str:
    """The ratio of the two formats where both were read under the same conditions, else what is shown."""
    centres: dict[tuple[str, ...], dict[str, float]] = {}
    for row in rows:
        if row.operation == "read":
            key = (row.scenario, row.workload, row.variant, row.source, row.cache)
            rates = row.images_per_s.values
            centres.setdefault(key, {})[row.format] = geometric_mean(rates) if min(rates) > 0 else 0.0
    ratios = [
        m["tfrecord"] / m["image"] for m in centres.values() if m.keys() >= {"tfrecord", "image"} and m["image"] > 0
    ]
    if not ratios:
        return "Throughput of each shape, in images per second"
    low, high = number(min(ratios)), number(max(ratios))
    times = f"{low}" if low == high else f"{low} to {high}"
    return f"TFRecord files were read at {times} times the rate of image files (geometric means)"
