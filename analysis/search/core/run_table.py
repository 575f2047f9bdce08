"""A table of recorded runs, read as it was given; what cannot be right is refused with its line."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.errors import SearchError
from analysis.search.core import features as names

OUTCOMES = ("runtime_s", "cost_usd", "accuracy", "latency_ms", "requests_per_usd")
ABOVE_0 = ("runtime_s", "cost_usd", "requests_per_usd", "price_node_h")
METRICS = ("m_", "max_")
APPS = ("app", "job", "application")
TEXT = ("workload", *APPS)
YES, NO = ("true", "yes", "y", "t", "1", "1.0"), ("false", "no", "n", "f", "0", "0.0")
SHOWN = 40  # names of columns in a message


@dataclass(frozen=True)
class RunTable:
    """Runs, one per row.

    Attributes:
        rows: the file's columns, ``workload``, ``app`` and, where it is known or follows from a price, ``cost_usd``.
            Outcomes and ``price_node_h`` are numbers; a failed run's that is not above 0 is missing.
        ok: whether each run ended well.
        given: names of the file's columns.
    """

    rows: pd.DataFrame
    ok: pd.Series
    given: tuple[str, ...]

    @property
    def columns(self) -> str:
        """The file's columns, for messages."""
        return columns_text(self.given)


def read(path: Path) -> RunTable:
    """Read a table of runs.

    Raises:
        SearchError: no such file or column, two columns of one name, a row without a workload, a word under ``completed``
            that is neither yes nor no, or a completed run's outcome, price or number of machines that cannot be.
    """
    table = rows_of(path, "workload and runtime_s")
    given = tuple(table.columns)
    if "workload" not in table.columns and "job" in table.columns:
        table = table.assign(workload=table["job"])
    for name in ("workload", "runtime_s"):
        if name not in table.columns:
            raise SearchError(f"{path.name} has no column '{name}'. Its columns: {columns_text(given)}.")
    if table.empty:
        raise SearchError(f"{path.name} has no rows.")
    _check_workloads(table)
    ok = ended_well(table)
    if nodes := names.first_of(table.columns, names.NODES):
        _numbers(table, nodes, ok)
    numbers = {name: _numbers(table, name, ok) for name in (*OUTCOMES, "price_node_h") if name in table.columns}
    table = table.assign(app=_apps(table), **numbers)
    return RunTable(table.assign(**_cost(table)), ok, given)


def columns_text(columns: Iterable[str]) -> str:
    """Names of columns, for messages: the first ones, of many."""
    return ", ".join(list(columns)[:SHOWN])


def nodes_of(table: pd.DataFrame) -> pd.Series:
    """Machines of each row's cluster: 0 workers are a single node; 1 where the table does not say."""
    column = names.first_of(table.columns, names.NODES)
    if column is None:
        return pd.Series(1.0, table.index)
    return pd.to_numeric(table[column], errors="coerce").clip(lower=1)


def rows_of(path: Path, columns: str) -> pd.DataFrame:
    """The rows of a table, their lines in the file as index.

    Args:
        path: ``.csv`` or ``.csv.gz``.
        columns: that are needed, for the message.

    Raises:
        SearchError: no such file, no table, or two columns of one name.
    """
    if not path.is_file():
        raise SearchError(f"No file '{path}'. Give a .csv or .csv.gz with the columns {columns}.")
    try:
        header, lines = _records(path)
        _check_header(path.name, header)
        table = pd.read_csv(path, skipinitialspace=True, low_memory=False)
    except (ValueError, OSError, EOFError, csv.Error, zlib.error) as error:
        raise SearchError(f"{path.name} is not a readable CSV table: {error}") from error
    if not isinstance(table.index, pd.RangeIndex):
        raise SearchError(f"Rows of {path.name} have more values than its header has names. Name every column.")
    for name, column in _texts(path).items():
        table[name] = column.str.strip().replace("", None)
    table.columns = pd.Index([str(name).strip() for name in table.columns])
    table.index = pd.Index(lines if len(lines) == len(table) else range(2, len(table) + 2))
    return table.dropna(how="all")


