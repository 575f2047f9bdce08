"""Turn the lines that a job and the sampler wrote into the record's tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from infra.base.errors import RecordError
from workloads.record import MEASUREMENT_COLUMNS, NODE_COLUMNS, Column
from workloads.record.columns import ColumnType, check_own, read_header
from workloads.record.tables import MEASUREMENTS, NODES, read_table, write_table

_PYTHON_TYPES: dict[ColumnType, set[type]] = {"int64": {int}, "float64": {int, float}, "bool": {bool}, "string": {str}}


def write_measurements(lines: Path, record: Path) -> list[str]:
    """``measurements.jsonl`` (may be absent: a script of the user's need not write it) as a table.

    The first line may describe columns of the job's own (:func:`workloads.record.columns.header_line`). One that is described
    nowhere is kept with the type of its values and without a unit.

    Returns:
        One sentence for each column without a described unit.

    Raises:
        RecordError: a column is described wrongly, or a value has the wrong type.
    """
    rows = list(_rows(lines)) if lines.exists() else []
    try:
        described = read_header(rows[0]) if rows else None
        own = described or ()
        rows = rows if described is None else rows[1:]
        known = {column.name for column in (*MEASUREMENT_COLUMNS, *own)}
        unknown = sorted({key for row in rows for key in row} - known)
        undescribed = check_own([Column(name, _type_of(name, rows), "", "") for name in unknown])
    except ValueError as error:
        raise RecordError(f"{lines.name}: {error}.") from error
    _write(rows, MEASUREMENTS, (*MEASUREMENT_COLUMNS, *own, *undescribed), record, lines)
    return [f"no unit of the measurement {name}: the job did not describe this column" for name in unknown]


def _type_of(name: str, rows: list[dict[str, object]]) -> ColumnType:
    """The type that holds all values of a column. Raises ValueError where none does."""
    found = {type(row[name]) for row in rows if row.get(name) is not None}
    for kind, types in _PYTHON_TYPES.items():
        if found <= types:
            return kind
    raise ValueError(f"column {name} has values of the types {', '.join(sorted(kind.__name__ for kind in found))}")


def write_nodes(lines: Path, record: Path, begin: float, end: float, sample_s: float = 1) -> dict[str, int]:
    """The sampler's lines between two Unix times as a table; returns the rows with a value of each node."""
    rows = [r for r in _rows(lines) if begin <= float(str(r["ts"])) <= end + sample_s] if lines.exists() else []
    _write(rows, NODES, NODE_COLUMNS, record, lines)
    counts: dict[str, int] = {}
    for row in rows:
        if row.get("cpu_cores") is not None:  # a node without counters is not sampled, whatever its rows
            counts[str(row["node"])] = counts.get(str(row["node"]), 0) + 1
    return counts


def missing_metrics(record: Path, why: str) -> list[str]:
    """One sentence for each metric that has no value at all, or none on some nodes."""
    frame = read_table(record, NODES).to_pandas().reindex(columns=[column.name for column in NODE_COLUMNS])
    if frame.empty:
        return ["no samples of any node"]
    without = frame.drop(columns=["ts", "role"]).groupby("node").count().eq(0)
    sentences = []
    for metric in without.columns[without.any()]:
        nodes = [str(node) for node in without.index[without[metric]]]
        where = "" if len(nodes) == len(without) else f" on {', '.join(nodes)}"
        sentences.append(f"no {metric}{where}: {why}")
    return sentences


def _rows(path: Path) -> Iterator[dict[str, object]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            return  # the writer was stopped in the middle of its last line


def _write(rows: list[dict[str, object]], name: str, columns: Sequence[Column], record: Path, origin: Path) -> None:
    try:
        write_table(record, name, columns, rows)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise RecordError(f"{origin.name} has a value of the wrong type: {error}") from error
