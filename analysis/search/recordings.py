"""Public recordings of real cloud runs, read from a file that the user gives; none is part of bakeoff.

Known ones: Scout's data (github oxhead/scout, MIT), CherryPick's experiments (github harvard-cns/cherrypick, no
licence stated), C3O (github dos-group/c3o-experiments, no licence stated), Bell (github
dos-group/bellamy-runtime-prediction, GPL-3.0), Lumos (github jind5182/lumos-dataset, no licence stated).

Columns: ``workload``, ``runtime_s``, and features by name (:data:`analysis.search.features.KNOWN`); where they are
there, ``app`` or ``job`` (the application: workloads of one are never history for each other), ``cost_usd``,
``price_node_h``, ``completed`` (False: the run failed), ``m_*`` and ``max_*`` (low-level metrics of the run),
``accuracy``, ``latency_ms``, ``requests_per_usd``. Several rows of one workload on one configuration are repeats.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.errors import SearchError
from analysis.search import features as names
from analysis.search.problem import Candidates, Objective, Outcome, Past

TIMED_OUT_SHARE = 0.95  # a failed run this near to the longest failed one was cut off, if at least two were
OUTCOMES = ("runtime_s", "cost_usd", "accuracy", "latency_ms", "requests_per_usd")
METRICS = ("m_", "max_")


@dataclass(frozen=True)
class Recording:
    """One workload, measured on each candidate: ``outcomes[i]`` belongs to candidate i."""

    workload: str
    app: str
    candidates: Candidates
    outcomes: tuple[Outcome, ...]

    def past(self) -> Past:
        """The same as past runs for another workload's search."""
        return Past(self.workload, self.app, self.candidates, dict(enumerate(self.outcomes)))

    def feasible_values(self, objective: Objective) -> np.ndarray:
        """Value per candidate, (n,); infinite where the run failed or a limit is broken."""
        return np.asarray([objective.value(o) if objective.feasible(o) else math.inf for o in self.outcomes])


def load_recordings(
    path: Path, objective: Objective, features: list[str] | None = None
) -> tuple[list[Recording], list[str]]:
    """Read a table of runs.

    Args:
        path: ``.csv`` or ``.csv.gz``.
        objective: rows without the outcome that it needs are left out, and counted in the notes.
        features: columns that are features; None: those known by name.

    Returns:
        The workloads in the order of the table, and notes on what was left out or filled.

    Raises:
        SearchError: no such file or column, or a run time that is missing, zero or negative.
    """
    table = _read(path)
    notes: list[str] = []
    columns = _features(table, features)
    table = table.assign(app=_apps(table), **_cost(table))
    ok = _completed(table)
    _check_times(table, ok)
    needed = {"cost": ["cost_usd"], "weighted": ["cost_usd"], "requests": ["requests_per_usd"]}.get(objective.name, [])
    for name in [*needed, *(limit.outcome for limit in objective.limits)]:
        if name not in table.columns:
            raise SearchError(
                f"The objective '{objective}' needs the column {name}, and {path.name} has none. "
                f"Its columns: {', '.join(table.columns[:40])}."
            )
        if gaps := int((table[name].isna() & ok).sum()):
            notes.append(f"{gaps} of {len(table)} rows have no {name} and are left out")
            keep = table[name].notna() | ~ok
            table, ok = table[keep], ok[keep]
    if "cost_usd" in table.columns and objective.name in ("cost", "weighted"):
        keep = table["cost_usd"].notna()
        table, ok = table[keep], ok[keep]
    if table.empty:
        raise SearchError(f"{path.name} has no row that the objective '{objective}' can use.")
    cut_off = _cut_off(table, ok)
    keys = list(dict.fromkeys([*columns, *(k for k in names.KNOWN if k in table.columns)]))
    ids = table.groupby(["workload", *keys], sort=False, dropna=False).ngroup()
    outcomes = _outcomes(table, ids, ok, cut_off)
    rates = _rates(table, ids)
    first = table[~ids.duplicated()].reset_index(drop=True)
    found = [
        _recording(str(workload), rows, columns, keys, outcomes, rates)
        for workload, rows in first.groupby("workload", sort=False)
    ]
    return found, notes


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise SearchError(f"No file '{path}'. Give a .csv or .csv.gz with the columns workload and runtime_s.")
    try:
        table = pd.read_csv(path)
    except (ValueError, OSError, pd.errors.ParserError) as error:
        raise SearchError(f"{path.name} is not a readable CSV table: {error}") from error
    if "workload" not in table.columns and "job" in table.columns:
        table["workload"] = table["job"]
    for name in ("workload", "runtime_s"):
        if name not in table.columns:
            raise SearchError(f"{path.name} has no column '{name}'. Its columns: {', '.join(table.columns[:40])}.")
    if table.empty:
        raise SearchError(f"{path.name} has no rows.")
    return table


def _features(table: pd.DataFrame, asked: list[str] | None) -> list[str]:
    if asked:
        if unknown := [name for name in asked if name not in table.columns]:
            raise SearchError(f"--features: no column '{unknown[0]}'. Columns: {', '.join(table.columns[:60])}.")
        return asked
    known = [name for name in names.KNOWN if name in table.columns]
    if not known:
        raise SearchError(
            f"No feature column is known by name among {', '.join(table.columns[:40])}. Name them: --features a,b,c."
        )
    return known


