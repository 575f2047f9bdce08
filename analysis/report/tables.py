"""Every number of the report, tidy, as CSV and Parquet beside the page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.measures import metrics, training, utilisation
from analysis.measures.cost import Cost
from analysis.measures.grid import SERIES
from analysis.records.runs import Runs
from analysis.report.evidence import Evidence
from analysis.report.searched import Searched
from analysis.report.summary import Spread, Summary
from analysis.statistics.linear import Estimate
from analysis.study.regression import Regression
from analysis.study.tables import RowTraining, TableR

RESULT = ("workload", "variant", "scenario")
INTERVAL = ("n", "median", "low", "high", "method")


def write_tables(summary: Summary, evidence: Evidence, runs: Runs, search: Searched | None, folder: Path) -> list[str]:
    """Write ``<name>.csv`` and ``<name>.parquet`` for each table; returns the names.

    Units: see the ``unit`` column, or the names. A table of which there is nothing has its header only, or no column.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "scenarios": pd.DataFrame([asdict(shape) for shape in summary.shapes]),
        "results": _results(summary),
        "throughput": _throughput(summary),
        "comparisons": _comparisons(evidence),
        "costs": _costs(evidence.costs),
        "frontier": _frontier(evidence),
        "utilisation": _utilisation(evidence),
        "nodes": utilisation.by_node(runs),
        "regressions": regression_table(evidence.regressions),
        "curves": _curves(evidence),
        "table-1": study_table_1(evidence.table_1),
        "table-2": study_table_2(evidence.table_2),
        "epochs": training.epochs(runs),
        "claims": pd.DataFrame([asdict(f) | {"missing": "; ".join(f.missing)} for f in evidence.findings]),
        "search": pd.DataFrame([asdict(run) for run in search.runs] if search else []),
        "runs": metrics.per_run(runs).reset_index(),
        "disk-probes": pd.DataFrame([asdict(p) | {"within_tolerance": p.within} for p in summary.validity.probes]),
        "damaged": pd.DataFrame(summary.damaged, columns=["run", "reason"]),
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
        table.to_parquet(folder / f"{name}.parquet", index=False)
    return list(tables)


def _fields(value: object | None, names: Iterable[str], prefix: str = "") -> dict[str, Any]:
    """Attributes of a result as columns; null where there is no result, but for the number of values, which is 0."""
    return {f"{prefix}{name}": getattr(value, name, 0 if name == "n" else None) for name in names}


def _results(summary: Summary) -> pd.DataFrame:
    return pd.DataFrame(
        [
            _fields(result, RESULT)
            | {"metric": metric.name, "unit": "ratio" if metric.unit == "%" else metric.unit}
            | _spread(result.spread(metric.name))
            for result in summary.results
            for metric in metrics.METRICS
        ]
    )


def _throughput(summary: Summary) -> pd.DataFrame:
    return pd.DataFrame(
        [
            _fields(row, ("scenario", "workload", "variant", *metrics.GROUP))
            | {"unit": "images/s"}
            | _spread(row.images_per_s)
            | {"median_cost_per_1000_usd": row.cost_per_1000_usd and row.cost_per_1000_usd.median}
            for row in summary.throughput
        ]
    )


def _comparisons(evidence: Evidence) -> pd.DataFrame:
    rows = []
    for one in (*evidence.comparisons, *evidence.variants):
        row = _fields(one, ("workload", "variant", "kind", "where", "metric", "unit"))
        for side, of in (("a_", one.a), ("b_", one.b)):
            row |= _fields(of, ("name", "runs", "leases"), side) | _fields(of.interval, INTERVAL, side)
            row[f"{side}warm_up"] = "; ".join(of.warm_up)
        row |= asdict(one.found)
        rows.append(row | _fields(one, ("p_adjusted", "verdict", "word", "more_repeats", "text")))
    return pd.DataFrame(rows)


