"""Every number of the report, tidy, as CSV and Parquet beside the page."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.measures import metrics, training, utilisation
from analysis.measures.cost import Cost
from analysis.records.runs import Runs
from analysis.report.evidence import Evidence
from analysis.report.searched import Searched
from analysis.report.summary import Spread, Summary
from analysis.statistics.intervals import Interval
from analysis.study import regression
from analysis.study.tables import table_1_frame, table_2_frame


def write_tables(summary: Summary, evidence: Evidence, runs: Runs, search: Searched | None, folder: Path) -> list[str]:
    """Write ``<name>.csv`` and ``<name>.parquet`` for each table; returns the names.

    Units: see the ``unit`` column, or the names. A table of which there is nothing has its header only, or no column.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "scenarios": pd.DataFrame([dataclasses.asdict(shape) for shape in summary.shapes]),
        "results": _results(summary),
        "throughput": _throughput(summary),
        "comparisons": _comparisons(evidence),
        "costs": _costs(evidence.costs),
        "frontier": _frontier(evidence),
        "utilisation": _utilisation(evidence),
        "nodes": utilisation.by_node(runs),
        "regressions": regression.table(evidence.regressions),
        "curves": _curves(evidence),
        "table-1": table_1_frame(evidence.table_1),
        "table-2": table_2_frame(evidence.table_2),
        "epochs": training.epochs(runs),
        "claims": pd.DataFrame([{**dataclasses.asdict(f), "missing": "; ".join(f.missing)} for f in evidence.findings]),
        "search": pd.DataFrame([dataclasses.asdict(run) for run in search.runs] if search else []),
        "runs": metrics.per_run(runs).reset_index(),
        "disk-probes": pd.DataFrame(
            [{**dataclasses.asdict(p), "within_tolerance": p.within} for p in summary.validity.probes]
        ),
        "damaged": pd.DataFrame(summary.damaged, columns=["run", "reason"]),
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
        table.to_parquet(folder / f"{name}.parquet", index=False)
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


def _comparisons(evidence: Evidence) -> pd.DataFrame:
    rows = []
    for one in (*evidence.comparisons, *evidence.variants):
        keys = {name: getattr(one, name) for name in ("workload", "variant", "kind", "where", "metric", "unit")}
        sides = {f"{side}_{name}": value for side, of in (("a", one.a), ("b", one.b))
                 for name, value in {"name": of.name, "runs": of.runs, "leases": of.leases, **_interval(of.interval),
                                     "warm_up": "; ".join(of.warm_up)}.items()}  # fmt: skip
        said = {name: getattr(one, name) for name in ("p_adjusted", "verdict", "word", "more_repeats", "text")}
        rows.append({**keys, **sides, **dataclasses.asdict(one.found), **said})
    return pd.DataFrame(rows)


def _costs(costs: list[Cost]) -> pd.DataFrame:
    rows = []
    for cost in costs:
        keys = {"workload": cost.workload, "variant": cost.variant, "scenario": cost.scenario}
        single = ("run_s", "per_run_usd", "per_training_run_usd", "paid_usd", "run_share")
        of: list[tuple[str, str, Interval | None]] = [(name, "", getattr(cost, name)) for name in single]
        of += [("per_1000_images_usd", kind, i) for kind, i in cost.per_1000_images_usd.items()]
        rows += [{**keys, "quantity": name, "kind": kind, **_interval(i)} for name, kind, i in of]
    return pd.DataFrame(rows)


def _frontier(evidence: Evidence) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "workload": one.workload, "variant": one.variant, "scenario": p.scenario, "leases": p.leases,
                "on_frontier": p.on_frontier, "dominated_by": "; ".join(p.dominated_by),
                "frontier_share": p.frontier_share,
                **{f"run_s_{name}": value for name, value in _interval(p.run_s).items()},
                **{f"cost_usd_{name}": value for name, value in _interval(p.cost_usd).items()},
            }
            for one in evidence.frontiers
            for p in one.points
        ]
    )  # fmt: skip


def _utilisation(evidence: Evidence) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"workload": u.workload, "variant": u.variant, "scenario": u.scenario, "quantity": name, **_interval(value)}
            for u in evidence.utilisation
            for name, value in u.of.items()
        ]
    )


def _curves(evidence: Evidence) -> pd.DataFrame:
    keys = ("scenario", "workload", "variant", "operation", "format", "source", "cache")
    return pd.DataFrame(
        [
            {**{name: getattr(one, name) for name in keys}, "parameter": p.parameter, **dataclasses.asdict(curve)}
            for one in evidence.regressions
            for p in one.parameters
            for curve in p.alternatives
        ]
    )


def _spread(spread: Spread | None) -> dict[str, float | int | None]:
    if spread is None:
        return {"n": 0, "median": None, "min": None, "max": None}
    return {"n": spread.n, "median": spread.median, "min": spread.min, "max": spread.max}


def _interval(interval: Interval | None) -> dict[str, Any]:
    if interval is None:
        return {"n": 0, "median": None, "low": None, "high": None, "method": None}
    return {name: getattr(interval, name) for name in ("n", "median", "low", "high", "method")}