def _apps(table: pd.DataFrame) -> pd.Series:
    """The application of each row: its column, else the first word of the workload's name.

    A first word that is too coarse only takes history away; it never lets a workload learn from its own application.
    """
    for column in ("app", "job", "application"):
        if column in table.columns:
            return table[column].astype("string").fillna(table["workload"].astype("string"))
    return table["workload"].astype("string").map(lambda name: re.split(r"[-_|:/. ]", name)[0])


def _cost(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Cost per run where it is not recorded and can be had: run time x price x nodes."""
    nodes = names.first_of(table.columns, names.NODES)
    if "cost_usd" in table.columns or "price_node_h" not in table.columns:
        return {}
    return {"cost_usd": table["runtime_s"] / 3600 * table["price_node_h"] * (table[nodes] if nodes else 1)}


def _completed(table: pd.DataFrame) -> pd.Series:
    if "completed" not in table.columns:
        return pd.Series(True, index=table.index)
    return table["completed"].map(lambda v: str(v).strip().lower() in ("true", "1", "1.0", "yes"))


def _check_times(table: pd.DataFrame, ok: pd.Series) -> None:
    for name in ("runtime_s", "cost_usd"):
        if name not in table.columns:
            continue
        values = pd.to_numeric(table[name], errors="coerce")
        wrong = ok & (~(values > 0) | np.isinf(values)) & (values.notna() | (name == "runtime_s"))
        if wrong.any():
            row = table[wrong].iloc[0]
            raise SearchError(
                f"{name} of a completed run must be a number above 0; received {row[name]} for workload "
                f"'{row['workload']}' in line {int(wrong[wrong].index[0]) + 2}. Correct it, or set completed to False."
            )


def _cut_off(table: pd.DataFrame, ok: pd.Series) -> pd.Series:
    failed = table["runtime_s"][~ok]
    longest = failed.max() if len(failed) else math.inf
    near = ~ok & (table["runtime_s"] >= TIMED_OUT_SHARE * longest)
    return near if near.sum() >= 2 else pd.Series(False, index=table.index)


def _outcomes(table: pd.DataFrame, ids: pd.Series, ok: pd.Series, cut_off: pd.Series) -> list[Outcome]:
    """Per configuration: the median over the repeats that ended well; failed if most did not."""
    well = (ok.groupby(ids).mean() > 0.5).to_numpy()
    counted = ok == well[ids]
    values = [name for name in OUTCOMES if name in table.columns]
    metrics = [str(n) for n, v in table.items() if str(n).startswith(METRICS) and pd.api.types.is_numeric_dtype(v)]
    medians = table.loc[counted, [*values, *metrics]].astype(float).groupby(ids[counted]).median().to_numpy()
    timed_out = (cut_off & counted).groupby(ids).any().to_numpy() & ~well

    def known(of: list[str], row: np.ndarray) -> dict[str, float]:
        return {name: value for name, value in zip(of, row.tolist(), strict=True) if not math.isnan(value)}

    return [
        Outcome(
            "ok" if ended_well else "timed_out" if late else "failed",
            known(values, row[: len(values)]),
            known(metrics, row[len(values) :]),
        )
        for row, ended_well, late in zip(medians, well, timed_out, strict=True)
    ]


def _rates(table: pd.DataFrame, ids: pd.Series) -> np.ndarray:
    """USD per hour of each configuration: what was paid over how long, so that disks and fees are in it; NaN: unknown."""
    if "cost_usd" not in table.columns:
        return np.full(ids.nunique(), math.nan)
    return (table["cost_usd"] / table["runtime_s"] * 3600).groupby(ids).median().to_numpy()


def _recording(
    workload: str, first: pd.DataFrame, columns: list[str], keys: list[str], outcomes: list[Outcome], rates: np.ndarray
) -> Recording:
    """One workload, from the first run of each of its configurations, which are numbered in the index."""
    paid = rates[first.index]
    prices = tuple(paid.tolist()) if (np.isfinite(paid) & (paid > 0)).all() else None
    numbers, first = first.index, first.reset_index(drop=True).infer_objects()
    return Recording(
        workload=workload,
        app=str(first["app"].iloc[0]),
        candidates=Candidates(_names(first, keys), first[columns], prices),
        outcomes=tuple(outcomes[i] for i in numbers),
    )


def _names(first: pd.DataFrame, keys: list[str]) -> tuple[str, ...]:
    machine = names.first_of(first.columns, names.MACHINE)
    nodes = names.first_of(first.columns, names.NODES)
    short = [c for c in (nodes, machine) if c in keys and c is not None]
    for chosen in (short, [*short, *(k for k in keys if k not in short and first[k].nunique(dropna=False) > 1)], keys):
        if chosen:
            made = [
                " x ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in row)
                for row in zip(*(first[c].tolist() for c in chosen), strict=True)
            ]
            if len(set(made)) == len(made):
                return tuple(made)
    return tuple(f"configuration {i + 1}" for i in range(len(first)))