def _costs(costs: list[Cost]) -> pd.DataFrame:
    rows = []
    for cost in costs:
        single = ("run_s", "per_run_usd", "per_training_run_usd", "paid_usd", "run_share")
        of = [(name, "", getattr(cost, name)) for name in single]
        of += [("per_1000_images_usd", kind, interval) for kind, interval in cost.per_1000_images_usd.items()]
        rows += [
            _fields(cost, RESULT) | {"quantity": name, "kind": kind} | _fields(interval, INTERVAL)
            for name, kind, interval in of
        ]
    return pd.DataFrame(rows)


def _frontier(evidence: Evidence) -> pd.DataFrame:
    return pd.DataFrame(
        [
            _fields(one, ("workload", "variant"))
            | _fields(point, ("scenario", "leases", "on_frontier"))
            | {"dominated_by": "; ".join(point.dominated_by), "frontier_share": point.frontier_share}
            | _fields(point.run_s, INTERVAL, "run_s_")
            | _fields(point.cost_usd, INTERVAL, "cost_usd_")
            for one in evidence.frontiers
            for point in one.points
        ]
    )


def _utilisation(evidence: Evidence) -> pd.DataFrame:
    return pd.DataFrame(
        [
            _fields(one, RESULT) | {"quantity": name} | _fields(interval, INTERVAL)
            for one in evidence.utilisation
            for name, interval in one.of.items()
        ]
    )


def _curves(evidence: Evidence) -> pd.DataFrame:
    return pd.DataFrame(
        [
            _fields(one, SERIES) | {"parameter": fit.parameter} | asdict(curve)
            for one in evidence.regressions
            for fit in one.parameters
            for curve in fit.alternatives
        ]
    )


def regression_table(found: list[Regression]) -> pd.DataFrame:
    """A row per regression and parameter; slopes in images/s per unit of the parameter."""
    rows = []
    for one in found:
        for fit in one.parameters:
            name = fit.parameter
            row = _fields(one, SERIES) | _fields(fit, ("parameter", "unit"))
            row |= (
                _fields(one, ("observations", "runs", "leases")) | _estimate(fit.r, "r") | _estimate(fit.slope, "slope")
            )
            joint = _estimate(one.joint.slopes.get(name) if one.joint else None, "joint")
            row |= {"joint_slope" if key == "joint" else key: value for key, value in joint.items()}
            row["variance_inflation"] = one.joint.variance_inflation.get(name) if one.joint else None
            row["best_curve"] = next((curve.name for curve in fit.alternatives if curve.best), None)
            rows.append(row | {"method": fit.slope.method})
    return pd.DataFrame(rows)


def study_table_1(tables: list[TableR]) -> pd.DataFrame:
    """The study's table 1, tidy: a row per format, parameter and phase; R without a unit."""
    return pd.DataFrame(
        [
            _fields(table, ("scenario", "workload", "source", "cache", "setting"))
            | _fields(row, ("format", "parameter"))
            | {"phase": phase or "neither", "published_r": row.published.get(phase)}
            | _estimate(row.ours.get(phase), "r")
            | _fields(row.ours.get(phase), ["method"])
            for table in tables
            for row in table.rows
            for phase in table.phases
        ]
    )


def study_table_2(rows: list[RowTraining]) -> pd.DataFrame:
    """The study's table 2, tidy: a row per strategy, batch size, shape and setting; times in s, accuracies from 0 to 1."""
    found = []
    for one in rows:
        row = _fields(one, ("strategy", "batch_size")) | {"scenario": one.scenario or None}
        row |= _fields(one, ("setting", "runs", "leases"))
        for name in training.VALUES:
            ours = one.ours.get(name)
            row |= {f"{name}_published": getattr(one.published, name, None), name: ours and ours.median}
            row |= _fields(ours, ("low", "high"), f"{name}_")
        found.append(row)
    return pd.DataFrame(found)


def _spread(spread: Spread | None) -> dict[str, Any]:
    return _fields(spread, ("n", "median", "min", "max"))


def _estimate(estimate: Estimate | None, name: str) -> dict[str, Any]:
    bounds = {f"{name}_low": "low", f"{name}_high": "high", f"{name}_p": "p_value"}
    return {column: getattr(estimate, of, None) for column, of in ({name: "value"} | bounds).items()}
