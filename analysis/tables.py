"""Every number of the report as CSV, beside the page."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd

from analysis import metrics
from analysis.runs import Runs
from analysis.summary import Spread, Summary


def write_tables(summary: Summary, runs: Runs, folder: Path) -> list[str]:
    """Write the tables under ``folder``; returns their file names. Units: see the ``unit`` column, or the names."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "scenarios.csv": pd.DataFrame([dataclasses.asdict(shape) for shape in summary.shapes]),
        "results.csv": _results(summary),
        "throughput.csv": _throughput(summary),
        "runs.csv": metrics.per_run(runs).reset_index(),
        "disk-probes.csv": pd.DataFrame(
            [{**dataclasses.asdict(p), "within_tolerance": p.within} for p in summary.validity.probes]
        ),
        "damaged.csv": pd.DataFrame(summary.damaged, columns=["run", "reason"]),
    }
    for name, table in tables.items():
        table.to_csv(folder / name, index=False, lineterminator="\n")
    return list(tables)


def _results(summary: Summary) -> pd.DataFrame:
    rows = [
        {
            "workload": result.workload,
            "variant": result.variant,
            "scenario": result.scenario,
            "metric": metric.name,
            "unit": "ratio" if metric.unit == "%" else metric.unit,
            **_spread(result.spread(metric.name)),
        }
        for result in summary.results
        for metric in metrics.METRICS
    ]
    return pd.DataFrame(rows)


def _throughput(summary: Summary) -> pd.DataFrame:
    rows = []
    for row in summary.throughput:
        keys = {f.name: getattr(row, f.name) for f in dataclasses.fields(row) if isinstance(getattr(row, f.name), str)}
        cost = row.cost_per_1000_usd
        rows.append(
            {**keys, "unit": "images/s", **_spread(row.images_per_s), "median_cost_per_1000_usd": cost and cost.median}
        )
    return pd.DataFrame(rows)


def _spread(spread: Spread | None) -> dict[str, float | int | None]:
    if spread is None:
        return {"n": 0, "median": None, "min": None, "max": None}
    return {"n": spread.n, "median": spread.median, "min": spread.min, "max": spread.max}
