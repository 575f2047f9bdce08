"""Use of what was paid for, and how evenly it was spread: per node, per run and per scenario.

Only samples taken during the workload's own time count. A node that was not sampled is unknown, not idle, and a run with
such a node has no imbalance. Imbalance is over the workers: the master has other work, and a single node has no other.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.measures import metrics
from analysis.records.groups import groups
from analysis.records.runs import Runs
from analysis.statistics.intervals import Interval, interval_of

PER_NODE = {
    "role": ("role", "first"),
    "samples": ("cpu_cores", "size"),
    "cpu_core_s": ("cpu_cores", "sum"),
    "cpu_mean_ratio": ("cpu_ratio", "mean"),
    "cpu_peak_ratio": ("cpu_ratio", "max"),
    "packets_mean_s": ("packets_s", "mean"),
    "packets_peak_s": ("packets_s", "max"),
    "disk_ops_mean_s": ("disk_ops_s", "mean"),
    "disk_ops_peak_s": ("disk_ops_s", "max"),
    "disk_reads_mean_s": ("disk_read_ops_s", "mean"),
    "disk_reads_peak_s": ("disk_read_ops_s", "max"),
}
"""Columns per node, with the column of its samples and the aggregation: CPU in host-core seconds and as a ratio of the node's own
limit, packets/s in and out, disk operations/s (null where writes cannot be counted) and reads/s alone."""

BALANCED = ("cpu", "packets", "disk_ops", "disk_reads")
RATIOS = (
    "cpu_used_ratio", "run_share", "unused_usd",
    *(f"{name}_{how}" for name in BALANCED for how in ("max_over_mean", "variation")),
)  # fmt: skip
"""Columns per run: CPU used of CPU paid for, all nodes with the master; the workload's own time of the time from
submission to collection; of the cost per run, what the unused share of the CPU amounts to (USD); and how evenly the workers
were used, as busiest / mean (1: all alike) and standard deviation / mean (0: all alike)."""


@dataclass(frozen=True)
class Utilisation:
    """One scenario on one workload and variant; intervals are over leases, None where nothing was measured."""

    scenario: str
    workload: str
    variant: str
    runs: int
    leases: int
    of: dict[str, Interval | None]  # by the names of RATIOS


def by_node(runs: Runs) -> pd.DataFrame:
    """One row per run and sampled node, columns run, node and :data:`PER_NODE`."""
    frame = metrics.samples(runs)
    frame = frame[frame["in_run"] & frame["cpu_cores"].notna()]
    table = frame.groupby(["run", "node"], sort=True).agg(**PER_NODE).reset_index()
    table["cpu_core_s"] /= metrics.NODE_HZ
    return table.astype({"samples": "Int64"})


def by_run(runs: Runs) -> pd.DataFrame:
    """One row per ok run, columns run, workers (sampled ones) and :data:`RATIOS`."""
    whole = metrics.per_run(runs)
    ok = whole[whole["status"] == "ok"]
    nodes = by_node(runs)
    workers = nodes[nodes["role"] == "worker"]
    sampled = workers.groupby("run").size().reindex(ok.index).fillna(0).astype("int64")
    expected = pd.Series(
        {run: sum(n.role == "worker" for n in record.nodes) for run, record in runs.records.items()}, dtype="int64"
    ).reindex(ok.index)
    table = pd.DataFrame(
        {
            "cpu_used_ratio": ok["cpu_used_ratio"],
            "run_share": 1 - ok["overhead_ratio"],
            "unused_usd": ok["cost_usd"] * (1 - ok["cpu_used_ratio"].clip(upper=1)),
            "workers": sampled.astype("Int64"),
        }
    )
    comparable = (sampled == expected) & (sampled > 1)
    for name in BALANCED:
        of = workers.groupby("run")[f"{name}_mean_ratio" if name == "cpu" else f"{name}_mean_s"]
        mean = of.mean().reindex(ok.index)
        known = comparable & (of.count().reindex(ok.index) == sampled) & (mean > 0)
        table[f"{name}_max_over_mean"] = (of.max().reindex(ok.index) / mean).where(known)
        table[f"{name}_variation"] = (of.std(ddof=0).reindex(ok.index) / mean).where(known)
    return table.rename_axis("run").reset_index()


def utilisation(runs: Runs) -> list[Utilisation]:
    """Every scenario, workload and variant that has an ok run; a lease counts as one value, its mean."""
    keys = ["workload", "variant", "scenario"]
    frame = by_run(runs).merge(runs.ok[["run", "lease", *keys]], on="run")
    found = []
    for (workload, variant, scenario), group in groups(frame, keys):
        leases = group.groupby("lease")[list(RATIOS)].mean()
        of = {name: interval_of(leases[name].astype("float64").tolist()) for name in RATIOS}
        found.append(Utilisation(scenario, workload, variant, len(group), len(leases), of))
    return found
