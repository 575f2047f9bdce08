"""The list of figures. The report draws them through :func:`draw_all` and knows none by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analysis.records.runs import Runs
from analysis.report.evidence import Evidence
from analysis.report.figures import (
    frontier,
    nodes,
    panel_groups,
    parameters,
    regressions,
    search_progress,
    speedup,
    stages,
    throughput,
    time_cost,
    training,
)
from analysis.report.figures.canvas import Drawn
from analysis.report.searched import Searched
from analysis.report.summary import Summary


@dataclass(frozen=True)
class Figures:
    """All figures of a report, by the section that they belong to."""

    results: list[Drawn]
    search: list[Drawn]
    study: list[Drawn]
    nodes: list[Drawn]
    stages: list[Drawn]
    nodes_left_out: list[str]  # workloads and variants that are not drawn per node
    absent: list[str]  # one sentence for each kind of figure that these records do not allow

    @property
    def all(self) -> list[Drawn]:
        return [*self.results, *self.search, *self.study, *self.nodes, *self.stages]


def draw_all(summary: Summary, runs: Runs, evidence: Evidence, search: Searched | None, folder: Path) -> Figures:
    """Draw every figure that the records allow and write it under ``folder``; say which they do not."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {
        "throughput": throughput.draw(summary, folder),
        "time-cost": time_cost.draw(summary, evidence.costs, folder),
        "frontier": frontier.draw(evidence.frontiers, sorted({r.scenario for r in summary.results}), folder),
        "scaling": speedup.draw(summary, evidence.costs, folder),
        "parameters": parameters.draw(runs, folder),
        "regressions": regressions.draw(runs, evidence.regressions, folder),
        "training": training.draw(runs, folder),
        "nodes": nodes.draw(summary, runs, folder),
        "stages": stages.draw(summary, folder),
    }
    absent = [NEEDS[kind] for kind, of in drawn.items() if not of]
    if (more := len(parameters.blocks(runs)) - parameters.MOST) > 0:
        absent.append(f"parameters: {more} more sets of measurements are in the tables and not drawn.")
    return Figures(
        results=[f for kind in ("throughput", "time-cost", "frontier", "scaling") for f in drawn[kind]],
        search=search_progress.draw(search, folder),
        study=[f for kind in ("parameters", "regressions", "training") for f in drawn[kind]],
        nodes=drawn["nodes"],
        stages=drawn["stages"],
        nodes_left_out=panel_groups.left_out(summary),
        absent=absent,
    )


NEEDS = {
    "throughput": "Throughput per shape: no run counted images.",
    "time-cost": "Run time and cost: no run ended well.",
    "frontier": "Time-cost frontier: it takes two shapes with the same workload.",
    "scaling": "Scaling curve: it takes shapes of different size with the same workload.",
    "parameters": "Throughput against its parameters: no run varied batch size, number of batches or repetitions.",
    "regressions": "Regressions: at least 5 measurements in which a parameter varies.",
    "training": "Accuracy and loss per epoch: nothing was trained.",
    "nodes": "CPU, packets and disk operations per node: no node was sampled during a run that ended well.",
    "stages": "Stages: no run ended well.",
}
"""The records that each kind of figure needs; the page says so where it is left out."""
