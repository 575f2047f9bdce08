"""Public recordings of real cloud runs, read from a file that the user gives; none is part of bakeoff.

Known ones: Scout's data (github oxhead/scout, MIT), CherryPick's experiments (github harvard-cns/cherrypick, no
licence stated), C3O (github dos-group/c3o-experiments, no licence stated), Bell (github
dos-group/bellamy-runtime-prediction, GPL-3.0), Lumos (github jind5182/lumos-dataset, no licence stated).

Columns: ``workload``, ``runtime_s``, and features by name (:data:`analysis.search.core.features.KNOWN`); where they are
there, ``app`` or ``job`` (the application: workloads of one are never history for each other), ``cost_usd``,
``price_node_h``, ``completed`` (false, no, n, f, 0: the run failed), ``m_*`` and ``max_*`` (low-level metrics of the run),
``accuracy``, ``latency_ms``, ``requests_per_usd``. Several rows of one workload on one configuration are repeats.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.errors import SearchError
from analysis.search.core import configurations
from analysis.search.core import features as names
from analysis.search.core.problem import Candidates, Objective, Outcome, Past
from analysis.search.core.run_table import METRICS, OUTCOMES, RunTable, nodes_of, read

TIMED_OUT_SHARE = 0.95  # a failed run this near to the longest failed one was cut off, if at least two were


@dataclass(frozen=True)
class Recording:
    """One workload, measured on each candidate: ``outcomes[i]`` belongs to candidate i."""

    workload: str
    app: str
    candidates: Candidates
    outcomes: tuple[Outcome, ...]

    def past(self) -> Past:
        """This workload as past runs for the search of another."""
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
        objective: completed runs without the outcome that it needs are left out, and counted in the notes; for failed ones
            the dearest run of their workload stands in.
        features: columns that are features; None: those known by name.

    Returns:
        The workloads in the order of the table, and notes on what was left out or filled, or may be misread.

    Raises:
        SearchError: no such file or column, or a row that cannot be right (:func:`analysis.search.core.run_table.read`).
    """
    runs = read(path)
    columns = configurations.feature_columns(runs, features)
    table, ok, notes = _usable(runs, objective, path.name)
    cut_off = _cut_off(table, ok)
    keys = configurations.key_columns(table, columns)
    if configurations.PRICE not in (features or []) and (note := configurations.changing_price(table, keys)):
        notes.append(note)
        columns, keys = ([name for name in kept if name != configurations.PRICE] for kept in (columns, keys))
    ids = table.groupby(["workload", *keys], sort=False, dropna=False).ngroup()
    if note := configurations.unexplained_repeats(table, ids, keys):
        notes.append(note)
    rates = _rates(table, ids, keys)
    well = (ok.groupby(ids).mean() > 0.5).to_numpy()
    table, filled = _stand_ins(_priced(table, ok, rates[ids]), ok, ~ok & ~well[ids], objective)
    outcomes = _outcomes(table, ids, ok, well, cut_off)
    first = table[~ids.duplicated()].reset_index(drop=True)
    found = [
        _recording(str(workload), rows, columns, keys, outcomes, rates)
        for workload, rows in first.groupby("workload", sort=False)
    ]
    return found, [*notes, *filled]


def _usable(runs: RunTable, objective: Objective, file: str) -> tuple[pd.DataFrame, pd.Series, list[str]]:
    """Failed runs, and those completed ones that measured what the objective needs; whether each ended well; notes."""
    table, ok, notes = runs.rows, runs.ok, []
    for name in objective.needs:
        if name not in table.columns:
            price = " price_node_h would do, too: run time x price x nodes." if name == "cost_usd" else ""
            raise SearchError(
                f"The objective '{objective}' needs the column {name}, and {file} has none.{price} "
                f"Its columns: {runs.columns}."
            )
        if gaps := int((table[name].isna() & ok).sum()):
            notes.append(f"{gaps} of {len(table)} rows have no {name} and are left out")
            keep = table[name].notna() | ~ok
            table, ok = table[keep], ok[keep]
    if table.empty:
        raise SearchError(f"{file} has no row that the objective '{objective}' can use.")
    return table, ok, notes


def _cut_off(table: pd.DataFrame, ok: pd.Series) -> pd.Series:
    near = ~ok & (table["runtime_s"] >= TIMED_OUT_SHARE * table["runtime_s"][~ok].max())
    return near if near.sum() >= 2 else pd.Series(False, index=table.index)


def _priced(table: pd.DataFrame, ok: pd.Series, usd_per_hour: np.ndarray) -> pd.DataFrame:
    """The table with what failed runs cost where it was not recorded, but their time and the price of the shape are known."""
    if "cost_usd" not in table.columns:
        return table
    paid = table["runtime_s"] / 3600 * usd_per_hour
    return table.assign(cost_usd=table["cost_usd"].where(ok | table["cost_usd"].notna(), paid))


def _stand_ins(
    table: pd.DataFrame, ok: pd.Series, failed: pd.Series, objective: Objective
) -> tuple[pd.DataFrame, list[str]]:
    """Fill the unknown cost of failed runs with that of the dearest run of their workload that ended well.

    Args:
        table: runs.
        ok: which ended well.
        failed: which did not, of configurations that count as failed.
        objective: what it needs, but for limits, is filled.
    """
    needs = list(replace(objective, limits=()).needs)
    lacking = failed & table[needs].isna().any(axis=1)
    good = table[ok & table["workload"].isin(table["workload"][lacking])]
    lacking &= table["workload"].isin(good["workload"])
    if not lacking.any():
        return table, []
    values = [objective.value(Outcome("ok", dict(zip(needs, row, strict=True)))) for row in good[needs].to_numpy()]
    dearest = good.loc[pd.Series(values, good.index).groupby(good["workload"]).idxmax()].set_index("workload")
    filled = {n: table[n].where(~lacking, table["workload"].map(dearest[n])) for n in needs}
    count = int(lacking.sum())
    note = (
        f"{count} failed run{'s have' if count > 1 else ' has'} no {' or no '.join(needs)}: each counts as much as the "
        f"{'longest' if objective.name == 'time' else 'dearest'} run of its workload that ended well"
    )
    return table.assign(**filled), [note]


def _outcomes(
    table: pd.DataFrame, ids: pd.Series, ok: pd.Series, well: np.ndarray, cut_off: pd.Series
) -> list[Outcome]:
    """Per configuration: the median over the repeats that ended well if most did, ``well``; else over those that failed."""
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


def _rates(table: pd.DataFrame, ids: pd.Series, keys: list[str]) -> np.ndarray:
    """USD per hour of each configuration: what was paid over how long, so that disks and fees are in it; NaN: unknown.

    Where its failed runs do not tell, it is as in other workloads, else by the node as in clusters of other sizes, else by
    the price of a node.
    """
    first = table[~ids.duplicated()].reset_index(drop=True)
    if "cost_usd" not in table.columns:
        return np.full(len(first), math.nan)
    rates = (table["cost_usd"] / table["runtime_s"] * 3600).groupby(ids).median()
    nodes = nodes_of(first)
    for alike in (keys, [key for key in keys if key not in (*names.NODES, *names.TOTAL_CORES, *names.TOTAL_MEMORY)]):
        groups = [pd.Series(0, first.index), *(first[key] for key in alike)]
        rates = rates.fillna((rates / nodes).groupby(groups, dropna=False).transform("median") * nodes)
    if configurations.PRICE in first.columns:
        rates = rates.fillna(pd.to_numeric(first[configurations.PRICE], errors="coerce") * nodes)
    return rates.to_numpy()


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
