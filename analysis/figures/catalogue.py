"""Which figures there are: the report asks here, and knows none by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analysis.figures import nodes, stages, style, throughput, time_cost
from analysis.runs import Runs
from analysis.summary import Summary


@dataclass(frozen=True)
class Figures:
    """All figures of a report, by the section that they belong to."""

    results: list[style.Drawn]
    nodes: list[style.Drawn]
    stages: list[style.Drawn]
    nodes_left_out: list[str]  # workloads and variants that are not drawn per node


def draw_all(summary: Summary, runs: Runs, folder: Path) -> Figures:
    """Draw every figure that the records allow and write it under ``folder``."""
    import matplotlib as mpl

    mpl.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    return Figures(
        results=[*throughput.draw(summary, folder), *time_cost.draw(summary, folder)],
        nodes=nodes.draw(summary, runs, folder),
        stages=stages.draw(summary, folder),
        nodes_left_out=nodes.left_out(summary),
    )