def _texts(path: Path) -> pd.DataFrame:
    """Names of workloads and applications as they are written: NA, null and 01 are names, too."""
    return pd.read_csv(
        path, skipinitialspace=True, usecols=lambda name: name.strip() in TEXT, dtype=str, keep_default_na=False
    )


def _records(path: Path) -> tuple[list[str], list[int]]:
    """Names in the header, and the line in which each row ends: blank lines are no rows, and quoted text may hold some."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig") as file:
        reader = csv.reader(file, skipinitialspace=True)
        rows = ((row, reader.line_num) for row in reader if len(row) > 1 or "".join(row).strip())
        header, _ = next(rows, ([], 0))
        return [name.strip() for name in header], [line for _, line in rows]


def _check_header(file: str, header: list[str]) -> None:
    if len(header) == 1 and (marks := re.findall("[;\t]", header[0])):
        raise SearchError(
            f"The columns of {file} look separated by {marks[0]!r}: its only one is {header[0]!r}. "
            "Separate them by commas, and write decimals with a point."
        )
    if twice := [name for name in header if name and header.count(name) > 1]:
        raise SearchError(f"{file} has {header.count(twice[0])} columns '{twice[0]}'. Rename or remove all but one.")


def _line(row: pd.Series) -> int:
    """Line of the file with the first row for which it holds."""
    return int(row.index[row][0])


def _check_workloads(table: pd.DataFrame) -> None:
    blank = table["workload"].isna()
    if blank.any():
        raise SearchError(
            f"Every run must name its workload; line {_line(blank)} names none. Name it, or remove the line."
        )


def ended_well(table: pd.DataFrame) -> pd.Series:
    """Whether each run ended well, by the column ``completed``; without one, all did.

    Raises:
        SearchError: a word that is neither yes nor no, with its line, the table's index.
    """
    if "completed" not in table.columns:
        return pd.Series(True, index=table.index)
    words = table["completed"].astype("string").str.strip().str.lower().fillna("")
    unknown = ~words.isin([*YES, *NO])
    if unknown.any():
        word = table["completed"][unknown].iloc[0]
        raise SearchError(
            f"completed must be true, yes, y, t or 1 for a run that ended well, and false, no, n, f or 0 for one that "
            f"failed; received {repr(str(word)) if words[unknown].iloc[0] else 'nothing'} in line {_line(unknown)}. "
            "Write one of these words."
        )
    return words.isin(YES)


def _apps(table: pd.DataFrame) -> pd.Series:
    """The application of each row: its column, else the first word of the workload's name.

    A first word that is too coarse only takes history away; it never lets a workload learn from its own application.
    """
    for column in APPS:
        if column in table.columns:
            return table[column].astype("string").fillna(table["workload"].astype("string"))
    return table["workload"].astype("string").map(lambda name: re.split(r"[-_|:/. ]", name)[0])


def _cost(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Cost per run where it is not recorded and can be had: run time x price x nodes."""
    if "cost_usd" in table.columns or "price_node_h" not in table.columns:
        return {}
    return {"cost_usd": table["runtime_s"] / 3600 * table["price_node_h"] * nodes_of(table)}


def _numbers(table: pd.DataFrame, name: str, ok: pd.Series) -> pd.Series:
    """A column as numbers; that of a completed run must be one, and only its run time must be there."""
    values = pd.to_numeric(table[name], errors="coerce").astype(float)
    rule, right = "", values.notna()
    if name in ABOVE_0:
        rule, right = " above 0", values > 0
    elif name in names.NODES:
        rule, right = " of at least 0", values >= 0
    possible = np.isfinite(values) & right
    wrong = ok & ~possible & (table[name].notna() | (name == "runtime_s"))
    if wrong.any():
        row = table[wrong].iloc[0]
        raise SearchError(
            f"{name} of a completed run must be a number{rule}; received {row[name]} for workload "
            f"'{row['workload']}' in line {_line(wrong)}. Correct it, or set completed to False."
        )
    return values.where(possible)
