"""Turn the lines that a job and the sampler wrote into the record's Parquet files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from infra.errors import RecordError
from workloads.record import MEASUREMENT_COLUMNS, NODE_COLUMNS, Column

_ARROW = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_()}


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """The Arrow schema of a frame; units and meanings travel as field metadata."""
    return pa.schema(
        [
            pa.field(c.name, _ARROW[c.arrow_type], metadata={"unit": c.unit, "description": c.description})
            for c in columns
        ]
    )


def write_measurements(lines: Path, parquet: Path) -> int:
    """``measurements.jsonl`` (may be absent: a script of the user's writes none) to Parquet; returns the rows.

    Raises:
        RecordError: a column that the schema does not know, or a value of the wrong type.
    """
    rows = list(_rows(lines)) if lines.exists() else []
    _write(rows, MEASUREMENT_COLUMNS, parquet, lines)
    return len(rows)


def write_nodes(lines: Path, parquet: Path, begin: float, end: float, sample_s: float = 1) -> dict[str, int]:
    """The sampler's lines between two Unix times to Parquet; returns the rows with a value of each node."""
    rows = [r for r in _rows(lines) if begin <= float(str(r["ts"])) <= end + sample_s] if lines.exists() else []
    _write(rows, NODE_COLUMNS, parquet, lines)
    counts: dict[str, int] = {}
    for row in rows:
        if row.get("cpu_cores") is not None:  # a node without counters is not sampled, whatever its rows
            counts[str(row["node"])] = counts.get(str(row["node"]), 0) + 1
    return counts


def missing_metrics(parquet: Path, why: str) -> list[str]:
    """One sentence for each metric that has no value at all, or none on some nodes."""
    frame = pq.read_table(parquet).to_pandas()
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


def _write(rows: list[dict[str, object]], columns: Sequence[Column], parquet: Path, origin: Path) -> None:
    known = {c.name for c in columns}
    unknown = sorted({key for row in rows for key in row} - known)
    if unknown:
        raise RecordError(f"{origin.name} has columns that the record does not know: {', '.join(unknown)}.")
    try:
        table = pa.Table.from_pylist(rows, schema=arrow_schema(columns))
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise RecordError(f"{origin.name} has a value of the wrong type: {error}") from error
    # Dictionaries and statistics of so few rows save nothing, and cost a fifth of the time it takes to read the file.
    pq.write_table(table, parquet, use_dictionary=False, write_statistics=False)
