"""Run time against the size of a shape, beside the line of perfect scaling."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from analysis.measures.cost import Cost
from analysis.measures.formats import number
from analysis.report.figures import marks, style
from analysis.report.figures.canvas import Drawn, canvas
from analysis.report.summary import Summary
from analysis.statistics.intervals import Interval


class Size(NamedTuple):
    """One shape as a point of the curve."""

    scenario: str
    vcpus: int  # nominal, of all nodes with the master
    disk: str
    leases: int
    run_s: Interval


def draw(summary: Summary, costs: list[Cost], folder: Path) -> list[Drawn]:
    """One figure per workload and variant that shapes of different size ran."""
    shapes = {shape.name: shape for shape in summary.shapes}
    groups: dict[tuple[str, str], list[Size]] = {}
    for cost in costs:
        shape = shapes[cost.scenario]
        if shape.vcpus is not None:
            size = Size(cost.scenario, shape.vcpus, shape.disk_type, cost.leases, cost.run_s)
            groups.setdefault((cost.workload, cost.variant), []).append(size)
    able = [(key, sizes) for key, sizes in groups.items() if len({s.vcpus for s in sizes}) > 1]
    named = sorted({result.scenario for result in summary.results})
    return [_draw(key, sizes, named, folder, f"scaling-{index}") for index, (key, sizes) in enumerate(able, 1)]


def _draw(key: tuple[str, str], sizes: list[Size], named: list[str], folder: Path, name: str) -> Drawn:

    sizes = sorted(sizes, key=lambda s: (s.vcpus, s.scenario))
    first, last = sizes[0], sizes[-1]
    gain, ideal = first.run_s.median / last.run_s.median, last.vcpus / first.vcpus
    where = key[0] + (f", {key[1]}" if key[1] else "")
    title = f"{where}: with {number(ideal)} times the vCPUs of {first.scenario}, {last.scenario} was {number(gain)} times as fast"
    with canvas(folder, name, title, 3.0) as sheet:
        axes = sheet.fig.subplots()
        at = np.linspace(first.vcpus, last.vcpus, 60)
        axes.plot(at, first.run_s.median * first.vcpus / at, color=style.MUTED, linewidth=1, linestyle=(0, (4, 2)),
                  label="perfect scaling from the smallest")  # fmt: skip
        for size in sizes:
            label = f"{size.scenario} (n = {size.leases})"
            marks.errorbars(axes, float(size.vcpus), size.run_s, named.index(size.scenario), label)
        axes.set_xlim(0, last.vcpus * 1.1)
        axes.set_ylim(0, max(s.run_s.high or s.run_s.median for s in sizes) * 1.1)
        axes.set_xlabel("vCPUs of the shape, with its master (nominal)")
        axes.set_ylabel("run time, seconds")
        marks.legend(sheet.fig, axes, columns=2)
        caption = (
            "Medians over leases (a lease is the geometric mean of its repeats); bars: 95 % intervals, drawn from two leases "
            "on; n is the number of leases. Shapes differ in "
            "more than size: what else is in the table of shapes."
        )
        alt = "Run time by vCPUs. " + "; ".join(
            f"{s.scenario}, {s.vcpus} vCPU: {number(s.run_s.median)} s" for s in sizes
        )
        return sheet.save(caption, alt)
