"""The small runs that larger ones are predicted from, read as they are; what one model cannot describe is refused.

Columns: ``machines`` (or another name of :data:`analysis.search.core.features.NODES`) and ``runtime_s``; where they are there,
``scale`` (input size, any unit; else 1), ``completed`` (False: the run failed), and what must be the same in all rows
(:data:`ALIKE`). 0 ``workers`` are a single node.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from analysis.errors import SearchError
from analysis.measures.formats import plural
from analysis.search.core.features import MACHINE, MEMORY, NODES, OTHERS, VCPUS, first_of
from analysis.search.core.run_table import columns_text, ended_well, rows_of

JOBS = ("workload", "job", "app", "application")
FREE = ("spot_workers", "executors", "disk_usd_h")  # as many as the cluster has, and a price
ALIKE = (*JOBS, *MACHINE, *VCPUS, *MEMORY, *(name for name in OTHERS if name not in FREE))
SHOWN = 5


def load_points(path: Path, workload: str | None = None) -> tuple[pd.DataFrame, list[str]]:
    """Runs of one job on one kind of machine that ended well.

    Args:
        path: ``.csv`` or ``.csv.gz``.
        workload: whose runs; None: all.

    Returns:
        The columns machines, scale and runtime_s, and notes on what was left out.

    Raises:
        SearchError: no such file, column or workload; runs of several jobs or kinds of machine; a value that is not a
            number above 0 (0 workers are).
    """
    table = rows_of(path, "machines, scale and runtime_s")
    machines = first_of(table.columns, NODES)
    if machines is None or "runtime_s" not in table.columns:
        raise SearchError(
            f"{path.name} needs the columns machines, scale and runtime_s; it has {columns_text(table.columns)}."
        )
    if workload is not None:
        table = _of_workload(table, workload, path.name)
    _check_alike(table, path.name, workload)
    ok = ended_well(table)
    notes = [f"{plural(int((~ok).sum()), 'run')} that failed: left out"] if not ok.all() else []
    table = table[ok]
    if table.empty:
        raise SearchError(f"{path.name} has no run that ended well. Give at least three.")
    columns = {"machines": machines, "scale": "scale", "runtime_s": "runtime_s"}
    return pd.DataFrame({name: _numbers(table, column, path.name) for name, column in columns.items()}), notes


def _of_workload(table: pd.DataFrame, workload: str, file: str) -> pd.DataFrame:
    column = first_of(table.columns, JOBS)
    if column is None:
        raise SearchError(f"--workload needs a column {' or '.join(JOBS)}, and {file} has none. Leave it out.")
    chosen = table[table[column].astype("string") == workload]
    if chosen.empty:
        raise SearchError(f"{file} has no runs of '{workload}'. Known: {_values_text(table[column])}.")
    return chosen


def _check_alike(table: pd.DataFrame, file: str, workload: str | None) -> None:
    selects = first_of(table.columns, JOBS) if workload is None else None
    for column in (c for c in ALIKE if c in table.columns):
        if table[column].nunique(dropna=False) > 1:
            cure = "Keep the rows of one."
            if column == selects:
                cure = "Choose one with --workload NAME; inputs of one job go under one name."
            raise SearchError(
                f"Runs are predicted from those of one job on one kind of machine; {file} has several under {column}: "
                f"{_values_text(table[column])}. {cure}"
            )


def _values_text(column: pd.Series) -> str:
    found = column.astype("string").fillna("(blank)").unique().tolist()
    return ", ".join(found[:SHOWN]) + (f" and {len(found) - SHOWN} more" if len(found) > SHOWN else "")


def _numbers(table: pd.DataFrame, column: str, file: str) -> pd.Series:
    if column == "scale" and "scale" not in table.columns:
        return pd.Series(1.0, index=table.index)
    values = pd.to_numeric(table[column], errors="coerce").astype(float)
    single = (values == 0) & (column == "workers")
    wrong = ~(np.isfinite(values) & (values > 0) | single)
    if wrong.any():
        raise SearchError(
            f"{column} of a run must be a number above 0{', or 0 for a single node' if column == 'workers' else ''}; received "
            f"{table[column][wrong].iloc[0]} in line {int(table.index[wrong][0])} of {file}. Correct it, or remove the line."
        )
    return values.mask(single, 1.0)
